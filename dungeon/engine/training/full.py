"""Teaching all weights of a model, and writing it as transformers would."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from dungeon.engine.store import MANIFEST
from dungeon.engine.torch_engine.checks import READ
from dungeon.engine.trained import RECORD
from dungeon.engine.training.loop import PLAN
from dungeon.files import write_whole

WEIGHTS = "model.safetensors"

_OF_ITS_OWN = ("config.json", MANIFEST, RECORD, PLAN)
"""What is not taken over from the folder of the base."""


class Full:
    """Teaches every weight."""

    kept_as = "weights"

    def begin(self, model: Any) -> Any:
        """See `loop.Method`."""
        return model.requires_grad_(True)

    def state(self, module: Any) -> dict[str, torch.Tensor]:
        """See `loop.Method`; a matrix that is used twice is there once."""
        return {name: weight.detach() for name, weight in module.named_parameters()}

    def restore(self, module: Any, state: dict[str, torch.Tensor]) -> None:
        """See `loop.Method`."""
        with torch.no_grad():
            for name, weight in module.named_parameters():
                weight.copy_(state[name])

    def write(self, out: Path, module: Any, base: Path) -> None:
        """Write the model to `out`, float32.

        Args:
            out: A folder.
            module: From `begin`, taught.
            base: Folder of what was taught, for its config and its tokenizer.
        """
        for file in sorted(base.iterdir()):
            if file.suffix in READ and file.name not in _OF_ITS_OWN:
                shutil.copyfile(file, out / file.name)
        config = json.loads((base / "config.json").read_text(encoding="utf-8"))
        config.pop("torch_dtype", None)
        config["dtype"] = "float32"
        write_whole(out / "config.json", json.dumps(config, indent=1) + "\n")
        draft = out / f"{WEIGHTS}.draft"
        weights = {name: value.contiguous() for name, value in self.state(module).items()}
        save_file(weights, draft, metadata={"format": "pt"})
        draft.replace(out / WEIGHTS)
