"""One training from the order to a model that can be played."""

from __future__ import annotations

import contextlib
import importlib.util
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import filelock
import torch
from safetensors import SafetensorError

from dungeon.engine import trained
from dungeon.engine.store import Installed, file_digest, verify, write_manifest
from dungeon.engine.torch_engine.checks import first_line
from dungeon.engine.torch_engine.forward import Shape
from dungeon.engine.torch_engine.load import Opened, load_weights, open_model
from dungeon.engine.torch_engine.quietly import quiet
from dungeon.engine.training import estimate, loop
from dungeon.engine.training.full import Full
from dungeon.engine.training.lessons import Course, Lesson, Tongue, course
from dungeon.engine.training.loop import Plan, Step
from dungeon.errors import DungeonError, ModelError
from dungeon.story.story import Story
from dungeon.text import clean

SMALL = 20_000_000
"""Weights below which all are taught by themselves: an adapter would save nothing."""

CHECKPOINTS = 20
"""Of a run, more or less."""

SAMPLES = 4
"""Sample turns of a run, more or less."""

_SHOWN = 48
"""Tokens of a lesson held out that a sample turn follows where all of it is prose."""

_TOLD = 40
"""Tokens of a sample turn."""

FULL_RATE = 3e-4
"""Highest learning rate where all weights are taught."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be trained.

    Attributes:
        base: The model that is taught.
        called: What the result's record calls it (`catalog.called`).
        out: Folder of the result.
        sources: Texts and stories.
        rounds: How often all of it is read.
        full: Whether all weights are taught; None decides by the model's size.
        rank: Of an adapter's matrices.
        rate: Highest learning rate; None for the usual one.
        seed: From 0.
    """

    base: Installed
    called: str
    out: Path
    sources: Sequence[str | Story]
    rounds: int = 3
    full: bool | None = None
    rank: int = 16
    rate: float | None = None
    seed: int = 1


class Watch(Protocol):
    """Who is told how it goes."""

    def say(self, line: str) -> None:
        """A line of news."""
        ...

    def step(self, step: Step) -> None:
        """A step was done, or a checkpoint written (`Step.held_out`)."""
        ...


@dataclass(frozen=True, slots=True)
class _Ready:
    """An order that was looked over: nothing is wrong with it, and nothing was written.

    Attributes:
        digest: Of the base's weights.
        opened: The base without its weights.
        shape: Of the base.
        weights: How many it has.
        full: Whether all are taught.
        course: What is taught.
        plan: How.
        identity: What is the same where it is the same training.
    """

    digest: str
    opened: Opened
    shape: Shape
    weights: int
    full: bool
    course: Course
    plan: Plan
    identity: dict[str, object]


def train(order: Order, watch: Watch) -> float | None:
    """Train, or go on where the same order was left; a finished one is left as it is.

    Returns:
        Nats a token on what was held out, at the end; None where it was finished before.

    Raises:
        DungeonError: Too little text, a model that cannot be taught, a folder that holds
            something else, or no room. Where nothing was begun yet, nothing is left behind.
    """
    with _guarded(order):
        ready = _look_over(order)
        if _finished(order.out, ready.identity):
            return None
        with _alone(order.out), _deterministic():
            return _train(order, ready, watch)


def _look_over(order: Order) -> _Ready:
    entry = order.base.entry
    digest = verify(order.base)
    opened = open_model(order.base.path, entry.name, entry.adapter)
    if opened.shape is None:
        raise ModelError(
            f"The model {entry.name} is built in a way that cannot be trained here.",
            "Choose a model of the GPT-2 family, or the embedded one.",
        )
    weights = estimate.count_weights(order.base.path)
    full = weights < SMALL if order.full is None else order.full
    if not full and importlib.util.find_spec("peft") is None:
        raise DungeonError(
            "Training an adapter needs peft, which is not installed.",
            "Install it: pip install 'dungeon-gpt2[train]', or teach all weights with --full.",
        )
    tongue = Tongue(
        opened.codec.encode,
        entry.chat,
        opened.codec.prefix,
        min(opened.ends, default=None),
        min(opened.n_positions, entry.n_positions or opened.n_positions),
    )
    lessons = course(order.sources, tongue, order.rounds, order.seed)
    plan = _plan(order, lessons, full)
    identity = {
        **asdict(plan),
        "full": full,
        "rounds": order.rounds,
        "base_sha256": digest,
        "lessons_sha256": lessons.sha256,
    }
    return _Ready(digest, opened, opened.shape, weights, full, lessons, plan, identity)


def _plan(order: Order, lessons: Course, full: bool) -> Plan:
    usual = Plan()
    steps = math.ceil(len(lessons.lessons) / usual.lessons)
    return Plan(
        rank=order.rank,
        alpha=2 * order.rank,
        rate=order.rate or (FULL_RATE if full else usual.rate),
        every=math.ceil(steps / CHECKPOINTS),
        seed=order.seed,
    )


def _finished(out: Path, identity: dict[str, object]) -> bool:
    """Whether `out` holds the result already.

    Raises:
        ModelError: It holds something else.
    """
    if loop.begun(out, identity):
        return trained.read(out) is not None
    if out.exists() and not (out.is_dir() and not any(out.iterdir())):
        raise ModelError(
            f"{out} is there already, and nothing was trained in it by this command.",
            "Give another name or folder.",
        )
    return False


