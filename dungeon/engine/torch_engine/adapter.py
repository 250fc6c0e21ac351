"""What a model was taught, added to its weights when they are read.

An adapter is a pair of small matrices for each large one, W + (alpha / r) B A (LoRA, Hu et al.
2021, arXiv:2106.09685), in the layout of peft. Added once, it costs nothing afterwards.
"""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from dungeon.engine.catalog import Adapter
from dungeon.engine.torch_engine.checks import MAX_CONFIG_BYTES, bad, first_line
from dungeon.files import read_ordinary

_BEFORE, _A, _B = "base_model.model.", ".lora_A.weight", ".lora_B.weight"

_NOT_UNDERSTOOD = (
    "use_dora",
    "use_rslora",
    "alpha_pattern",
    "rank_pattern",
    "modules_to_save",
    "trainable_token_indices",
)
"""Fields of peft's config that mean other arithmetic than the above where they are set."""

log = logging.getLogger(__name__)


def add(model: Any, adapter: Adapter, name: str) -> None:
    """Add an adapter's matrices to those of `model`, in place.

    Args:
        model: transformers' module.
        adapter: See there; its digest is checked elsewhere.
        name: Of the model, for messages.

    Raises:
        ModelError: The adapter is damaged, or was made for another model.
    """
    try:
        scale = _scale(adapter.directory / "adapter_config.json")
        pairs = load_file(str(adapter.weights))
    except (OSError, ValueError, KeyError, TypeError, ZeroDivisionError, SafetensorError) as error:
        log.warning("reading the adapter %s failed", adapter.directory, exc_info=True)
        raise bad(name, f"what it was taught: {first_line(error)}") from error
    weights = dict(model.named_parameters())
    for key in pairs:
        stem = key.removesuffix(_A).removesuffix(_B)
        of = stem.removeprefix(_BEFORE)
        weight = weights.get(f"{of}.weight")
        a, b = pairs.get(stem + _A), pairs.get(stem + _B)
        if weight is None or a is None or b is None or a.dim() != 2 or b.dim() != 2:
            raise bad(name, f"what it was taught does not fit its weights ({of})")
        if not key.endswith(_A):
            continue
        # GPT-2's Conv1D keeps its weight as [inputs, outputs], and a square one does not show it.
        turned = type(model.get_submodule(of)).__name__ == "Conv1D"
        kept = weight.t() if turned else weight
        if a.shape[0] != b.shape[1] or kept.shape != (b.shape[0], a.shape[1]):
            raise bad(name, f"what it was taught does not fit its weights ({of})")
        more = scale * (b.float() @ a.float())
        if not torch.isfinite(more).all():
            raise bad(name, f"what it was taught holds what is no number ({of})")
        with torch.no_grad():
            kept += more


def _scale(config: Path) -> float:
    content = json.loads(read_ordinary(config, MAX_CONFIG_BYTES))
    for field in _NOT_UNDERSTOOD:
        if content.get(field):
            raise ValueError(f"its {field} is not understood here")
    return float(content["lora_alpha"]) / float(content["r"])
