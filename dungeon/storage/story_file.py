"""One story, one file: created whole, saved a turn at a time, opened by one process."""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from dungeon.errors import SaveError, SaveLockedError
from dungeon.storage import database, names, rows
from dungeon.storage.database import (
    at_current_format,
    check_database,
    check_header,
    connect,
    explain,
    migrate,
    reading,
    version_of,
)
from dungeon.story.story import Story
from dungeon.story.tree import Mark, StoryTree

WAIT = 2.0
"""Longest a save waits for somebody who is reading the file, in seconds."""

_START: Mark = (0, 0)


class StoryFile:
    """A story file that this process has open.

    Get one from `create` or `open`; `close` it when done. Not for use by two threads at once.

    Attributes:
        path: The file, links resolved.
        read_only: Whether `save` is refused.
    """

    def __init__(self, path: Path, lock: FileLock | None) -> None:
        self.path = path
        self.read_only = lock is None
        self._lock = lock
        self._db: sqlite3.Connection | None = None
        self._file_id: tuple[int, int] | None = None
        # What the file holds: of which tree, up to where, and which meta values.
        self._tree: StoryTree | None = None
        self._mark: Mark = _START
        self._meta: dict[str, rows.Value] = {}
        self._parts: tuple[object, object] = (None, None)
        self._checked: Story | None = None
        self._version = database.VERSION

    @classmethod
    def create(cls, directory: Path, story: Story) -> StoryFile:
        """Write a story to a new file in `directory` and keep it open.

        The file gets its name only when it is whole, so a crash leaves no half story, and
        never takes the name of a file that is there. Mode 0600; a new directory has 0700.

        Raises:
            SaveError: It cannot be written.
        """
        try:
            make_directory(directory)
            directory = directory.resolve()
            _sweep(directory)
        except OSError as error:
            raise explain(error, directory, "saved") from None
        path = directory / names.file_name(story.title)
        while path.exists():
            path = directory / names.file_name(story.title)
        file = cls(path, _acquire(path))
        try:
            file._write_new(story)
        except BaseException:
            file.close()
            raise
        return file

    @classmethod
    def open(cls, path: Path, *, read_only: bool = False) -> StoryFile:
        """Open a story file; one of an older format is backed up and brought up to date.

        Raises:
            SaveLockedError: Another process has it open for writing (not if `read_only`).
            SaveError: It is missing, damaged, of a newer format or not a story file; its
                bytes are as they were.
        """
        try:
            path = Path(path).resolve()
        except (OSError, RuntimeError, ValueError):
            raise SaveError(f"There is no story file {path}.") from None
        check_header(path)
        if read_only:
            file = cls(path, None)
            file._checked = file._read()
            return file
        file = cls(path, _acquire(path))
        try:
            # All is read before anything is written: a damaged file must stay as it is.
            file._checked = file._read()
            file._migrate()
        except BaseException:
            file.close()
            raise
        return file

    def load(self) -> Story:
        """Read the whole story.

        Raises:
            SaveError: The file is damaged or cannot be read.
        """
        story, self._checked = self._checked or self._read(), None
        self._holds(story, story.tree.changes_since().mark)
        return story

    def save(self, story: Story) -> None:
        """Write what is new or changed since the last successful save, in one transaction.

        After a failure the file holds what it held before, and the next save writes all that
        is missing. A file that somebody deleted is written anew.

        Raises:
            SaveError: Nothing was saved; the message says why.
        """
        if self.read_only:
            raise SaveError(
                f"{self.path.name} is open for reading only.", "Save a copy to play on."
            )
        if self._lock is None or not self._lock.is_locked:
            raise SaveError(f"{self.path.name} is closed.", "Open it again to save.")
        if not self.path.exists():
            self._disconnect()
            self._write_new(story)
            return
        try:
            mark = self._write(self._connected(), story)
        except (sqlite3.Error, OSError, OverflowError, UnicodeDecodeError) as error:
            # A new connection at the next save: this one's state is not to be relied on.
            self._disconnect()
            if isinstance(error, OverflowError):
                raise SaveError("The story could not be saved: a number is too large.") from None
            raise explain(error, self.path, "saved") from None
        self._holds(story, mark)

    def close(self) -> None:
        """Let go of the file and of its lock. May be called twice."""
        self._disconnect()
        lock, self._lock = self._lock, None
        if lock is not None:
            _release(lock)

    # -- inside ----------------------------------------------------------------------------

    def _holds(self, story: Story, mark: Mark) -> None:
        self._tree = story.tree
        self._mark = mark
        self._meta = rows.plain_values(story)
        self._parts = (story.scenario, story.cards)

    def _write(self, db: sqlite3.Connection, story: Story) -> Mark:
        same = self._tree is story.tree
        mark = self._mark if same else _START
        changes = story.tree.changes_since(mark)
        values = rows.plain_values(story)
        if same:
            values = {key: value for key, value in values.items() if self._meta[key] != value}
        scenario, cards = self._parts if same else (None, None)
        if scenario is not story.scenario:
            values["scenario"] = rows.scenario_value(story.scenario)
        if cards is not story.cards:
            values["cards"] = rows.cards_value(story.cards)
        values["updated"] = datetime.now(UTC).isoformat(timespec="seconds")
        if not db.in_transaction:
            db.execute("BEGIN IMMEDIATE")
        if not same:
            for table in database.TABLES:
                db.execute(f"DELETE FROM {table}")
        rows.write_changes(db, changes, start=mark[0])
        db.executemany("INSERT OR REPLACE INTO meta VALUES (?,?)", values.items())
        db.execute("COMMIT")
        return changes.mark

    def _write_new(self, story: Story) -> None:
        """Write all of `story` to a hidden file, then give it its name."""
        self._tree = None
        draft = self.path.with_name(f".{self.path.name}.new")
        try:
            draft.unlink(missing_ok=True)
            os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
            try:
                db = connect(draft, "rw", WAIT)
                try:
                    db.execute("BEGIN IMMEDIATE")
                    db.execute(f"PRAGMA application_id = {database.APPLICATION_ID}")
                    db.execute(f"PRAGMA user_version = {database.VERSION}")
                    for sql in database.TABLES.values():
                        db.execute(sql)
                    mark = self._write(db, story)
                finally:
                    db.close()
                publish(draft, self.path)
            finally:
                draft.unlink(missing_ok=True)
                Path(f"{draft}-journal").unlink(missing_ok=True)
        except (sqlite3.Error, OSError) as error:
            raise explain(error, self.path, "saved") from None
        self._holds(story, mark)

    def _connected(self) -> sqlite3.Connection:
        found = self.path.stat()
        file_id = (found.st_dev, found.st_ino)
        if self._db is None:
            check_header(self.path)
            self._db = connect(self.path, "rw", WAIT)
            self._file_id = file_id
        elif self._file_id != file_id:
            raise SaveError(
                f"Something put another file in the place of {self.path.name}.",
                "Move that file away; the next save then writes the whole story.",
            )
        return self._db

    def _disconnect(self) -> None:
        db, self._db = self._db, None
        if db is not None:
            db.close()

    def _read(self) -> Story:
        check_header(self.path)
        try:
            with reading(self.path, WAIT) as db:
                check_database(db, self.path)
                self._version = version_of(db, self.path)
                with at_current_format(db, self.path) as current:
                    return rows.read_story(current, self.path)
        except (sqlite3.Error, OSError) as error:
            raise explain(error, self.path, "read") from None

    def _migrate(self) -> None:
        version = self._version
        if version == database.VERSION:
            return
        try:
            db = self._connected()
            # A crash may have left a journal; a backup without it would be a broken one.
            db.execute("SELECT count(*) FROM sqlite_master").fetchone()
            _back_up(self.path, version)
            migrate(db, version)
        except (sqlite3.Error, OSError) as error:
            self._disconnect()
            raise explain(error, self.path, "saved") from None


