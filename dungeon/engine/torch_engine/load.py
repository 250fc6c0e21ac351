"""Models from disk: what is refused, what is checked, and the GGUF that is converted once."""

from __future__ import annotations

import glob
import hashlib
import json
import logging
import os
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from tokenizers import Tokenizer

from dungeon.engine.catalog import Adapter
from dungeon.engine.store import models_dir, seal, sound
from dungeon.engine.torch_engine import adapter, quietly
from dungeon.engine.torch_engine.checks import (
    READ,
    bad,
    check_tokenizer,
    check_weights,
    first_line,
    read_config,
)
from dungeon.engine.torch_engine.forward import Shape, Stages, Tensors, shape_of
from dungeon.engine.torch_engine.kernels import Kernels
from dungeon.engine.torch_engine.prepare import prepare
from dungeon.engine.torch_engine.tokens import Codec

_PREPARED = "4"
"""Version of the prepared weights; a new one makes them anew."""

_UNDERSTOOD = "1"
"""Version of what is kept of a config and a tokenizer."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Opened:
    """All of a model but its weights.

    Attributes:
        path: Its directory.
        name: For messages.
        shape: For `forward.LeanNetwork`; None where that does not cover it.
        codec: Its tokenizer.
        n_positions: Positions it was made for.
        ends: Ids that end a text.
        adapter: What is added to its weights when they are read.
    """

    path: Path
    name: str
    shape: Shape | None
    codec: Codec
    n_positions: int
    ends: frozenset[int]
    adapter: Adapter | None = None


def open_model(path: Path, name: str, taught: Adapter | None = None) -> Opened:
    """A model saved by transformers: config.json, *.safetensors, tokenizer files.

    What transformers makes of its config and its tokenizer is kept, since to import it takes
    longer than all the rest of a start.

    Raises:
        ModelError: Something is missing, damaged, of another kind, or would run code.
    """
    check_weights(path, name, read_config(path, name))
    check_tokenizer(path, name)
    file = models_dir() / "prepared" / f"{name}-{_digest(path)}.json"
    known = _known(file)
    if known is None:
        known = _understood(path, name)
        _keep(known, file)
    codec = Codec(
        Tokenizer.from_str(known["tokenizer"]),
        frozenset(known["special"]),
        tuple(known["prefix"]),
    )
    shape = None if known["shape"] is None else Shape(**known["shape"])
    ends = frozenset(known["ends"])
    return Opened(path, name, shape, codec, known["n_positions"], ends, taught)


def _digest(path: Path) -> str:
    """Of all files of a model but its weights, and of what reads them."""
    digest = hashlib.sha256(f"{_UNDERSTOOD} {metadata.version('transformers')}".encode())
    for file in sorted(path.iterdir()):
        if file.suffix in READ:
            digest.update(f"\n{file.name} {file.stat().st_size}\n".encode())
            digest.update(file.read_bytes())
    return digest.hexdigest()[:32]


def _known(file: Path) -> dict[str, Any] | None:
    if not sound(file):
        return None
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None


def _keep(known: dict[str, Any], file: Path) -> None:
    draft = file.with_name(f"{file.name}.{os.getpid()}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text(json.dumps(known), encoding="utf-8")
        seal(draft, file)
    except OSError as error:
        log.warning("the tokenizer is not kept: %s", error)
        draft.unlink(missing_ok=True)


def _understood(path: Path, name: str) -> dict[str, Any]:
    """What transformers makes of the files, in words of JSON."""
    with quietly.quiet():
        transformers = quietly.transformers()
        try:
            config = transformers.AutoConfig.from_pretrained(str(path), local_files_only=True)
            n_positions = int(config.max_position_embeddings)
            shape = shape_of(config)
        except Exception as error:
            log.warning("reading the config of %s failed", path, exc_info=True)
            raise bad(name, f"its config.json: {first_line(error)}") from error
        try:
            tokenizer = _tokenizer(path)
            backend = tokenizer.backend_tokenizer
            size = backend.get_vocab_size(with_added_tokens=True)
        except Exception as error:
            log.warning("loading the tokenizer of %s failed", path, exc_info=True)
            raise bad(name, f"its tokenizer: {first_line(error)}") from error
    if not 1 < size <= config.vocab_size:
        raise bad(name, f"its tokenizer has {size} tokens and the model {config.vocab_size}")
    added = tokenizer.added_tokens_decoder
    special = {id for id, token in added.items() if token.special} | set(tokenizer.all_special_ids)
    prefix = [id for id in tokenizer.encode("") if id == tokenizer.bos_token_id]
    return {
        "shape": None if shape is None else asdict(shape),
        "n_positions": n_positions,
        "tokenizer": backend.to_str(),
        "special": sorted(special),
        "prefix": prefix,
        "ends": sorted(_ends(path, config)),
    }


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
                # It is refused below, in words that say which.
                ignore_mismatched_sizes=True,
                output_loading_info=True,
            )
        except MemoryError:
            raise
        except Exception as error:
            log.warning("loading %s failed", opened.path, exc_info=True)
            raise bad(opened.name, first_line(error)) from error
    lacking = sorted(report.get("missing_keys") or ()) + sorted(
        key if isinstance(key, str) else str(key[0]) for key in report.get("mismatched_keys") or ()
    )
    if lacking:
        raise bad(opened.name, f"its weights do not fit its config.json ({lacking[0]})")
    if opened.adapter is not None:
        for one in opened.adapter.chain():
            adapter.add(model, one, opened.name)
    return model.eval().requires_grad_(False)


def prepared(opened: Opened, shape: Shape, kernels: Kernels, digest: str) -> Stages:
    """The weights for `forward.LeanNetwork`, made once and kept on disk.

    They come from the files the first time too, so that every start computes with the same
    memory layout. Where they cannot be kept they are made at every start.

    Args:
        digest: Of the weights' file, and of what is added to them.

    Raises:
        ModelError: The weights are damaged or do not fit the config.
    """
    config = (opened.path / "config.json").read_bytes()
    key = hashlib.sha256(f"{_PREPARED} {digest}".encode() + config).hexdigest()[:32]
    kind = f"{'int8' if kernels.int8 else 'fp32'}-{'bf16' if kernels.bf16 else 'fp32'}"
    folder = models_dir() / "prepared"
    files = [folder / f"{opened.name}-{key}-{kind}-{use}.safetensors" for use in ("write", "read")]
    if not all(sound(file) for file in files):
        stages = prepare(load_weights(opened), shape, kernels)
        if not all(_save(stage, file) for stage, file in zip(stages, files, strict=True)):
            return iter(stages)
        # The key in full: "gpt2-*" would be "gpt2-medium" too.
        versions = f"{glob.escape(opened.name)}-{'[0-9a-f]' * 32}-{kind}*.safetensors*"
        for old in folder.glob(versions):
            # Of another version of the game or of the model: hundreds of megabytes.
            if key not in old.name:
                old.unlink(missing_ok=True)
    return (_mapped(file) for file in files)


def _save(tensors: Tensors, file: Path) -> bool:
    from safetensors.torch import save_file

    draft = file.with_name(f"{file.name}.{os.getpid()}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        save_file(tensors, str(draft))
        seal(draft, file)
    except (OSError, SafetensorError) as error:
        log.warning("the prepared weights are not kept: %s", error)
        draft.unlink(missing_ok=True)
        return False
    return True


def _mapped(file: Path) -> Tensors:
    from safetensors.torch import load_file

    return dict(load_file(str(file)))


def _tokenizer(path: Path) -> Any:
    transformers = quietly.transformers()
    if (path / "tokenizer.json").is_file():
        return transformers.AutoTokenizer.from_pretrained(
            str(path), local_files_only=True, trust_remote_code=False, use_fast=True
        )
    return transformers.GPT2Tokenizer.from_pretrained(str(path), local_files_only=True)


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
            raise bad(gguf.stem, first_line(error)) from error
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
