"""What a narrator is trained on: text files, scenarios and stories, as a player names them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from dungeon.authoring.faults import Fault
from dungeon.authoring.library import SUFFIXES
from dungeon.authoring.reader import read_scenario
from dungeon.authoring.source import decode
from dungeon.errors import DungeonError
from dungeon.files import OddFileError, read_ordinary, typed_path
from dungeon.storage import library, names
from dungeon.storage.story_file import StoryFile
from dungeon.story.action import parse
from dungeon.story.scenario import Scenario
from dungeon.story.story import Story, begin
from dungeon.story.tree import Node
from dungeon.text import clean

MOST = 64 * 1024 * 1024
"""Largest text file, in bytes."""

_TEXTS = (".txt", ".md")


def read(sources: Sequence[str], saves: Path) -> list[str | Story]:
    """The texts and stories of `sources`, in order.

    Args:
        sources: Each a text file (UTF-8), a scenario (.yaml), a story file, or the name of a
            story in `saves`.
        saves: The folder of stories.

    Raises:
        DungeonError: One cannot be read, or has nothing in it.
    """
    return [_read(source, saves) for source in sources]


def _read(source: str, saves: Path) -> str | Story:
    path = typed_path(source)
    if path.suffix.lower() in SUFFIXES:
        return _of_scenario(read_scenario(path))
    if path.suffix.lower() == names.SUFFIX or not _exists(path):
        if path.suffix.lower() in _TEXTS:
            # It was meant as a file, and not as the name of a story.
            raise DungeonError(f"There is no file {_shown(path)}.", "Check its name.")
        file = StoryFile.open(library.find_save(saves, source), read_only=True)
        try:
            return file.load()
        finally:
            file.close()
    return _text(path)


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        # A name that is too long, or holds a NUL.
        return False


def _text(path: Path) -> str:
    name = _shown(path)
    try:
        text = decode(read_ordinary(path, MOST))
    except Fault as fault:
        raise DungeonError(f"{name}:{fault.line + 1}: {fault.message}", fault.fix) from None
    except OddFileError as error:
        raise DungeonError(
            f"{name} cannot be read: {error}.", "Give text files, scenarios and stories."
        ) from None
    except OSError as error:
        raise DungeonError(
            f"{name} cannot be read: {error.strerror or error}.", "Check its name and rights."
        ) from None
    if not text.strip():
        raise DungeonError(f"There is no text in {name}.", "Give a file with a story in it.")
    return text


def _of_scenario(scenario: Scenario) -> Story:
    """A scenario as a story: its opening, then its sample turns, which need no primer then."""
    filled = scenario.filled({})
    story = begin(replace(filled, examples=()), title="", seed=0, created="")
    for example in filled.examples:
        tree = story.tree
        tree.add(Node(tree.next_id, tree.head.id, parse(example.action), example.text.strip()))
    return story


def _shown(path: Path) -> str:
    return clean(str(path), newlines=False)
