"""The compiled kernels beside numpy's, and the step beside transformers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM

from dungeon.engine.base import PromptPart
from dungeon.engine.torch_engine import TorchEngine, simd, step
from dungeon.engine.torch_engine.compiled import threads
from dungeon.engine.torch_engine.kernels import Kernels
from dungeon.engine.torch_engine.prefix_cache import BLOCK

# Inputs of one chunk, of several, of a length that no chunk divides; outputs to fill up.
SHAPES = [(8, 16), (96, 768), (64, 3072), (64, 1040), (50, 576), (36, 2064)]


@pytest.fixture(autouse=True)
def alone() -> Iterator[None]:
    """Compiled functions run inside this only."""
    with threads():
        yield


def numbers(*shape: int, seed: int = 0) -> Any:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def weights(outputs: int, inputs: int) -> Any:
    generator = np.random.default_rng(outputs)
    return generator.integers(-127, 128, (outputs, inputs)).astype(np.int8)


def projected(weight: Any, x: Any, scale: Any, bias: Any) -> Any:
    packed = simd.pack(weight)
    columns = packed.shape[0] * packed.shape[2] * simd.COLUMNS
    fill = (0, columns - weight.shape[0])
    out = np.full((x.shape[0], columns), np.nan, np.float32)
    step.project(x, packed, np.pad(scale, fill), np.pad(bias, fill), out)
    return out[:, : weight.shape[0]]


@pytest.mark.parametrize(("outputs", "inputs"), SHAPES)
@pytest.mark.parametrize("rows", [1, 2, 3, 4, 7, 8])
def test_products_are_within_the_rounding_of_float32(outputs: int, inputs: int, rows: int) -> None:
    weight, x = weights(outputs, inputs), numbers(rows, inputs)
    scale, bias = np.abs(numbers(outputs, seed=1)), numbers(outputs, seed=2)
    exact = x.astype(np.float64) @ weight.T.astype(np.float64)
    size = np.abs(x).astype(np.float64) @ np.abs(weight).T.astype(np.float64)
    # Sixteen sums side by side, then added: each number takes part in that many additions.
    steps = inputs / simd.LANES + 8
    bound = (steps * np.finfo(np.float32).eps * size + 1e-6) * scale + 1e-6 * np.abs(bias) + 1e-6
    error = np.abs(projected(weight, x, scale, bias) - (exact * scale + bias))
    assert (error <= bound).all()


@pytest.mark.parametrize(("outputs", "inputs"), SHAPES)
def test_a_row_is_the_same_whatever_stands_beside_it(outputs: int, inputs: int) -> None:
    weight, x = weights(outputs, inputs), numbers(9, inputs)
    scale, bias = np.abs(numbers(outputs, seed=1)), numbers(outputs, seed=2)
    alone = [projected(weight, x[row : row + 1], scale, bias)[0] for row in range(9)]
    for rows in range(2, 10):
        together = projected(weight, x[:rows], scale, bias)
        for row in range(rows):
            assert np.array_equal(together[row], alone[row])


def test_packing_keeps_every_weight() -> None:
    for outputs, inputs in SHAPES:
        weight = weights(outputs, inputs)
        packed = simd.pack(weight)
        rows = packed.transpose(0, 2, 4, 1, 3, 5).reshape(-1, inputs)
        assert np.array_equal(rows[:outputs], weight)
        assert not rows[outputs:].any()


@pytest.mark.parametrize("width", [1, 8, 16, 40, 64, 100, 128])
def test_attention_is_that_of_numpy(width: int) -> None:
    rows, heads, key_heads, shared = 3, 4, 2, 21
    texts, own = np.array([3, 0, 2]), np.array([5, 1, 9])
    q = numbers(rows, heads, width)
    common = [numbers(key_heads, shared + 3, width, seed=seed) for seed in (1, 2)]
    each = [numbers(4, key_heads, 11, width, seed=seed) for seed in (3, 4)]
    out = np.empty_like(q)
    scores = np.empty((rows * heads, shared + own.max()), np.float32)
    step._attend(q, *common, shared, *each, texts, own, scores, out)
    for row in range(rows):
        for head in range(heads):
            keys, values = (
                np.concatenate([a[head // 2, :shared], b[texts[row], head // 2, : own[row]]])
                for a, b in zip(common, each, strict=True)
            )
            odds = np.exp(keys.astype(np.float64) @ q[row, head] / np.sqrt(width))
            wanted = (odds / odds.sum()) @ values
            assert np.abs(out[row, head] - wanted).max() < 1e-5


def test_the_exponential_is_near_the_librarys() -> None:
    x = np.linspace(-86, 86, 20001).astype(np.float32)
    gelu = x[None] / 20
    step._gelu(gelu)
    small = (x / 20).astype(np.float64)
    inner = np.sqrt(2 / np.pi) * (small + 0.044715 * small**3)
    assert np.abs(gelu[0] - 0.5 * small * (1 + np.tanh(inner))).max() < 1e-6
    exp = np.array([step.exp(value) for value in x[::20]])
    assert np.abs(exp / np.exp(x[::20].astype(np.float64)) - 1).max() < 2e-7


@pytest.mark.parametrize("kind", ["gpt2", "llama"])
def test_the_step_is_transformers_with_rounded_weights(
    kind: str, gpt2_dir: Path, llama_dir: Path
) -> None:
    """With the weights that the bytes stand for, what is left is float32's own rounding."""
    directory = {"gpt2": gpt2_dir, "llama": llama_dir}[kind]
    engine = TorchEngine(directory, device="cpu", kernels=Kernels(True, False))
    engine.load(lambda line: None)
    model: Any = AutoModelForCausalLM.from_pretrained(directory)
    for name, tensor in model.state_dict().items():
        # The head is one with the embedding, which stays as it is.
        if tensor.dim() == 2 and not any(one in name for one in ("wte", "wpe", "embed", "head")):
            rows = tensor.t() if kind == "gpt2" else tensor
            scale = rows.abs().amax(dim=1, keepdim=True).clamp_min(1e-12) / 127
            rows.copy_((rows / scale).round() * scale)
    ids = list(engine.encode(PromptPart("You open the old door and step into the hall. " * 6)))[:60]
    network: Any = engine._ready()._network
    cache = network.cache()
    with torch.inference_mode():
        hidden = model.base_model(torch.tensor([ids]))[0][0]
        head = model.get_output_embeddings().weight
        scale = head.abs().amax(dim=1, keepdim=True).clamp_min(1e-12) / 127
        wanted = hidden @ ((head / scale).round() * scale).t()
        for at, id in enumerate(ids):
            got = network.forward(torch.tensor([[id]]), cache, writing=True)[0]
            assert float((got - wanted[at]).norm() / wanted[at].norm()) < 1e-4


@pytest.mark.parametrize("kind", ["gpt2", "llama"])
def test_rows_that_share_a_prompt_are_what_each_would_be_alone(
    kind: str, gpt2_dir: Path, llama_dir: Path
) -> None:
    directory = {"gpt2": gpt2_dir, "llama": llama_dir}[kind]
    engine = TorchEngine(directory, device="cpu", kernels=Kernels(True, True))
    engine.load(lambda line: None)
    network: Any = engine._ready()._network
    prompt = torch.tensor([list(engine.encode(PromptPart("The river runs past the mill. " * 9)))])
    prompt = prompt[:, :BLOCK]
    tails = torch.randint(5, 90, (5, 12), generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        cache = network.cache()
        network.forward(prompt, cache, writing=False)
        together = cache.spread(5)
        beside = [
            network.forward(tails[:, at : at + 1], together, writing=True) for at in range(12)
        ]
        for row in range(5):
            cache.truncate(BLOCK)
            for at in range(12):
                one = network.forward(tails[row : row + 1, at : at + 1], cache, writing=True)
                assert torch.equal(one[0], beside[at][row])
