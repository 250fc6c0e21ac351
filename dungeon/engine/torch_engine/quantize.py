"""Weights for reading a prompt and weights for writing a token.

Writing takes one row at a time and is bound by memory: eight-bit weights with a scale for every
output channel are read in a fraction of the time, everything else being float32 (`writer`).
Reading takes `BLOCK` rows and is bound by arithmetic: bfloat16. Processors without these
instructions take float32. Which is measured once and remembered, since another kernel gives
other roundings and so, now and then, another text.
"""

from __future__ import annotations

import json
import logging
import os
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import torch
from torch.nn import functional

from dungeon.engine.store import models_dir

log = logging.getLogger(__name__)

_ROUNDS = 10
"""Of timing every kernel; the best of each counts."""

_SIZE, _LAYERS = (3072, 768), 6


@dataclass(frozen=True, slots=True)
class Kernels:
    """The kernels in use.

    Attributes:
        int8: Whether tokens are written with eight-bit weights.
        bf16: Whether prompts are read with bfloat16 weights.
    """

    int8: bool
    bf16: bool

    @property
    def label(self) -> str:
        """For the status bar."""
        return "int8" if self.int8 else "bf16" if self.bf16 else "fp32"


FLOAT32 = Kernels(int8=False, bf16=False)


def quantize(weight: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Eight-bit weights and a float32 scale for every output channel.

    Args:
        weight: Float32, shape [outputs, inputs].

    Returns:
        int8 [outputs, inputs] and scales [outputs]; their product is the weight to within
        half a scale. Symmetric: weights are, and a zero point would cost a sum.
    """
    scale = weight.abs().amax(dim=1).clamp_min(1e-12) / 127
    return (weight / scale[:, None]).round_().clamp_(-127, 127).to(torch.int8), scale


class Dense:
    """A linear layer: float32 in, float32 out, whatever the weights are.

    Args:
        full: Weight, bfloat16 or float32, shape [outputs, inputs].
        bias: Float32 or None.
        pack: Whether `full` may be laid out as its kernel likes it best, which costs a copy.
    """

    __slots__ = ("_full", "_packed", "bias")

    def __init__(
        self, full: torch.Tensor, bias: torch.Tensor | None, *, pack: bool = False
    ) -> None:
        self._packed = _packed(full) if pack and full.dtype is torch.bfloat16 else None
        self._full = None if self._packed is not None else full
        self.bias = bias

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        """`x` is float32 [rows, inputs]; float32 [rows, outputs] comes out."""
        if self._full is None:
            half = x.to(torch.bfloat16)
            y = torch.ops.mkldnn._linear_pointwise(half, self._packed, None, "none", [], "")
            y = y.float()
        elif self._full.dtype is torch.float32:
            return functional.linear(x, self._full, self.bias)
        else:
            y = functional.linear(x.to(torch.bfloat16), self._full).float()
        return y if self.bias is None else y.add_(self.bias)


def _packed(weight: torch.Tensor) -> torch.Tensor | None:
    """`weight` in oneDNN's own layout; None where this torch has no oneDNN.

    The sums are the same bit for bit; without this it lays the weight out anew in every
    call, a fifth of the time of 64 rows and half of that of 16.
    """
    if not torch.backends.mkldnn.is_available():
        return None
    try:
        packed: torch.Tensor = torch.ops.mkldnn._reorder_linear_weight(weight, 64)
    except (AttributeError, RuntimeError) as error:
        log.info("weights stay as they are: %s", error)
        return None
    return packed


# -- the choice ------------------------------------------------------------------------------


def choose() -> Kernels:
    """The kernels that measure best here; the choice is remembered beside the models."""
    key = (
        f"{_processor()} | torch {torch.__version__} | numba {_version('numba')} | "
        f"{torch.get_num_threads()} threads"
    )
    file = models_dir() / "kernels.json"
    try:
        known = json.loads(file.read_text())
        return Kernels(bool(known[key]["int8"]), bool(known[key]["bf16"]))
    except (OSError, ValueError, KeyError, TypeError):
        known = {}
    kernels = measure()
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        draft = file.with_name(f"{file.name}.{os.getpid()}")
        draft.write_text(json.dumps({key: {"int8": kernels.int8, "bf16": kernels.bf16}}))
        draft.replace(file)
    except OSError as error:
        log.warning("the choice of kernels is not remembered: %s", error)
    return kernels


def measure() -> Kernels:
    """Time layers of GPT-2's size with every kernel, a few times each."""
    generator = torch.Generator().manual_seed(0)
    # Several matrices, so that they come from memory and not from the cache.
    weights = [torch.randn(*_SIZE, generator=generator) for _ in range(_LAYERS)]
    one, many = torch.randn(1, _SIZE[1]), torch.randn(64, _SIZE[1])
    plain = [Dense(weight, None) for weight in weights]
    half = [Dense(weight.bfloat16(), None, pack=True) for weight in weights]
    rivals: list[Callable[[], float]] = [
        lambda: _timed(plain, one),
        lambda: _timed(plain, many),
        lambda: _timed(half, many),
    ]
    try:
        from dungeon.engine.torch_engine import writer

        rivals.append(writer.trial(_SIZE, _LAYERS))
    except Exception as error:
        # numba needs what not every processor and every Python has: then torch writes too.
        log.warning("no eight-bit weights: %s", error)
    best = [float("inf")] * len(rivals)
    with torch.inference_mode():
        # In turn, so that what else the machine does hits all of them.
        for _ in range(_ROUNDS):
            best = [min(so_far, run()) for so_far, run in zip(best, rivals, strict=True)]
    return Kernels(
        # On a busy machine both times are chance; a quarter of the memory is not.
        int8=len(best) > 3 and best[3] < best[0],
        bf16=best[2] < 0.9 * best[1],
    )


def _timed(layers: list[Dense], x: torch.Tensor) -> float:
    started = time.perf_counter()
    for layer in layers:
        layer(x)
    return time.perf_counter() - started


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "none"


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        log.debug("no /proc/cpuinfo here")
    return platform.processor() or platform.machine()
