"""`python -m benchmarks.host`: eight players on one `dungeon host`, at once and in turn.

Shows that no text crosses from one story into another (each is, byte for byte, what its player
gets alone), how much sooner eight are done who play at the same time, and that there is one model
in memory. A host of its own for each of the two, so that neither finds the other's prompts.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.host.players import Played, Player, at_once, one_after_the_other

GOAL = 1 / 3
"""Of the time of all one after the other."""


@dataclass
class Hosting:
    """A host in a process of its own."""

    url: str
    process: subprocess.Popen[str]

    @property
    def cpu(self) -> float:
        """Seconds of processor time so far (Linux)."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    @property
    def memory(self) -> float:
        """What it holds in memory, in megabytes (Linux)."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


@contextmanager
def hosting(model: str, stories: int) -> Iterator[Hosting]:
    """Start `dungeon host`, and end it afterwards."""
    words = [sys.executable, "-m", "dungeon", "host", "--port", "0", "--model", model]
    process = subprocess.Popen(
        [*words, "--stories", str(stories)], stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    try:
        for line in process.stderr:
            if "--url" in line:
                yield Hosting(line.partition("--url ")[2].split()[0], process)
                return
        raise SystemExit("The host did not start.")
    finally:
        process.terminate()
        process.wait()


def main(arguments: list[str]) -> int:
    """Measure, print, and tell by the exit code whether each story is its player's own."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.host", description=__doc__)
    parser.add_argument("--players", type=int, default=8)
    parser.add_argument("--turns", type=int, default=10)
    parser.add_argument("--model", default="dungeon-narrator")
    args = parser.parse_args(arguments)
    players = [Player(number) for number in range(args.players)]
    seconds, cpu = [], []
    told: list[list[Played]] = []
    for play in (one_after_the_other, at_once):
        with hosting(args.model, args.players) as host:
            empty, before = host.memory, host.cpu
            started = time.monotonic()
            told.append(play(players, host.url, args.turns))
            seconds.append(time.monotonic() - started)
            cpu.append(host.cpu - before)
            full = host.memory
    alone, together = told
    same = sum(one == other for one, other in zip(_texts(alone), _texts(together), strict=True))
    print(f"{args.players} players, {args.turns} turns each, {args.model}")
    print(f"  all finished              {all(len(p.turns) == args.turns for p in together)}")
    print(f"  stories equal to alone    {same} of {args.players}")
    for what, values in (("time", seconds), ("processor time", cpu)):
        share = values[1] / values[0]
        print(
            f"  {what:<25} {values[0]:.1f} s in turn, {values[1]:.1f} s at once: "
            f"{share:.2f} (goal {GOAL:.2f})"
        )
    for name, played in (("in turn", alone), ("at once", together)):
        turns = [second for one in played for second in one.seconds]
        print(f"  a turn {name:<18} {statistics.median(turns):.2f} s")
    print(f"  memory of the host        {empty:.0f} MB before, {full:.0f} MB after (at once)")
    return 0 if same == args.players else 1


def _texts(played: list[Played]) -> list[tuple[str, ...]]:
    return [one.turns for one in played]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
