"""`python -m benchmarks.authoring`: how long `dungeon check` takes.

Measured after the start of Python: a thousand files of average size (the scenarios that ship,
each many times), and one of 256 KiB full of cards. Each is run several times; the least is what
the machine can do, and the most what else it was doing.
"""

from __future__ import annotations

import argparse
import io
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from dungeon.authoring.check import check_files
from dungeon.authoring.library import scenarios_in
from dungeon.authoring.source import MAX_BYTES

ROOT = Path(__file__).parents[2] / "scenarios"
CARD = """\
  - name: Card {number}
    keys: [key{number}, other{number}]
    text: >-
      The keeper of lamp {number} knows what lies below the stair, and she will not say it to a
      stranger who asks her twice. She trims the wick and looks past you at the sea.
"""


def main() -> None:
    """Print a line for each measurement."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=5)
    args = parser.parse_args()
    with TemporaryDirectory() as name:
        directory = Path(name)
        many = thousand(directory / "many", args.files)
        great = largest(directory / "great.yaml")
        size = sum(path.stat().st_size for path in many.iterdir()) // args.files
        timed(f"{args.files} files of {size} bytes", lambda: looked_over(many), args.runs)
        timed(f"a file of {great.stat().st_size} bytes", lambda: looked_over(great), args.runs)


def thousand(directory: Path, count: int) -> Path:
    """A directory of `count` scenarios of average size."""
    directory.mkdir()
    shipped = scenarios_in(ROOT)
    for number in range(count):
        source = shipped[number % len(shipped)]
        (directory / f"{number:04}.yaml").write_bytes(source.read_bytes())
    return directory


def largest(path: Path) -> Path:
    """A scenario file of the largest size that is read."""
    text = "dungeon: 1\ntitle: Lamps\nopening: You stand on the stair.\ncards:\n"
    number = 0
    while len(text) + len(card := CARD.format(number=number)) <= MAX_BYTES:
        text += card
        number += 1
    path.write_text(text)
    return path


def looked_over(path: Path) -> None:
    assert check_files([path], io.StringIO()) == 0


def timed(what: str, run: Callable[[], None], runs: int) -> None:
    taken = []
    for _ in range(runs):
        began = time.perf_counter()
        run()
        taken.append(time.perf_counter() - began)
    print(f"{what}: {min(taken):.2f} s (at most {max(taken):.2f} s)")


if __name__ == "__main__":
    main()
