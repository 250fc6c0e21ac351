"""The game under tmux, which sends keys as terminals do and takes colours as they do."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.faults.terminal import Terminal

pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="there is no tmux")

SCENARIO = "dungeon: 1\ntitle: The Gate\nopening: You stand at the gate.\n"


class Tmux:
    """A tmux with the game in its one pane, and a terminal that is attached to it."""

    def __init__(self, place: Path, *env: str) -> None:
        # Server and socket of its own, and nobody's configuration.
        self._tmux = ["tmux", "-S", str(place / "tmux"), "-f", "/dev/null"]
        scenario = place / "gate.yaml"
        scenario.write_text(SCENARIO)
        self.left = place / "left"
        game = [sys.executable, "-m", "dungeon", "--model", "scripted"]
        game += ["--saves", str(place / "saves"), "play", str(scenario)]
        homes = [f"XDG_{name}_HOME={place}" for name in ("CONFIG", "STATE", "CACHE")]
        inside = ["sh", "-c", f'"$@"; echo $? > {self.left}', "sh", "env", *env, *homes, *game]
        self.terminal = Terminal(
            [*self._tmux[1:], "new-session", "-x", "100", "-y", "30", *inside],
            {"LC_ALL": "C.UTF-8"},
            rows=31,
            columns=100,
            program="tmux",
        )

    def keys(self, *names: str) -> None:
        """Press keys, under tmux's names."""
        subprocess.run([*self._tmux, "send-keys", *names], check=True, timeout=60)

    def coloured(self) -> str:
        """What stands in the pane, with its colours."""
        done = subprocess.run(
            [*self._tmux, "capture-pane", "-e", "-p"],
            check=True, capture_output=True, encoding="utf-8", timeout=60,
        )  # fmt: skip
        return done.stdout

    def close(self) -> None:
        """End it, whatever goes on in it."""
        subprocess.run([*self._tmux, "kill-server"], check=False, capture_output=True, timeout=60)
        self.terminal.close()


@contextmanager
def opened(place: Path, *env: str) -> Iterator[Tmux]:
    tmux = Tmux(place, *env)
    try:
        tmux.terminal.shows("● ready")
        yield tmux
    finally:
        tmux.close()


def test_the_verbs_keys_arrive_through_tmux(tmp_path: Path) -> None:
    with opened(tmp_path) as tmux:
        shows, hides = tmux.terminal.shows, tmux.terminal.hides
        tmux.keys("-l", "look around")
        tmux.keys("Enter")
        shows("> You look around.")
        shows("turn 1")
        tmux.keys("C-r")
        shows("turn 1 (2 of 2)")
        tmux.keys("C-Up")
        shows("turn 1 (1 of 2)")
        tmux.keys("S-F2")
        shows("How does it go on?")
        tmux.keys("2")
        shows("turn 2 (")
        tmux.keys("C-d")
        shows("★ ‹3/3›")
        tmux.keys("M-m")
        shows("Bookmarks and endings")
        tmux.keys("Escape")
        hides("Bookmarks and endings")
        tmux.keys("S-F5")
        shows("Enter Take it")
        tmux.keys("Escape")
        hides("Enter Take it")
        tmux.keys("C-z")
        shows("turn 1 (1 of 2)")
        tmux.keys("C-y")
        shows("turn 2 (")
        tmux.keys("BTab")
        shows("What happens next, in your words?")
        tmux.keys("C-q")
        tmux.terminal.ends()
        assert tmux.left.read_text() == "0\n"


def test_sixteen_colours_are_enough(tmp_path: Path) -> None:
    with opened(tmp_path, "-u", "COLORTERM", "TERM=xterm") as tmux:
        tmux.keys("-l", "look around")
        tmux.keys("Enter")
        tmux.terminal.shows("turn 1")
        pane = tmux.coloured()
        assert re.search(r"\x1b\[(?:[\d;]*;)?(?:3|9)[0-7]m", pane)
        assert not re.search(r"[34]8;[25];", pane)


def test_without_colour_there_are_only_greys(tmp_path: Path) -> None:
    with opened(tmp_path, "NO_COLOR=1", "COLORTERM=truecolor") as tmux:
        tmux.keys("-l", "look around")
        tmux.keys("Enter")
        tmux.terminal.shows("turn 1")
        pane = tmux.coloured()
        for red, green, blue in re.findall(r"[34]8;2;(\d+);(\d+);(\d+)", pane):
            assert red == green == blue
        assert not re.search(r"\x1b\[(?:\d+;)*(?:3|4|9|10)[1-6](?:;\d+)*m", pane)
        assert re.search(r"> .*You look around\.", re.sub(r"\x1b\[[\d;]*m", "", pane))
