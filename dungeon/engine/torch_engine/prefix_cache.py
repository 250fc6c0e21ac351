"""Keys and values of the prompt, kept from one request to the next.

A key depends a little on how many positions were computed together with it (kernels round
differently), so a cache that is reused from wherever two prompts part would make the text
depend on what was asked before. Here the prompt is computed in blocks that begin at
multiples of `BLOCK`, and only whole blocks are ever reused: what the model sees is then a
function of the prompt alone, bit for bit, whether the cache was warm or cold. The price is
that less than a block, and what was written since, is computed again each turn.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import torch

BLOCK = 64
"""Positions computed together. Larger blocks are faster cold and slower warm."""

STEP = 256
"""Buffers grow by so many positions, so that memory follows use."""


class Cache(Protocol):
    """Keys and values of the positions so far."""

    @property
    def length(self) -> int:
        """Positions held."""
        ...

    def truncate(self, length: int) -> None:
        """Forget all positions from `length` on; more than there are changes nothing."""
        ...

    def spread(self, rows: int) -> Cache:
        """A new cache of `rows` equal rows, each what the one row here is."""
        ...


class KeyValues:
    """Float32 keys and values in buffers that are written in place.

    Float32, since torch's attention of a single query takes a seventh of the time it does
    in bfloat16 (900 positions, 12 heads: 0.15 and 1.14 ms).

    Args:
        layers, heads, head_size: Of the model.
        limit: Most positions it is ever asked to hold.
        rows: Texts side by side.
        shared: Positions that stand before those of every row. Such a cache is for `step` alone,
            which reads them in place: four candidates need no four copies of the prompt.
        room: Keys and values of somebody else's to write in, [layers, rows, heads, limit, head
            size] each; without it, the cache has buffers of its own that grow.
    """

    def __init__(
        self,
        layers: int,
        heads: int,
        head_size: int,
        limit: int,
        rows: int = 1,
        shared: KeyValues | None = None,
        room: tuple[torch.Tensor, torch.Tensor] | None = None,
    ) -> None:
        self._layers, self._rows, self._heads, self._size = layers, rows, heads, head_size
        self._limit, self._shared = limit, shared
        self._before: int = 0 if shared is None else shared.length
        none = torch.empty(layers, rows, heads, 0, head_size)
        self._keys, self._values = room or (none, none)
        self.length: int = self._before

    @property
    def _own(self) -> int:
        return self.length - self._before

    def truncate(self, length: int) -> None:
        """See `Cache`."""
        self.length = max(self._before, min(self.length, length))

    def reserve(self, more: int) -> None:
        """Make room for so many positions after `length`."""
        needed = self._own + more
        if needed <= self._keys.shape[3]:
            return
        capacity = max(needed, min(self._limit - self._before, -(-needed // STEP) * STEP))
        old_keys, old_values = self._keys, self._values
        shape = (self._layers, self._rows, self._heads, capacity, self._size)
        self._keys, self._values = torch.empty(shape), torch.empty(shape)
        kept = slice(0, self._own)
        self._keys[:, :, :, kept] = old_keys[:, :, :, kept]
        self._values[:, :, :, kept] = old_values[:, :, :, kept]

    def put(
        self, layer: int, keys: torch.Tensor, values: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Write [rows, heads, n, head size] after `length`; all of the layer's, as views.

        They count once `length` is raised, when every layer has its own.
        """
        end = self.length + keys.shape[2]
        self._keys[layer, :, :, self.length : end] = keys
        self._values[layer, :, :, self.length : end] = values
        return self._keys[layer, :, :, :end], self._values[layer, :, :, :end]

    def spread(self, rows: int) -> KeyValues:
        """See `Cache`. The rows read what stands here, which must stay as it is meanwhile."""
        if self._shared is not None or self._rows > 1:
            raise ValueError("only a single row can be spread, and only once")
        return KeyValues(self._layers, self._heads, self._size, self._limit, rows, self)

    def copy(self, other: KeyValues, length: int) -> None:
        """Hold the first positions of another cache of the same shape, and nothing else."""
        self.length = self._before
        self.reserve(length)
        self._keys[:, :, :, :length] = other._keys[:, :, :, :length]
        self._values[:, :, :, :length] = other._values[:, :, :, :length]
        self.length = length

    def arrays(self) -> tuple[Any, ...]:
        """The fields of `step.Past`: what the rows share, then their own."""
        keys, values = self._keys.numpy(), self._values.numpy()
        rows = np.arange(self._rows), np.full(self._rows, self._own)
        if self._shared is None:
            none = np.empty((self._layers, self._heads, 0, self._size), np.float32)
            return none, none, 0, keys, values, *rows
        shared = self._shared
        return (
            shared._keys[:, 0].numpy(),
            shared._values[:, 0].numpy(),
            self._before,
            keys,
            values,
            *rows,
        )


class PrefixCache:
    """The ids whose keys and values stand in `cache`, in whole blocks."""

    def __init__(self, cache: Cache) -> None:
        self.cache = cache
        self._ids: list[int] = []

    @property
    def kept(self) -> int:
        """How many positions are kept."""
        return len(self._ids)

    def common(self, prompt: Sequence[int]) -> int:
        """How many positions of `prompt` are kept here.

        At least the last id is left to be computed, since its logits are wanted.
        """
        most = min(len(self._ids), len(prompt) - 1)
        same = 0
        while same < most and self._ids[same] == prompt[same]:
            same += 1
        return same - same % BLOCK

    def reuse(self, prompt: Sequence[int]) -> int:
        """Keep what `prompt` has in common with the cache; how many positions that is."""
        same = self.common(prompt)
        del self._ids[same:]
        self.cache.truncate(same)
        return same

    def copied(self, other: PrefixCache, length: int) -> None:
        """The cache holds the first positions of that of `other` now, whole blocks."""
        self._ids = other._ids[:length]

    def keep(self, block: Sequence[int]) -> None:
        """A whole block was computed at the end of what is kept."""
        if len(block) == BLOCK and len(self._ids) + BLOCK == self.cache.length:
            self._ids.extend(block)
