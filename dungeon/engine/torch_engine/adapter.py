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
from dungeon.engine.torch_engine.checks import bad, first_line

_BEFORE, _A, _B = "base_model.model.", ".lora_A.weight", ".lora_B.weight"

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
    for key, a in pairs.items():
        if not key.endswith(_A):
            continue
        of = key.removeprefix(_BEFORE).removesuffix(_A) + ".weight"
        weight, b = weights.get(of), pairs.get(key.removesuffix(_A) + _B)
        if weight is None or b is None or weight.shape != (b.shape[0], a.shape[1]):
            raise bad(name, f"what it was taught does not fit its weights ({of})")
        with torch.no_grad():
            weight += scale * (b.float() @ a.float())


def _scale(config: Path) -> float:
    content = json.loads(config.read_text(encoding="utf-8"))
    return float(content["lora_alpha"]) / float(content["r"])
