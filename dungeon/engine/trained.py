"""Models that the player trained: the record in such a model's folder, and which there are.

The record is written last, so a folder with one holds a model that is whole.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from dungeon.engine.places import taught_dir
from dungeon.errors import ModelError
from dungeon.files import read_ordinary, write_whole
from dungeon.text import clean, shorten

RECORD = "trained.json"
FORMAT = 1
_MOST_BYTES = 64 * 1024
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_SHA256 = re.compile(r"[0-9a-f]{64}")

Kind = Literal["adapter", "full"]
_KINDS: Mapping[str, Kind] = {"adapter": "adapter", "full": "full"}


@dataclass(frozen=True, slots=True)
class Record:
    """What a trained model is.

    Attributes:
        kind: "adapter" is added to the weights of `base`; "full" is a model by itself.
        base: What it was trained on: a name, or an absolute path.
        base_sha256: Of those weights, as `store.verify` gives it.
        sha256: Of the file of weights in the folder.
    """

    kind: Kind
    base: str
    base_sha256: str
    sha256: str


def is_name(text: str) -> bool:
    """Whether a trained model can be called so: small letters, digits, and . _ - inside."""
    return _NAME.fullmatch(text) is not None


def names() -> list[str]:
    """Of the models in the player's own folder of them, sorted."""
    try:
        found = [path for path in taught_dir().iterdir() if (path / RECORD).is_file()]
    except OSError:
        # There is no such folder on most machines.
        return []
    return sorted(path.name for path in found if is_name(path.name))


def find(name: str) -> Path | None:
    """The folder of a trained model by its name; None where there is none."""
    folder = taught_dir() / name
    return folder if is_name(name) and (folder / RECORD).is_file() else None


def read(folder: Path) -> Record | None:
    """The record in a folder; None where it has none. Trusts nothing in it.

    Raises:
        ModelError: It cannot be read.
    """
    file = folder / RECORD
    if not file.is_file():
        return None
    try:
        return _record(json.loads(read_ordinary(file, _MOST_BYTES)))
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(
            f"The model {shorten(clean(folder.name), 80)} is damaged: {RECORD} cannot be read.",
            f"Train it again, or remove its folder: {folder}",
        ) from error


def _record(content: Any) -> Record:
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise ValueError("of another format")
    kind = _KINDS.get(_text(content, "kind"))
    if kind is None:
        raise ValueError("of an unknown kind")
    record = Record(
        kind,
        _text(content, "base"),
        _text(content, "base_sha256"),
        _text(content, "sha256"),
    )
    if not record.base:
        raise ValueError("trained on nothing")
    if not all(_SHA256.fullmatch(digest) for digest in (record.base_sha256, record.sha256)):
        raise ValueError("a digest is none")
    return record


def _text(content: dict[str, Any], field: str) -> str:
    value = content.get(field)
    if not isinstance(value, str):
        raise ValueError(f"{field} is no text")
    return value


def write(folder: Path, record: Record) -> None:
    """Write the record, whole or not at all.

    Raises:
        OSError: It cannot be written.
    """
    content = {"format": FORMAT, **asdict(record)}
    write_whole(folder / RECORD, json.dumps(content, indent=1) + "\n")
