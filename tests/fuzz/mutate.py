"""Changes to inputs: small ones mostly, and now and then one that makes things big or deep."""

from __future__ import annotations

import random
from collections.abc import Sequence

MAX_BYTES = 64 * 1024
"""Longest input that is made; size itself is tested elsewhere."""


def mutate(
    chance: random.Random, data: bytes, words: Sequence[bytes], others: Sequence[bytes]
) -> bytes:
    """`data` with one to six changes.

    Args:
        chance: Where every choice comes from, so that a seed repeats a run.
        words: Pieces that mean something to the reader.
        others: Inputs from which pieces are taken over.
    """
    for _ in range(chance.choice((1, 1, 1, 2, 2, 3, 4, 6))):
        data = chance.choice(_CHANGES)(chance, data, words, others)
    return data[:MAX_BYTES]


def _span(chance: random.Random, data: bytes, longest: int = 64) -> tuple[int, int]:
    start = chance.randint(0, len(data))
    return start, min(len(data), start + chance.randint(0, longest))


def _insert(c: random.Random, data: bytes, words: Sequence[bytes], _: Sequence[bytes]) -> bytes:
    at = c.randint(0, len(data))
    return data[:at] + c.choice(words) + data[at:]


def _replace(c: random.Random, data: bytes, words: Sequence[bytes], _: Sequence[bytes]) -> bytes:
    start, end = _span(c, data, 12)
    return data[:start] + c.choice(words) + data[end:]


def _delete(c: random.Random, data: bytes, _: Sequence[bytes], __: Sequence[bytes]) -> bytes:
    start, end = _span(c, data)
    return data[:start] + data[end:]


def _cut(c: random.Random, data: bytes, _: Sequence[bytes], __: Sequence[bytes]) -> bytes:
    return data[: c.randint(0, len(data))]


def _flip(c: random.Random, data: bytes, _: Sequence[bytes], __: Sequence[bytes]) -> bytes:
    if not data:
        return data
    at = c.randrange(len(data))
    return data[:at] + bytes([data[at] ^ (1 << c.randrange(8))]) + data[at + 1 :]


def _byte(c: random.Random, data: bytes, _: Sequence[bytes], __: Sequence[bytes]) -> bytes:
    at = c.randint(0, len(data))
    return data[:at] + bytes([c.randrange(256)]) + data[at + 1 :]


def _repeat(c: random.Random, data: bytes, _: Sequence[bytes], __: Sequence[bytes]) -> bytes:
    start, end = _span(c, data, 32)
    times = c.choice((2, 2, 3, 10, 40, 300))
    return data[:end] + data[start:end] * times + data[end:]


def _word_often(c: random.Random, data: bytes, words: Sequence[bytes], _: Sequence[bytes]) -> bytes:
    at = c.randint(0, len(data))
    return data[:at] + c.choice(words) * c.choice((2, 5, 40, 400)) + data[at:]


def _swap_lines(c: random.Random, data: bytes, _: Sequence[bytes], __: Sequence[bytes]) -> bytes:
    lines = data.split(b"\n")
    one, other = c.randrange(len(lines)), c.randrange(len(lines))
    lines[one], lines[other] = lines[other], lines[one]
    return b"\n".join(lines)


def _splice(c: random.Random, data: bytes, _: Sequence[bytes], others: Sequence[bytes]) -> bytes:
    other = c.choice(others)
    start, end = _span(c, other, 200)
    at = c.randint(0, len(data))
    return data[:at] + other[start:end] + data[at:]


_CHANGES = (
    _insert,
    _insert,
    _insert,
    _replace,
    _replace,
    _delete,
    _delete,
    _cut,
    _flip,
    _byte,
    _repeat,
    _word_often,
    _swap_lines,
    _splice,
)
