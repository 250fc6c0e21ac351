"""What is done to story files, each with what must hold afterwards; for `tests.faults.nth`."""

from __future__ import annotations

import contextlib
import io
import sys
from pathlib import Path
from typing import NoReturn

from dungeon import cli
from dungeon.cli import Tools
from dungeon.engine.base import CancelToken
from dungeon.engine.scripted import ScriptedEngine
from dungeon.errors import SaveError
from dungeon.session import GameSession, narrate
from dungeon.storage import database, export, library
from dungeon.storage.recovery import recover
from dungeon.storage.story_file import StoryFile
from dungeon.story.action import Action, Mode, parse
from dungeon.story.story import Story, begin
from dungeon.story.tree import Node
from tests.faults.kill import SCENARIO, state_of


class Broken(AssertionError):
    """The folder holds something that it must not."""


def must(true: object, what: str) -> None:
    if not true:
        raise Broken(what)


def read(path: Path) -> str:
    """The state of a story file, which must open for writing: no lock may be left."""
    file = StoryFile.open(path)
    try:
        return state_of(file.load())
    finally:
        file.close()


def files(folder: Path) -> list[Path]:
    """The story files; none may be listed as damaged."""
    for entry in library.list_saves(folder):
        must(not isinstance(entry, library.DamagedSave), f"listed as damaged: {entry}")
    return sorted(folder.glob("[!.]*.dungeon"))


def story_of(turns: int) -> Story:
    story = begin(SCENARIO, title="", seed=7, created="")
    for at in range(turns):
        # Long enough for a save to need pages of its own.
        said = Action(Mode.DO, f"look at thing {at}")
        story.tree.add(Node(at + 2, at + 1, said, f"You see thing {at}. " + "It rings. " * 120))
    return story


def begun(folder: Path, turns: int = 3) -> GameSession:
    story = story_of(turns)
    session = GameSession(story, ScriptedEngine(), StoryFile.create(folder, story))
    session.saved = True
    return session


# -- what is done to a story -----------------------------------------------------------------


class Work:
    """Something that is done to story files in a folder of its own.

    Only `act` meets a fault. `ready` and `act` run in one process, which may be another than
    that of the rest.

    Attributes:
        every: The largest step between operations that fail; the work is small or its weak place
            is narrow.
    """

    every = sys.maxsize

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def prepare(self) -> None:
        """Make the old state, and let go of it."""

    def ready(self) -> None:
        """Get to where `act` begins."""

    def act(self) -> None:
        """Do it. Only a `DungeonError` may come out."""
        raise NotImplementedError

    def check(self, *, acted: bool) -> None:
        """Raise `Broken` unless this is the old state or the new; the new where it acted."""
        raise NotImplementedError

    def again(self) -> None:
        """Do it once more in the same process, without a fault."""
        self.act()

    def close(self) -> None:
        """Let go of everything."""


class Create(Work):
    def prepare(self) -> None:
        self.session: GameSession | None = None
        self.folder = self.folder / "new" / "saves"

    def act(self) -> None:
        self.session = GameSession.new(SCENARIO, ScriptedEngine(), saves=self.folder, seed=7)

    def check(self, *, acted: bool) -> None:
        self.close()
        found = files(self.folder)
        must(len(found) >= acted, "a story that was begun is not there")
        for path in found:
            read(path)

    def close(self) -> None:
        if self.session is not None:
            self.session.close()


