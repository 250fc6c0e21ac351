"""Weights for reading a prompt and weights for writing a token.

Writing takes one row at a time and is bound by memory: eight-bit weights are read in a
fraction of the time (`torch._weight_int8pack_mm`, a scale for every output channel, inputs
and outputs rounded to bfloat16, everything between the matrices in float32). Reading takes
`BLOCK` rows and is bound by arithmetic: bfloat16. Processors without these instructions
take float32. Which is measured once and remembered, since another kernel gives other
roundings and so, now and then, another text.
"""

from __future__ import annotations

import json
import logging
import os
import platform
import time
from dataclasses import dataclass
from pathlib import Path

import torch
from torch.nn import functional

from dungeon.engine.store import models_dir

log = logging.getLogger(__name__)

_ROUNDS = 10
"""Of timing every kernel; the best of each counts."""

INT8_ROWS = 8
"""Most rows that the eight-bit kernel is used for; past that it is slower than bfloat16."""


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
        half a scale. Symmetric, since the kernel has no zero point.
    """
    scale = weight.abs().amax(dim=1).clamp_min(1e-12) / 127
    return (weight / scale[:, None]).round_().clamp_(-127, 127).to(torch.int8), scale


class Dense:
    """A linear layer: float32 in, float32 out, whatever the weights are.

    Args:
        full: Weight for reading, bfloat16 or float32, shape [outputs, inputs].
        int8: Weight for writing and its scales; None writes with `full` too.
            The kernel wants the scales in bfloat16, the type of its input.
        bias: Float32 or None.
        pack: Whether `full` may be laid out as its kernel likes it best, which costs a copy.
    """

    __slots__ = ("_full", "_int8", "_packed", "_scale", "bias")

    def __init__(
        self,
        full: torch.Tensor,
        int8: tuple[torch.Tensor, torch.Tensor] | None,
        bias: torch.Tensor | None,
        *,
        pack: bool = False,
    ) -> None:
        self._full, self.bias = full, bias
        self._int8 = None if int8 is None else _aligned(int8[0])
        self._scale = None if int8 is None else _aligned(int8[1])
        self._packed = _packed(full) if pack and full.dtype is torch.bfloat16 else None

    def __call__(self, x: torch.Tensor, *, writing: bool) -> torch.Tensor:
        """`x` is float32 [rows, inputs]; float32 [rows, outputs] comes out."""
        if writing and self._int8 is not None and self._scale is not None:
            y = torch._weight_int8pack_mm(x.to(torch.bfloat16), self._int8, self._scale).float()
        elif self._full.dtype is torch.float32:
            return functional.linear(x, self._full, self.bias)
        elif self._packed is not None:
            half = x.to(torch.bfloat16)
            y = torch.ops.mkldnn._linear_pointwise(half, self._packed, None, "none", [], "")
            y = y.float()
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


def _aligned(tensor: torch.Tensor) -> torch.Tensor:
    """`tensor` at an address that the kernel can load from.

    It uses aligned vector loads and crashes the process elsewhere; a tensor that is mapped
    from a file lies wherever the file has it, one that torch allocates at a multiple of 64.
    """
    return tensor.clone() if tensor.data_ptr() % 64 else tensor


# -- the choice ------------------------------------------------------------------------------


def choose() -> Kernels:
    """The kernels that measure best here; the choice is remembered beside the models."""
    key = f"{_processor()} | torch {torch.__version__} | {torch.get_num_threads()} threads"
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
    """Time one layer of GPT-2's size with every kernel, a few times each."""
    generator = torch.Generator().manual_seed(0)
    # Several matrices, so that they come from memory and not from the cache.
    weights = [torch.randn(3072, 768, generator=generator) for _ in range(6)]
    one, many = torch.randn(1, 768), torch.randn(64, 768)
    plain = [Dense(weight, None, None) for weight in weights]
    half = [Dense(weight.bfloat16(), None, None, pack=True) for weight in weights]
    try:
        pairs = [quantize(weight) for weight in weights]
        eight = [
            Dense(weight, (int8, scale.bfloat16()), None)
            for weight, (int8, scale) in zip(weights, pairs, strict=True)
        ]
        eight[0](one, writing=True)
    except RuntimeError:
        # No such kernel in this build of torch.
        eight = []
    rivals = [(plain, one), (plain, many), (half, many), *([(eight, one)] if eight else [])]
    best = [float("inf")] * len(rivals)
    with torch.inference_mode():
        # In turn, so that what else the machine does hits all of them.
        for _ in range(_ROUNDS):
            best = [
                min(so_far, _timed(layers, x))
                for so_far, (layers, x) in zip(best, rivals, strict=True)
            ]
    return Kernels(int8=bool(eight) and best[-1] < 0.8 * best[0], bf16=best[2] < 0.9 * best[1])


def _timed(layers: list[Dense], x: torch.Tensor) -> float:
    started = time.perf_counter()
    for layer in layers:
        layer(x, writing=x.shape[0] == 1)
    return time.perf_counter() - started


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        log.debug("no /proc/cpuinfo here")
    return platform.processor() or platform.machine()
