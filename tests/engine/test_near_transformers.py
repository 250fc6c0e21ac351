"""Every kernel, score and probability beside what transformers computes."""

from __future__ import annotations

import math
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM

from dungeon.engine.base import CancelToken, PromptPart, Sampling
from dungeon.engine.torch_engine import TorchEngine
from dungeon.engine.torch_engine.kernels import FLOAT32, Kernels
from dungeon.engine.torch_engine.prefix_cache import BLOCK, KeyValues
from dungeon.engine.torch_engine.reference import TransformersNetwork
from tests.engine.asking import Fresh, relative, request, story, text_of


def beside(
    directory: Path, kernels: Kernels = FLOAT32, place: str = "lean"
) -> tuple[TorchEngine, Any]:
    """An engine, and transformers' model of the same weights; `place` says who computes."""
    engine = TorchEngine(directory, device="cpu", kernels=kernels)
    engine.load(lambda line: None)
    model: Any = AutoModelForCausalLM.from_pretrained(directory)
    if place == "transformers":
        network = TransformersNetwork(model, 384, torch.device("cpu"), torch.float32)
        engine._ready()._network = network
    return engine, model


@pytest.mark.parametrize("kernels", [Kernels(True, True), Kernels(True, False), FLOAT32])
@pytest.mark.parametrize("kind", ["gpt2", "llama"])
def test_every_kernel_stays_near_transformers(
    kind: str, kernels: Kernels, gpt2_dir: Path, llama_dir: Path
) -> None:
    engine, model = beside({"gpt2": gpt2_dir, "llama": llama_dir}[kind], kernels)
    ids = list(engine.encode(PromptPart(story(random.Random(9), 200))))[:150]
    network = engine._ready()._network
    cache = network.cache()
    with torch.inference_mode():
        wanted = model(torch.tensor([ids])).logits[0]
        for start in range(0, 100, BLOCK):
            block = torch.tensor([ids[start : min(start + BLOCK, 100)]])
            got = network.forward(block, cache, writing=False)
        assert relative(got[0], wanted[99]) < (1e-5 if kernels == FLOAT32 else 0.05)
        for at in range(100, 150):
            got = network.forward(torch.tensor([[ids[at]]]), cache, writing=True)
            assert relative(got[0], wanted[at]) < (1e-5 if kernels == FLOAT32 else 0.05)


@pytest.mark.parametrize("place", ["lean", "transformers"])
@pytest.mark.parametrize("words", [12, 150])
@pytest.mark.parametrize("kind", ["gpt2", "llama"])
def test_scores_are_those_of_transformers(
    kind: str, words: int, place: str, gpt2_dir: Path, llama_dir: Path
) -> None:
    engine, model = beside({"gpt2": gpt2_dir, "llama": llama_dir}[kind], place=place)
    before = PromptPart(story(random.Random(6), words))
    warm = Sampling(temperature=1.0, top_k=0, top_p=1.0)
    asked = request("", prompt=(before, PromptPart("\nYou open it.")), sampling=warm)
    written = engine.sample(replace(asked, max_new_tokens=9), 3, CancelToken(), lambda n: None)
    texts = [written[0].ids, written[1].ids[:1], written[2].ids[:5]]
    prompt = (before, PromptPart("\nContinue."))
    got = engine.score(prompt, texts, CancelToken())
    assert got is not None
    for one, text in zip(got, texts, strict=True):
        ids = [id for part in prompt for id in engine.encode(part)]
        with torch.inference_mode():
            logits = model(torch.tensor([[*ids, *text]])).logits[0]
        wanted = torch.log_softmax(logits, dim=-1)
        assert one == pytest.approx(
            [float(wanted[len(ids) - 1 + at, id]) for at, id in enumerate(text)], abs=1e-4
        )


@pytest.mark.parametrize("place", ["lean", "transformers"])
@pytest.mark.parametrize("kind", ["gpt2", "llama"])
def test_odds_are_the_softmax_of_the_models_logits(
    kind: str, place: str, gpt2_dir: Path, llama_dir: Path
) -> None:
    engine, model = beside({"gpt2": gpt2_dir, "llama": llama_dir}[kind], place=place)
    prompt = (PromptPart(story(random.Random(6), 150)), PromptPart("\n> You wait.\n"))
    text = "You open the old door, and a café’s bell rings."
    before = [id for part in prompt for id in engine.encode(part)]
    ids = engine.encode(PromptPart(text))
    with torch.inference_mode():
        logits = model(torch.tensor([[*before, *ids]])).logits[0]
    wanted = torch.softmax(logits, dim=-1)
    for _ in ("cold", "warm"):
        odds = engine.weigh(prompt, text, 5, CancelToken())
        assert odds is not None
        assert len(odds) == len(ids)
        for at, (one, token) in enumerate(zip(odds, ids, strict=True)):
            row = wanted[len(before) - 1 + at]
            assert math.exp(one.logprob) == pytest.approx(float(row[token]), rel=1e-3)
            best = torch.topk(row, 5).values
            assert [math.exp(value) for _, value in one.top] == pytest.approx(
                [float(value) for value in best], rel=1e-3
            )


def test_odds_of_what_does_not_fit(fresh: Fresh) -> None:
    engine = fresh("gpt2")
    long = PromptPart(" door" * 90)
    room = engine.info.n_positions - engine.count(long)
    odds = engine.weigh((long,), " key" * 400, 2, CancelToken())
    assert odds is not None
    assert len(odds) == room
    assert engine.weigh((long,), "", 2, CancelToken()) is None
    assert engine.weigh((), "You wait.", 2, CancelToken()) is None
    cancel = CancelToken()
    cancel.cancel()
    assert engine.weigh((long,), "You wait.", 2, cancel) is None


def test_scoring_is_cancelled_between_blocks_and_leaves_what_was_read(fresh: Fresh) -> None:
    engine, cancel = fresh("gpt2"), CancelToken()
    network = engine._ready()._network
    read, calls = network.read, []

    def counted(ids: torch.Tensor, cache: KeyValues) -> None:
        calls.append(ids.shape[1])
        cancel.cancel()
        read(ids, cache)

    network.read = counted  # type: ignore[method-assign]
    text = story(random.Random(2), 200)
    assert engine.score((PromptPart(text),), [(5, 6)], cancel) is None
    assert calls == [BLOCK]
    again = engine.generate(request(text), CancelToken(), lambda text: None)
    assert again.timing.reused_tokens == BLOCK
    assert again.text == text_of(fresh("gpt2"), request(text))


@pytest.mark.parametrize("kind", ["gpt2", "llama"])
def test_half_precision_as_on_a_graphics_card_stays_near(
    kind: str, gpt2_dir: Path, llama_dir: Path
) -> None:
    directory = {"gpt2": gpt2_dir, "llama": llama_dir}[kind]
    model: Any = AutoModelForCausalLM.from_pretrained(directory)
    engine = TorchEngine(directory, device="cpu")
    engine.load(lambda line: None)
    ids = list(engine.encode(PromptPart(story(random.Random(4), 120))))[:90]
    with torch.inference_mode():
        wanted = model(torch.tensor([ids])).logits[0]
        network = TransformersNetwork(model, 384, torch.device("cpu"), torch.bfloat16)
        cache = network.cache()
        network.forward(torch.tensor([ids[:64]]), cache, writing=False)
        for at in range(64, 90):
            got = network.forward(torch.tensor([[ids[at]]]), cache, writing=True)
            assert got.dtype is torch.float32
            assert relative(got[0], wanted[at]) < 0.05