class Save(Work):
    """A turn."""

    def prepare(self) -> None:
        self.session = begun(self.folder)
        self.path = self.session.file.path  # type: ignore[union-attr]
        self.session.close()

    def ready(self) -> None:
        self.session = GameSession.resume(self.path, ScriptedEngine())
        turn = self.session.begin_turn(parse("ring the bell"))
        self.told = narrate(self.session.engine, turn, CancelToken())

    def act(self) -> None:
        if (turn := self.session.turn) is not None:
            self.session.commit(turn, self.told)
        else:
            self.session.save()
        if not self.session.saved:
            raise self.session.save_error or Broken("not saved, and nobody says why")

    def check(self, *, acted: bool) -> None:
        # Read beside the open session, as a player who looks while it goes on.
        file = StoryFile.open(self.path, read_only=True)
        story = file.load()
        file.close()
        must(len(story.tree) == 5 if acted else len(story.tree) in (4, 5), "turns are lost")
        must([p.name for p in files(self.folder)] == [self.path.name], "another file")
        if acted:
            must(story.tree.head.action == parse("ring the bell"), "another turn")
            must(not hasattr(self, "told") or story.tree.head.text == self.told.text, "its text")
            must(list(story.tree)[:4] == list(story_of(3).tree), "older turns changed")

    def close(self) -> None:
        self.session.close()


class SaveDeleted(Save):
    """Somebody deleted the file while it is played: the next save writes all of it anew."""

    def ready(self) -> None:
        super().ready()
        self.path.unlink()

    def check(self, *, acted: bool) -> None:
        if acted or self.path.exists():
            super().check(acted=acted)


class SaveAnother(Work):
    """The whole tree is replaced by another."""

    def prepare(self) -> None:
        self.file = StoryFile.create(self.folder, story_of(3))
        self.file.close()

    def ready(self) -> None:
        self.file = StoryFile.open(self.file.path)

    def act(self) -> None:
        self.file.save(story_of(5))

    def check(self, *, acted: bool) -> None:
        old, new = state_of(story_of(3)), state_of(story_of(5))
        must(read_only(self.file.path) in ({new} if acted else {new, old}), "neither")

    def close(self) -> None:
        self.file.close()


def read_only(path: Path) -> str:
    file = StoryFile.open(path, read_only=True)
    try:
        return state_of(file.load())
    finally:
        file.close()


class Reopen(Work):
    """Resumed, and left."""

    def prepare(self) -> None:
        session = begun(self.folder)
        self.path, self.state = session.file.path, state_of(session.story)  # type: ignore[union-attr]
        session.close()
        self.before = self.path.read_bytes()

    def act(self) -> None:
        session = GameSession.resume(self.path, ScriptedEngine())
        session.close()

    def check(self, *, acted: bool) -> None:
        must(read(self.path) == self.state, "changed by looking")
        must(self.path.read_bytes() == self.before, "its bytes changed by looking")


class Rename(Work):
    def prepare(self) -> None:
        session = begun(self.folder)
        self.path = session.file.path  # type: ignore[union-attr]
        self.old = state_of(session.story)
        session.story.title = "Another title"
        self.new = state_of(session.story)
        session.saved = True
        session.close()

    def act(self) -> None:
        library.rename_title(self.path, "Another title")

    def check(self, *, acted: bool) -> None:
        must(read(self.path) in ({self.new} if acted else {self.old, self.new}), "neither")


class Delete(Work):
    def prepare(self) -> None:
        session = begun(self.folder)
        self.path, self.state = session.file.path, state_of(session.story)  # type: ignore[union-attr]
        session.close()

    def act(self) -> None:
        library.delete_save(self.path)

    def again(self) -> None:
        if self.path.exists():
            self.act()

    def check(self, *, acted: bool) -> None:
        if self.path.exists():
            must(not acted, "still there")
            must(read(self.path) == self.state, "neither there nor gone")


class Copy(Work):
    """As the screen copies a story that is open elsewhere."""

    def prepare(self) -> None:
        self.session = begun(self.folder)
        self.path = self.session.file.path  # type: ignore[union-attr]
        self.before = self.path.read_bytes()
        self.copies: list[StoryFile] = []
        self.copied = self._story()

    def _story(self) -> Story:
        story = GameSession.resume(self.path, ScriptedEngine(), read_only=True).story
        story.title += " (copy)"
        return story

    def act(self) -> None:
        self.copies.append(StoryFile.create(self.folder, self._story()))

    def check(self, *, acted: bool) -> None:
        for copy in self.copies:
            copy.close()
        must(self.path.read_bytes() == self.before, "the original was touched")
        others = [path for path in files(self.folder) if path != self.path]
        must(len(others) >= acted, "no copy")
        for path in others:
            must(read(path) == state_of(self.copied), "half a copy")

    def close(self) -> None:
        self.session.close()


