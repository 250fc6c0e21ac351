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
            self.label or self.title,
            key_display=self.shown_key,
            priority=self.priority,
            show=bool(self.label),
            tooltip=self.help,
        )

    def closing(self) -> Binding:
        """The same keys on the screen that the command opened: they close it again."""
        return Binding(
            ",".join(self.keys),
            "dismiss(None)",
            "Close",
            show=False,
            priority=True,
            tooltip=f"Closes the {self.action}.",
        )


STOP = Command(
    "stop", ("escape",), "Esc", "Stop", "Stop the narrator",
    "Stops the narrator and keeps the whole sentences told so far.",
)  # fmt: skip
RETRY = Command(
    "retry", ("ctrl+r", "f2"), "^R", "Retry", "Retry",
    "Tells the turn again; the telling before stays in the story file.",
)  # fmt: skip
UNDO = Command("undo", ("ctrl+z", "f3"), "^Z", "Undo", "Undo", "Takes the current turn back.")
REDO = Command(
    "redo", ("ctrl+y", "f4"), "^Y", "Redo", "Redo", "Puts back the turn last taken back."
)
ALTER = Command(
    "alter", ("ctrl+e", "f5"), "^E", "Alter", "Alter",
    "Opens the turn to be told in your own words; the turn as it was stays beside it.",
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
    "filter", ("shift+f12", "f24"), "⇧F12", "", "Word filter",
    "Keeps the narrator from words of your list, or no longer; your own words stay as they are.",
)  # fmt: skip
WATCH = Command(
    "watch", ("alt+w",), "Alt+W", "", "Watch the scenario's file",
    "For authors: what is saved in the scenario's file comes into the story at once, or no longer.",
)  # fmt: skip
EARLIER = Command(
    "earlier", ("ctrl+up",), "^↑", "Earlier", "Earlier telling",
    "Goes to the telling of this turn before this one.", "", 6,
)  # fmt: skip
LATER = Command(
    "later", ("ctrl+down",), "^↓", "Later", "Later telling",
    "Goes to the telling of this turn after this one.", "", 6,
)  # fmt: skip
BACK = Command(
    "back", ("ctrl+pageup",), "^PgUp", "", "Pick the turn before",
    "Picks a turn further back: alter, retry and the like are then about that one.",
)  # fmt: skip
FORTH = Command(
    "forth", ("ctrl+pagedown",), "^PgDn", "", "Pick the turn after",
    "Picks the turn after the picked one; a click picks any.",
)  # fmt: skip
RELEASE = Command(
    "release", ("escape",), "Esc", "", "Let go of the picked turn",
    "Lets go of the picked turn, or ends the search.",
)  # fmt: skip
BRANCH = Command(
    "branch", ("f16", "shift+f4"), "⇧F4", "", "Go on from the picked turn",
    "Makes the picked turn the current one; what followed it stays in the tree.",
)  # fmt: skip
TREE = Command(
    "tree", ("ctrl+b", "alt+t"), "^B", "Tree", "Tree",
    "Shows every branch of the story: go to one, name it, forget it.", "", 4,
)  # fmt: skip
# Not ⇧F3: what most terminals send for it is also the answer to "where is the cursor?". Nor ^G,
# which is the bell and ends many a sequence in what is pasted.
MARKS = Command(
    "marks", ("alt+m",), "Alt+M", "", "Bookmarks and endings",
    "Shows the bookmarks, and the last turn of every branch.",
)  # fmt: skip
BOOKMARK = Command(
    "bookmark", ("ctrl+d",), "^D", "", "Bookmark",
    "Puts a bookmark at the turn, or takes it away.",
)  # fmt: skip
FIND = Command(
    "find", ("ctrl+f",), "^F", "", "Search the story",
    "Looks for words in the story on the screen.",
)  # fmt: skip
COPY = Command(
    "copy", ("f13", "shift+f1"), "⇧F1", "", "Copy the turn",
    "Puts the words of the turn on the clipboard.",
)  # fmt: skip

CHOOSE = Command(
    "choose", ("f14", "shift+f2"), "⇧F2", "", "Choose among tellings",
    "Has the line told in three ways, side by side; the ones not taken stay beside the turn.",
)  # fmt: skip
ODDS = Command(
    "odds", ("f17", "shift+f5"), "⇧F5", "", "Odds of every word",
    "Shades the words of the turn by how likely the model found them; another can be taken.",
)  # fmt: skip
REPLAY = Command(
    "replay", ("f22", "shift+f10"), "⇧F10", "", "Replay the story",
    "Tells the story on the screen again from its opening, at reading pace; any key stops.",
)  # fmt: skip
AUTOPLAY = Command(
    "autoplay", ("f23", "shift+f11"), "⇧F11", "", "Let the story play itself",
    "The model writes your lines too, turn after turn; any key stops.",
)  # fmt: skip

WALKING = (BACK, FORTH, RELEASE, BRANCH, TREE, MARKS, BOOKMARK, FIND, COPY, ODDS, REPLAY, AUTOPLAY)
"""What is done to one turn among many, and where one can go in the tree."""

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
    STOP, RETRY, CHOOSE, UNDO, REDO, ALTER, EARLIER, LATER, MEMORY, NOTE, CARDS, CONTEXT, *WALKING,
    PRESET, FILTER, WATCH, SETTINGS, MODELS, EXPORT, READ, HELP, LEAVE, QUIT,
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

