"""What a model was taught: added to its weights, or refused."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from dungeon.engine.base import CancelToken, GenerationRequest, PromptPart, Sampling
from dungeon.engine.catalog import Adapter, Entry, resolve
from dungeon.engine.store import Installed, file_digest, verify
from dungeon.engine.torch_engine import TorchEngine
from dungeon.errors import ModelError

RANK, ALPHA = 2, 6
TAUGHT = "model.layers.1.mlp.down_proj"


def _adapter(directory: Path, model: Path, *, outputs: int | None = None) -> Adapter:
    """An adapter of one random pair, in peft's layout."""
    weight = load_file(model / "model.safetensors")[f"{TAUGHT}.weight"]
    lots = torch.Generator().manual_seed(1)
    pair = {
        "lora_A": torch.randn(RANK, weight.shape[1], generator=lots),
        "lora_B": torch.randn(outputs or weight.shape[0], RANK, generator=lots),
    }
    directory.mkdir()
    (directory / "adapter_config.json").write_text(json.dumps({"r": RANK, "lora_alpha": ALPHA}))
    file = directory / "adapter_model.safetensors"
    save_file({f"base_model.model.{TAUGHT}.{name}.weight": w for name, w in pair.items()}, file)
    return Adapter(directory, file_digest(file))


class _Engine(TorchEngine):
    """Loads the entry that it is given."""

    def __init__(self, entry: Entry, path: Path) -> None:
        super().__init__(path, device="cpu")
        self._installed = Installed(entry, path)

    def _find(self) -> Installed:
        return self._installed


def _told(entry: Entry, path: Path) -> str:
    engine = _Engine(entry, path)
    engine.load(lambda line: None)
    request = GenerationRequest(
        (PromptPart("You open the old door"),), 24, Sampling(temperature=0.0), seed=1
    )
    return engine.generate(request, CancelToken(), lambda text: None).text


def test_it_tells_what_the_same_weights_in_one_file_tell(llama_dir: Path, tmp_path: Path) -> None:
    adapter = _adapter(tmp_path / "adapter", llama_dir)
    merged = Path(shutil.copytree(llama_dir, tmp_path / "merged"))
    state, pair = load_file(merged / "model.safetensors"), load_file(adapter.weights)
    a, b = (pair[f"base_model.model.{TAUGHT}.lora_{part}.weight"] for part in "AB")
    state[f"{TAUGHT}.weight"] += ALPHA / RANK * b @ a
    save_file(state, merged / "model.safetensors", metadata={"format": "pt"})
    plain = resolve(llama_dir)
    taught = _told(replace(plain, adapter=adapter), llama_dir)
    assert taught == _told(resolve(merged), merged)
    assert taught != _told(plain, llama_dir)


def test_one_that_does_not_fit_or_cannot_be_read_is_refused(
    llama_dir: Path, tmp_path: Path
) -> None:
    wide = _adapter(tmp_path / "wide", llama_dir, outputs=7)
    with pytest.raises(ModelError, match="does not fit its weights"):
        _told(replace(resolve(llama_dir), adapter=wide), llama_dir)
    (wide.directory / "adapter_config.json").write_text("{}")
    with pytest.raises(ModelError, match="what it was taught"):
        _told(replace(resolve(llama_dir), adapter=wide), llama_dir)


def test_accept_24_a_flipped_byte_of_it_is_found(llama_dir: Path, tmp_path: Path) -> None:
    adapter = _adapter(tmp_path / "adapter", llama_dir)
    model = Installed(replace(resolve(llama_dir), adapter=adapter), llama_dir)
    assert verify(model) != verify(Installed(resolve(llama_dir), llama_dir))
    content = bytearray(adapter.weights.read_bytes())
    content[-1] ^= 1
    adapter.weights.write_bytes(content)
    with pytest.raises(ModelError, match="what it was taught is not as it ships"):
        verify(model)
