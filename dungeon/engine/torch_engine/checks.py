"""What is looked at before a model is opened: nothing that runs code, nothing that is no model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from safetensors import SafetensorError

from dungeon.engine.catalog import CATALOG
from dungeon.errors import ModelError
from dungeon.files import read_ordinary
from dungeon.text import shorten

SUPPORTED = ("gpt2", "llama")
"""Values of `model_type` that are run; what others would need is not tested here."""

MAX_BYTES = 64 * 1024 * 1024
"""Largest file of a model beside its weights; tokenizers have some 20 MB at most."""

MAX_CONFIG_BYTES = 8 * 1024 * 1024
"""Largest config; one has a few KiB, that of a tokenizer with many added tokens a megabyte."""

READ = (".json", ".txt", ".jinja", ".model")
"""Endings of the files of a model that are read besides its weights."""

_MOST = {"layers": 512, "width": 32768, "vocabulary": 1_000_000, "positions": 1_048_576}


def bad(name: str, why: str) -> ModelError:
    """A model that cannot be loaded, and the way out."""
    again = f"Fetch it again: dungeon models pull {name}"
    if name not in CATALOG:
        again = "Copy its directory again from where it came, or choose another model."
    return ModelError(f"The model {name} cannot be loaded: {why}.", again)


def first_line(error: Exception) -> str:
    """Of an error's text, for a sentence of ours."""
    text = str(error).strip() or type(error).__name__
    return shorten(text.split("\n")[0], 200).rstrip(".")


def read_config(path: Path, name: str) -> dict[str, Any]:
    """config.json of a model in the directory `path`.

    Raises:
        ModelError: It is none, is of a kind that is not run here, or names code.
    """
    configs = {}
    for file_name in ("config.json", "tokenizer_config.json"):
        file = path / file_name
        if file_name == "config.json" or file.is_file():
            try:
                content = json.loads(read_ordinary(file, MAX_CONFIG_BYTES))
            except (OSError, ValueError, RecursionError) as error:
                raise bad(name, f"{file_name} cannot be read") from error
            if not isinstance(content, dict):
                raise bad(name, f"{file_name} is not an object")
            if "auto_map" in content:
                raise ModelError(
                    f"The model {name} wants to run code of its own, which is never allowed.",
                    "Choose a model that transformers knows without such code.",
                )
            configs[file_name] = content
    config: dict[str, Any] = configs["config.json"]
    kind = config.get("model_type")
    if kind not in SUPPORTED:
        raise ModelError(
            f"The model {name} is of type {shorten(repr(kind), 40)}, which is not run here.",
            f"Choose one of type {' or '.join(SUPPORTED)}, or a server that runs it.",
        )
    return config


def check_weights(path: Path, name: str, config: dict[str, Any]) -> None:
    """Refuse a directory without sound safetensors, or with too few for its config.

    Raises:
        ModelError: It is one.
    """
    from safetensors import safe_open

    files = sorted(path.glob("*.safetensors"))
    if not files:
        pickles = [*path.glob("*.bin"), *path.glob("*.pt"), *path.glob("*.pth")]
        if pickles:
            raise ModelError(
                f"The model {name} is a pickle ({pickles[0].name}), which could run any code.",
                "Use its *.safetensors, or save it again with safe_serialization.",
            )
        raise bad(name, "there is no *.safetensors in its directory")
    size = 0
    for file in files:
        try:
            with safe_open(str(file), framework="np") as tensors:
                tensors.keys()
        except (SafetensorError, OSError) as error:
            raise bad(name, f"{file.name} is damaged or no safetensors file") from error
        size += file.stat().st_size
    _check_size(name, config, size)


def _check_size(name: str, config: dict[str, Any], size: int) -> None:
    """A config that promises more than the file holds must not fill the memory first."""
    layers = _whole(name, config, "layers", "num_hidden_layers", "n_layer")
    width = _whole(name, config, "width", "hidden_size", "n_embd")
    vocabulary = _whole(name, config, "vocabulary", "vocab_size")
    _whole(name, config, "positions", "max_position_embeddings", "n_positions")
    # Of every layer at least the query and output matrices; a byte a weight at least.
    if layers * 2 * width * width + vocabulary * width > size:
        raise bad(name, "its config.json promises more weights than its files hold")


def _whole(name: str, config: dict[str, Any], what: str, *keys: str) -> int:
    value = next((config[key] for key in keys if key in config), None)
    if value is None:
        # transformers has a default for it, which the check of the shapes will meet.
        return 1
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= _MOST[what]:
        raise bad(name, f"{keys[0]} in its config.json is {shorten(repr(value), 40)}")
    return value


def check_tokenizer(path: Path, name: str) -> None:
    """Refuse a directory without a tokenizer, or with something else in a file's place.

    Raises:
        ModelError: It is one.
    """
    for file in sorted(path.iterdir()):
        if file.suffix in READ and not (file.is_file() and file.stat().st_size <= MAX_BYTES):
            raise bad(name, f"{shorten(file.name, 60)} is no ordinary file, or far too large")
    if not any((path / file).is_file() for file in ("tokenizer.json", "vocab.json")):
        raise ModelError(
            f"The model {name} has no tokenizer: neither tokenizer.json nor vocab.json and "
            "merges.txt are in its directory.",
            "Save the tokenizer there too: tokenizer.save_pretrained(directory).",
        )
