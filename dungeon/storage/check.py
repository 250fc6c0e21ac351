"""Whether story files are sound: every page, every turn, the tree that they make."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path

from dungeon.errors import SaveError
from dungeon.storage import rows
from dungeon.storage.database import (
    at_current_format,
    check_database,
    check_header,
    damaged,
    explain,
    reading,
)
from dungeon.storage.library import save_files


@dataclass(frozen=True, slots=True)
class Checked:
    """A story file that was looked through.

    Attributes:
        path: The file.
        name: Its name without the suffix.
        turns: Turns in it on all branches, the opening not counted; 0 where it is not sound.
        error: What is wrong; None where it is sound.
    """

    path: Path
    name: str
    turns: int
    error: SaveError | None


def check_saves(directory: Path) -> list[Checked]:
    """Look through every story file in `directory`, by name."""
    return [check_save(path) for path in save_files(directory)]


def check_save(path: Path) -> Checked:
    """Look through one story file. Writes nothing; takes as long as reading all of it."""
    try:
        return Checked(path, path.stem, _check(path), None)
    except SaveError as error:
        return Checked(path, path.stem, 0, error)


def _check(path: Path) -> int:
    check_header(path)
    try:
        with reading(path) as db:
            check_database(db, path)
            # quick_check does not compare a table with its indexes; this does.
            answer = db.execute("PRAGMA integrity_check(1)").fetchone()
            if answer != ("ok",):
                raise damaged(path, "its pages do not fit together")
            with at_current_format(db, path) as current:
                return _check_turns(current, path)
    except (sqlite3.Error, OSError) as error:
        raise explain(error, path, "read") from None


def _check_turns(db: sqlite3.Connection, path: Path) -> int:
    story = rows.read_story(db, path)
    # Numbered without a gap: where one is missing, a row is gone that nothing else names.
    count, low, high = db.execute("SELECT count(*), min(seq), max(seq) FROM nodes").fetchone()
    if (low, high) != (0, count - 1):
        raise damaged(path, "a turn in it is missing")
    return len(story.tree) - 1
