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
from typing import Any

import torch
from transformers.cache_utils import Cache, CacheLayerMixin

BLOCK = 64
"""Positions computed together. Larger blocks are faster cold and slower warm."""

_STEP = 256
"""Buffers grow by so many positions, so that memory follows use."""


class BufferLayer(CacheLayerMixin):
    """Keys and values of one layer in a buffer that is written in place.

    transformers' own layers join tensors anew for every token; here a token costs its own
    size. Shape [rows, heads, capacity, head size]; the first `length` positions count.

    Args:
        limit: Most positions it is ever asked to hold.
    """

    is_croppable = True

    def __init__(self, limit: int) -> None:
        super().__init__()
        self._limit = limit
        self.length = 0

    def lazy_initialization(self, key_states: torch.Tensor, value_states: torch.Tensor) -> None:
        """Make the buffers, now that shape, type and device are known."""
        self.keys, self.values = self._buffer(key_states, 0), self._buffer(value_states, 0)
        self.is_initialized = True

    def _buffer(self, like: torch.Tensor, needed: int) -> torch.Tensor:
        rows, heads, _, size = like.shape
        capacity = min(self._limit, -(-max(needed, 1) // _STEP) * _STEP)
        return like.new_empty((rows, heads, capacity, size))

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *args: Any, **kwargs: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Append and return all keys and values so far (views)."""
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
        assert self.keys is not None
        assert self.values is not None
        end = self.length + key_states.shape[-2]
        if end > self.keys.shape[-2]:
            self.keys = self._grown(self.keys, end)
            self.values = self._grown(self.values, end)
        self.keys[:, :, self.length : end] = key_states
        self.values[:, :, self.length : end] = value_states
        self.length = end
        return self.keys[:, :, :end], self.values[:, :, :end]

    def _grown(self, old: torch.Tensor, needed: int) -> torch.Tensor:
        new = self._buffer(old, needed)
        new[:, :, : self.length] = old[:, :, : self.length]
        return new

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
        """Length and offset of the mask for so many new positions."""
        return self.length + query_length, 0

    def get_seq_length(self) -> int:
        """Positions held."""
        return self.length

    def get_max_length(self) -> int:
        """-1: the buffers grow."""
        return -1

    def crop(self, tokens_to_remove: int) -> None:
        """Forget so many of the last positions, at most all of them."""
        self.length = max(0, self.length - abs(tokens_to_remove))


class BufferCache(Cache):
    """A `BufferLayer` for every layer of a model."""

    def __init__(self, layers: int, limit: int) -> None:
        self._buffers = [BufferLayer(limit) for _ in range(layers)]
        super().__init__(layers=list(self._buffers))

    @property
    def length(self) -> int:
        """Positions held."""
        return self._buffers[0].length

    def truncate(self, length: int) -> None:
        """Forget all positions from `length` on; more than there are changes nothing."""
        for layer in self._buffers:
            layer.length = min(layer.length, length)


class PrefixCache:
    """The ids whose keys and values stand in `cache`, in whole blocks."""

    def __init__(self, cache: BufferCache) -> None:
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
