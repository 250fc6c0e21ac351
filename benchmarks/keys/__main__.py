"""From a key to the frame that shows it, while the narrator tells: `python -m benchmarks.keys`.

The whole game in a pty, as a player has it: a key is written to it, and the clock stops when a
letter that was nowhere on the screen comes out. Exits with 1 where 95 of 100 keys are not shown
within `ALLOWED`. `--model NAME` measures with a real model besides.
"""

from __future__ import annotations

import argparse
import itertools
import os
import random
import select
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pexpect

ALLOWED = 50.0
"""Milliseconds within which 95 of 100 keys are shown."""
TURNS = (10, 2000)
LETTERS = "абвгдежзийклмнопрстуфхцчшщъыьэюя"
"""No story has them, so that one in the output is the key that was pressed."""
PATIENCE = 120.0
CLEAR = "\x15"
ECHO = """
import os, tty
tty.setraw(0)
os.write(1, b"ready")
while True:
    os.write(1, os.read(0, 9))
"""
"""A program that only gives back what it is sent."""
TELLING, READY = "telling", "ready"


@dataclass
class Game:
    """A game in a pty.

    Attributes:
        process: The game.
        told: Whether the narrator was telling when it last said how things stand.
    """

    process: pexpect.spawn[bytes]
    told: bool = False
    _late: str = field(default="", repr=False)

    def read(self, seconds: float) -> str:
        """What comes out within so many seconds, "" for nothing."""
        if not select.select([self.process.child_fd], [], [], seconds)[0]:
            return ""
        text = self._late + os.read(self.process.child_fd, 1 << 16).decode("utf-8", "replace")
        # A word may be cut in two.
        self._late = text[-len(TELLING) :] if len(text) < 1 << 12 else ""
        last = max((text.rfind(word), word) for word in (TELLING, READY))
        if last[0] >= 0:
            self.told = last[1] == TELLING
        return text

    def until(self, telling: bool) -> None:
        """Wait until the narrator tells, or has told."""
        end = time.monotonic() + PATIENCE
        while self.told is not telling:
            self.read(0.2)
            if time.monotonic() > end:
                raise TimeoutError("the game stands still")

    def key(self, letter: str) -> float | None:
        """Press a key; milliseconds until it is seen, None where the turn ended meanwhile."""
        self._late = ""
        began = time.perf_counter()
        self.process.send(letter.encode())
        while time.perf_counter() - began < PATIENCE:
            if letter in self.read(1.0):
                spent = 1000 * (time.perf_counter() - began)
                return spent if self.told else None
        raise TimeoutError("a key was never shown")


@contextmanager
def started(*arguments: str) -> Iterator[pexpect.spawn[bytes]]:
    """Python in a pty."""
    process = pexpect.spawn(
        sys.executable,
        list(arguments),
        env={**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"},
        dimensions=(30, 100),
    )
    # pexpect waits 50 ms before each key by itself.
    process.delaybeforesend = None
    try:
        yield process
    finally:
        process.kill(signal.SIGKILL)
        process.wait()
        process.close()


@contextmanager
def game(turns: int, model: str) -> Iterator[Game]:
    """A game with a story of so many turns."""
    model_too = [model] if model else []
    with (
        tempfile.TemporaryDirectory(prefix="dungeon-keys-") as folder,
        started("-m", "benchmarks.keys.game", folder, str(turns), *model_too) as process,
    ):
        playing = Game(process, told=True)
        playing.until(telling=False)
        yield playing


def floor(keys: int) -> list[float]:
    """Milliseconds of a program that only gives back what it is sent: the machine's own share."""
    with started("-c", ECHO) as process:
        echoing = Game(process, told=True)
        echoing.until(telling=False)
        echoing.told = True
        found = []
        for letter in itertools.islice(itertools.cycle(LETTERS), keys):
            found.append(echoing.key(letter) or 0.0)
            time.sleep(0.05)
        return found


def measure(turns: int, keys: int, model: str) -> list[float]:
    """Milliseconds of so many keys, typed at some eight a second while turns are told."""
    chance = random.Random(turns)
    letters = itertools.cycle(LETTERS)
    found: list[float] = []
    with game(turns, model) as playing:
        while len(found) < keys:
            playing.process.send(b"\r")
            playing.until(telling=True)
            while playing.told and len(found) < keys:
                spent = playing.key(next(letters))
                if spent is not None:
                    found.append(spent)
                rest = time.monotonic() + chance.uniform(0.06, 0.18)
                while (left := rest - time.monotonic()) > 0:
                    playing.read(left)
            playing.until(telling=False)
            playing.process.send(CLEAR.encode())
            playing.read(0.5)
    return found


def main(arguments: list[str]) -> int:
    """Print the table; 1 where keys are slower than allowed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.keys", description=__doc__)
    parser.add_argument("--keys", type=int, default=200, help="so many for each row")
    parser.add_argument("--model", default="", help="measure with this model too")
    args = parser.parse_args(arguments)
    print(f"{'':<26} {'turn':>6} {'keys':>6} {'median':>8} {'p95':>8} {'most':>8}   ms")
    _row("bare echo", 0, floor(args.keys))
    worst = 0.0
    for model, turns in itertools.product(["", args.model] if args.model else [""], TURNS):
        name = model or "scripted, 200 tokens/s"
        worst = max(worst, _row(name, turns, measure(turns, args.keys, model)))
    return 0 if worst < ALLOWED else 1


def _row(name: str, turns: int, times: list[float]) -> float:
    """Print a row; returns what 95 of 100 keys stay under."""
    times = sorted(times)
    p95 = times[max(0, int(0.95 * len(times)) - 1)]
    print(
        f"{name:<26} {turns:>6} {len(times):>6} {statistics.median(times):>8.1f}"
        f" {p95:>8.1f} {times[-1]:>8.1f}",
        flush=True,
    )
    return p95


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
