"""transformers' own forward pass, for graphics cards and for models that `forward` leaves out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from transformers.cache_utils import Cache, CacheLayerMixin

from dungeon.engine.torch_engine.prefix_cache import STEP


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
        capacity = min(self._limit, -(-max(needed, 1) // STEP) * STEP)
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
        self._limit = limit
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

    def spread(self, rows: int) -> BufferCache:
        """See `prefix_cache.Cache`."""
        made = BufferCache(len(self._buffers), self._limit)
        for old, new in zip(self._buffers, made._buffers, strict=True):
            assert old.keys is not None
            assert old.values is not None
            keys, values = (part[:, :, : old.length] for part in (old.keys, old.values))
            new.update(keys.expand(rows, -1, -1, -1), values.expand(rows, -1, -1, -1))
        return made


def dtype_for(device: str) -> torch.dtype:
    """What weights are served in on a device: half the memory where its arithmetic allows."""
    if device == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
    return torch.float16 if device == "mps" else torch.float32


class TransformersNetwork:
    """transformers' own forward pass, as a `network.Network`.

    Args:
        model: As `load.load_weights` gives it.
        n_positions: Longest text.
        device: Where it runs.
        dtype: Of weights, keys and values.
    """

    rows_agree = False

    def __init__(
        self, model: Any, n_positions: int, device: torch.device, dtype: torch.dtype
    ) -> None:
        self._model = model.to(device, dtype)
        self._device = device
        self._n_positions = n_positions
        self._layers = int(model.config.num_hidden_layers)
        self.vocabulary = int(model.config.vocab_size)

    def cache(self) -> BufferCache:
        """See `network.Network`."""
        return BufferCache(self._layers, self._n_positions)

    def forward(self, ids: torch.Tensor, cache: BufferCache, *, writing: bool) -> torch.Tensor:
        """See `network.Network`."""
        answer = self._model(
            ids.to(self._device), past_key_values=cache, use_cache=True, logits_to_keep=1
        )
        logits: torch.Tensor = answer.logits[:, -1].float().cpu()
        return logits

    def read(self, ids: torch.Tensor, cache: BufferCache) -> None:
        """See `network.Network`."""
        self._model.base_model(ids.to(self._device), past_key_values=cache, use_cache=True)

    def follow(
        self, tail: Sequence[int], texts: Sequence[Sequence[int]], cache: BufferCache
    ) -> torch.Tensor:
        """See `network.Network`. One text after the other."""
        before = cache.length
        first = self.forward(torch.tensor([list(tail)]), cache, writing=False)
        held, logits = cache.length, []
        for text in texts:
            logits.append(first)
            if len(text) > 1:
                ids = torch.tensor([list(text[:-1])], device=self._device)
                answer = self._model(ids, past_key_values=cache, use_cache=True)
                logits.append(answer.logits[0].float().cpu())
                cache.truncate(held)
        cache.truncate(before)
        return torch.cat(logits)
