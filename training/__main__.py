"""One command a step: `python -m training tutor|selfplay|gpt2|curve --out PATH`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import torch

from dungeon.engine.catalog import BASE, CATALOG, EMBEDDED
from dungeon.engine.store import models_dir
from dungeon.engine.torch_engine.load import load_weights, open_model
from training import tutor
from training.lessons import course, lesson
from training.scenes import DATA, read_all


def main() -> int:
    """Run one step of the recipe."""
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    steps = parser.add_subparsers(required=True)
    one = steps.add_parser("tutor", help="teach the embedded model on the school book")
    one.add_argument("--out", type=Path, required=True)
    one.add_argument(
        "--data", type=Path, nargs="*", default=[DATA], help="the school book, and more"
    )
    one.add_argument("--on", type=Path, help="folder of an adapter that is taught on")
    one.add_argument("--half", action="store_true", help="multiply in bfloat16")
    one.add_argument("--strength", type=float, default=1.0, help="of the adapter, 0 to 1")
    one.add_argument("--only", default="*", help="a pattern for the names of its files")
    one.add_argument("--rounds", type=int, default=2)
    one.add_argument("--most", type=int, default=None, help="end after so many lessons")
    one.add_argument("--rate", type=float, default=tutor.Plan().rate)
    one.add_argument("--rank", type=int, default=tutor.Plan().rank)
    one.add_argument("--seed", type=int, default=1)
    one.add_argument("--threads", type=int, default=torch.get_num_threads())
    one.set_defaults(run=_tutor)
    two = steps.add_parser("selfplay", help="let the narrator play, and keep what is good")
    two.add_argument("--out", type=Path, required=True)
    two.add_argument("--data", type=Path, default=DATA, help="scenes whose beginnings are played")
    two.add_argument("--model", default=EMBEDDED)
    two.add_argument("--minutes", type=float, default=30)
    two.add_argument("--judge", action="store_true", help="keep what benchmarks/story/judge finds")
    two.add_argument("--seed", type=int, default=1)
    two.set_defaults(run=_selfplay)
    three = steps.add_parser("gpt2", help="train a small GPT-2 from nothing")
    three.add_argument("--out", type=Path, required=True)
    three.add_argument("--novels", type=Path, required=True, help="a tar archive of .txt files")
    three.add_argument("--play", type=Path, nargs="*", default=[DATA], help="folders of scenes")
    three.add_argument("--vocabulary", type=int, default=8192)
    three.add_argument("--width", type=int, default=256)
    three.add_argument("--layers", type=int, default=8)
    three.add_argument("--tokens", type=int, default=20_000_000, help="of novels, all rounds")
    three.add_argument("--rounds", type=int, default=4, help="over the scenes")
    three.add_argument("--half", action="store_true", help="multiply in bfloat16")
    three.add_argument("--seed", type=int, default=1)
    three.add_argument("--threads", type=int, default=torch.get_num_threads())
    three.set_defaults(run=_gpt2)
    four = steps.add_parser("curve", help="draw the losses of trainings")
    four.add_argument("folders", type=Path, nargs="+")
    four.add_argument("--out", type=Path, required=True, help="an .svg file")
    four.add_argument("--title", default="How dungeon-gpt2 learnt")
    four.set_defaults(run=_curve)
    options = parser.parse_args()
    options.run(options)
    return 0


def _tutor(options: argparse.Namespace) -> None:
    torch.set_num_threads(options.threads)
    torch.use_deterministic_algorithms(True)
    entry = CATALOG[BASE]
    assert entry.chat is not None
    opened = open_model(models_dir() / BASE, BASE)
    book, *more = options.data
    learnt, apart = tutor.split(read_all(book, options.only), tutor.HELD_OUT, options.seed)
    # Held out are always the same scenes of the school book, whatever else is learnt.
    learnt += [scene for folder in more for scene in read_all(folder, options.only)]
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
    tutor.teach(
        model,
        lessons,
        held_out,
        options.out,
        plan,
        tell,
        first=options.on,
        half=options.half,
        strength=options.strength,
    )


def _selfplay(options: argparse.Namespace) -> None:
    from dungeon.engine.torch_engine import TorchEngine
    from training import selfplay

    right = None
    if options.judge:
        from benchmarks.story.judge import Judge

        right = Judge().among
    engine = TorchEngine(options.model, device="cpu")
    engine.load(lambda line: None)
    found = selfplay.play(
        read_all(options.data),
        engine,
        options.out,
        seconds=options.minutes * 60,
        seed=options.seed,
        tell=tell,
        right=right,
    )
    tell(str(found))


def _gpt2(options: argparse.Namespace) -> None:
    from training import small

    torch.set_num_threads(options.threads)
    torch.use_deterministic_algorithms(True)
    size = small.Size(
        options.vocabulary, options.width, options.layers, max(1, options.width // 64)
    )
    scenes = [scene for folder in options.play for scene in read_all(folder)]
    small.make(
        options.out,
        options.novels,
        scenes,
        size,
        tokens=options.tokens,
        rounds=options.rounds,
        seed=options.seed,
        half=options.half,
        tell=tell,
    )


def _curve(options: argparse.Namespace) -> None:
    from training import curve

    options.out.write_text(curve.draw(options.folders, options.title), encoding="utf-8")


def tell(line: str) -> None:
    """One line of progress."""
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
