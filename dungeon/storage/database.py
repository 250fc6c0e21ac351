"""The story file as an SQLite database: schema, safe connections, errors in plain words.

A story file is an SQLite "application file format" (https://www.sqlite.org/appfileformat.html):
`application_id` says whose it is, `user_version` which format. It uses the rollback journal, so
that a story at rest is one file.
"""

from __future__ import annotations

import shutil
import sqlite3
import stat
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from dungeon.errors import NewerSaveError, SaveError

APPLICATION_ID = 0x44554E47  # "DUNG"
VERSION = 2

TABLES: Mapping[str, str] = {
    "meta": "CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID",
    "nodes": (
        "CREATE TABLE nodes (seq INTEGER PRIMARY KEY, id INTEGER NOT NULL, parent INTEGER,"
        " mode TEXT, line TEXT, text TEXT NOT NULL, raw TEXT NOT NULL, origin TEXT NOT NULL,"
        " seed INTEGER, model TEXT NOT NULL, stop TEXT NOT NULL, created TEXT NOT NULL)"
    ),
    "chosen": "CREATE TABLE chosen (parent INTEGER PRIMARY KEY, child INTEGER NOT NULL)",
}
"""`nodes.seq` counts from 0 in the order in which the turns came to the tree."""

FORMER_TABLES: Mapping[int, Mapping[str, str]] = {1: TABLES}
"""The tables of older formats. A file has these and nothing else, or it is not touched."""


def _to_2(db: sqlite3.Connection) -> None:
    """Format 2: what automatic memory needs, what the story began from, names and bookmarks.

    Cards, style and sampling numbers may have fields that format 1 did not know. Files from
    between two releases may hold all of it already.
    """
    added = {"automatic": 1, "forgotten": "[]", "source": "", "marks": "[]", "own": "[]"}
    db.executemany("INSERT OR IGNORE INTO meta VALUES (?,?)", added.items())


MIGRATIONS: Mapping[int, Callable[[sqlite3.Connection], None]] = {1: _to_2}
"""What takes a file of format N to N + 1, by N; runs inside one transaction."""

MAX_VALUE = 64 * 1024 * 1024
"""Longest text or row that is read or written, in bytes."""

_MAGIC = b"SQLite format 3\0"


def damaged(path: Path, why: str) -> SaveError:
    """The error of a file that is ours but cannot be read."""
    return SaveError(f"The story file {path.name} is damaged: {why}.", _recover(path))


def _recover(path: Path) -> str:
    return (
        "Its bytes are untouched. Put what can be read into a new story:"
        f" dungeon saves --recover {path.stem}"
    )


def explain(
    error: sqlite3.Error | OSError | UnicodeDecodeError, path: Path, doing: str
) -> SaveError:
    """An error of SQLite or of the system as a sentence; `doing` is "saved" or "read".

    SQLite's messages quote the file; where that is no UTF-8 there, Python gives another error.
    """
    name = getattr(error, "sqlite_errorname", "") or ""
    again = "The story goes on; the next save writes all of it." if doing == "saved" else ""
    what = f"The story could not be {doing} ({path.name})"
    if name.startswith("SQLITE_FULL") or getattr(error, "errno", None) in (28, 122, 27):
        return SaveError(f"{what}: the disk is full.", f"Free some space. {again}".rstrip())
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return SaveError(f"{what}: another program is using the file.", again or "Try again.")
    if name.startswith(("SQLITE_READONLY", "SQLITE_PERM", "SQLITE_CANTOPEN", "SQLITE_AUTH")):
        hint = f"Check that its folder is there and writable. {again}".rstrip()
        return SaveError(f"{what}: the file or its folder cannot be opened.", hint)
    if name.startswith("SQLITE_IOERR"):
        return SaveError(
            f"{what}: the disk reported an error.", f"Check the disk. {again}".rstrip()
        )
    if name.startswith("SQLITE_TOOBIG"):
        return SaveError(f"{what}: a text in it is too long.")
    if isinstance(error, OSError):
        reason = error.strerror or type(error).__name__
        return SaveError(f"{what}: {reason}.", f"Check the file and its folder. {again}".rstrip())
    return damaged(path, "its database cannot be read")


