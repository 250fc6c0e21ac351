"""Weights for reading a prompt and weights for writing a token.

Writing takes one row at a time and is bound by memory: eight-bit weights with a scale for every
output channel are read in a fraction of the time, everything else being float32 (`writer`).
Reading takes `BLOCK` rows and is bound by arithmetic: bfloat16. Processors without these
instructions take float32; see `kernels` for which are used.
"""

from __future__ import annotations

import logging

import torch
from torch.nn import functional

log = logging.getLogger(__name__)


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
