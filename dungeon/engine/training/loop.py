"""The loop that teaches: one lesson after another, with checkpoints.

A run that was stopped goes on from its last checkpoint and ends with the same weights as one that
was not: nothing is drawn by lot but what the seed and the number of the step decide.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch.nn.functional import cross_entropy

from dungeon.engine.training.lessons import Lesson
from dungeon.errors import ModelError
from dungeon.files import write_whole

WARM_UP = 0.06
"""Part of all steps over which the rate rises."""

PLAN = "plan.json"
CHECKPOINT = "checkpoint.safetensors"
DRAFT = "checkpoint.draft"
_WEIGHT, _MOMENT = "weight.", "moment."
"""Where the names of its tensors begin; safetensors alone, as it is a file that is read again."""


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
        seed: Of the adapter's first weights, and of what a model leaves out by lot.
    """

    rank: int = 16
    alpha: int = 32
    rate: float = 5e-4
    lessons: int = 2
    clip: float = 1.0
    every: int = 20
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Step:
    """A step that was done.

    Attributes:
        done: Its number, from 1.
        of: How many there are.
        loss: Nats a learnt token over its lessons.
        speed: Tokens a second since this run began.
        held_out: Nats a token on the lessons held out, where a checkpoint is on disk now; else
            None.
    """

    done: int
    of: int
    loss: float
    speed: float
    held_out: float | None = None


class Method(Protocol):
    """What of a model is taught: `lora.Lora` or `full.Full`."""

    kept_as: str
    """Name of the weights in a checkpoint."""

    def begin(self, model: Any) -> Any:
        """Make transformers' module `model`, float32, ready to be taught; what is then taught."""
        ...

    def state(self, module: Any) -> dict[str, torch.Tensor]:
        """The weights that are taught, by name."""
        ...

    def restore(self, module: Any, state: dict[str, torch.Tensor]) -> None:
        """Put weights from `state` back."""
        ...


def teach(
    taught: Any,
    method: Method,
    course: Sequence[Lesson],
    held_out: Sequence[Lesson],
    out: Path,
    plan: Plan,
    tell: Callable[[Step], None],
    identity: Mapping[str, object] | None = None,
    *,
    half: bool = False,
) -> None:
    """Teach a model, with checkpoints in `out`.

    Args:
        taught: From `method.begin`; is changed.
        method: What of it is taught.
        course: The lessons in their order, repeated ones too.
        held_out: Lessons that are not in `course`.
        out: Folder; made where it is not there.
        plan: See `Plan`.
        tell: Told after each step, and again after each checkpoint.
        identity: What has to be the same for a checkpoint to be gone on with; the plan itself
            where None. Plain data.
        half: Whether to multiply in bfloat16, which processors that know it do twice as fast.

    Raises:
        ModelError: In `out` something else was begun, or its checkpoint is damaged.
    """
    identity = asdict(plan) if identity is None else identity
    begun(out, identity)
    weights = [weight for weight in taught.parameters() if weight.requires_grad]
    optimiser = torch.optim.AdamW(weights, lr=plan.rate, weight_decay=0.0)
    groups = [course[at : at + plan.lessons] for at in range(0, len(course), plan.lessons)]
    out.mkdir(parents=True, exist_ok=True)
    write_whole(out / PLAN, json.dumps(dict(identity), indent=1) + "\n")
    done = _resume(out, method, taught, optimiser)
    started, seen = time.monotonic(), 0
    for at in range(done, len(groups)):
        for group in optimiser.param_groups:
            group["lr"] = plan.rate * _schedule(at, len(groups))
        taught.train()
        # What a model leaves out by lot is the same after a resume.
        torch.manual_seed(plan.seed + at)
        count = sum(sum(lesson.learnt) for lesson in groups[at])
        total = 0.0
        for lesson in groups[at]:
            with _products(half):
                loss = nats(taught, lesson) / max(1, count)
            loss.backward()
            total += float(loss.detach())
            seen += len(lesson.ids)
        torch.nn.utils.clip_grad_norm_(weights, plan.clip)
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        step = Step(at + 1, len(groups), total, seen / max(1e-9, time.monotonic() - started))
        tell(step)
        if step.done % plan.every == 0 or step.done == step.of:
            with _products(half):
                apart = mean_loss(taught, held_out)
            _checkpoint(out, method, taught, optimiser, step.done)
            tell(Step(step.done, step.of, step.loss, step.speed, apart))


