"""Tokens written one at a time with byte weights: `step`, its weights and its cache on disk."""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from pathlib import Path
from typing import Any

import numba
import numpy as np
import torch
from platformdirs import user_cache_path

from dungeon.engine.torch_engine import simd
from dungeon.engine.torch_engine.prefix_cache import KeyValues

log = logging.getLogger(__name__)

MATRICES = ("qkv", "out", "up", "down", "head")

# One of numba's thread pools ends the process when two threads use it at once.
_one_at_a_time = threading.Lock()
_compiled: Any = None


def packable(outputs: int, inputs: int) -> bool:
    """Whether the kernels take a matrix of this shape."""
    return outputs % simd.COLUMNS == 0 and inputs % simd.LANES == 0


def _step() -> Any:
    """`step.step`, compiled; from disk where it was compiled before for this processor.

    numba looks at one file's date to tell whether what it kept is still good. The code lies in
    two, so what is kept stands in a folder named after the contents of both.
    """
    global _compiled
    if _compiled is None:
        here = Path(__file__).parent
        sources = b"".join((here / name).read_bytes() for name in ("simd.py", "step.py"))
        folder = user_cache_path("dungeon") / "kernels" / hashlib.sha256(sources).hexdigest()[:16]
        keep = True
        try:
            folder.mkdir(parents=True, exist_ok=True)
            probe = folder / f".{threading.get_native_id()}"
            probe.touch()
            probe.unlink()
            numba.config.CACHE_DIR = str(folder)
        except OSError as error:
            log.warning("compiled code is not kept: %s", error)
            keep = False
        from dungeon.engine.torch_engine import step

        _compiled = numba.njit(nogil=True, error_model="numpy", cache=keep)(step.step)
    return _compiled


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
        self._step = _step()
        from dungeon.engine.torch_engine import step

        self._past = step.Past
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

    def write(self, x: torch.Tensor, cache: KeyValues) -> torch.Tensor:
        """Append one token to every row of `cache`.

        Args:
            x: Embeddings, with GPT-2's positions, float32 [rows, width]; overwritten.

        Returns:
            Logits, float32 [rows, vocabulary and what fills it up to `simd.COLUMNS`].
        """
        cache.reserve(1)
        logits = torch.empty(x.shape[0], self._weights.head.scale.shape[1])
        with _one_at_a_time:
            numba.set_num_threads(min(torch.get_num_threads(), numba.config.NUMBA_NUM_THREADS))
            self._step(
                x.numpy(),
                self._weights,
                self._past(*cache.arrays()),
                self._heads,
                self._llama,
                logits.numpy(),
            )
        cache.length += 1
        return logits


def _own(tensor: torch.Tensor) -> Any:
    """A copy in memory of its own: numpy asks for large pages there, a mapped file has none."""
    array = np.empty(tuple(tensor.shape), tensor.numpy().dtype)
    array[...] = tensor.numpy()
    return array


def _matrix(tensors: dict[str, torch.Tensor], name: str) -> Any:
    from dungeon.engine.torch_engine.step import Matrix

    scale = _own(tensors[f"{name}.scale"])
    bias = tensors.get(f"{name}.bias")
    return Matrix(
        _own(tensors[f"{name}.int8"]), scale, np.zeros_like(scale) if bias is None else _own(bias)
    )


def timed(rounds: int, shape: tuple[int, int], count: int) -> float:
    """Best time in seconds for one row times `count` matrices of `shape`, for a comparison."""
    from dungeon.engine.torch_engine import step

    _step()
    outputs, inputs = shape
    generator = np.random.default_rng(0)
    weights = [simd.pack(generator.integers(-127, 128, shape, dtype=np.int8)) for _ in range(count)]
    x, out = np.ones((1, inputs), np.float32), np.empty((1, outputs), np.float32)
    scale = np.ones(outputs, np.float32)
    best = float("inf")
    with _one_at_a_time:
        numba.set_num_threads(min(torch.get_num_threads(), numba.config.NUMBA_NUM_THREADS))
        step.project(x, weights[0], scale, scale, out)
        for _ in range(rounds):
            started = time.perf_counter()
            for weight in weights:
                step.project(x, weight, scale, scale, out)
            best = min(best, time.perf_counter() - started)
    return best
