"""Teach the embedded model on the school book: `dungeon.engine.training` does it, told in lines."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file

from dungeon.engine.training import loop
from dungeon.engine.training.lessons import Lesson
from dungeon.engine.training.loop import Plan, Step, mean_loss
from dungeon.engine.training.lora import WEIGHTS, Lora

__all__ = ["BASE", "HELD_OUT", "Plan", "mean_loss", "read", "split", "teach"]

HELD_OUT = 20
"""One scene in so many is never learnt."""

BASE = "HuggingFaceTB/SmolLM2-135M-Instruct"
"""What is taught, by its name on the hub."""


def teach(
    model: Any,
    course: Sequence[Lesson],
    held_out: Sequence[Lesson],
    out: Path,
    plan: Plan,
    tell: Callable[[str], None],
    *,
    first: Path | None = None,
    half: bool = False,
    strength: float = 1.0,
) -> None:
    """Teach `model` (transformers' module, float32) and write the adapter to `out`.

    Args:
        model: Is changed: peft puts its layers in.
        course: The lessons in their order, repeated ones too.
        held_out: Lessons of scenes that are not in `course`.
        out: Folder of the adapter and, while it is taught, of the checkpoint.
        plan: See `Plan`.
        tell: Gets a line now and then.
        first: Folder of an adapter of the same rank that is taught on; a new one where None.
        half: See `loop.teach`.
        strength: See `Lora.write`.

    Raises:
        ModelError: In `out` another plan was begun.
    """

    def line(step: Step) -> None:
        if step.held_out is None:
            at = f"step {step.done}/{step.of}"
            tell(f"{at}  loss {step.loss:.3f}  {step.speed:.0f} tokens/s")
        else:
            tell(f"held out: {step.held_out:.4f} nats a token")

    lora = Lora("llama", plan)
    taught = lora.begin(model)
    if first is not None:
        lora.restore(taught, {name: one.float() for name, one in read(first).items()})
    loop.teach(taught, lora, course, held_out, out, plan, line, half=half)
    lora.write(out, taught, BASE, strength)


def read(out: Path) -> dict[str, torch.Tensor]:
    """The adapter's matrices, by peft's names."""
    return load_file(out / WEIGHTS)


def split(scenes: Sequence[Any], part: int, seed: int) -> tuple[list[Any], list[Any]]:
    """`scenes` without one in `part`, and these, drawn by a seeded lot."""
    order = random.Random(seed).sample(range(len(scenes)), len(scenes))
    apart = set(order[: len(scenes) // part])
    kept = [scene for at, scene in enumerate(scenes) if at not in apart]
    return kept, [scene for at, scene in enumerate(scenes) if at in apart]
