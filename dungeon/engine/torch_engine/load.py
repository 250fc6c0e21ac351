"""Models from disk: what is refused, what is checked, and the GGUF that is converted once."""

from __future__ import annotations

import hashlib
import json
import logging
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError

from dungeon.engine.store import models_dir, seal, sound
from dungeon.engine.torch_engine import quietly
from dungeon.engine.torch_engine.forward import Shape, Tensors, prepare
from dungeon.engine.torch_engine.quantize import Kernels
from dungeon.engine.torch_engine.tokens import Codec
from dungeon.errors import ModelError

SUPPORTED = ("gpt2", "llama")
"""Values of `model_type` that are run; what others would need is not tested here."""

_PREPARED = "2"
"""Version of the prepared weights; a new one makes them anew."""

_MOST = {"layers": 512, "width": 32768, "vocabulary": 1_000_000, "positions": 1_048_576}
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Opened:
    """All of a model but its weights.

    Attributes:
        path: Its directory.
        name: For messages.
        config: As transformers has it.
        codec: Its tokenizer.
        n_positions: Positions it was made for.
        ends: Ids that end a text.
    """

    path: Path
    name: str
    config: Any
    codec: Codec
    n_positions: int
    ends: frozenset[int]


def open_model(path: Path, name: str) -> Opened:
    """A model saved by transformers: config.json, *.safetensors, tokenizer files.

    Raises:
        ModelError: Something is missing, damaged, of another kind, or would run code.
    """
    _check_weights(path, name, _read_config(path, name))
    if not any((path / file).is_file() for file in ("tokenizer.json", "vocab.json")):
        raise ModelError(
            f"The model {name} has no tokenizer: neither tokenizer.json nor vocab.json and "
            "merges.txt are in its directory.",
            "Save the tokenizer there too: tokenizer.save_pretrained(directory).",
        )
    with quietly.quiet():
        transformers = quietly.transformers()
        try:
            config = transformers.AutoConfig.from_pretrained(str(path), local_files_only=True)
            n_positions = int(config.max_position_embeddings)
        except Exception as error:
            log.warning("reading the config of %s failed", path, exc_info=True)
            raise _bad(name, f"its config.json: {_first_line(error)}") from error
        try:
            codec = _codec(_tokenizer(path))
        except Exception as error:
            log.warning("loading the tokenizer of %s failed", path, exc_info=True)
            raise _bad(name, f"its tokenizer: {_first_line(error)}") from error
    if not 1 < codec.size <= config.vocab_size:
        raise _bad(name, f"its tokenizer has {codec.size} tokens and the model {config.vocab_size}")
    return Opened(path, name, config, codec, n_positions, _ends(path, config))


def load_weights(opened: Opened) -> Any:
    """transformers' module of an opened model, float32, in evaluation mode.

    Raises:
        ModelError: The weights are damaged or do not fit the config.
    """
    with quietly.quiet():
        transformers = quietly.transformers()
        try:
            model, report = transformers.AutoModelForCausalLM.from_pretrained(
                str(opened.path),
                local_files_only=True,
                trust_remote_code=False,
                use_safetensors=True,
                dtype=torch.float32,
                attn_implementation="sdpa",
                output_loading_info=True,
            )
        except MemoryError:
            raise
        except Exception as error:
            log.warning("loading %s failed", opened.path, exc_info=True)
            raise _bad(opened.name, _first_line(error)) from error
    lacking = sorted(report.get("missing_keys") or ()) + sorted(
        str(key) for key in report.get("mismatched_keys") or ()
    )
    if lacking:
        raise _bad(opened.name, f"its weights do not fit its config.json ({lacking[0]})")
    return model.eval().requires_grad_(False)


def prepared(opened: Opened, shape: Shape, kernels: Kernels, digest: str) -> Tensors:
    """The weights for `forward.LeanNetwork`, made once and kept on disk.

    They come from the file the first time too, so that every start computes with the same
    memory layout. Where they cannot be kept they are made at every start.

    Args:
        digest: SHA-256 of the weights' file.

    Raises:
        ModelError: The weights are damaged or do not fit the config.
    """
    from safetensors.torch import load_file, save_file

    config = (opened.path / "config.json").read_bytes()
    key = hashlib.sha256(f"{_PREPARED} {digest}".encode() + config).hexdigest()[:32]
    kind = f"{'int8' if kernels.int8 else 'fp32'}-{'bf16' if kernels.bf16 else 'fp32'}"
    file = models_dir() / "prepared" / f"{opened.name}-{key}-{kind}.safetensors"
    if not sound(file):
        tensors = prepare(load_weights(opened), shape, kernels)
        draft = file.with_name(f"{file.name}.{os.getpid()}")
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            save_file(tensors, str(draft))
            seal(draft, file)
        except (OSError, SafetensorError) as error:
            log.warning("the prepared weights are not kept: %s", error)
            draft.unlink(missing_ok=True)
            return tensors
    return dict(load_file(str(file)))


def _bad(name: str, why: str) -> ModelError:
    return ModelError(
        f"The model {name} cannot be loaded: {why}.",
        f"Fetch it again (dungeon models pull {name}), or choose another.",
    )


