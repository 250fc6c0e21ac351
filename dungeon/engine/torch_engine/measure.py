"""Timing the kernels on this processor, in rounds that take turns.

By the clock of the thread that computes, on one thread: what other programs take of the processor
does not count there, and no thread is waited for. By the wall's clock, beside eight programs on two
cores, eight-bit weights were once measured slower than float32 in every round; by this one they
were six to eleven times faster in every trial.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import torch

from dungeon.engine.torch_engine.kernels import FAILED, RIVALS, Verdict, judge
from dungeon.engine.torch_engine.quantize import Dense

log = logging.getLogger(__name__)

_FEWEST, _MOST = 6, 24
"""Rounds: as many as it takes until nothing is in doubt."""

_SIZE, _LAYERS = (3072, 768), 6
"""Outputs and inputs of GPT-2's widest matrices, and how many: so many that they come from memory
and not from the cache."""

_ROWS = 64
"""That are read at once."""

_READ_LAYERS = 2
"""Reading waits for arithmetic, not for memory."""

Timed = Callable[[], float]
Pairs = Mapping[str, tuple[Timed, Timed] | None]


def measure() -> Mapping[str, Verdict]:
    """A verdict for every name in `kernels.RIVALS`."""
    generator = torch.Generator().manual_seed(0)
    weights = [torch.randn(*_SIZE, generator=generator) for _ in range(_LAYERS)]
    one, many = torch.randn(1, _SIZE[1]), torch.randn(_ROWS, _SIZE[1])
    plain = [Dense(weight, None) for weight in weights]
    with _one_thread(), torch.inference_mode():
        pairs: dict[str, tuple[Timed, Timed] | None] = {"int8": None, "bf16": None}
        try:
            half = [Dense(weight.bfloat16(), None, pack=True) for weight in weights[:_READ_LAYERS]]
            _timed(half, many)
            pairs["bf16"] = (
                lambda: _timed(plain[:_READ_LAYERS], many),
                lambda: _timed(half, many),
            )
        except RuntimeError as error:
            log.warning("no bfloat16: %s", error)
        try:
            from dungeon.engine.torch_engine import writer

            written = writer.trial(_SIZE, _LAYERS, clock())
            pairs["int8"] = (lambda: _timed(plain, one), written)
        except Exception as error:
            # numba needs what not every processor and every Python has: then torch writes too.
            log.warning("no eight-bit weights: %s", error)
        return rounds(pairs)


def rounds(pairs: Pairs) -> dict[str, Verdict]:
    """Run float32 and each rival in turn until nothing is in doubt, or often enough.

    Args:
        pairs: For each name in `kernels.RIVALS` what runs float32 and what runs the rival, each
            returning seconds; None where the rival cannot be run.
    """
    there = {name: pair for name, pair in pairs.items() if pair is not None}
    times: dict[str, tuple[list[float], list[float]]] = {name: ([], []) for name in there}
    verdicts = dict.fromkeys(pairs, FAILED)
    for done in range(1, _MOST + 1):
        for name, pair in there.items():
            for seconds, run in zip(times[name], pair, strict=True):
                seconds.append(run())
        if done >= _FEWEST:
            verdicts.update((name, judge(RIVALS[name], *times[name])) for name in there)
            if not any(verdicts[name].doubt for name in there):
                break
    return verdicts


def clock() -> Callable[[], float]:
    """The processor time of this thread, where it is fine enough; else the wall's."""
    # Windows counts it in steps of 16 ms, which is more than a round takes.
    fine = time.get_clock_info("thread_time").implementation.startswith("clock_gettime")
    return time.thread_time if fine else time.perf_counter


def _timed(layers: list[Dense], x: torch.Tensor) -> float:
    now = clock()
    started = now()
    for layer in layers:
        layer(x)
    return now() - started


@contextmanager
def _one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
