"""GPT-2's and Llama's forward pass, written for one thing: the next token on a CPU.

The same arithmetic as transformers' modules (the tests compare the two), without what costs
time here and buys nothing: masks built anew for every token, tensors joined for every
token, layers of Python between the kernels, logits of positions nobody asks for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch.nn import functional

from dungeon.engine.torch_engine.prefix_cache import KeyValues
from dungeon.engine.torch_engine.quantize import Dense
from dungeon.engine.torch_engine.shelf import Shelf

if TYPE_CHECKING:
    from dungeon.engine.torch_engine.writer import Writer

LAYER = ("qkv", "out", "up", "down")
"""The matrices of a layer, in the order in which they are used."""

Tensors = dict[str, torch.Tensor]

Places = slice | torch.Tensor
"""Positions in the text, one for each id."""

Stages = Iterator[Tensors]
"""Weights for writing, then those for reading: what is in a file is mapped while it is used, and
one after the other takes less memory than both."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What of a model's config the forward pass needs.

    Attributes:
        kind: "gpt2" or "llama".
        layers, heads, kv_heads, head_size, width, vocabulary: Their numbers.
        epsilon: Of the norms.
        theta: Base of the rotary positions (Llama).
    """

    kind: str
    layers: int
    heads: int
    kv_heads: int
    head_size: int
    width: int
    vocabulary: int
    epsilon: float
    theta: float = 0.0


def shape_of(config: Any) -> Shape | None:
    """The shape of a transformers config; None where this forward pass does not cover it."""
    heads, width = int(config.num_attention_heads), int(config.hidden_size)
    size = int(getattr(config, "head_dim", None) or width // heads)
    common = {
        "layers": int(config.num_hidden_layers),
        "heads": heads,
        "head_size": size,
        "width": width,
        "vocabulary": int(config.vocab_size),
    }
    if config.model_type == "gpt2":
        plain = (
            config.activation_function in ("gelu_new", "gelu_pytorch_tanh")
            and config.scale_attn_weights
            and not config.scale_attn_by_inverse_layer_idx
            and not config.reorder_and_upcast_attn
            and not config.add_cross_attention
        )
        epsilon = float(config.layer_norm_epsilon)
        return Shape("gpt2", kv_heads=heads, epsilon=epsilon, **common) if plain else None
    rope = config.rope_parameters
    plain = (
        config.model_type == "llama"
        and config.hidden_act == "silu"
        and rope.get("rope_type") == "default"
        and not config.attention_bias
        and not config.mlp_bias
        and getattr(config, "pretraining_tp", 1) == 1
    )
    if not plain:
        return None
    return Shape(
        "llama",
        kv_heads=int(config.num_key_value_heads),
        epsilon=float(config.rms_norm_eps),
        theta=float(rope["rope_theta"]),
        **common,
    )


class LeanNetwork:
    """The forward pass on prepared weights; a `network.Network` for the CPU.

    Args:
        shape: Of the model.
        stages: From `prepare.prepare`.
        n_positions: Longest text.
    """

    def __init__(self, shape: Shape, stages: Stages, n_positions: int) -> None:
        self._shape = shape
        self._n_positions = n_positions
        self.vocabulary = shape.vocabulary
        self._epsilon = torch.tensor(shape.epsilon)
        rotary = None
        if shape.kind == "llama":
            rotary = self._cos, self._sin = _rotary(shape, n_positions)
        self._writer: Writer | None = None
        small = next(stages)
        if small:
            from dungeon.engine.torch_engine.writer import Writer

            self._writer = Writer(small, rotary, shape.heads, shape.epsilon)
            del small
        tensors = next(stages)
        # It meets one row at a time, and the embedding needs it as it is.
        self._head = _dense(tensors, "head", pack=False)
        self._positions = tensors.get("positions")
        # Where both are one matrix, it is kept once.
        self._embed = tensors["embed" if "embed" in tensors else "head.full"]
        self._layers = [
            tuple(_dense(tensors, f"{at}.{name}", pack=True) for name in LAYER)
            for at in range(shape.layers)
        ]
        self._norms = [
            tuple(norm(tensors, f"{at}.{name}") for name in ("norm1", "norm2"))
            for at in range(shape.layers)
        ]
        self._last_norm = norm(tensors, "norm")
        # Its sums are those of a row by itself; torch's products are blocked.
        self.rows_agree = self._writer is not None
        if self._writer is not None:
            # Compiled, or fetched from the disk, now and not at the player's first word.
            self._write(self._writer, torch.zeros(1, 1, dtype=torch.long), self.cache())

    def cache(self) -> KeyValues:
        """See `network.Network`."""
        shape = self._shape
        return KeyValues(shape.layers, shape.kv_heads, shape.head_size, self._n_positions)

    def forward(self, ids: torch.Tensor, cache: KeyValues, *, writing: bool) -> torch.Tensor:
        """See `network.Network`."""
        if writing and self._writer is not None:
            return self._write(self._writer, ids, cache)
        rows, size = ids.shape
        last = self._read(ids, cache).view(rows, size, -1)[:, -1]
        return self._head(self._norm(last, self._last_norm))

    def shelf(self, texts: int) -> Shelf:
        """Room for so many texts of any length, for `write_each`."""
        shape = self._shape
        return Shelf(shape.layers, shape.kv_heads, shape.head_size, self._n_positions, texts)

    def write_each(self, ids: Sequence[int], texts: Sequence[int], shelf: Shelf) -> torch.Tensor:
        """Append a token to each of several texts, however long each is.

        Args:
            ids: The tokens.
            texts: The places of the texts on `shelf`, no two the same.
            shelf: Where their keys and values are.

        Returns:
            Logits, float32 [texts, vocabulary]: of each the same as if it were alone.
        """
        assert self._writer is not None
        places = torch.tensor([shelf.texts[text].length for text in texts])
        x = self._embedded(torch.tensor(ids)[:, None], places)
        logits = self._writer.write(x, shelf.arrays(texts))
        for text in texts:
            shelf.texts[text].length += 1
        return logits[:, : self.vocabulary]

    def read(self, ids: torch.Tensor, cache: KeyValues) -> None:
        """See `network.Network`: the head alone is a third of GPT-2's weights."""
        self._read(ids, cache)

    def all_positions(self, ids: torch.Tensor, cache: KeyValues) -> torch.Tensor:
        """As `forward` on the prompt's path, but the logits of every position of one row,
        [n, vocabulary]: for measurements."""
        return self._head(self._norm(self._read(ids, cache), self._last_norm))

    def follow(
        self, tail: Sequence[int], texts: Sequence[Sequence[int]], cache: KeyValues
    ) -> torch.Tensor:
        """See `network.Network`. All in one pass: the texts stand one after the other, and none
        sees another."""
        past, start = cache.length, len(tail)
        row, places, spans, wanted = list(tail), list(range(past, past + start)), [], []
        for text in texts:
            spans.append((len(row), len(row) + len(text) - 1))
            wanted += [start - 1, *range(*spans[-1])]
            row += text[:-1]
            places += range(past + start, past + start + len(text) - 1)
        mask = torch.zeros(len(row), past + len(row), dtype=torch.bool)
        mask[:, : past + start] = True
        for begin, end in [(0, start), *spans]:
            own = mask[begin:end, past + begin : past + end]
            own.copy_(torch.ones_like(own).tril_())
        x = self._read(torch.tensor([row]), cache, torch.tensor(places), mask)
        cache.truncate(past)
        x = x[start - 1 :]
        logits = self._head(self._norm(x, self._last_norm))
        return logits[torch.tensor(wanted) - (start - 1)]

    def _read(
        self,
        ids: torch.Tensor,
        cache: KeyValues,
        places: torch.Tensor | None = None,
        mask: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Append a stretch of the prompt; the last layer's output, [rows * n, width].

        `places` and `mask` say at which positions and who sees whom where that is not plain.
        """
        rows, size = ids.shape
        past = cache.length
        at_places: Places = slice(past, past + size) if places is None else places
        x = self._embedded(ids, at_places)
        mask = _mask(past, size) if mask is None else mask
        cache.reserve(size)
        for at in range(self._shape.layers):
            qkv, out, up, down = self._layers[at]
            norm1, norm2 = self._norms[at]
            q, k, v = self._split(qkv(self._norm(x, norm1)), rows, at_places, size)
            keys, values = cache.put(at, k, v)
            x += out(self._attend(q, keys, values, mask))
            x += down(self._activate(up(self._norm(x, norm2))))
        cache.length += size
        return x

    def _write(self, writer: Writer, ids: torch.Tensor, cache: KeyValues) -> torch.Tensor:
        """As `forward`, one position of all rows after the other."""
        for at in range(ids.shape[1]):
            cache.reserve(1)
            here = slice(cache.length, cache.length + 1)
            logits = writer.write(self._embedded(ids[:, at : at + 1], here), cache.arrays())
            cache.length += 1
        return logits[:, : self.vocabulary]

    def _embedded(self, ids: torch.Tensor, places: Places) -> torch.Tensor:
        """Embeddings of ids [rows, n], [rows * n, width]; `places` are those of each row, or of
        one after the other."""
        rows = ids.shape[0]
        x = self._embed[ids.reshape(-1)].float()
        if self._positions is not None:
            positions = self._positions[places]
            x += positions if len(positions) == len(x) else positions.repeat(rows, 1)
        return x

    def _norm(
        self, x: torch.Tensor, weights: tuple[torch.Tensor, torch.Tensor | None]
    ) -> torch.Tensor:
        weight, bias = weights
        if bias is None:
            # torch.rms_norm takes ten small steps on a CPU, three times as long as these.
            length = torch.linalg.vector_norm(x, dim=-1, keepdim=True)
            scale = torch.addcmul(self._epsilon, length, length, value=1 / x.shape[-1])
            return (x * scale.rsqrt_()).mul_(weight)
        return functional.layer_norm(x, weight.shape, weight, bias, self._shape.epsilon)

    def _activate(self, x: torch.Tensor) -> torch.Tensor:
        if self._shape.kind == "gpt2":
            return functional.gelu(x, approximate="tanh")
        gate, up = x.chunk(2, dim=-1)
        return functional.silu(gate).mul_(up)

    def _split(
        self, qkv: torch.Tensor, rows: int, places: Places, size: int
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Queries, keys and values, each [rows, heads, size, head size]."""
        shape = self._shape
        heads = shape.heads + 2 * shape.kv_heads
        by_head = qkv.view(rows, size, heads, shape.head_size).transpose(1, 2)
        v = by_head[:, shape.heads + shape.kv_heads :]
        if shape.kind == "llama":
            turned = by_head[:, : shape.heads + shape.kv_heads]
            cos, sin = self._cos[places], self._sin[places]
            half = shape.head_size // 2
            crossed = torch.cat((-turned[..., half:], turned[..., :half]), dim=-1)
            by_head = turned * cos + crossed * sin
        return by_head[:, : shape.heads], by_head[:, shape.heads : shape.heads + shape.kv_heads], v

    def _attend(
        self,
        q: torch.Tensor,
        keys: torch.Tensor,
        values: torch.Tensor,
        mask: torch.Tensor | None,
    ) -> torch.Tensor:
        """Attention in float32; queries of one key head are stacked as more positions."""
        shape = self._shape
        rows, _, size, _ = q.shape
        group = shape.heads // shape.kv_heads
        if group > 1:
            q = q.reshape(rows, shape.kv_heads, group * size, shape.head_size)
            mask = None if mask is None else mask.repeat(group, 1)
        seen = functional.scaled_dot_product_attention(q, keys, values, attn_mask=mask)
        seen = seen.reshape(rows, shape.heads, size, shape.head_size)
        return seen.transpose(1, 2).reshape(rows * size, shape.heads * shape.head_size)


def _dense(tensors: Tensors, name: str, *, pack: bool) -> Dense:
    return Dense(tensors[f"{name}.full"], tensors.get(f"{name}.bias"), pack=pack)


def norm(tensors: Tensors, name: str) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Weight and bias of a norm."""
    return tensors[f"{name}.weight"], tensors.get(f"{name}.bias")


def _mask(past: int, size: int) -> torch.Tensor | None:
    """Who may see whom, [size, past + size]; None where the one position sees all."""
    if size == 1:
        return None
    return torch.ones(size, past + size, dtype=torch.bool).tril_(past)


def _rotary(shape: Shape, n_positions: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Cosines and sines, [positions, head size], as Su et al. 2021 and transformers have it."""
    steps = torch.arange(0, shape.head_size, 2, dtype=torch.int64).float() / shape.head_size
    turns = torch.arange(n_positions).float()[:, None] * (1.0 / shape.theta**steps)
    turns = torch.cat((turns, turns), dim=-1)
    return turns.cos(), turns.sin()