def _back_up(path: Path, version: int) -> Path:
    draft = path.with_name(f".{path.name}.backup")
    draft.unlink(missing_ok=True)
    try:
        os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        shutil.copyfile(path, draft)
        with draft.open("rb") as file:
            os.fsync(file.fileno())
        backup = path.with_name(f"{path.name}.format-{version}.bak")
        if not backup.exists():
            publish(draft, backup)
        return backup
    finally:
        draft.unlink(missing_ok=True)


def make_directory(directory: Path) -> None:
    """Create `directory` and what is missing above it, for its owner only (0700)."""
    missing = []
    at = directory
    while not at.exists():
        missing.append(at)
        at = at.parent
    for folder in reversed(missing):
        folder.mkdir(mode=0o700, exist_ok=True)


def publish(draft: Path, path: Path) -> None:
    """Give a finished file its name, durably, and never over another file.

    Raises:
        FileExistsError: The name is taken.
        OSError: The file system refused.
    """
    try:
        os.link(draft, path)
        draft.unlink()
    except FileExistsError:
        raise
    except OSError:
        # A file system without hard links.
        if path.exists():
            raise FileExistsError(17, "the name is taken", str(path)) from None
        draft.rename(path)
    if os.name == "posix":
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def lock_path(path: Path) -> Path:
    """The lock file of a story file."""
    return path.with_name(f"{path.name}.lock")


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock of a story file, so that no game has it open for writing meanwhile.

    Raises:
        SaveLockedError: One has.
        SaveError: The lock cannot be made.
    """
    lock = _acquire(path)
    try:
        yield
    finally:
        _release(lock)


def _acquire(path: Path) -> FileLock:
    lock = FileLock(lock_path(path), timeout=0, mode=0o600, thread_local=False)
    try:
        lock.acquire()
    except Timeout:
        raise _locked(path) from None
    except (OSError, RuntimeError) as error:
        system = error if isinstance(error, OSError) else OSError(str(error))
        raise explain(system, path, "opened for writing") from None
    if os.name == "posix":
        try:
            lock_path(path).write_text(f"{os.getpid()}\n", encoding="ascii")
        except OSError as error:
            _release(lock)
            raise explain(error, path, "opened for writing") from None
    return lock


def _locked(path: Path) -> SaveLockedError:
    try:
        pid = int(lock_path(path).read_text(encoding="ascii")[:20])
    except (OSError, ValueError):
        pid = 0
    if pid == os.getpid():
        who = "this game itself"
    else:
        who = f"another game (process {pid})" if pid > 0 else "another game"
    return SaveLockedError(
        f"{path.name} is open in {who}.", "Close it there, or open a copy or for reading only."
    )


def _release(lock: FileLock) -> None:
    # Removed while it is still held: who opened it meanwhile finds it gone and tries anew.
    if os.name == "posix" and lock.is_locked:
        # A disk that refuses even this leaves the file, which locks nothing by being there.
        with suppress(OSError):
            Path(lock.lock_file).unlink(missing_ok=True)
    lock.release()


def _sweep(directory: Path) -> None:
    """Remove what a crash in `create` left, once it is an hour old."""
    for pattern in (f".*{names.SUFFIX}.new", f".*{names.SUFFIX}.new-journal"):
        for stray in directory.glob(pattern):
            if stray.stat().st_mtime < time.time() - 3600:
                stray.unlink(missing_ok=True)
