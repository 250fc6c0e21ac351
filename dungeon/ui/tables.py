"""What the player can do on the title, among the settings and among the models.

As the table of `commands`: bindings, bars of keys, palette and help are made from it.
"""

from __future__ import annotations

from functools import partial

from dungeon.ui.commands import Command

_command = partial(Command, priority=False)

NEW = _command(
    "new", ("n",), "N", "new", "New story", "Begins the scenario that is picked.", rank=2
)
CONTINUE = _command(
    "continue_last", ("c",), "C", "continue", "Continue the last story",
    "Goes on with the story that was played last.", rank=2,
)  # fmt: skip
FIND = _command(
    "find", ("slash",), "/", "search", "Search the library",
    "Lists only what has all the words: titles, summaries, tags, last lines.", rank=3,
)  # fmt: skip
RATING = _command(
    "rating", ("l",), "L", "limit", "Limit by rating",
    "Lists all scenarios, those up to teen, or those for everyone.", rank=8,
)  # fmt: skip
RENAME = _command(
    "rename", ("e",), "E", "rename", "Rename the story", "Gives the story another title.", rank=5
)
COPY = _command(
    "copy", ("y",), "Y", "copy", "Copy the story",
    "Makes a second story of it, all branches with it.", rank=6,
)  # fmt: skip
EXPORT_SAVE = _command(
    "export", ("x",), "X", "export", "Export the story",
    "Writes the story into a file: Markdown, text, a book of HTML, JSON, KoboldAI.", rank=5,
)  # fmt: skip
DELETE = _command(
    "delete", ("d", "delete"), "D", "delete", "Delete the story",
    "Deletes the story for good, after asking.", rank=4,
)  # fmt: skip
EDIT_SCENARIO = _command(
    "edit", ("w",), "W", "write", "Write the scenario",
    "Opens the file of the scenario that is picked: its fields, its text, what is wrong with it.",
    rank=7,
)  # fmt: skip
IMPORT = _command(
    "import_file", ("i",), "I", "import", "Import a file",
    "Brings a world or story of AI Dungeon, NovelAI, KoboldAI, SillyTavern or Dungeon itself.",
    rank=6,
)  # fmt: skip
TITLE_SETTINGS = _command(
    "settings", ("s",), "S", "settings", "Settings",
    "Opens the settings: how words are drawn, the colours, the width of a line, typing.", rank=3,
)  # fmt: skip
TITLE_MODELS = _command(
    "models", ("m",), "M", "models", "Models", "Opens the models, and fetches one.", rank=4
)
RELOAD = _command(
    "reload", ("r",), "R", "read again", "Read the library again",
    "Looks what is in the folders of scenarios and stories now.", rank=9,
)  # fmt: skip

PLAY_PICKED = _command("play", ("enter",), "Enter", "play", "Play", "Plays what is picked.")

MEND_PICKED = _command(
    "mend", ("enter",), "Enter", "mend", "Recover the story",
    "Asks, and writes what can be read of the damaged story into a new one.",
)  # fmt: skip

ON_TITLE = (
    NEW, CONTINUE, FIND, RENAME, COPY, EXPORT_SAVE, DELETE, EDIT_SCENARIO, IMPORT, TITLE_SETTINGS,
    TITLE_MODELS, RATING, RELOAD,
)  # fmt: skip
"""What can be done on the title."""

ON_SETTINGS = (
    _command("change", ("enter",), "Enter", "change", "Change the setting",
             "Takes a number, or the next choice."),
    _command("less", ("left", "minus"), "←", "less", "Less", "A step down, or the choice before.",
             rank=1),
    _command("more", ("right", "plus"), "→", "more", "More", "A step up, or the next choice.",
             rank=1),
    _command("reset", ("delete", "backspace"), "Del", "unset", "Unset the setting",
             "Takes it back to what holds where nothing is set.", rank=2),
    _command("where", ("w",), "W", "story or all", "For this story or for all",
             "Whether a change is for this story alone, or for all stories.", rank=2),
    _command("close", ("escape",), "Esc", "close", "Close the settings",
             "Goes back; every change holds already."),
)  # fmt: skip
"""What can be done among the settings."""

ON_MODELS = (
    _command("use", ("enter",), "Enter", "tell with it", "Tell with this model",
             "Loads the model; the open story goes on with it."),
    _command("pull", ("p",), "P", "fetch", "Fetch the model",
             "Brings the model onto this machine."),
    _command("cancel_pull", ("x",), "X", "stop fetching", "Stop fetching",
             "Ends the download; what was fetched of it is thrown away.", rank=1),
    _command("close", ("escape",), "Esc", "close", "Close the models",
             "Goes back; a download goes on."),
)  # fmt: skip
"""What can be done among the models."""

ON_EDITOR = (
    Command("save", ("ctrl+s", "f2"), "^S", "save", "Save the file",
            "Writes the file; the author's comments and the order of the fields stay."),
    Command("other", ("ctrl+t", "f6"), "^T", "form or text", "To the form or to the text",
            "Goes from the form to the text of the file, and back.", "text"),
    _command("change", ("enter",), "Enter", "change", "Change the field",
             "Opens what is picked; of a few values it takes the next.", rank=1),
    _command("less", ("left",), "←", "", "Value before", "Takes the value before, of a few."),
    _command("more", ("right",), "→", "", "Value after", "Takes the value after, of a few."),
    _command("add", ("a", "insert"), "A", "add", "Add to the scenario",
             "Adds a card, a question or a sample turn.", rank=2),
    _command("remove", ("delete", "backspace"), "Del", "remove", "Remove it",
             "Takes the card, question or sample turn out, after asking; of a field, its value.",
             rank=3),
    Command("preview", ("ctrl+o", "f4"), "^O", "preview", "Preview of the first turn",
            "Shows what the narrator is sent for the first turn, piece by piece, while you write; "
            "the same key puts it away.", rank=2),
    Command("problem", ("f8", "ctrl+n"), "F8", "next problem", "Next problem",
            "Goes to where the next problem stands in the text.", "problem", 2),
    Command("close", ("escape",), "Esc", "close", "Close the editor",
            "Goes back; what is not saved is asked about."),
)  # fmt: skip
"""What can be done with a scenario's file."""
