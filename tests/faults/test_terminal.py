"""The game on a real terminal: signals, crashes, a closed window, and what reaches the wire."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from dungeon.engine.scripted import ScriptedEngine
from dungeon.session import GameSession
from tests.clock import waited_within
from tests.faults.terminal import ROOT, Terminal

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs a pty")


class Game(Terminal):
    """A game of `scripted_game`."""

    def __init__(self, tmp_path: Path, *options: str, rows: int = 24, columns: int = 80) -> None:
        self.saves = tmp_path / "saves"
        self.log = tmp_path / "dungeon.log"
        program = ["-m", "tests.faults.scripted_game", str(self.saves), str(self.log), *options]
        super().__init__(program, rows=rows, columns=columns)

    def story(self) -> GameSession:
        (path,) = self.saves.glob("*.dungeon")
        return GameSession.resume(path, ScriptedEngine(), read_only=True)


Games = Callable[..., Game]
"""Begins a game with the options of `scripted_game`, and `rows` and `columns`."""


@pytest.fixture
def games(tmp_path: Path) -> Iterator[Games]:
    opened: list[Game] = []

    def begin(*options: str, **size: int) -> Game:
        opened.append(Game(tmp_path, *options, **size))
        return opened[-1]

    yield begin
    for game in opened:
        game.close()


def test_a_game_from_first_line_to_quit(games: Games) -> None:
    game = games()
    game.shows("ready")
    game.line("ring the bell")
    shown = game.shows("Then it is still.")
    assert "> You ring the bell." in shown
    game.shows("turn 1")
    game.process.send("\x11")
    assert game.ends() == 0
    assert game.restored
    assert [node.text[:13] for node in game.story().story.tree.path()][1] == "A bell rings."


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 130)]
)
@pytest.mark.parametrize("busy", [False, True], ids=["idle", "telling"])
def test_accept_04_a_signal_ends_the_game_well(
    games: Games, number: int, code: int, busy: bool
) -> None:
    game = games(*(["--slow"] if busy else []))
    game.shows("ready")
    if busy:
        game.line("ring the bell")
        game.shows("A bell rings.")
    with waited_within(2):
        game.process.kill(number)
        assert game.ends() == code
    assert game.restored
    story = game.story()
    assert len(story.story.tree) == 1


def test_accept_04_a_closed_window_leaves_a_whole_story(games: Games) -> None:
    game = games()
    game.shows("ready")
    game.line("ring the bell")
    game.shows("turn 1")
    began = time.monotonic()
    game.process.ptyproc.fileobj.close()
    game.process.closed = game.process.ptyproc.closed = True
    pid = game.process.pid
    while time.monotonic() - began < 5:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            break
        time.sleep(0.02)
    else:
        raise AssertionError("still running after its window closed")
    assert time.monotonic() - began < 2
    assert os.waitstatus_to_exitcode(status) == 129
    assert len(game.story().story.tree) == 2


@pytest.mark.parametrize("where", ["handler", "worker", "thread", "timer", "drawing"])
def test_accept_07_a_crash_restores_the_terminal_and_saves(games: Games, where: str) -> None:
    game = games("--break", where)
    game.shows("ready")
    game.line("ring the bell")
    game.shows("turn 1")
    game.process.send("\x1d")
    assert game.ends() == 1
    assert game.left_on == []
    assert game.restored
    said = game.wire[game.wire.rindex("\x1b[?1049l") :]
    assert "Your story is saved." in said
    assert str(game.log) in said.replace("\r\n", "")
    assert "Traceback" not in said
    log = game.log.read_text()
    assert "RuntimeError" in log
    assert "in render" in log if where == "drawing" else "in fail" in log
    for told in ("secret", "bell", "You stand", "A lamp"):
        assert told not in log
    story = game.story().story
    assert len(story.tree) == 2
    # What was not yet saved when it happened is saved because it happened.
    assert story.memory == "A lamp."


def test_accept_12_escape_gives_the_line_back_within_a_second(games: Games) -> None:
    game = games("--slow")
    game.shows("ready")
    game.line("ring the bell")
    game.shows("telling")
    with waited_within(1):
        game.process.send("\x1b")
        game.shows("ready")


def test_accept_26_no_payload_reaches_the_terminal(games: Games) -> None:
    game = games()
    game.shows("ready")
    game.process.send("\x1b[200~pasted \x1b]0;PASTED\x07\x1b[31m word\x1b[201~")
    game.shows("pasted")
    game.line("")
    game.shows("turn 1")
    game.process.send("\x14")
    game.shows("What the next turn sends")
    game.process.send("\x1b")
    game.process.send("\x11")
    assert game.ends() == 0
    for payload in ("STOLEN", "UEFZTE9BRA==", "DCS", "\x9b"):
        assert payload not in game.wire
    # What was pasted may stand on the screen, but only as text.
    assert "PASTED" not in "".join(re.findall(r"\x1b[\]PX^_][^\x1b]*", game.wire))


def test_accept_25_odd_text_keeps_borders_and_time(games: Games) -> None:
    game = games("--odd")
    game.shows("ready")
    game.shows("مرحبا")
    # In the processor's seconds, as the machine may be busy with other things.
    took = [game.busy]
    for key, seen in (("q", "Do❯q"), ("門", "Do❯q門"), ("ש", "Do❯q門ש")):
        game.process.send(key)
        # pyte keeps an empty cell behind a wide character.
        game.until(lambda text, seen=seen: seen in text.replace(" ", ""))
        took.append(game.busy)
    game.process.send("\r")
    game.shows("turn 1")
    took.append(game.busy)
    game.shows("ready")
    game.shows("鐘")
    # In the terminal's own reckoning every border of the line's box is where it belongs.
    corners = [
        [(x, row[x]) for x in range(80) if row[x] and row[x] in "╭╮│╰╯"] for row in cells(game)
    ]
    top, middle, bottom = [row for row in corners if row]
    assert top == [(0, "╭"), (79, "╮")]
    assert middle == [(0, "│"), (79, "│")]
    assert bottom == [(0, "╰"), (79, "╯")]
    assert max(after - before for before, after in pairwise(took)) < 1
    game.process.send("\x11")
    assert game.ends() == 0


def cells(game: Game) -> list[list[str]]:
    """What stands in each cell of the terminal."""
    buffer, screen = game.screen.buffer, game.screen
    return [[buffer[y][x].data for x in range(screen.columns)] for y in range(screen.lines)]


def test_quitting_never_waits_for_a_model(games: Games) -> None:
    game = games("--late")
    game.shows("reading weights")
    game.shows("You stand at the gate.")
    with waited_within(1):
        game.process.send("\x11")
        assert game.ends() == 0
    assert game.restored


def test_without_a_terminal_the_player_is_told(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.scripted_game", str(tmp_path), str(tmp_path / "log")],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].endswith("play with --plain.")
    assert "\x1b" not in done.stdout + done.stderr


def test_usable_at_80_by_24_and_smaller(games: Games) -> None:
    game = games(rows=10, columns=32)
    game.shows("ready")
    game.shows("Do ❯")
    game.line("ring the bell")
    game.shows("is still.")
    game.process.send("\x11")
    assert game.ends() == 0
