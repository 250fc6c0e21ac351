"""The folder of stories: where it is, what is in it, finding, renaming, deleting."""

from __future__ import annotations

import difflib
import os
import sqlite3
import tomllib
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import platformdirs

import dungeon
from dungeon import plain_json
from dungeon.errors import NewerSaveError, SaveError, ScenarioError, SettingsError
from dungeon.storage import rows
from dungeon.storage.database import (
    at_current_format,
    check_header,
    damaged,
    explain,
    reading,
)
from dungeon.storage.names import SUFFIX
from dungeon.storage.story_file import StoryFile, lock_path, locked, make_directory
from dungeon.story.story import Story

PROJECT = "dungeon-gpt2"
EXCERPT = 2000
"""Longest last text of a summary, in characters."""


@dataclass(frozen=True, slots=True)
class SaveSummary:
    """A story as a list shows it.

    Attributes:
        path: The file.
        name: The file's name without its suffix: what `find_save` takes.
        title: The story's title.
        scenario: The title of its scenario.
        turns: Turns on the current path, the opening not counted.
        updated: When it was last saved, UTC.
        last_text: The narrative at the head, its first `EXCERPT` characters.
        model: The model last played with; "" if none.
        size: In bytes.
    """

    path: Path
    name: str
    title: str
    scenario: str
    turns: int
    updated: datetime
    last_text: str
    model: str
    size: int


@dataclass(frozen=True, slots=True)
class DamagedSave:
    """A file in the folder that cannot be listed as a story.

    Attributes:
        path: The file.
        name: The file's name without its suffix.
        reason: Why, one sentence.
        hint: What to do about it, one sentence; "" where nothing can be done.
        mendable: Whether it may be looked through for what can be read.
    """

    path: Path
    name: str
    reason: str
    hint: str = ""
    mendable: bool = True


def saves_dir(explicit: Path | None = None) -> Path:
    """Where stories are kept; made for its owner only (0700) if it is missing.

    `explicit`, else the environment's `DUNGEON_SAVES`, else `saves` in a checkout of this
    project (the current folder, or the one that this package runs from), else the platform's
    data folder.

    Raises:
        SaveError: The folder cannot be made, or a file has its name.
    """
    directory = explicit or _configured() or _in_checkout()
    if directory is None:
        directory = platformdirs.user_data_path("dungeon", appauthor=False) / "saves"
    try:
        directory = directory.expanduser()
        make_directory(directory)
        if not directory.is_dir():
            raise SaveError(f"{directory} is not a folder.", "Name a folder for the stories.")
    except (OSError, ValueError, RuntimeError) as error:
        system = error if isinstance(error, OSError) else OSError(str(error))
        reason = system.strerror or str(system)
        raise SaveError(
            f"The folder for the stories cannot be used: {reason} ({directory}).",
            "Name another with --saves or DUNGEON_SAVES.",
        ) from None
    return directory


def _configured() -> Path | None:
    value = os.environ.get("DUNGEON_SAVES", "").strip()
    return Path(value) if value else None


def _in_checkout() -> Path | None:
    for root in (Path.cwd(), Path(dungeon.__file__).resolve().parent.parent):
        if (root / "saves").is_dir() and _is_ours(root / "pyproject.toml"):
            return root / "saves"
    return None


def _is_ours(pyproject: Path) -> bool:
    try:
        project = tomllib.loads(pyproject.read_text(encoding="utf-8")).get("project")
    except (OSError, ValueError):
        return False
    return isinstance(project, dict) and project.get("name") == PROJECT


def save_files(directory: Path) -> list[Path]:
    """The story files of a folder by name, sound or not; none where it cannot be read."""
    try:
        return sorted(directory.glob(f"[!.]*{SUFFIX}"))
    except OSError:
        return []


def list_saves(directory: Path) -> list[SaveSummary | DamagedSave]:
    """Every story file in `directory`, newest first; a bad file never hides the others."""
    found: list[tuple[float, SaveSummary | DamagedSave]] = []
    for path in save_files(directory):
        try:
            _stays_inside(path, directory)
            summary = summarize(path)
            found.append((summary.updated.timestamp(), summary))
        except SaveError as error:
            mendable = not isinstance(error, NewerSaveError)
            save = DamagedSave(path, path.stem, error.message, error.hint, mendable)
            found.append((_modified(path), save))
        except (OSError, RuntimeError):
            reason = f"{path.name} cannot be read."
            found.append((_modified(path), DamagedSave(path, path.stem, reason)))
    found.sort(key=lambda item: item[0], reverse=True)
    return [item for _, item in found]


def _stays_inside(path: Path, directory: Path) -> None:
    """Refuse a link that leads out of the folder: its target is no story of this library."""
    if path.resolve().parent != directory.resolve():
        raise SaveError(
            f"{path.name} is a link that leads out of the folder.", "Name the file itself."
        )


def _modified(path: Path) -> float:
    try:
        return path.lstat().st_mtime
    except OSError:
        return 0.0


def summarize(path: Path) -> SaveSummary:
    """What a list shows of one story file; reads little of it and writes nothing.

    Raises:
        SaveError: It is damaged, newer, busy or no story file.
    """
    check_header(path)
    try:
        with reading(path) as db, at_current_format(db, path) as current:
            return _summarize(current, path)
    except (sqlite3.Error, OSError) as error:
        raise explain(error, path, "read") from None
    except (ValueError, OverflowError, ScenarioError, SettingsError) as error:
        reason = str(error).rstrip(".")
        raise damaged(path, reason) from None


