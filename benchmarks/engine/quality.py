"""What the shortcuts cost: perplexity and greedy text of each path beside float32."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import torch

from dungeon.engine.base import PromptPart
from dungeon.engine.torch_engine import TorchEngine
from dungeon.engine.torch_engine.load import load_weights
from dungeon.engine.torch_engine.prefix_cache import BLOCK

PROMPTS, GREEDY = 10, 20


def measure(engine: TorchEngine, directory: Path, positions: int) -> dict[str, Any]:
    """Compare the engine with transformers' float32 model of the same weights.

    Args:
        engine: Loaded with `directory`'s model.
        directory: Passages, one a file; the first `positions` tokens of each are used.

    Returns:
        "perplexity": {passage: {"fp32", "read", "write"}}, "together": the same over all
        tokens, and "greedy": how many of the first `GREEDY` tokens of each prompt are equal.
    """
    assert engine._opened is not None
    # With what it was taught: the weights beside the engine's own have to be the same.
    model = load_weights(engine._opened)
    files = sorted(directory.glob("*.txt"))
    perplexity: dict[str, dict[str, float]] = {}
    sums: dict[str, float] = {}
    count = 0
    greedy = []
    with torch.inference_mode():
        for file in files:
            text = file.read_text(encoding="utf-8")
            ids = list(engine.encode(PromptPart(text[: positions * 8])))[:positions]
            losses = {
                "fp32": _loss(model(torch.tensor([ids])).logits[0], ids),
                "read": _loss(_by(engine, ids, BLOCK, writing=False), ids),
                "write": _loss(_by(engine, ids, 1, writing=True), ids),
            }
            perplexity[file.stem] = {
                path: math.exp(loss / (len(ids) - 1)) for path, loss in losses.items()
            }
            for path, loss in losses.items():
                sums[path] = sums.get(path, 0.0) + loss
            count += len(ids) - 1
            for at in range(0, len(ids) - 200, max(1, (len(ids) - 200) // 2)):
                if len(greedy) < PROMPTS:
                    greedy.append(_agree(engine, model, ids[at : at + 200]))
    return {
        "perplexity": perplexity,
        "together": {path: math.exp(loss / count) for path, loss in sums.items()},
        "greedy": greedy,
    }


def _loss(logits: torch.Tensor, ids: list[int]) -> float:
    """Negative log-likelihood of ids 1.. in nats."""
    wanted = torch.tensor(ids[1:])
    return float(torch.nn.functional.cross_entropy(logits[:-1], wanted, reduction="sum"))


def _network(engine: TorchEngine) -> Any:
    return engine._ready()._network


def _by(engine: TorchEngine, ids: list[int], size: int, *, writing: bool) -> torch.Tensor:
    """Logits of every position, the ids being fed in stretches of `size` (1 when writing)."""
    network = _network(engine)
    cache = network.cache()
    rows = []
    for start in range(0, len(ids), size):
        stretch = ids[start : start + size]
        if writing:
            rows.append(network.forward(torch.tensor([stretch]), cache, writing=True))
        else:
            rows.append(network.all_positions(torch.tensor([stretch]), cache))
    return torch.cat(rows)


def _agree(engine: TorchEngine, model: Any, ids: list[int]) -> int:
    """Tokens from the first on that both choose, when each goes on with its own."""
    wanted = model.generate(
        torch.tensor([ids]),
        attention_mask=torch.ones(1, len(ids), dtype=torch.long),
        do_sample=False,
        max_new_tokens=GREEDY,
        min_new_tokens=GREEDY,
        pad_token_id=0,
    )[0, len(ids) :].tolist()
    network = _network(engine)
    cache = network.cache()
    for start in range(0, len(ids), BLOCK):
        logits = network.forward(torch.tensor([ids[start : start + BLOCK]]), cache, writing=False)
    same = 0
    for token in wanted:
        if int(logits[0].argmax()) != token:
            break
        same += 1
        logits = network.forward(torch.tensor([[token]]), cache, writing=True)
    return same
