"""Play one story for thousands of turns: `python -m benchmarks.soak [--turns N] [--svg FILE]`.

The real app under Textual's Pilot, the scripted engine, a story file on this disk. Exits with 1
where a promise of row 14 of the acceptance list is broken.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from benchmarks.soak.play import Soak, play, reload_seconds
from tools.chart import Panel, svg

MEMORY_MB = 50.0
"""How much memory may grow after turn `SETTLED`."""
SETTLED = 500
SLOWER = 2.0
"""How many times as long a turn may take at the end as at turn 100."""
LOAD_SECONDS = 3.0


def main(arguments: list[str]) -> int:
    """Play, print the table, draw the picture; 1 where a promise is broken."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    parser.add_argument("--turns", type=int, default=5000)
    parser.add_argument("--svg", type=Path, help="draw memory and time into this file")
    args = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="dungeon-soak-") as folder:
        soak = asyncio.run(play(Path(folder), args.turns, progress=_progress))
        seconds, turns = reload_seconds(soak.path)
    _table(soak)
    settled = min(SETTLED, args.turns // 2)
    growth = soak.memory_at(args.turns) - soak.memory_at(settled)
    early, late = soak.median_at(100), soak.median_at(args.turns)
    print(f"memory after turn {settled}: {growth:+.1f} MB (allowed {MEMORY_MB:.0f})")
    print(
        f"median turn, processor time: {early:.1f} ms at 100, {late:.1f} ms at {args.turns}"
        f" (allowed x{SLOWER:g})"
    )
    print(f"story of {turns} turns loads in {seconds:.2f} s (allowed {LOAD_SECONDS:.0f})")
    if args.svg is not None:
        args.svg.write_text(_picture(soak, settled, args.turns), encoding="utf-8")
        print(f"drawn: {args.svg}")
    kept = growth < MEMORY_MB and late <= SLOWER * early and seconds < LOAD_SECONDS
    return 0 if kept and turns == args.turns else 1


def _progress(turn: int, turns: int) -> None:
    if turn % 500 == 0:
        print(f"turn {turn} of {turns}", file=sys.stderr, flush=True)


def _table(soak: Soak) -> None:
    heads = ("turn", "memory MB", "cpu ms", "widgets", "laid out", "file MB")
    print("{:>6} {:>10} {:>10} {:>8} {:>8} {:>8}".format(*heads))
    for sample in soak.samples:
        print(
            f"{sample.turn:6} {sample.memory:10.1f} {soak.median_at(sample.turn):10.1f}"
            f" {sample.widgets:8} {sample.laid_out:8} {sample.file:8.2f}"
        )


def _picture(soak: Soak, settled: int, turns: int) -> str:
    points = [sample.turn for sample in soak.samples]
    return svg(
        f"One story of {turns:,} turns on the real screen",
        [
            Panel(
                "memory of the process, MB",
                [(turn, soak.memory_at(turn)) for turn in points],
                soak.memory_at(settled) + MEMORY_MB,
                f"{MEMORY_MB:.0f} MB more than at turn {settled}",
            ),
            Panel(
                "median turn of a hundred, ms of processor time",
                [(turn, soak.median_at(turn)) for turn in points if turn >= 100],
                SLOWER * soak.median_at(100),
                "twice that at turn 100",
            ),
        ],
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
