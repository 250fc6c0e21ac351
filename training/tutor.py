"""Teach a chat model on the school book: low-rank adaptation, one lesson after another.

The method is LoRA (Hu et al. 2021, arXiv:2106.09685) as peft implements it; what is written is an
adapter in peft's own layout. A run that was stopped goes on from its last checkpoint and ends with
the same weights as one that was not.
"""

from __future__ import annotations

import json
import math
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file, save_file
from torch.nn.functional import cross_entropy

from training.lessons import Lesson

LAYERS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
"""Every matrix of a Llama block."""

BASE = "HuggingFaceTB/SmolLM2-135M-Instruct"
"""What is taught, by its name on the hub."""

WARM_UP = 0.06
"""Part of all steps over which the rate rises."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How it is taught.

    Attributes:
        rank: Of the adapter's matrices.
        alpha: Its scale is alpha / rank.
        rate: Highest learning rate; falls to a tenth along a cosine.
        lessons: A step's.
        clip: Norm to which a step's gradient is cut.
        every: Steps between two checkpoints, each with the loss on the lessons held out.
        seed: Of the adapter's first weights.
    """

    rank: int = 16
    alpha: int = 32
    rate: float = 5e-4
    lessons: int = 2
    clip: float = 1.0
    every: int = 20
    seed: int = 1


def teach(
    model: Any,
    course: Sequence[Lesson],
    held_out: Sequence[Lesson],
    out: Path,
    plan: Plan,
    tell: Callable[[str], None],
) -> None:
    """Teach `model` (transformers' module, float32) and write the adapter to `out`.

    Args:
        model: Is changed: peft puts its layers in.
        course: The lessons in their order, repeated ones too.
        held_out: Lessons of scenes that are not in `course`.
        out: Folder of the adapter and, while it is taught, of the checkpoint.
        plan: See `Plan`.
        tell: Gets a line now and then.
    """
    torch.manual_seed(plan.seed)
    config = LoraConfig(
        r=plan.rank, lora_alpha=plan.alpha, target_modules=list(LAYERS), task_type="CAUSAL_LM"
    )
    taught = get_peft_model(model, config)
    weights = [weight for weight in taught.parameters() if weight.requires_grad]
    optimiser = torch.optim.AdamW(weights, lr=plan.rate, weight_decay=0.0)
    groups = [course[at : at + plan.lessons] for at in range(0, len(course), plan.lessons)]
    out.mkdir(parents=True, exist_ok=True)
    done = _resume(out, taught, optimiser, plan)
    began, seen = time.monotonic(), 0
    for step in range(done, len(groups)):
        for group in optimiser.param_groups:
            group["lr"] = plan.rate * _schedule(step, len(groups))
        taught.train()
        count = sum(sum(lesson.learnt) for lesson in groups[step])
        total = 0.0
        for lesson in groups[step]:
            loss = _loss(taught, lesson) / max(1, count)
            loss.backward()
            total += float(loss.detach())
            seen += len(lesson.ids)
        torch.nn.utils.clip_grad_norm_(weights, plan.clip)
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        speed = seen / (time.monotonic() - began)
        tell(f"step {step + 1}/{len(groups)}  loss {total:.3f}  {speed:.0f} tokens/s")
        if (step + 1) % plan.every == 0 or step + 1 == len(groups):
            tell(f"held out: {mean_loss(taught, held_out):.4f} nats a token")
            _checkpoint(out, taught, optimiser, step + 1, plan)
    _write(out, taught, plan)


def mean_loss(model: Any, lessons: Sequence[Lesson]) -> float:
    """Nats a learnt token over all of `lessons`; nan where there is none."""
    model.eval()
    count = sum(sum(lesson.learnt) for lesson in lessons)
    with torch.inference_mode():
        total = sum(float(_loss(model, lesson)) for lesson in lessons)
    return total / count if count else math.nan


def _loss(model: Any, lesson: Lesson) -> torch.Tensor:
    """Nats of the learnt tokens, added up."""
    base = model.get_base_model() if hasattr(model, "get_base_model") else model
    ids = torch.tensor(lesson.ids)
    learnt = torch.tensor(lesson.learnt)
    hidden = base.model(input_ids=ids[None]).last_hidden_state[0]
    # The head is a fifth of the work, and most positions teach nothing.
    logits = base.lm_head(hidden[:-1][learnt[1:]])
    return cross_entropy(logits.float(), ids[1:][learnt[1:]], reduction="sum")


def _schedule(step: int, steps: int) -> float:
    warm = max(1, round(steps * WARM_UP))
    if step < warm:
        return (step + 1) / warm
    way = (step - warm) / max(1, steps - warm)
    return 0.1 + 0.45 * (1 + math.cos(math.pi * way))


# -- what is kept on disk ------------------------------------------------------------------------


def _adapter(model: Any) -> dict[str, torch.Tensor]:
    from peft import get_peft_model_state_dict

    state: dict[str, torch.Tensor] = get_peft_model_state_dict(model)
    return state


def _checkpoint(out: Path, model: Any, optimiser: Any, step: int, plan: Plan) -> None:
    draft = out / "checkpoint.draft"
    torch.save(
        {"step": step, "adapter": _adapter(model), "optimiser": optimiser.state_dict()}, draft
    )
    draft.replace(out / "checkpoint.pt")
    (out / "plan.json").write_text(json.dumps(asdict(plan), indent=1) + "\n", encoding="utf-8")


def _resume(out: Path, model: Any, optimiser: Any, plan: Plan) -> int:
    """Take up the checkpoint in `out`; the number of steps done, 0 where there is none."""
    from peft import set_peft_model_state_dict

    file = out / "checkpoint.pt"
    if not file.exists():
        return 0
    if json.loads((out / "plan.json").read_text(encoding="utf-8")) != asdict(plan):
        raise ValueError(f"{out} was begun with another plan; give another folder")
    kept = torch.load(file, weights_only=True)
    set_peft_model_state_dict(model, kept["adapter"])
    optimiser.load_state_dict(kept["optimiser"])
    return int(kept["step"])


def _write(out: Path, model: Any, plan: Plan) -> None:
    half = {
        name: weight.detach().to(torch.bfloat16).contiguous()
        for name, weight in _adapter(model).items()
    }
    # peft's own file would name the folder in which the base model lay.
    config = {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "base_model_name_or_path": BASE,
        "r": plan.rank,
        "lora_alpha": plan.alpha,
        "target_modules": sorted(LAYERS),
        "bias": "none",
    }
    (out / "adapter_config.json").write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")
    save_file(half, out / "adapter_model.safetensors", metadata={"format": "pt"})


def read(out: Path) -> dict[str, torch.Tensor]:
    """The adapter's matrices, by peft's names."""
    return load_file(out / "adapter_model.safetensors")


def split(scenes: Sequence[Any], part: int, seed: int) -> tuple[list[Any], list[Any]]:
    """`scenes` without one in `part`, and these, drawn by a seeded lot."""
    order = random.Random(seed).sample(range(len(scenes)), len(scenes))
    apart = set(order[: len(scenes) // part])
    kept = [scene for at, scene in enumerate(scenes) if at not in apart]
    return kept, [scene for at, scene in enumerate(scenes) if at in apart]