TAKE = Command(
    "take", ("enter", "space"), "Enter", "Take it", "Take this telling",
    "The story goes on with the telling that has the frame; 1, 2 and 3 take one at once.",
    priority=False,
)  # fmt: skip
TAKE_NONE = Command(
    "close", ("escape",), "Esc", "None of them", "Take none",
    "Throws all of them away and gives your line back.", priority=False,
)  # fmt: skip

ON_CHOICE = (TAKE, TAKE_NONE)
"""What can be done where tellings stand side by side."""

EDIT_MEMORY = Command(
    "memory", ("m",), "M", "Memory", "Change the memory",
    "Opens the memory in place; the budget moves as you type.", priority=False,
)  # fmt: skip
EDIT_NOTE = Command(
    "note", ("n",), "N", "Note", "Change the author's note",
    "Opens the author's note in place; the budget moves as you type.", priority=False,
)  # fmt: skip
KEEP_TEXT = Command(
    "keep", ("ctrl+s", "f2"), "^S", "Keep", "Keep the text", "Keeps what was written."
)
CLOSE_CONTEXT = Command(
    "close", ("escape", "q"), "Esc", "Close", "Close the context",
    "Leaves the text as it was; where none is being changed, goes back to the story.",
    priority=False,
)  # fmt: skip

ON_CONTEXT = (KEEP_TEXT, EDIT_MEMORY, EDIT_NOTE, CLOSE_CONTEXT)
"""What can be done where the context is shown."""

IN_PLACE = (
    Command("save", ("ctrl+s", "f2"), "^S", "Keep", "Keep the words", "Keeps the text."),
    Command("cancel", ("escape",), "Esc", "Cancel", "Leave it", "Leaves the text as it was."),
)
"""What can be done while a text is being changed."""

TAKE_WORD = Command(
    "take", ("enter",), "Enter", "Take it", "Take the word",
    "The turn is told again up to here, goes on with the picked word, and is told to its end.",
    priority=False,
)  # fmt: skip
WORD_BEFORE = Command(
    "word(-1)", ("left",), "←", "", "Word before", "Goes to the word before.", priority=False
)
WORD_AFTER = Command(
    "word(1)", ("right",), "→", "", "Word after", "Goes to the word after.", priority=False
)
OTHER_BEFORE = Command(
    "other(-1)", ("up",), "↑", "", "Likelier word", "Picks the likelier word in its place.",
    priority=False,
)  # fmt: skip
OTHER_AFTER = Command(
    "other(1)", ("down",), "↓", "", "Less likely word",
    "Picks the less likely word in its place.", priority=False,
)  # fmt: skip
SURPRISE = Command(
    "surprise", ("s",), "S", "Surprise", "Next surprise",
    "Goes to the next word that the model found unlikely.", priority=False,
)  # fmt: skip
CLOSE_ODDS = Command(
    "close", ("escape", "q"), "Esc", "Close", "Close the odds", "Goes back to the story.",
    priority=False,
)  # fmt: skip

ON_ODDS = (
    TAKE_WORD, WORD_BEFORE, WORD_AFTER, OTHER_BEFORE, OTHER_AFTER, SURPRISE, CLOSE_ODDS,
)  # fmt: skip
"""What can be done where the words of a turn are weighed."""

GO_THERE = Command(
    "go", ("enter",), "Enter", "Go there", "Go to the turn",
    "Makes the turn the current one and goes back to the story.", priority=False,
)  # fmt: skip
NAME_BRANCH = Command(
    "name", ("n",), "N", "Name", "Name the branch",
    "Gives the branch that begins with the turn a name.", priority=False,
)  # fmt: skip
TREE_BOOKMARK = Command(
    "bookmark", ("b",), "B", "Bookmark", "Bookmark",
    "Puts a bookmark at the turn, or takes it away.", "", 2, priority=False,
)  # fmt: skip
FORGET_BRANCH = Command(
    "forget", ("f", "delete"), "F", "Forget", "Forget the branch",
    "Throws the turn and all that follows it away for good, after asking.", priority=False,
)  # fmt: skip
REPLAY_PATH = Command(
    "replay", ("r",), "R", "Replay", "Replay up to the turn",
    "Tells the story from its opening to the turn, at reading pace; any key stops.",
    "", 4, priority=False,
)  # fmt: skip
FORK_BEFORE = Command(
    "fork(-1)", ("left",), "←", "", "Fork before", "Goes up to the fork before.", priority=False
)
FORK_AFTER = Command(
    "fork(1)", ("right",), "→", "", "Fork after", "Goes down to the fork after.", priority=False
)
ONLY_MARKS = Command(
    "only", ("m",), "M", "Marked", "Bookmarks and endings, or all turns",
    "Shows only bookmarks, names and the last turn of every branch, or all turns again.",
    "", 3, priority=False,
)  # fmt: skip
FIND_TURN = Command(
    "find", ("slash",), "/", "Search", "Search the tree",
    "Shows only the turns in which all the words stand.", "", 2, priority=False,
)  # fmt: skip
CLOSE_TREE = Command(
    "close", ("escape",), "Esc", "Close", "Close the tree",
    "Clears the search; where there is none, goes back to the story.", priority=False,
)  # fmt: skip

ON_TREE = (
    GO_THERE, NAME_BRANCH, TREE_BOOKMARK, FORGET_BRANCH, REPLAY_PATH, ONLY_MARKS, FIND_TURN,
    FORK_BEFORE, FORK_AFTER, CLOSE_TREE,
)  # fmt: skip
"""What can be done on the screen of the tree."""
