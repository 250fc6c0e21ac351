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
from typing import Protocol

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
    """

    def __init__(self, layers: int, heads: int, head_size: int, limit: int, rows: int = 1) -> None:
        self._layers, self._rows, self._heads, self._size = layers, rows, heads, head_size
        self._limit = limit
        self._keys = self._values = torch.empty(layers, rows, heads, 0, head_size)
        self.length = 0

    def truncate(self, length: int) -> None:
        """See `Cache`."""
        self.length = min(self.length, length)

    def reserve(self, more: int) -> None:
        """Make room for so many positions after `length`."""
        needed = self.length + more
        if needed <= self._keys.shape[3]:
            return
        capacity = max(needed, min(self._limit, -(-needed // STEP) * STEP))
        old_keys, old_values = self._keys, self._values
        shape = (self._layers, self._rows, self._heads, capacity, self._size)
        self._keys, self._values = torch.empty(shape), torch.empty(shape)
        kept = slice(0, self.length)
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
        """See `Cache`."""
        made = KeyValues(self._layers, self._heads, self._size, self._limit, rows)
        made.reserve(self.length)
        made._keys[:, :, :, : self.length] = self._keys[:, :, :, : self.length]
        made._values[:, :, :, : self.length] = self._values[:, :, :, : self.length]
        made.length = self.length
        return made


class PrefixCache:
    """The ids whose keys and values stand in `cache`, in whole blocks."""

    def __init__(self, cache: Cache) -> None:
        self.cache = cache
        self._ids: list[int] = []

    def reuse(self, prompt: Sequence[int]) -> int:
        """Keep what `prompt` has in common with the cache; how many positions that is.

        At least the last id is left to be computed, since its logits are wanted.
        """
        most = min(len(self._ids), len(prompt) - 1)
        same = 0
        while same < most and self._ids[same] == prompt[same]:
            same += 1
        same -= same % BLOCK
        del self._ids[same:]
        self.cache.truncate(same)
        return same

    def keep(self, block: Sequence[int]) -> None:
        """A whole block was computed at the end of what is kept."""
        if len(block) == BLOCK and len(self._ids) + BLOCK == self.cache.length:
            self._ids.extend(block)