def check_header(path: Path) -> int:
    """Look at the first 100 bytes only, and give the format version that they name.

    https://www.sqlite.org/fileformat2.html, section 1.3. Where a crash left a journal they may
    be those of a save that did not happen: once it is open, `version_of` tells the truth.

    Raises:
        SaveError: No such file, not a plain file, not a story file, or of a newer format.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise SaveError(f"{path.name} is not a file.", "Name a story file.")
        with path.open("rb") as file:
            head = file.read(100)
    except FileNotFoundError:
        raise SaveError(
            f"There is no story file {path.name}.", "List the stories to see what is there."
        ) from None
    except (OSError, ValueError) as error:
        system = error if isinstance(error, OSError) else OSError(str(error))
        raise explain(system, path, "read") from None
    if not head:
        raise damaged(path, "it is empty")
    if len(head) < 100 or not head.startswith(_MAGIC):
        raise SaveError(f"{path.name} is not a story file.", _recover(path))
    version = int.from_bytes(head[60:64], "big")
    if int.from_bytes(head[68:72], "big") != APPLICATION_ID:
        raise SaveError(f"{path.name} is a database, but not a story file.", _recover(path))
    if version > VERSION:
        raise NewerSaveError(
            f"{path.name} was written by a newer Dungeon (format {version}, this one knows"
            f" {VERSION}).",
            "Update Dungeon to play it; the file was not changed.",
        )
    # 1 is the rollback journal; anything else would make SQLite leave files beside it.
    if version < 1 or head[18:20] != b"\1\1":
        raise damaged(path, "its header is wrong")
    if _is_cut(path, head):
        raise damaged(path, "its end is missing")
    return version


def _is_cut(path: Path, head: bytes) -> bool:
    """Whether the file is shorter than its header says; SQLite minds only whole pages.

    Not where a save is under way or was broken off: the journal has what is true then.
    """
    page = int.from_bytes(head[16:18], "big")
    whole = (1 << 16 if page == 1 else page) * int.from_bytes(head[28:32], "big")
    # The count of pages holds where the two change counters agree (section 1.3.8).
    if head[24:28] != head[92:96] or path.stat().st_size >= whole:
        return False
    # Looked at once more after the journal: a save may have ended meanwhile.
    return not Path(f"{path}-journal").exists() and path.stat().st_size < whole


def connect(path: Path, mode: str, timeout: float) -> sqlite3.Connection:
    """A connection that trusts nothing in the file.

    Args:
        path: An existing file.
        mode: "ro" or "rw"; neither creates a file.
        timeout: Longest wait for another connection's transaction, in seconds.

    Raises:
        sqlite3.Error: It cannot be opened.
    """
    db = sqlite3.connect(
        f"file:{quote(str(path))}?mode={mode}",
        uri=True,
        timeout=timeout,
        isolation_level=None,
        check_same_thread=False,
    )
    try:
        db.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_VALUE)
        db.execute("PRAGMA trusted_schema = OFF")
        db.execute("PRAGMA cell_size_check = ON")
        db.execute("PRAGMA synchronous = FULL")
    except BaseException:
        db.close()
        raise
    return db


def version_of(db: sqlite3.Connection, path: Path) -> int:
    """The format version of an open file, an interrupted save rolled back.

    Raises:
        SaveError: It is none that this Dungeon knows.
        sqlite3.Error: It is damaged.
    """
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if not 1 <= version <= VERSION:
        raise damaged(path, "its format is unknown")
    return int(version)


def check_tables(db: sqlite3.Connection, path: Path) -> None:
    """Refuse a database with anything in it that we did not make.

    Triggers, views and generated columns of a stranger would run inside our own statements.

    Raises:
        SaveError: It has other tables than a story.
        sqlite3.Error: It is damaged.
    """
    found = {
        name: sql
        for kind, name, sql in db.execute("SELECT type, name, sql FROM sqlite_master")
        if not (kind == "index" and sql is None)
    }
    version = version_of(db, path)
    if found != dict(TABLES if version == VERSION else FORMER_TABLES[version]):
        raise damaged(path, "its tables are not those of a story")


def check_database(db: sqlite3.Connection, path: Path) -> None:
    """`check_tables`, and that every page of the file is sound.

    Raises:
        SaveError: It is damaged.
        sqlite3.Error: It is damaged.
    """
    check_tables(db, path)
    answer = db.execute("PRAGMA quick_check(1)").fetchone()
    if answer != ("ok",):
        raise damaged(path, "its pages do not fit together")


def migrate(db: sqlite3.Connection, version: int) -> None:
    """Bring an open database from format `version` to the current one, in one transaction.

    Raises:
        sqlite3.Error: Nothing was changed.
    """
    db.execute("BEGIN IMMEDIATE")
    try:
        for step in range(version, VERSION):
            MIGRATIONS[step](db)
        db.execute(f"PRAGMA user_version = {VERSION}")
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


@contextmanager
def at_current_format(db: sqlite3.Connection, path: Path) -> Iterator[sqlite3.Connection]:
    """`db` where it is of the current format, else a migrated copy of it in memory.

    Raises:
        SaveError: Its tables are not those of a story.
        sqlite3.Error: It cannot be read or brought up to date.
    """
    check_tables(db, path)
    version = version_of(db, path)
    if version == VERSION:
        yield db
        return
    copy = sqlite3.connect(":memory:", isolation_level=None)
    try:
        db.backup(copy)
        migrate(copy, version)
        yield copy
    finally:
        copy.close()


@contextmanager
def reading(path: Path, timeout: float = 0.2) -> Iterator[sqlite3.Connection]:
    """A read-only connection, in one transaction; the file and its folder stay as they are.

    Where a crash left a journal that must be rolled back first, that is done on a copy in the
    system's temporary folder.

    Raises:
        sqlite3.Error: The file cannot be opened, or a writer is busy for all of `timeout`.
        OSError: The copy cannot be made.
    """
    try:
        with _reading(path, timeout) as db:
            yield db
    except UnicodeDecodeError:
        # SQLite's own message quotes the file, and the file is no UTF-8 there.
        raise sqlite3.DatabaseError("an error whose message is not UTF-8") from None


@contextmanager
def _reading(path: Path, timeout: float) -> Iterator[sqlite3.Connection]:
    db = None
    try:
        # Already a PRAGMA of `connect` reads the file, and meets the journal.
        db = connect(path, "ro", timeout)
        db.execute("BEGIN")
        db.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.OperationalError as error:
        if db is not None:
            db.close()
        if error.sqlite_errorname not in ("SQLITE_READONLY_ROLLBACK", "SQLITE_CANTOPEN"):
            raise
        journal = Path(f"{path}-journal")
        if not journal.exists():
            raise
        with tempfile.TemporaryDirectory(prefix="dungeon-") as folder:
            copy = Path(folder) / "story.dungeon"
            shutil.copyfile(path, copy)
            shutil.copyfile(journal, f"{copy}-journal")
            db = connect(copy, "rw", timeout)
            try:
                yield db
            finally:
                db.close()
        return
    except BaseException:
        if db is not None:
            db.close()
        raise
    try:
        yield db
    finally:
        db.close()
