"""Training a model on one's own stories: `train`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from dungeon.cli.common import Commands, Tools, saves_dir, seed, settings_of, tell, usage, whole
from dungeon.errors import DungeonError, ModelError
from dungeon.text import clean

if TYPE_CHECKING:
    from dungeon.engine.store import Installed
    from dungeon.engine.training.loop import Step
    from dungeon.engine.training.run import Watch
    from dungeon.settings import Settings

_RANKS = range(1, 257)
_ROUNDS = range(1, 1001)


def add(commands: Commands) -> None:
    """Add `train`."""
    train = commands.add_parser(
        "train",
        help="train a model on your own stories and texts",
        description="Teaches a model on text files (UTF-8), scenarios and stories. The result is "
        "a model like any other: `dungeon play SCENARIO --model NAME`. Stopped, it goes on when "
        "the same command is given again.",
    )
    train.add_argument("sources", nargs="+", metavar="SOURCE", help="a text, scenario or story")
    train.add_argument("--out", required=True, metavar="NAME|DIR", help="what it will be called")
    train.add_argument("--model", metavar="M", default=argparse.SUPPRESS, help="what is taught")
    train.add_argument("--rounds", type=whole, metavar="N", default=3, help="how often (3)")
    train.add_argument(
        "--full", action="store_true", default=None, help="teach all weights, not an adapter"
    )
    train.add_argument("--rank", type=whole, metavar="R", default=16, help="of the adapter (16)")
    train.add_argument("--rate", type=_rate, metavar="X", help="highest learning rate")
    train.add_argument("--seed", type=seed, metavar="N", default=1, help="the chances (1)")
    train.add_argument("--saves", type=Path, metavar="DIR", default=argparse.SUPPRESS)
    train.set_defaults(run=_train)


def _rate(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number above 0, up to 1")
    return value


def _train(args: argparse.Namespace, tools: Tools) -> int:
    from dungeon import sources
    from dungeon.engine import catalog

    if args.rank not in _RANKS or args.rounds not in _ROUNDS:
        raise usage("--rank is a whole number from 1 to 256, --rounds one from 1 to 1000.")
    settings = settings_of(args)
    texts = sources.read(args.sources, saves_dir(settings))
    out = _folder(args.out)
    base = _base(settings)
    tell("… starting torch")
    from dungeon.engine.torch_engine.quietly import spin_briefly

    spin_briefly()
    from dungeon.engine.training.run import Order, train

    order = Order(
        base=base,
        called=catalog.called(settings.model or base.entry.name),
        out=out,
        sources=texts,
        rounds=args.rounds,
        full=args.full,
        rank=args.rank,
        rate=args.rate,
        seed=args.seed,
    )
    try:
        with _watch() as watch:
            loss = train(order, watch)
    except KeyboardInterrupt:
        tell("Stopped. The same command goes on from the last checkpoint.")
        raise
    after = "was finished before" if loss is None else f"ends at {loss:.4f} nats a token held out"
    tell(f"The training {after}. Play with it: dungeon play SCENARIO --model {args.out}")
    return 0


def _base(settings: Settings) -> Installed:
    from dungeon.engine import catalog, store

    model = settings.model
    if model == "scripted" or settings.engine == "remote":
        raise ModelError(
            "Only a model on this machine can be trained.",
            "Name one with --model; `dungeon models` has them.",
        )
    if model is None or model in ("", "auto"):
        model = store.at_hand() or catalog.EMBEDDED
    found = store.installed(model)
    if found is None:
        raise ModelError(
            f"The model {model} is not on this machine.", f"Fetch it: dungeon models pull {model}"
        )
    return found


def _folder(out: str) -> Path:
    """Where the result is kept: among the models under its name, or in a folder of its own.

    Raises:
        DungeonError: It can be neither.
    """
    from dungeon.engine import catalog, places, trained
    from dungeon.files import typed_path

    if os.sep in out or (os.altsep and os.altsep in out) or out.startswith(("~", ".")):
        try:
            return typed_path(out).resolve()
        except (OSError, RuntimeError, ValueError):
            raise DungeonError(f"{out!r} is no folder.", "Give another with --out.") from None
    if not trained.is_name(out) or out in catalog.CATALOG or out in ("auto", "scripted"):
        raise DungeonError(
            f"A model cannot be called {out[:80]!r}.",
            "Use a new name of small letters, digits and - or _; ./NAME is a folder.",
        )
    return places.taught_dir() / out


class _Lines:
    """How it goes, a line for each checkpoint."""

    def say(self, line: str) -> None:
        """See `run.Watch`."""
        tell(line)

    def step(self, step: Step) -> None:
        """See `run.Watch`."""
        if step.held_out is not None:
            tell(_told(step))


def _told(step: Step) -> str:
    return (
        f"step {step.done}/{step.of}: loss {step.loss:.3f}, held out {step.held_out:.4f}, "
        f"{step.speed:.0f} tokens/s; checkpoint kept"
    )


@contextmanager
def _watch() -> Iterator[Watch]:
    """A progress bar on a terminal, lines elsewhere. On standard error."""
    if not sys.stderr.isatty():
        yield _Lines()
        return
    from rich import progress as bars
    from rich.console import Console

    columns = (
        bars.TextColumn("{task.description}", markup=False),
        bars.BarColumn(),
        bars.MofNCompleteColumn(),
        bars.TimeElapsedColumn(),
        bars.TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    bar = bars.Progress(*columns, console=console)
    task = bar.add_task("training", total=None)

    class Bar:
        """The bar, with news above it."""

        def say(self, line: str) -> None:
            console.print(clean(line), markup=False, highlight=False)

        def step(self, step: Step) -> None:
            bar.start()
            bar.update(
                task, description=f"loss {step.loss:.3f}", completed=step.done, total=step.of
            )
            if step.held_out is not None:
                self.say(_told(step))

    try:
        yield Bar()
    finally:
        bar.stop()