class Export(Work):
    """Through the command line, over an older export."""

    every = 1

    def prepare(self) -> None:
        session = begun(self.folder)
        self.path = session.file.path  # type: ignore[union-attr]
        self.new = export.to_json(session.story)
        session.close()
        self.out = self.folder / "out.json"
        self.out.write_text("the old export\n")

    def act(self) -> None:
        words = ["export", str(self.path), "--format", "json", "-o", str(self.out)]
        with contextlib.redirect_stderr(io.StringIO()) as told:
            code = cli.run(["--saves", str(self.folder), *words], TOOLS)
        if code:
            must("\n" in told.getvalue() and "went wrong" not in told.getvalue(), told.getvalue())
            raise SaveError(told.getvalue())

    def check(self, *, acted: bool) -> None:
        found = self.out.read_text()
        must(found in ([self.new] if acted else [self.new, "the old export\n"]), "half an export")


class Recover(Work):
    """Out of a file that lost a page."""

    def prepare(self) -> None:
        session = begun(self.folder, 12)
        path = session.file.path  # type: ignore[union-attr]
        session.close()
        data = bytearray(path.read_bytes())
        data[len(data) - 8192 : len(data) - 4096] = bytes(4096)
        self.path = path.with_suffix(".torn")
        self.path.write_bytes(data)
        path.unlink()
        self.before = bytes(data)

    def act(self) -> None:
        recover(self.path, self.folder)

    def check(self, *, acted: bool) -> None:
        must(self.path.read_bytes() == self.before, "the original was touched")
        found = files(self.folder)
        must(len(found) >= acted, "nothing was recovered")
        for path in found:
            read(path)


class Migrate(Work):
    """Opening a file of an older format: a next format is made up for it."""

    def prepare(self) -> None:
        session = begun(self.folder)
        self.path = session.file.path  # type: ignore[union-attr]
        self.state = state_of(session.story)
        session.close()
        self.before = self.path.read_bytes()
        next_format()

    def act(self) -> None:
        StoryFile.open(self.path).close()

    def check(self, *, acted: bool) -> None:
        version = database.check_header(self.path)
        old, new = NOW, NOW + 1
        must(version == new if acted else version in (old, new), f"format {version}")
        backups = list(self.folder.glob("*.bak"))
        must(len(backups) <= 1, "two backups")
        must(backups or version == old, "migrated without a backup")
        must(all(p.read_bytes() == self.before for p in backups), "a backup that is none")
        must(version == new or self.path.read_bytes() == self.before, "half migrated")
        must(read(self.path) == self.state, "the story changed")


NOW = database.VERSION


def next_format() -> None:
    """Make this process's Dungeon one that writes the format that is to come."""
    database.VERSION = NOW + 1  # type: ignore[misc]
    database.FORMER_TABLES = {**database.FORMER_TABLES, NOW: database.TABLES}  # type: ignore[misc]
    added = "CREATE TABLE marks (node INTEGER PRIMARY KEY, what TEXT NOT NULL)"
    database.TABLES = {**database.TABLES, "marks": added}  # type: ignore[misc]

    def add(db: object) -> None:
        db.execute(added)  # type: ignore[attr-defined]
        db.execute("INSERT INTO marks SELECT id, origin FROM nodes")  # type: ignore[attr-defined]

    database.MIGRATIONS = {**database.MIGRATIONS, NOW: add}  # type: ignore[misc]


def no_tool(*args: object) -> NoReturn:
    raise AssertionError("no engine is needed here")


TOOLS = Tools(make_engine=no_tool, offer=no_tool, models=no_tool)
WORKS = (
    Create, Save, SaveDeleted, SaveAnother, Reopen, Rename, Delete, Copy, Export, Recover, Migrate,
)  # fmt: skip
