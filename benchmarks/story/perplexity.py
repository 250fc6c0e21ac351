"""How well models foresee prose: `python -m benchmarks.story.perplexity --eval DIR MODEL...`."""

from __future__ import annotations

import argparse
import math
from pathlib import Path

import torch

from dungeon.engine import store
from dungeon.engine.base import PromptPart
from dungeon.engine.torch_engine.load import load_weights, open_model
from dungeon.engine.training import loop
from dungeon.engine.training.lessons import Lesson


def measured(name: str, passages: list[str]) -> tuple[float, float]:
    """Perplexity a token, and bits a byte, which models with other tokenizers can be compared by.

    Float32, of each passage what fits into the model's window, without a prompt.

    Raises:
        SystemExit: The model is not here.
    """
    found = store.installed(name)
    if found is None:
        raise SystemExit(f"{name} is not installed")
    opened = open_model(found.path, found.entry.name, found.entry.adapter)
    model = load_weights(opened)
    nats, tokens, size = 0.0, 0, 0
    with torch.inference_mode():
        for passage in passages:
            ids = opened.codec.encode(PromptPart(passage))[: opened.n_positions]
            nats += float(loop.nats(model, Lesson.whole(ids)))
            tokens += len(ids) - 1
            size += len(opened.codec.decode(list(ids[1:])).encode())
    return math.exp(nats / tokens), nats / size / math.log(2)


def main() -> None:
    """Print a line for each model."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.story.perplexity")
    parser.add_argument("models", nargs="+", help="of the catalogue, or directories")
    parser.add_argument("--eval", type=Path, required=True, metavar="DIR", help="passages (.txt)")
    options = parser.parse_args()
    passages = [file.read_text(encoding="utf-8") for file in sorted(options.eval.glob("*.txt"))]
    if not passages:
        parser.error(f"there are no passages in {options.eval}")
    first = None
    print(f"{'':28}{'perplexity':>12}{'bits/byte':>12}{'':>12}")
    for name in options.models:
        perplexity, bits = measured(name, passages)
        first = first or perplexity
        print(f"{name:28}{perplexity:12.2f}{bits:12.3f}{perplexity / first - 1:+11.1%}")


if __name__ == "__main__":
    main()
