"""One command a step: `python -m training tutor --out FOLDER`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import torch

from dungeon.engine.catalog import BASE, CATALOG
from dungeon.engine.store import models_dir
from dungeon.engine.torch_engine.load import load_weights, open_model
from training import tutor
from training.lessons import course, lesson
from training.scenes import DATA, read_all

HELD_OUT = 20
"""One scene in so many is never learnt."""


def main() -> int:
    """Run one step of the recipe."""
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    steps = parser.add_subparsers(required=True)
    one = steps.add_parser("tutor", help="teach the embedded model on the school book")
    one.add_argument("--out", type=Path, required=True)
    one.add_argument("--data", type=Path, default=DATA)
    one.add_argument("--only", default="*", help="a pattern for the names of its files")
    one.add_argument("--rounds", type=int, default=2)
    one.add_argument("--most", type=int, default=None, help="end after so many lessons")
    one.add_argument("--rate", type=float, default=tutor.Plan().rate)
    one.add_argument("--rank", type=int, default=tutor.Plan().rank)
    one.add_argument("--seed", type=int, default=1)
    one.add_argument("--threads", type=int, default=torch.get_num_threads())
    one.set_defaults(run=_tutor)
    options = parser.parse_args()
    options.run(options)
    return 0


def _tutor(options: argparse.Namespace) -> None:
    torch.set_num_threads(options.threads)
    torch.use_deterministic_algorithms(True)
    entry = CATALOG[BASE]
    assert entry.chat is not None
    opened = open_model(models_dir() / BASE, BASE)
    learnt, apart = tutor.split(read_all(options.data, options.only), HELD_OUT, options.seed)
    encode = opened.codec.encode
    lessons = list(course(learnt, options.rounds, options.seed, entry.chat, encode))
    lessons = lessons[: options.most]
    held_out = [lesson(scene, len(scene.turns), entry.chat, encode, pinned=True) for scene in apart]
    tokens = sum(len(one.ids) for one in lessons)
    tell(f"{len(learnt)} scenes, {len(lessons)} lessons, {tokens} tokens; {len(apart)} held out")
    model = load_weights(opened)
    tell(f"before: {tutor.mean_loss(model, held_out):.4f} nats a token on what is held out")
    plan = tutor.Plan(
        rank=options.rank, alpha=2 * options.rank, rate=options.rate, seed=options.seed
    )
    tutor.teach(model, lessons, held_out, options.out, plan, tell)


def tell(line: str) -> None:
    """One line of progress."""
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