def _products(half: bool) -> torch.autocast:
    # The weights change under way: no copy of them may be kept.
    return torch.autocast("cpu", torch.bfloat16, enabled=half, cache_enabled=False)


def mean_loss(model: Any, lessons: Sequence[Lesson]) -> float:
    """Nats a learnt token over all of `lessons`; nan where there is none."""
    model.eval()
    count = sum(sum(lesson.learnt) for lesson in lessons)
    with torch.inference_mode():
        total = sum(float(nats(model, lesson)) for lesson in lessons)
    return total / count if count else math.nan


def nats(model: Any, lesson: Lesson) -> torch.Tensor:
    """Nats of the learnt tokens, added up."""
    base = model.get_base_model() if hasattr(model, "get_base_model") else model
    ids = torch.tensor(lesson.ids)
    learnt = torch.tensor(lesson.learnt)
    hidden = base.base_model(input_ids=ids[None]).last_hidden_state[0]
    # The head is a fifth of the work, and most positions of a chat teach nothing.
    logits = base.get_output_embeddings()(hidden[:-1][learnt[1:]])
    return cross_entropy(logits.float(), ids[1:][learnt[1:]], reduction="sum")


def _schedule(step: int, steps: int) -> float:
    warm = max(1, round(steps * WARM_UP))
    if step < warm:
        return (step + 1) / warm
    way = (step - warm) / max(1, steps - warm)
    return 0.1 + 0.45 * (1 + math.cos(math.pi * way))


# -- what is kept on disk ------------------------------------------------------------------------


def begun(out: Path, identity: Mapping[str, object]) -> bool:
    """Whether this very training was begun in `out`.

    Raises:
        ModelError: Another was.
    """
    file = out / PLAN
    if not file.exists():
        return False
    try:
        same = json.loads(file.read_text(encoding="utf-8")) == dict(identity)
    except (OSError, ValueError) as error:
        raise ModelError(
            f"What was begun in {out} cannot be read.", "Remove that folder, or give another."
        ) from error
    if not same:
        raise ModelError(
            f"{out} was begun with another plan or other texts.",
            "Give another name or folder, or the same command as before.",
        )
    return True


def _checkpoint(out: Path, method: Method, module: Any, optimiser: Any, step: int) -> None:
    kept = {_WEIGHT + name: weight for name, weight in method.state(module).items()}
    for at, moments in optimiser.state_dict()["state"].items():
        kept |= {f"{_MOMENT}{at}.{name}": value for name, value in moments.items()}
    whole = {name: value.detach().contiguous() for name, value in kept.items()}
    try:
        save_file(whole, out / DRAFT, metadata={"step": str(step)})
    except SafetensorError as error:
        # What it says where the disk is full.
        raise OSError("the checkpoint cannot be written") from error
    (out / DRAFT).replace(out / CHECKPOINT)


def _resume(out: Path, method: Method, module: Any, optimiser: Any) -> int:
    """Take up the checkpoint in `out`; the number of steps done, 0 where there is none."""
    file = out / CHECKPOINT
    if not file.exists():
        return 0
    try:
        with safe_open(file, "pt") as opened:
            step = int(opened.metadata()["step"])
            kept = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
        weights: dict[str, torch.Tensor] = {}
        moments: dict[int, dict[str, torch.Tensor]] = {}
        for name, value in kept.items():
            if name.startswith(_WEIGHT):
                weights[name.removeprefix(_WEIGHT)] = value
            else:
                at, _, which = name.removeprefix(_MOMENT).partition(".")
                moments.setdefault(int(at), {})[which] = value
        method.restore(module, weights)
        # Its groups are those of the plan, which is the same.
        groups = optimiser.state_dict()["param_groups"]
        optimiser.load_state_dict({"state": moments, "param_groups": groups})
        return step
    except (OSError, RuntimeError, ValueError, TypeError, KeyError, SafetensorError) as error:
        raise ModelError(
            f"The checkpoint in {out} is damaged.", f"Remove {file} to begin again."
        ) from error
