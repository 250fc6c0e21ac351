"""transformers' weights, laid out as `forward` and `writer` want them."""

from __future__ import annotations

from typing import Any

import torch
from torch.nn import functional

from dungeon.engine.torch_engine.forward import LAYER, Shape, Tensors, norm
from dungeon.engine.torch_engine.kernels import Kernels
from dungeon.engine.torch_engine.quantize import quantize


def prepare(model: Any, shape: Shape, kernels: Kernels) -> tuple[Tensors, Tensors]:
    """The weights of a transformers module as this forward pass wants them.

    Matrices lie as [outputs, inputs]; those that read the same input are one.

    Returns:
        Those for writing, "qkv.int8" and its scales being of all layers and packed (nothing
        where they are of no use here); those for reading, "0.qkv.full" and so on.
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
    small = _in_bytes(tensors, shape) if kernels.int8 else {}
    if kernels.bf16:
        for name in list(tensors):
            if name.endswith(".full") or name == "embed":
                tensors[name] = tensors[name].to(torch.bfloat16)
    return small, {name: value.contiguous() for name, value in tensors.items()}


def _in_bytes(tensors: Tensors, shape: Shape) -> Tensors:
    """What `writer.Writer` takes; nothing where a matrix has a shape that it does not."""
    from dungeon.engine.torch_engine import simd, writer

    layers = range(shape.layers)
    stacks = {name: [f"{at}.{name}" for at in layers] for name in LAYER}
    if not all(
        writer.packable(*tensors[f"{one}.full"].shape) for s in stacks.values() for one in s
    ):
        return {}
    small: Tensors = {}
    for name, each in {**stacks, "head": ["head"]}.items():
        weights, scales = [], []
        for one in each:
            full = tensors[f"{one}.full"]
            # The head has as many outputs as there are words: filled up to whole columns.
            full = functional.pad(full, (0, 0, 0, -full.shape[0] % simd.COLUMNS))
            int8, scale = quantize(full)
            weights.append(torch.from_numpy(simd.pack(int8.numpy())))
            scales.append(scale)
        small[f"{name}.int8"], small[f"{name}.scale"] = (
            torch.stack(weights),
            torch.stack(scales),
        )
        if f"{each[0]}.bias" in tensors:
            small[f"{name}.bias"] = torch.stack([tensors[f"{one}.bias"] for one in each])
    small["norms"] = torch.stack(
        [
            torch.stack([_both(tensors, f"{at}.{name}") for name in ("norm1", "norm2")])
            for at in layers
        ]
    )
    small["norm"] = _both(tensors, "norm")
    return small


def _both(tensors: Tensors, name: str) -> torch.Tensor:
    """Weight and bias of a norm; no bias is one of zeros."""
    weight, bias = norm(tensors, name)
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