def _first_line(error: Exception) -> str:
    text = str(error).strip() or type(error).__name__
    return text.split("\n")[0].rstrip(".")[:200]


def _read_config(path: Path, name: str) -> dict[str, Any]:
    configs = {}
    for file_name in ("config.json", "tokenizer_config.json"):
        file = path / file_name
        if file_name == "config.json" or file.is_file():
            try:
                content = json.loads(file.read_text(encoding="utf-8"))
            except (OSError, ValueError, RecursionError) as error:
                raise _bad(name, f"{file_name} cannot be read") from error
            if not isinstance(content, dict):
                raise _bad(name, f"{file_name} is not an object")
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
            f"The model {name} is of type {kind!r}, which this engine does not run.",
            f"Choose one of type {' or '.join(SUPPORTED)}, or a server that runs it.",
        )
    return config


def _check_weights(path: Path, name: str, config: dict[str, Any]) -> None:
    from safetensors import safe_open

    files = sorted(path.glob("*.safetensors"))
    if not files:
        pickles = [*path.glob("*.bin"), *path.glob("*.pt"), *path.glob("*.pth")]
        if pickles:
            raise ModelError(
                f"The model {name} is a pickle ({pickles[0].name}), which could run any code.",
                "Use its *.safetensors, or save it again with safe_serialization.",
            )
        raise _bad(name, "there is no *.safetensors in its directory")
    size = 0
    for file in files:
        try:
            with safe_open(str(file), framework="pt") as tensors:
                tensors.keys()
        except (SafetensorError, OSError) as error:
            raise _bad(name, f"{file.name} is damaged or no safetensors file") from error
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
        raise _bad(name, "its config.json promises more weights than its files hold")


def _whole(name: str, config: dict[str, Any], what: str, *keys: str) -> int:
    value = next((config[key] for key in keys if key in config), None)
    if value is None:
        # transformers has a default for it, which the check of the shapes will meet.
        return 1
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= _MOST[what]:
        raise _bad(name, f"{keys[0]} in its config.json is {str(value)[:40]}")
    return value


def _tokenizer(path: Path) -> Any:
    transformers = quietly.transformers()
    if (path / "tokenizer.json").is_file():
        return transformers.AutoTokenizer.from_pretrained(
            str(path), local_files_only=True, trust_remote_code=False, use_fast=True
        )
    return transformers.GPT2Tokenizer.from_pretrained(str(path), local_files_only=True)


def _codec(tokenizer: Any) -> Codec:
    added = tokenizer.added_tokens_decoder
    special = {id for id, token in added.items() if token.special} | set(tokenizer.all_special_ids)
    start = tuple(
        id for id in tokenizer.encode("", add_special_tokens=True) if id == tokenizer.bos_token_id
    )
    return Codec(tokenizer.backend_tokenizer, frozenset(special), start)


def _ends(path: Path, config: Any) -> frozenset[int]:
    values = [config.eos_token_id]
    try:
        generation = json.loads((path / "generation_config.json").read_text(encoding="utf-8"))
        values.append(generation.get("eos_token_id"))
    except (OSError, ValueError, AttributeError):
        log.debug("%s has no generation_config.json", path)
    found: set[int] = set()
    for value in values:
        found.update(id for id in (value if isinstance(value, list) else [value]) if id is not None)
    return frozenset(found)


# -- conversion --------------------------------------------------------------------------------


def convert_gguf(gguf: Path, out: Path) -> None:
    """Write a GGUF model as config.json, model.safetensors (float16) and tokenizer files.

    transformers reads GGUF slowly (about 20 s here) and cannot save such a model itself;
    its state dict can be saved. The weights come from 4 and 8 bits, so float16 holds them.

    Raises:
        ModelError: The file is not a model that can be read.
    """
    from safetensors.torch import save_file

    with quietly.quiet():
        transformers = quietly.transformers()
        where = {"gguf_file": gguf.name, "local_files_only": True}
        try:
            tokenizer = transformers.AutoTokenizer.from_pretrained(str(gguf.parent), **where)
            model = transformers.AutoModelForCausalLM.from_pretrained(
                str(gguf.parent), dtype=torch.float32, **where
            )
        except Exception as error:
            log.warning("reading %s failed", gguf, exc_info=True)
            raise _bad(gguf.stem, _first_line(error)) from error
        tokenizer.save_pretrained(str(out))
        config = model.config.to_dict()
    for key in ("quantization_config", "_name_or_path", "_model_name_or_path"):
        config.pop(key, None)
    config["architectures"] = [type(model).__name__]
    config["dtype"] = "float16"
    (out / "config.json").write_text(json.dumps(config, indent=1, default=str) + "\n")
    state = model.state_dict()
    if getattr(model.config, "tie_word_embeddings", False):
        state.pop("lm_head.weight", None)
    tensors = {key: value.to(torch.float16).contiguous().clone() for key, value in state.items()}
    save_file(tensors, str(out / "model.safetensors"), metadata={"format": "pt"})
