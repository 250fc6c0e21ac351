"""What a target of the fuzzer is, and what the targets have in common.

A target takes any bytes and raises only where a promise is broken. It returns its outcome, a
short description of what came of the bytes; the runner keeps inputs whose outcome is new, so
that the next ones start from there.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from dungeon.errors import DungeonError
from dungeon.text import clean

OBEYED = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)
"""What no text may hold that reaches a screen."""

_VARYING = re.compile(r"`[^`]*`|'[^']*'|\"[^\"]*\"|\d+|/\S+")


@dataclass(frozen=True)
class Target:
    """One thing that is fuzzed.

    Attributes:
        name: Of the target, and of its folder in the corpus.
        run: Feeds it; gives the outcome.
        words: Pieces that mean something to it.
        seeds: Inputs to start from, besides the corpus.
    """

    name: str
    run: Callable[[bytes], Hashable]
    words: tuple[bytes, ...]
    seeds: Callable[[], list[bytes]] = list


def skeleton(message: str) -> str:
    """A message without what varies from one input to the next."""
    return _VARYING.sub("_", message)[:120]


def told(error: DungeonError) -> str:
    assert "\n" not in error.message, "an error is more than a sentence"
    assert len(str(error)) < 1000, "an error fills the screen"
    return skeleton(error.message)


def harmless(text: str, what: str) -> None:
    found = OBEYED.search(text)
    assert found is None, f"{what} holds {found[0]!r}"
    assert clean(text) == text, f"{what} is not clean"


def texts(value: object) -> Iterator[str]:
    """Every text in plain data."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from texts(key)
            yield from texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from texts(item)


@cache
def folder() -> Path:
    """A folder for files, in memory where the machine has such a place."""
    shared = Path("/dev/shm")
    return Path(tempfile.mkdtemp(prefix="dungeon-fuzz-", dir=shared if shared.is_dir() else None))


def total(read: Callable[[bytes], object]) -> Callable[[bytes], Hashable]:
    """The target of a reader that gives something or raises a `DungeonError`."""

    def run(data: bytes) -> Hashable:
        try:
            return type(read(data)).__name__
        except DungeonError as error:
            return told(error)

    run.__doc__ = read.__doc__
    return run
