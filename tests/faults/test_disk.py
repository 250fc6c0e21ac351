"""Real games on a real terminal whose disk is full, whose folder is read-only, who are killed.

A full disk is a limit on the size of the game's files (`RLIMIT_FSIZE`), set and lifted from
outside while it plays, and where it may be mounted a file system of 256 KB.
"""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from dungeon.engine.scripted import ScriptedEngine
from dungeon.errors import SaveError
from dungeon.session import GameSession
from dungeon.storage import export, library
from dungeon.storage.story_file import StoryFile
from tests.faults.kill import SCENARIO, state_of
from tests.faults.test_terminal import Game, Games

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs prlimit and a pty")


@pytest.fixture
def games(tmp_path: Path) -> Iterator[Games]:
    opened: list[Game] = []

    def begin(*options: str, **size: int) -> Game:
        opened.append(Game(tmp_path, *options, **size))
        return opened[-1]

    yield begin
    for game in opened:
        if not game.process.closed:
            game.process.close(force=True)


def limit(game: Game, size: int) -> None:
    """Let no file of the game grow beyond `size` bytes; what is larger stays."""
    resource.prlimit(game.process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def story_path(saves: Path) -> Path:
    (path,) = saves.glob("[!.]*.dungeon")
    return path


def test_accept_15_a_full_disk_is_shown_and_the_next_save_has_everything(games: Games) -> None:
    game = games()
    game.shows("ready")
    game.line("ring the bell")
    game.shows("turn 1")
    before = story_path(game.saves).read_bytes()
    limit(game, 0)
    for turn in ("turn 2", "turn 3"):
        game.line("ring it again")
        game.shows(turn)
        game.shows("NOT SAVED")
    # What was saved is readable all the while, by anybody.
    assert len(game.story().story.tree) == 2
    assert story_path(game.saves).read_bytes() == before
    limit(game, resource.RLIM_INFINITY)
    game.line("ring it once more")
    for _ in range(20):
        if "NOT SAVED" not in game.shows("turn 4"):
            break
        game.read()
    assert "NOT SAVED" not in game.shows("turn 4")
    assert len(game.story().story.tree.path()) == 5
    game.process.send("\x11")
    assert game.ends() == 0


def test_accept_03_what_the_screen_called_saved_outlives_kill_9(games: Games) -> None:
    game = games("--slow")
    game.shows("ready")
    game.line("ring the bell")
    # Stopping keeps what was told so far: a turn that is saved.
    game.shows("And it rings again")
    game.process.send("\x1b")
    game.shows("turn 1")
    game.line("ring it again")
    game.shows("ring it again")
    game.process.kill(signal.SIGKILL)
    assert game.ends() == -signal.SIGKILL
    path = story_path(game.saves)
    assert len(game.story().story.tree) == 2
    again = games("--save", str(path))
    again.shows("turn 1")
    again.line("ring the other bell")
    again.shows("turn 2")
    again.process.send("\x11")
    assert again.ends() == 0
    assert len(again.story().story.tree) == 3


def test_accept_16_the_second_game_is_offered_to_read_or_copy(games: Games) -> None:
    first = games(columns=100)
    first.shows("ready")
    first.line("ring the bell")
    first.shows("turn 1")
    path = story_path(first.saves)
    second = games("--save", str(path), columns=100)
    second.shows("open in another game")
    for part in (f"process {first.process.pid}", "Leave it", "Only read", "Play a copy"):
        second.shows(part)
    second.process.send("\x1b[C\r")
    second.shows("read only")
    first.line("ring it again")
    first.shows("turn 2")
    second.process.send("\x11")
    assert second.ends() == 0
    first.process.kill(signal.SIGKILL)
    assert first.ends() == -signal.SIGKILL
    third = games("--save", str(path), columns=100)
    assert "open in another game" not in third.shows("turn 2")
    third.process.send("\x11")
    assert third.ends() == 0


# -- without a screen ----------------------------------------------------------------------------


def fill(folder: Path) -> Path:
    """Fill a file system to the last byte."""
    path = folder / "ballast"
    with path.open("wb", buffering=0) as file:
        size = 65536
        while size:
            try:
                file.write(b"x" * size)
            except OSError:
                size //= 2
    return path


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 256 KB."""
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "none", str(tmp_path)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("nothing may be mounted here; RLIMIT_FSIZE stands for it above")
    try:
        yield tmp_path
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)


def test_accept_15_a_disk_with_no_byte_left(small_disk: Path) -> None:
    session = GameSession.new(SCENARIO, ScriptedEngine(), saves=small_disk, seed=7)
    assert session.file is not None
    path = session.file.path
    before = state_of(session.story)
    ballast = fill(small_disk)
    for number in range(3):
        session.set_memory(f"Fact {number}. " * 2000)
        assert not session.saved
        assert "disk is full" in str(session.save_error)
        reader = StoryFile.open(path, read_only=True)
        assert state_of(reader.load()) == before
        reader.close()
    with pytest.raises(SaveError, match="disk is full"):
        StoryFile.create(small_disk, session.story)
    out = small_disk / "out.txt"
    with pytest.raises(SaveError):
        export.write_file(out, export.to_text(session.story) * 100)
    assert not out.exists()
    assert [entry.path for entry in library.list_saves(small_disk)] == [path]
    ballast.unlink()
    assert session.save()
    session.close()
    assert state_of(GameSession.resume(path, ScriptedEngine(), read_only=True).story) == state_of(
        session.story
    )
    assert [p.name for p in small_disk.iterdir()] == [path.name]


def test_accept_15_a_folder_that_may_only_be_read() -> None:
    """As a player without rights: root may write anywhere, so another user plays."""
    with tempfile.TemporaryDirectory(prefix="dungeon-readonly-") as name:
        folder = Path(name)
        session = GameSession.new(SCENARIO, ScriptedEngine(), saves=folder, seed=7)
        assert session.file is not None
        path = session.file.path
        session.close()
        path.chmod(0o444)
        folder.chmod(0o555)
        before = path.read_bytes()
        try:
            said = _as_somebody(lambda: _play_where_nothing_can_be_written(path))
        finally:
            folder.chmod(0o755)
        assert said == "as it should"
        assert path.read_bytes() == before
        assert [p.name for p in folder.iterdir()] == [path.name]


def _play_where_nothing_can_be_written(path: Path) -> str:
    (entry,) = library.list_saves(path.parent)
    assert isinstance(entry, library.SaveSummary), entry
    session = GameSession.resume(path, ScriptedEngine(), read_only=True)
    session.set_memory("Played on.")
    assert not session.saved
    for attempt in (
        lambda: StoryFile.open(path),
        lambda: library.rename_title(path, "Mine"),
        lambda: StoryFile.create(path.parent, session.story),
        lambda: library.delete_save(path),
    ):
        with pytest.raises(SaveError) as told:
            attempt()
        assert told.value.hint
    session.close()
    return "as it should"


def _as_somebody(play: object) -> str:
    """What `play` gives in a process that is not root's."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            if os.geteuid() == 0:
                os.setgroups([])
                os.setresgid(65534, 65534, 65534)
                os.setresuid(65534, 65534, 65534)
            os.write(writer, play().encode())  # type: ignore[operator]
        except BaseException as error:
            os.write(writer, repr(error).encode()[:4000])
        finally:
            os._exit(0)
    os.close(writer)
    os.waitpid(child, 0)
    with os.fdopen(reader) as said:
        return said.read()