def _train(order: Order, ready: _Ready, watch: Watch) -> float:
    lessons, plan, shape = ready.course, ready.plan, ready.shape
    watch.say(
        f"{len(lessons.lessons)} lessons with {lessons.tokens:,} tokens; {len(lessons.held_out)} "
        "more are held out."
    )
    longest = max(len(lesson.ids) for lesson in (*lessons.lessons, *lessons.held_out))
    model = load_weights(ready.opened)
    method, write = _method(order, ready)
    module = method.begin(model)
    taught = sum(weight.numel() for weight in module.parameters() if weight.requires_grad)
    reckoned = estimate.memory(ready.weights, taught, shape, longest)
    watch.say(
        f"{taught:,} weights are taught. It takes about {reckoned.memory / 1e9:.1f} GB of memory"
        f" and {_time(estimate.seconds(module, lessons, CHECKPOINTS + 1))}."
    )
    if 0 < reckoned.free < reckoned.memory:
        watch.say(f"Only {reckoned.free / 1e9:.1f} GB are free: it may not fit.")
    watch.say(f"Before: {loop.mean_loss(module, lessons.held_out):.4f} nats a token held out.")
    last = math.nan

    def tell(step: Step) -> None:
        nonlocal last
        watch.step(step)
        if step.held_out is None:
            return
        last = step.held_out
        number = math.ceil(step.done / plan.every)
        if number % (CHECKPOINTS // SAMPLES) == 0 or step.done == step.of:
            lesson = lessons.held_out[number % len(lessons.held_out)]
            watch.say(f"A sample: {_sample(module, ready.opened, lesson, step.done)}")

    loop.teach(
        module, method, lessons.lessons, lessons.held_out, order.out, plan, tell, ready.identity
    )
    write(module)
    _seal(order, ready)
    return last


def _method(order: Order, ready: _Ready) -> tuple[loop.Method, Callable[[Any], None]]:
    """How it is taught, and what writes the result."""
    base = order.base
    if ready.full:
        full = Full()
        return full, lambda module: full.write(order.out, module, base.path)
    # Only here: peft may not be installed.
    from dungeon.engine.training.lora import Lora

    lora = Lora(ready.shape.kind, ready.plan)
    return lora, lambda module: lora.write(order.out, module, base.entry.name)


def _seal(order: Order, ready: _Ready) -> None:
    """Take the checkpoint away and put the record in its place."""
    for name in (loop.CHECKPOINT, loop.DRAFT):
        (order.out / name).unlink(missing_ok=True)
    if ready.full:
        write_manifest(order.out, ready.digest)
    file = order.out / ("model.safetensors" if ready.full else "adapter_model.safetensors")
    record = trained.Record(
        kind="full" if ready.full else "adapter",
        base=order.called,
        base_sha256=ready.digest,
        sha256=file_digest(file),
    )
    trained.write(order.out, record)


def _sample(module: Any, opened: Opened, lesson: Lesson, seed: int) -> str:
    """What the model tells after the beginning of a lesson."""
    begins = [at for at in range(1, len(lesson.ids)) if lesson.learnt[at] > lesson.learnt[at - 1]]
    # Of a chat the last turn but those that a long prompt would cost; of prose the first words.
    cut = begins[-1] if len(begins) > 1 else max(1, min(_SHOWN, len(lesson.ids) // 2))
    room = opened.n_positions - _TOLD
    prompt = torch.tensor([lesson.ids[max(0, cut - room) : cut]])
    torch.manual_seed(seed)
    with quiet(), torch.inference_mode():
        ids = module.eval().generate(
            input_ids=prompt,
            attention_mask=torch.ones_like(prompt),
            max_new_tokens=min(_TOLD, room),
            do_sample=True,
            temperature=0.8,
            top_k=40,
            pad_token_id=min(opened.ends, default=0),
        )
    new = [id for id in ids[0, prompt.shape[1] :].tolist() if id not in opened.ends]
    return clean(opened.codec.decode(new), newlines=False).strip()


def _time(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, round(seconds))} seconds"
    if seconds < 5400:
        return f"{round(seconds / 60)} minutes"
    return f"{seconds / 3600:.1f} hours"


# -- around it -----------------------------------------------------------------------------------


@contextlib.contextmanager
def _guarded(order: Order) -> Iterator[None]:
    """Errors of the system as such that a player can read."""
    try:
        yield
    except MemoryError as error:
        raise _too_big(order) from error
    except RuntimeError as error:
        if "alloc" not in str(error).lower():
            raise
        raise _too_big(order) from error
    except (OSError, SafetensorError) as error:
        reason = getattr(error, "strerror", None) or first_line(error)
        raise DungeonError(
            f"The training cannot be kept in {order.out}: {reason}.",
            "Free some space, or give another folder; then give the same command again.",
        ) from error


def _too_big(order: Order) -> ModelError:
    return ModelError(
        f"There is not enough memory to train {order.base.entry.name}.",
        "Train a smaller model, or close other programs and give the same command again.",
    )


@contextlib.contextmanager
def _alone(out: Path) -> Iterator[None]:
    """One training in a folder at a time."""
    out.parent.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(out.parent / f".{out.name}.lock")
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        raise DungeonError(
            f"A training in {out} is under way already.", "Wait for it, or stop it first."
        ) from None
    try:
        yield
    finally:
        Path(lock.lock_file).unlink(missing_ok=True)
        lock.release()


@contextlib.contextmanager
def _deterministic() -> Iterator[None]:
    before = torch.are_deterministic_algorithms_enabled()
    torch.use_deterministic_algorithms(True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before)
