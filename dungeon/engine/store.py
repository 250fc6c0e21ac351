"""The models on this machine: where they lie, and whether they are what was fetched.

Three kinds of directory are known: the engine's own form (with a manifest of digests), a
snapshot in the Hugging Face cache (its blobs are named by their SHA-256), and a plain
directory, of which only the shape can be checked. Digests are computed once and remembered
together with size and time of the file.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from dungeon.engine.catalog import EMBEDDED, PREFERRED, Adapter, Entry, resolve
from dungeon.engine.places import models_dir as models_dir
from dungeon.errors import ModelError
from dungeon.files import typed_path

MANIFEST = "manifest.json"
FORMAT = 1
"""Version of the engine's own form of a model."""

log = logging.getLogger(__name__)
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Installed:
    """A model on this machine.

    Attributes:
        entry: Its catalogue entry.
        path: Directory with config.json, *.safetensors and the tokenizer.
    """

    entry: Entry
    path: Path


def installed(name_or_dir: str | Path) -> Installed | None:
    """The model if it is on this machine; the hub is not asked.

    Raises:
        ModelError: There is no such model in the catalogue, nor such a directory.
    """
    entry = resolve(name_or_dir)
    if entry.directory is not None:
        return Installed(entry, entry.directory)
    own = models_dir() / entry.folder
    if (own / MANIFEST).is_file():
        return Installed(entry, own)
    for hub_id in entry.hub_ids:
        path = _snapshot(hub_id)
        if path is not None:
            return Installed(entry, path)
    return None


def at_hand() -> str | None:
    """The model that `auto` takes: GPT-2 where it is on the machine, else the embedded one."""
    for name in (PREFERRED, EMBEDDED):
        if installed(name) is not None:
            return name
    return None


def hub_cache() -> Path:
    """The Hugging Face hub's cache, found as huggingface_hub itself finds it."""
    environ = os.environ
    if named := environ.get("HF_HUB_CACHE") or environ.get("HUGGINGFACE_HUB_CACHE"):
        return typed_path(named)
    home = environ.get("HF_HOME")
    if not home:
        home = os.path.join(environ.get("XDG_CACHE_HOME") or "~/.cache", "huggingface")
    return typed_path(home) / "hub"


def _snapshot(hub_id: str) -> Path | None:
    folder = hub_cache() / ("models--" + hub_id.replace("/", "--"))
    try:
        revision = (folder / "refs" / "main").read_text().strip()
    except OSError:
        return None
    path = folder / "snapshots" / revision
    has_tokenizer = (path / "tokenizer.json").is_file() or (path / "vocab.json").is_file()
    if has_tokenizer and (path / "config.json").is_file() and any(path.glob("*.safetensors")):
        return path
    return None


# -- digests ---------------------------------------------------------------------------------


def file_digest(path: Path, on_bytes: Callable[[int], None] | None = None) -> str:
    """SHA-256 of a file, hexadecimal. `on_bytes` gets the number of bytes read so far."""
    digest = hashlib.sha256()
    done = 0
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
            done += len(block)
            if on_bytes is not None:
                on_bytes(done)
    return digest.hexdigest()


