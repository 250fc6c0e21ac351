"""Low-rank adaptation (Hu et al. 2021, arXiv:2106.09685) by peft, written in peft's layout."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from peft import (
    LoraConfig,
    get_peft_model,
    get_peft_model_state_dict,
    set_peft_model_state_dict,
)
from safetensors.torch import save_file

from dungeon.engine.torch_engine.quietly import quiet
from dungeon.engine.training.loop import Plan
from dungeon.files import write_whole

LAYERS = {
    "llama": ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"),
    "gpt2": ("c_attn", "c_proj", "c_fc"),
}
"""Every matrix of a block, by kind of model."""

WEIGHTS = "adapter_model.safetensors"


class Lora:
    """Teaches an adapter; the model's own weights stay.

    Args:
        kind: "llama" or "gpt2".
        plan: Its rank and alpha are the adapter's.
    """

    kept_as = "adapter"

    def __init__(self, kind: str, plan: Plan) -> None:
        self._kind, self._plan = kind, plan

    def begin(self, model: Any) -> Any:
        """See `loop.Method`: peft puts its layers in, with first weights by the plan's seed."""
        torch.manual_seed(self._plan.seed)
        config = LoraConfig(
            r=self._plan.rank,
            lora_alpha=self._plan.alpha,
            target_modules=list(LAYERS[self._kind]),
            # GPT-2's Conv1D keeps its weights as [inputs, outputs].
            fan_in_fan_out=self._kind == "gpt2",
            task_type="CAUSAL_LM",
        )
        with quiet():
            # It asks transformers for what the latter says will go.
            return get_peft_model(model, config)

    def state(self, module: Any) -> dict[str, torch.Tensor]:
        """See `loop.Method`."""
        return get_peft_model_state_dict(module)

    def restore(self, module: Any, state: dict[str, torch.Tensor]) -> None:
        """See `loop.Method`."""
        set_peft_model_state_dict(module, state)

    def write(self, out: Path, module: Any, base: str, strength: float = 1.0) -> None:
        """Write the adapter to `out`, in bfloat16.

        Args:
            out: A folder.
            module: From `begin`, taught.
            base: Name of what was taught.
            strength: Of what it adds: between 0, the model as it was, and 1, as it was taught
                (Wortsman et al. 2022, arXiv:2109.01903, for whole weights).
        """
        half = {
            # What is added is the product of the two matrices: one of them is made smaller.
            name: (weight.detach() * (strength if "lora_B" in name else 1.0))
            .to(torch.bfloat16)
            .contiguous()
            for name, weight in self.state(module).items()
        }
        # peft's own file would name the folder in which the base model lay.
        config: dict[str, object] = {
            "peft_type": "LORA",
            "task_type": "CAUSAL_LM",
            "base_model_name_or_path": base,
            "r": self._plan.rank,
            "lora_alpha": self._plan.alpha,
            "target_modules": sorted(LAYERS[self._kind]),
            "bias": "none",
        }
        if self._kind == "gpt2":
            config["fan_in_fan_out"] = True
        write_whole(out / "adapter_config.json", json.dumps(config, indent=1) + "\n")
        draft = out / f"{WEIGHTS}.draft"
        save_file(half, draft, metadata={"format": "pt"})
        draft.replace(out / WEIGHTS)