def _summarize(db: sqlite3.Connection, path: Path) -> SaveSummary:
    meta = dict(db.execute("SELECT key, value FROM meta"))
    head = rows.whole(meta.get("head"), 1, rows.MAX_ID)
    parents = dict(db.execute("SELECT id, parent FROM nodes"))
    turns = -1
    at: int | None = head
    while at is not None:
        # Popping makes a cycle end too.
        at = parents.pop(at, -1)
        turns += 1
        if at == -1:
            raise ValueError("a turn in it is missing")
    (text,) = db.execute(
        "SELECT substr(text, 1, ?) FROM nodes WHERE id = ?", (EXCERPT, head)
    ).fetchone()
    scenario = plain_json.loads(rows.prose(meta.get("scenario"), "its scenario"))
    if not isinstance(scenario, dict):
        raise ValueError("its scenario is not readable")
    saved = rows.line(meta.get("updated"), "its time")
    updated = datetime.fromisoformat(saved)
    return SaveSummary(
        path=path,
        name=path.stem,
        title=rows.line(meta.get("title"), "its title"),
        scenario=rows.line(scenario.get("title"), "its scenario's title"),
        turns=turns,
        updated=updated if updated.tzinfo else updated.replace(tzinfo=UTC),
        last_text=rows.prose(text, "a turn's text"),
        model=rows.line(meta.get("model"), "its model"),
        size=path.stat().st_size,
    )


def find_save(directory: Path, name_or_path: str | Path) -> Path:
    """The story file that a player means: a path, a file's name, a title, or a start of one.

    Case does not matter for titles and starts; a start must fit one story only.

    Raises:
        SaveError: None or several fit; the hint says what is there.
    """
    wanted = str(name_or_path)
    if "\0" in wanted or not wanted.strip():
        raise SaveError("That is not the name of a story.", "Name a story or a file.")
    beside = [directory / wanted, directory / f"{wanted}{SUFFIX}"] if _is_name(wanted) else []
    for path in [Path(wanted), *beside]:
        try:
            if path.is_file() and (path.suffix == SUFFIX or path == Path(wanted)):
                if path in beside:
                    _stays_inside(path, directory)
                return path
        except OSError:
            break  # Too long for a file name; it may still be a title.
    saves = list_saves(directory)
    low = _folded(wanted.strip())
    labels = [(_labels(save), save.path) for save in saves]
    fits = [path for names, path in labels if low in names]
    if not fits:
        fits = [path for names, path in labels if any(n.startswith(low) for n in names)]
    if len(fits) == 1:
        return fits[0]
    if fits:
        several = ", ".join(path.stem for path in fits[:5])
        raise SaveError(f"Several stories fit {wanted[:80]!r}.", f"Name one of: {several}.")
    known = [name for names, _ in labels for name in names]
    near = difflib.get_close_matches(low[:200], known, n=1, cutoff=0.5)
    hint = f"Did you mean {near[0]!r}?" if near else "List the stories to see what is there."
    raise SaveError(f"There is no story {wanted[:80]!r}.", hint)


def _is_name(wanted: str) -> bool:
    return Path(wanted).name == wanted and wanted not in (".", "..")


def _labels(save: SaveSummary | DamagedSave) -> list[str]:
    names = [_folded(save.name)]
    if isinstance(save, SaveSummary):
        names.append(_folded(save.title))
    return names


def _folded(text: str) -> str:
    """`text` without case, both ways of writing an accent the same."""
    return unicodedata.normalize("NFC", text).casefold()


def delete_save(path: Path) -> None:
    """Delete one story file for good. Ask the player first.

    Raises:
        SaveLockedError: It is open in some game.
        SaveError: It is no story file's name, is not there, or cannot be deleted.
    """
    if path.suffix != SUFFIX or path.is_dir():
        raise SaveError(f"{path.name} is not a story file.", "Only stories are deleted here.")
    try:
        path.lstat()
        with locked(path.parent.resolve() / path.name):
            path.unlink()
            Path(f"{path}-journal").unlink(missing_ok=True)
    except OSError as error:
        reason = error.strerror or "it cannot be reached"
        raise SaveError(
            f"{path.name} could not be deleted: {reason}.", "Check that its folder is writable."
        ) from None


def load_save(path: Path) -> Story:
    """The story in a file, which is only read.

    Raises:
        SaveError: The file cannot be read.
    """
    file = StoryFile.open(path, read_only=True)
    try:
        return file.load()
    finally:
        file.close()


def copy_save(path: Path, directory: Path) -> Path:
    """Make a second story of one, with all of its branches, in `directory`.

    Returns:
        The new file.

    Raises:
        SaveError: The story cannot be read, or the copy not be written.
    """
    story = load_save(path)
    story.title = f"{story.title} (copy)"
    file = StoryFile.create(directory, story)
    file.close()
    return file.path


def rename_title(path: Path, title: str) -> None:
    """Give a story another title; its file keeps its name.

    Raises:
        SaveLockedError: It is open in some game.
        SaveError: The title is empty, or the file cannot be read or written.
    """
    new = " ".join(rows.line(title, "the title").split())
    if not new:
        raise SaveError("A story needs a title.", "Type at least one letter.")
    file = StoryFile.open(path)
    try:
        story = file.load()
        story.title = new
        file.save(story)
    finally:
        file.close()


__all__ = [
    "DamagedSave",
    "SaveSummary",
    "copy_save",
    "delete_save",
    "find_save",
    "list_saves",
    "load_save",
    "lock_path",
    "rename_title",
    "save_files",
    "saves_dir",
    "summarize",
]
