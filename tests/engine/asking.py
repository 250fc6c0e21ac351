"""What the engine's tests ask of it, and how answers are compared."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

import torch

from dungeon.engine.base import CancelToken, GenerationRequest, PromptPart, Sampling
from dungeon.engine.torch_engine import TorchEngine

GREEDY = Sampling(temperature=0, repetition_penalty=1.0)
Fresh = Callable[[str], TorchEngine]


def request(text: str, **changes: object) -> GenerationRequest:
    made = GenerationRequest((PromptPart(text),), 12, sampling=GREEDY)
    return replace(made, **changes)  # type: ignore[arg-type]


def text_of(engine: TorchEngine, wanted: GenerationRequest) -> str:
    return engine.generate(wanted, CancelToken(), lambda text: None).text


def story(rng: random.Random, words: int) -> str:
    return "".join(
        f" {rng.choice(['door', 'guard', 'key', 'wind', 'hall', 'say'])}" for _ in range(words)
    )


def relative(got: torch.Tensor, wanted: torch.Tensor) -> float:
    return float((got - wanted).norm() / wanted.norm())
