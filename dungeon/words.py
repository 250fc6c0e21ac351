"""The word filter's list: a plain text file of the player's, on this machine and nowhere else."""

from __future__ import annotations

import os
from importlib import resources
from pathlib import Path

from dungeon.errors import SettingsError
from dungeon.files import typed_path
from dungeon.settings import settings_file
from dungeon.story.filter import WordFilter, read_words

MAX_BYTES = 256 * 1024


def words_file() -> Path:
    """Where the list is: `DUNGEON_WORDS`, else `words.txt` beside the settings file."""
    named = os.environ.get("DUNGEON_WORDS")
    return typed_path(named) if named else settings_file().with_name("words.txt")


def load() -> WordFilter:
    """The filter of the player's list; the list is first made where there is none.

    Raises:
        SettingsError: The file cannot be read, or is none of text.
    """
    path = words_file()
    try:
        if not path.exists():
            _make(path)
        if not path.is_file():
            raise SettingsError(
                f"{path} is not an ordinary file.", "Name a text file in DUNGEON_WORDS."
            )
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise SettingsError(
                f"The word list {path} is larger than {MAX_BYTES // 1024} KiB.", "Shorten it."
            )
        text = data.decode("utf-8-sig")
    except OSError as error:
        raise SettingsError(
            f"The word list {path} cannot be read: {error.strerror}.",
            "Name another file in DUNGEON_WORDS.",
        ) from None
    except UnicodeDecodeError as error:
        raise SettingsError(
            f"The word list {path} is not UTF-8 (byte {error.start}).", "Save it as UTF-8."
        ) from None
    return WordFilter(read_words(text))


def _make(path: Path) -> None:
    first = resources.files("dungeon").joinpath("words.txt").read_text(encoding="utf-8")
    path.parent.mkdir(parents=True, exist_ok=True)
    # "x": of two games that begin at once, one makes it.
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(first)
    except FileExistsError:
        return


def state(words: WordFilter | None) -> str:
    """Whether the filter is on, and where its list is, for the player."""
    if words is None:
        return f"The word filter is off. Its list is {words_file()}."
    count = "1 entry" if len(words.words) == 1 else f"{len(words.words)} entries"
    return f"The word filter is on: {count}, whole words only, listed in {words_file()}."
