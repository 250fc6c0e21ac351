"""Tokens written one at a time with byte weights: what `step` works on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from dungeon.engine.torch_engine import simd, step
from dungeon.engine.torch_engine.compiled import compiled, threads

MATRICES = ("qkv", "out", "up", "down", "head")


def packable(outputs: int, inputs: int) -> bool:
    """Whether the kernels take a matrix of this shape."""
    return outputs % simd.COLUMNS == 0 and inputs % simd.LANES == 0


class Writer:
    """A model's byte weights, and the step that uses them.

    Args:
        tensors: Names in `MATRICES` with ".int8" (packed, stacked over layers), ".scale" and,
            where there is one, ".bias"; "norms" and "norm" as `step.Weights` has them.
        rotary: Cosines and sines, float32 [positions, head size]; None for GPT-2.
        heads: Of the queries.
        epsilon: Of the norms.
    """

    def __init__(
        self,
        tensors: dict[str, torch.Tensor],
        rotary: tuple[torch.Tensor, torch.Tensor] | None,
        heads: int,
        epsilon: float,
    ) -> None:
        self._step = compiled(step.step)
        self._heads, self._llama = heads, rotary is not None
        none = np.zeros((0, 0), np.float32)
        cos, sin = (none, none) if rotary is None else (_own(part) for part in rotary)
        self._weights = step.Weights(
            **{name: _matrix(tensors, name) for name in MATRICES},
            norms=_own(tensors["norms"]),
            last_norm=_own(tensors["norm"]),
            cos=cos,
            sin=sin,
            epsilon=np.float32(epsilon),
        )

    def write(self, x: torch.Tensor, past: tuple[Any, ...]) -> torch.Tensor:
        """Append one token to every row.

        Args:
            x: Embeddings, with GPT-2's positions, float32 [rows, width]; overwritten.
            past: The fields of `step.Past`, with room for the token.

        Returns:
            Logits, float32 [rows, vocabulary and what fills it up to `simd.COLUMNS`].
        """
        logits = torch.empty(x.shape[0], self._weights.head.scale.shape[1])
        with threads():
            self._step(
                x.numpy(),
                self._weights,
                step.Past(*past),
                self._heads,
                self._llama,
                logits.numpy(),
            )
        return logits


def _own(tensor: torch.Tensor) -> Any:
    """A copy in memory of its own: numpy asks for large pages there, a mapped file has none."""
    array = np.empty(tuple(tensor.shape), tensor.numpy().dtype)
    array[...] = tensor.numpy()
    return array


def _matrix(tensors: dict[str, torch.Tensor], name: str) -> Any:
    scale = _own(tensors[f"{name}.scale"])
    bias = tensors.get(f"{name}.bias")
    return step.Matrix(
        _own(tensors[f"{name}.int8"]), scale, np.zeros_like(scale) if bias is None else _own(bias)
    )


def trial(shape: tuple[int, int], count: int, clock: Callable[[], float]) -> Callable[[], float]:
    """A function that multiplies one row with `count` matrices of `shape` and tells the seconds.

    On the calling thread alone: a pool of threads would take time that `clock` may not see.
    """
    project = compiled(step.project_alone)
    outputs, inputs = shape
    generator = np.random.default_rng(0)
    weights = [simd.pack(generator.integers(-127, 128, shape, dtype=np.int8)) for _ in range(count)]
    x, out = np.ones((1, inputs), np.float32), np.empty((1, outputs), np.float32)
    scale = np.ones(outputs, np.float32)

    def run() -> float:
        started = clock()
        for weight in weights:
            project(x, weight, scale, scale, out)
        return clock() - started

    with threads():
        # Nothing can be written where numba has no threads.
        pass
    # The first call compiles.
    run()
    return run
