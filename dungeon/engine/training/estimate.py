"""What a training will take, before it starts."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import safe_open

from dungeon.engine.torch_engine.forward import Shape
from dungeon.engine.training.lessons import Course
from dungeon.engine.training.loop import nats

_RUNTIME = 400_000_000
"""Bytes of Python, torch and transformers before any model."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """Bytes at the most, and how many of them are free; seconds.

    Attributes:
        memory: All together.
        free: 0 where the system does not tell.
    """

    memory: int
    free: int


def count_weights(path: Path) -> int:
    """Numbers in the safetensors of a folder, from their headers alone."""
    total = 0
    for file in path.glob("*.safetensors"):
        with safe_open(str(file), framework="np") as tensors:
            for name in tensors.keys():  # noqa: SIM118 (it is no mapping)
                size = 1
                for length in tensors.get_slice(name).get_shape():
                    size *= length
                total += size
    return total


def memory(weights: int, taught: int, shape: Shape, longest: int) -> Estimate:
    """What it takes, reckoned.

    Args:
        weights: Of the model.
        taught: Of them, or of the adapter.
        shape: Of the model.
        longest: Lesson, in tokens.
    """
    # Weights; gradient and AdamW's two means of those that are taught.
    held = 4 * weights + 12 * taught
    # What the way back needs of each layer: some twenty rows of its width, and of four times it.
    kept = longest * shape.layers * shape.width * 4 * 40
    # The logits, their logarithms and their gradient.
    head = longest * shape.vocabulary * 4 * 3
    return Estimate(_RUNTIME + held + kept + head, _free())


def seconds(module: Any, course: Course, evaluations: int) -> float:
    """What it takes, from one lesson taught on trial; changes no weight.

    Args:
        module: As it will be taught.
        course: All lessons.
        evaluations: How often those held out are read.
    """
    trial = max(course.lessons, key=lambda lesson: len(lesson.ids))
    module.train()
    started = time.monotonic()
    nats(module, trial).backward()
    took = time.monotonic() - started
    module.zero_grad(set_to_none=True)
    apart = sum(len(lesson.ids) for lesson in course.held_out)
    # The way there alone is a third of there and back.
    return took / len(trial.ids) * (course.tokens + apart * evaluations / 3)


def _free() -> int:
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return 0
