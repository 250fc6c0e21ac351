"""What the player can do on the play screen, said once.

Bindings, the bar of keys, the palette, the help screen and typed commands ("/undo") are all
made from this table.
"""

from __future__ import annotations

from dataclasses import dataclass

from textual.binding import Binding


@dataclass(frozen=True, slots=True)
class Command:
    """One thing the player can do.

    Attributes:
        action: Name of the screen's action, and the word that a typed line runs it by.
        keys: Textual's names; the first is the one shown.
        shown_key: As the bar of keys shows it.
        label: For the bar of keys, one word; "" keeps it out of there.
        short: For the bar of keys where room is scarce; "" where it has none.
        title: For the palette.
        help: One sentence.
        rank: What the bar of keys drops first: the highest.
        priority: Whether the key goes before the focused widget's own.
    """

    action: str
    keys: tuple[str, ...]
    shown_key: str
    label: str
    title: str
    help: str
    short: str = ""
    rank: int = 0
    priority: bool = True

    def binding(self) -> Binding:
        """The command as a binding."""
        return Binding(
            ",".join(self.keys),
            self.action,
            self.label,
            key_display=self.shown_key,
            priority=self.priority,
            show=bool(self.label),
            tooltip=self.help,
        )


STOP = Command(
    "stop", ("escape",), "Esc", "Stop", "Stop the narrator",
    "Stops the narrator and keeps the whole sentences told so far.",
)  # fmt: skip
RETRY = Command(
    "retry", ("ctrl+r", "f2"), "^R", "Retry", "Retry",
    "Tells the current turn again; the telling before stays in the story file.",
)  # fmt: skip
UNDO = Command("undo", ("ctrl+z", "f3"), "^Z", "Undo", "Undo", "Takes the current turn back.")
REDO = Command(
    "redo", ("ctrl+y", "f4"), "^Y", "Redo", "Redo", "Puts back the turn last taken back."
)
ALTER = Command(
    "alter", ("ctrl+e", "f5"), "^E", "Alter", "Alter",
    "Opens the current turn to be told in your own words.",
)  # fmt: skip
MEMORY = Command(
    "memory", ("ctrl+o", "f6"), "^O", "Memory", "Memory",
    "Opens what the narrator always keeps in mind.", "Mem", 2,
)  # fmt: skip
NOTE = Command(
    "note", ("ctrl+n", "f7"), "^N", "Note", "Author's note",
    "Opens the short guidance that the narrator reads last.", "", 2,
)  # fmt: skip
CARDS = Command(
    "cards", ("ctrl+k", "f11"), "^K", "Cards", "Cards",
    "Opens what the narrator is told when it is spoken of, and what was kept by itself.", "", 3,
)  # fmt: skip
CONTEXT = Command(
    "context", ("ctrl+t", "f8"), "^T", "Context", "Context",
    "Shows exactly what the next turn sends to the model.", "Ctx", 4,
)  # fmt: skip
HELP = Command("help", ("f1",), "F1", "Help", "Help", "Shows the keys and how to play.", "", 1)
LEAVE = Command(
    "leave", ("ctrl+l", "f9"), "^L", "Leave", "Save and go to the title",
    "Closes the story, which is saved, and shows the title.", "", 5,
)  # fmt: skip
QUIT = Command(
    "quit", ("ctrl+q", "f10"), "^Q", "Quit", "Quit", "Leaves the game; the story is saved.", "", 1
)

PRESET = Command(
    "preset", ("f12",), "F12", "", "Preset",
    "Chooses how freely words are drawn in this story; typed, /preset wild does it at once.",
)  # fmt: skip
FILTER = Command(
    "filter", ("shift+f12",), "⇧F12", "", "Word filter",
    "Keeps the narrator from words of your list, or no longer; your own words stay as they are.",
)  # fmt: skip
EARLIER = Command(
    "earlier", ("ctrl+up",), "^↑", "Earlier", "Earlier telling",
    "Goes to the telling of this turn before this one.", "", 6,
)  # fmt: skip
LATER = Command(
    "later", ("ctrl+down",), "^↓", "Later", "Later telling",
    "Goes to the telling of this turn after this one.", "", 6,
)  # fmt: skip

SETTINGS = Command(
    "settings", ("ctrl+s", "f18", "shift+f6"), "^S", "", "Settings",
    "Opens the settings: how words are drawn, the colours, the width of a line, typing.",
)  # fmt: skip
MODELS = Command(
    "models", ("f19", "shift+f7"), "⇧F7", "", "Models",
    "Opens the models: fetches one, or lets another tell the story from here on.",
)  # fmt: skip
EXPORT = Command(
    "export", ("f20", "shift+f8"), "⇧F8", "", "Export the story",
    "Writes the story into a file: Markdown, text, a book of HTML, JSON, KoboldAI.",
)  # fmt: skip
READ = Command(
    "read", ("f21", "shift+f9"), "⇧F9", "", "Read the turn aloud",
    "Lets a voice of the system read the current turn; again, or Esc, stops it.",
)  # fmt: skip

PLAY = (
    STOP, RETRY, UNDO, REDO, ALTER, EARLIER, LATER, MEMORY, NOTE, CARDS, CONTEXT, PRESET, FILTER,
    SETTINGS, MODELS, EXPORT, READ, HELP, LEAVE, QUIT,
)  # fmt: skip

TYPED = {command.action: command for command in PLAY}
"""What a line such as "/undo" runs."""

EDIT_CARD = Command(
    "edit", ("enter", "e"), "Enter", "Edit", "Edit the card",
    "Opens the card: its name, keys and text, whether it always stands, its priority.",
    priority=False,
)  # fmt: skip
ADD_CARD = Command(
    "add", ("a", "insert"), "A", "Add", "Add a card", "Writes a new card.", priority=False
)
FORGET_CARD = Command(
    "forget", ("f", "delete"), "F", "Forget", "Forget the card",
    "Throws the card away, after asking.", priority=False,
)  # fmt: skip
AUTOMATIC = Command(
    "automatic", ("m",), "M", "Automatic", "Automatic memory on or off",
    "Switches on or off what the story keeps by itself.", "Auto", 1, priority=False,
)  # fmt: skip
FIND_CARD = Command(
    "find", ("slash",), "/", "Search", "Search the cards",
    "Shows only the cards in which all the words stand.", "", 2, priority=False,
)  # fmt: skip
CLOSE_CARDS = Command(
    "close", ("escape",), "Esc", "Close", "Close the cards",
    "Clears the search; where there is none, goes back to the story.", priority=False,
)  # fmt: skip

ON_CARDS = (EDIT_CARD, ADD_CARD, FORGET_CARD, AUTOMATIC, FIND_CARD, CLOSE_CARDS)
"""What can be done on the screen of the cards."""