def write_manifest(directory: Path, source_sha256: str) -> None:
    """Describe the files of a freshly made directory, so that damage shows later."""
    files = {
        path.name: {"size": path.stat().st_size, "sha256": file_digest(path)}
        for path in sorted(directory.iterdir())
        if path.is_file() and path.name != MANIFEST
    }
    manifest = {"format": FORMAT, "source_sha256": source_sha256, "files": files}
    (directory / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n")


def verify(model: Installed) -> str:
    """Check the files of a model against what is known of them.

    Returns:
        SHA-256 of its weights (of all digests where there are several files).

    Raises:
        ModelError: A file is missing or is not what was fetched.
    """
    try:
        expected = _expected(model)
        known = _Known.read()
        weights = []
        for path in sorted(model.path.iterdir()):
            if path.name in expected or path.suffix == ".safetensors":
                if not path.is_file():
                    # A pipe would be waited for, and a device read, for ever.
                    raise _damaged(model, f"{path.name} is not an ordinary file")
                digest = known.digest(path)
                wanted = expected.pop(path.name, digest)
                if digest != wanted:
                    known.forget(path)
                    raise _damaged(model, f"{path.name} is not as it was fetched")
                if path.suffix == ".safetensors":
                    weights.append(digest)
        if expected:
            raise _damaged(model, f"{min(expected)} is missing")
        if model.entry.adapter is not None:
            for adapter in model.entry.adapter.chain():
                digest = known.digest(adapter.weights)
                if digest != adapter.sha256:
                    known.forget(adapter.weights)
                    raise _taught_otherwise(model.entry, adapter)
                if adapter.on_sha256 and adapter.on_sha256 != _joined(weights):
                    raise ModelError(
                        f"The model {model.entry.name} was trained on weights that have changed "
                        "since.",
                        "Put them back as they were, or train it again.",
                    )
                weights = [_joined(weights), digest]
        known.write()
    except OSError as error:
        raise _damaged(model, error.strerror or str(error)) from error
    return _joined(weights)


def _joined(digests: list[str]) -> str:
    if len(digests) == 1:
        return digests[0]
    return hashlib.sha256("".join(digests).encode()).hexdigest() if digests else ""


def _taught_otherwise(entry: Entry, adapter: Adapter) -> ModelError:
    if adapter.on_sha256:
        what, hint = "it was written", "Train it again"
    else:
        what, hint = "it ships with the game", "Install the game again"
    other = f", or play with --model {entry.base}" if entry.base else ""
    return ModelError(
        f"The model {entry.name} is damaged: what it was taught is not as {what}.",
        f"{hint}{other}.",
    )


def seal(draft: Path, file: Path) -> None:
    """Put a finished file into place, with its digest beside it."""
    digest = file_digest(draft)
    file.with_name(file.name + ".sha256").write_text(digest + "\n")
    draft.replace(file)


def sound(file: Path) -> bool:
    """Whether a sealed file is there and as it was sealed."""
    try:
        wanted = file.with_name(file.name + ".sha256").read_text().strip()
        known = _Known.read()
        if known.digest(file) != wanted:
            return False
    except OSError:
        return False
    known.write()
    return True


def _expected(model: Installed) -> dict[str, str]:
    """The digest of every file of which one is known; sizes are checked on the way."""
    manifest = model.path / MANIFEST
    if not manifest.is_file():
        names = {path.name: path.resolve().name for path in model.path.iterdir()}
        return {name: blob for name, blob in names.items() if _SHA256.fullmatch(blob)}
    try:
        content = json.loads(manifest.read_text())
        if content["format"] != FORMAT:
            raise _damaged(model, "another version of the game made it")
        sizes = {name: int(entry["size"]) for name, entry in content["files"].items()}
        digests = {name: str(entry["sha256"]) for name, entry in content["files"].items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise _damaged(model, f"{MANIFEST} cannot be read") from error
    for name, size in sizes.items():
        path = model.path / name
        if not path.is_file():
            raise _damaged(model, f"{name} is missing")
        if path.stat().st_size != size:
            raise _damaged(model, f"{name} has {path.stat().st_size} bytes, not {size}")
    return digests


def _damaged(model: Installed, what: str) -> ModelError:
    name = model.entry.name
    hint = f"Fetch it again: dungeon models pull {name}"
    if model.entry.source == "directory":
        hint = "Copy the directory again from where it came."
    return ModelError(f"The model {name} is damaged: {what}.", hint)


class _Known:
    """Digests that were computed before, by path, size and time."""

    def __init__(self, entries: dict[str, list[object]]) -> None:
        self._entries = entries
        self._changed = False

    @staticmethod
    def _file() -> Path:
        return models_dir() / "verified.json"

    @classmethod
    def read(cls) -> _Known:
        try:
            entries = json.loads(cls._file().read_text())
        except (OSError, ValueError):
            # Nothing is known yet, or the record is damaged: everything is read again.
            entries = {}
        return cls(entries if isinstance(entries, dict) else {})

    @staticmethod
    def _stamp(path: Path) -> list[object]:
        stat = path.stat()
        return [stat.st_size, stat.st_mtime_ns]

    def digest(self, path: Path) -> str:
        stamp = self._stamp(path)
        entry = self._entries.get(str(path))
        if isinstance(entry, list) and len(entry) == 3 and entry[:2] == stamp:
            return str(entry[2])
        digest = file_digest(path)
        self._entries[str(path)] = [*stamp, digest]
        self._changed = True
        return digest

    def forget(self, path: Path) -> None:
        self._entries.pop(str(path), None)

    def write(self) -> None:
        if not self._changed:
            return
        file = self._file()
        draft = file.with_name(f"{file.name}.{os.getpid()}")
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            draft.write_text(json.dumps(self._entries))
            draft.replace(file)
        except OSError as error:
            # Costs a second at the next start, nothing else.
            log.warning("digests are not remembered: %s", error)
