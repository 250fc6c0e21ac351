"""GPT-2's and Llama's forward pass, written for one thing: the next token on a CPU.

The same arithmetic as transformers' modules (the tests compare the two), without what costs
time here and buys nothing: masks built anew for every token, tensors joined for every
token, layers of Python between the kernels, logits of positions nobody asks for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch.nn import functional

from dungeon.engine.torch_engine.prefix_cache import KeyValues
from dungeon.engine.torch_engine.quantize import Dense, Kernels, quantize

if TYPE_CHECKING:
    from dungeon.engine.torch_engine.writer import Writer

_LAYER = ("qkv", "out", "up", "down")

Tensors = dict[str, torch.Tensor]


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


def prepare(model: Any, shape: Shape, kernels: Kernels) -> Tensors:
    """The weights of a transformers module as this forward pass wants them.

    Matrices lie as [outputs, inputs]; those that read the same input are one. "0.qkv.full" is
    for reading; "qkv.int8" and its scales are those of all layers, packed for writing.
    """
    state = {name: value.detach() for name, value in model.state_dict().items()}
    tensors: Tensors = {}

    def dense(name: str, weight: torch.Tensor, bias: torch.Tensor | None = None) -> None:
        tensors[f"{name}.full"] = weight.float()
        if bias is not None:
            tensors[f"{name}.bias"] = bias.float()

    if shape.kind == "gpt2":
        _prepare_gpt2(state, shape, tensors, dense)
    else:
        _prepare_llama(state, shape, tensors, dense)
    embed = tensors.pop("embed")
    head = state.get("lm_head.weight", embed)
    dense("head", head)
    if head.data_ptr() != embed.data_ptr():
        tensors["embed"] = embed
    if kernels.int8:
        _add_bytes(tensors, shape)
    if kernels.bf16:
        for name in list(tensors):
            if name.endswith(".full") or name == "embed":
                tensors[name] = tensors[name].to(torch.bfloat16)
    return {name: value.contiguous() for name, value in tensors.items()}


def _add_bytes(tensors: Tensors, shape: Shape) -> None:
    """What `writer.Writer` takes; nothing where a matrix has a shape that it does not."""
    from dungeon.engine.torch_engine import simd, writer

    layers = range(shape.layers)
    stacks = {name: [f"{at}.{name}" for at in layers] for name in _LAYER}
    if not all(
        writer.packable(*tensors[f"{one}.full"].shape) for s in stacks.values() for one in s
    ):
        return
    for name, each in {**stacks, "head": ["head"]}.items():
        weights, scales = [], []
        for one in each:
            full = tensors[f"{one}.full"]
            # The head has as many outputs as there are words: filled up to whole columns.
            full = functional.pad(full, (0, 0, 0, -full.shape[0] % simd.COLUMNS))
            int8, scale = quantize(full)
            weights.append(torch.from_numpy(simd.pack(int8.numpy())))
            scales.append(scale)
        tensors[f"{name}.int8"], tensors[f"{name}.scale"] = (
            torch.stack(weights),
            torch.stack(scales),
        )
        if f"{each[0]}.bias" in tensors:
            tensors[f"{name}.bias"] = torch.stack([tensors[f"{one}.bias"] for one in each])
    tensors["norms"] = torch.stack(
        [
            torch.stack([_both(tensors, f"{at}.{name}") for name in ("norm1", "norm2")])
            for at in layers
        ]
    )
    tensors["norm"] = _both(tensors, "norm")


def _both(tensors: Tensors, name: str) -> torch.Tensor:
    """Weight and bias of a norm; no bias is one of zeros."""
    weight, bias = _norm(tensors, name)
    return torch.stack([weight, torch.zeros_like(weight) if bias is None else bias])


def _prepare_gpt2(state: Tensors, shape: Shape, tensors: Tensors, dense: Any) -> None:
    tensors["embed"] = state["transformer.wte.weight"].float()
    tensors["positions"] = state["transformer.wpe.weight"].float()
    for part in ("weight", "bias"):
        tensors[f"norm.{part}"] = state[f"transformer.ln_f.{part}"].float()
    for at in range(shape.layers):
        old = f"transformer.h.{at}"
        for name, source in (("norm1", "ln_1"), ("norm2", "ln_2")):
            for part in ("weight", "bias"):
                tensors[f"{at}.{name}.{part}"] = state[f"{old}.{source}.{part}"].float()
        for name, source in (
            ("qkv", "attn.c_attn"),
            ("out", "attn.c_proj"),
            ("up", "mlp.c_fc"),
            ("down", "mlp.c_proj"),
        ):
            # transformers' Conv1D keeps its weight the other way round.
            weight = state[f"{old}.{source}.weight"].t()
            dense(f"{at}.{name}", weight, state[f"{old}.{source}.bias"])


def _prepare_llama(state: Tensors, shape: Shape, tensors: Tensors, dense: Any) -> None:
    tensors["embed"] = state["model.embed_tokens.weight"].float()
    tensors["norm.weight"] = state["model.norm.weight"].float()
    for at in range(shape.layers):
        old = f"model.layers.{at}"
        tensors[f"{at}.norm1.weight"] = state[f"{old}.input_layernorm.weight"].float()
        tensors[f"{at}.norm2.weight"] = state[f"{old}.post_attention_layernorm.weight"].float()
        qkv = [state[f"{old}.self_attn.{name}_proj.weight"] for name in "qkv"]
        up = [state[f"{old}.mlp.{name}_proj.weight"] for name in ("gate", "up")]
        dense(f"{at}.qkv", torch.cat(qkv))
        dense(f"{at}.out", state[f"{old}.self_attn.o_proj.weight"])
        dense(f"{at}.up", torch.cat(up))
        dense(f"{at}.down", state[f"{old}.mlp.down_proj.weight"])


class LeanNetwork:
    """The forward pass on prepared weights; a `decode.Network` for the CPU.

    Args:
        shape: Of the model.
        tensors: From `prepare`.
        n_positions: Longest text.
    """

    def __init__(self, shape: Shape, tensors: Tensors, n_positions: int) -> None:
        self._shape = shape
        self._n_positions = n_positions
        self.vocabulary = shape.vocabulary
        self._epsilon = torch.tensor(shape.epsilon)
        # It meets one row at a time, and the embedding needs it as it is.
        self._head = _dense(tensors, "head", pack=False)
        self._positions = tensors.get("positions")
        # Where both are one matrix, it is kept once.
        self._embed = tensors["embed" if "embed" in tensors else "head.full"]
        self._layers = [
            tuple(_dense(tensors, f"{at}.{name}", pack=True) for name in _LAYER)
            for at in range(shape.layers)
        ]
        self._norms = [
            tuple(_norm(tensors, f"{at}.{name}") for name in ("norm1", "norm2"))
            for at in range(shape.layers)
        ]
        self._last_norm = _norm(tensors, "norm")
        rotary = None
        if shape.kind == "llama":
            rotary = self._cos, self._sin = _rotary(shape, n_positions)
        self._writer: Writer | None = None
        if "head.int8" in tensors:
            from dungeon.engine.torch_engine.writer import Writer

            self._writer = Writer(tensors, rotary, shape.heads, shape.epsilon)
        # Its sums are those of a row by itself; torch's products are blocked.
        self.rows_agree = self._writer is not None
        if self._writer is not None:
            # Compiled, or fetched from the disk, now and not at the player's first word.
            self._write(self._writer, torch.zeros(1, 1, dtype=torch.long), self.cache())

    def cache(self) -> KeyValues:
        """See `decode.Network`."""
        shape = self._shape
        return KeyValues(shape.layers, shape.kv_heads, shape.head_size, self._n_positions)

    def forward(self, ids: torch.Tensor, cache: KeyValues, *, writing: bool) -> torch.Tensor:
        """See `decode.Network`."""
        if writing and self._writer is not None:
            return self._write(self._writer, ids, cache)
        rows, size = ids.shape
        past = cache.length
        x = self._embedded(ids, past)
        mask = _mask(past, size)
        cache.reserve(size)
        for at in range(self._shape.layers):
            qkv, out, up, down = self._layers[at]
            norm1, norm2 = self._norms[at]
            q, k, v = self._split(qkv(self._norm(x, norm1)), rows, past, size)
            keys, values = cache.put(at, k, v)
            x += out(self._attend(q, keys, values, mask))
            x += down(self._activate(up(self._norm(x, norm2))))
        cache.length += size
        last = x.view(rows, size, -1)[:, -1]
        return self._head(self._norm(last, self._last_norm))

    def _write(self, writer: Writer, ids: torch.Tensor, cache: KeyValues) -> torch.Tensor:
        """As `forward`, one position of all rows after the other."""
        for at in range(ids.shape[1]):
            logits = writer.write(self._embedded(ids[:, at : at + 1], cache.length), cache)
        return logits[:, : self.vocabulary]

    def _embedded(self, ids: torch.Tensor, past: int) -> torch.Tensor:
        """Embeddings of ids [rows, n] that stand after `past` others, [rows * n, width]."""
        rows, size = ids.shape
        x = self._embed[ids.reshape(-1)].float()
        if self._positions is not None:
            positions = self._positions[past : past + size]
            x += positions if rows == 1 else positions.repeat(rows, 1)
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
        self, qkv: torch.Tensor, rows: int, past: int, size: int
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Queries, keys and values, each [rows, heads, size, head size]."""
        shape = self._shape
        heads = shape.heads + 2 * shape.kv_heads
        by_head = qkv.view(rows, size, heads, shape.head_size).transpose(1, 2)
        v = by_head[:, shape.heads + shape.kv_heads :]
        if shape.kind == "llama":
            turned = by_head[:, : shape.heads + shape.kv_heads]
            cos, sin = self._cos[past : past + size], self._sin[past : past + size]
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


def _norm(tensors: Tensors, name: str) -> tuple[torch.Tensor, torch.Tensor | None]:
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
