"""JSON from strangers: bounded, no duplicate keys, no NaN, no number that cannot be stored."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from dungeon.text import clean

MAX_BYTES = 50 * 1024 * 1024
MAX_ITEMS = 2_000_000
"""Most commas and brackets: small items take some thirty times their written size, 100 MB in all.

A story of 30,000 turns has about half as many, the commas of its prose counted."""

MAX_INT = 2**63 - 1

# Characters that a terminal or an editor may act on; legal in JSON, but better written as \u.
_ACTIVE = re.compile(
    "[\x7f-\x9f\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff"
    "\ud800-\udfff\ufff9-\ufffb\U000e0000-\U000e007f]"
)


def loads(text: str | bytes, *, twice: Callable[[str], None] | None = None) -> Any:
    """Plain data of a JSON text, every string in it cleaned for a terminal.

    Args:
        text: The text, or its bytes in UTF-8.
        twice: Told of a key that one object has twice, of which the last then counts; without
            it such a text is refused.

    Raises:
        ValueError: It is too long, no JSON, has a key twice in one object, a number that is
            not finite or over 64 bits, half a surrogate pair, or is nested too deeply. The
            message is a clause such as "it is not JSON (line 3, column 7)".
    """
    if len(text) > MAX_BYTES:
        raise ValueError("it is larger than 50 MB")
    if isinstance(text, bytes):
        try:
            text = text.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise ValueError(f"it is not UTF-8 (byte {error.start})") from None
    if sum(map(text.count, ",[{")) > MAX_ITEMS:
        raise ValueError("it has too many items")
    try:
        data = json.loads(
            text.removeprefix("\ufeff"),
            parse_int=_integer,
            parse_float=_number,
            parse_constant=_constant,
            object_pairs_hook=lambda pairs: _object(pairs, twice),
        )
        return _clean(data)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise ValueError(f"it is not JSON ({where})") from None
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def dump(data: object, *, indent: int | None = None) -> str:
    """Plain data as JSON; readable as it is, except that nothing in it can act on a terminal.

    Raises:
        ValueError: A number in it is not finite.
    """
    separators = (",", ":") if indent is None else None
    text = json.dumps(
        data, ensure_ascii=False, allow_nan=False, indent=indent, separators=separators
    )
    return _ACTIVE.sub(lambda match: json.dumps(match[0])[1:-1], text)


def _integer(digits: str) -> int:
    if len(digits) > 20 or abs(int(digits)) > MAX_INT:
        raise ValueError("a number in it is too large")
    return int(digits)


def _number(digits: str) -> float:
    value = float(digits)
    if value in (float("inf"), float("-inf")):
        raise ValueError("a number in it is too large")
    return value


def _constant(name: str) -> float:
    raise ValueError(f"it has the number {name}, which is not allowed")


def _object(pairs: list[tuple[str, Any]], twice: Callable[[str], None] | None) -> dict[str, Any]:
    data = dict(pairs)
    if len(data) < len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                if twice is None:
                    raise ValueError(f"it has the key {named(key)} twice")
                twice(key)
            seen.add(key)
    return data


def named(key: str) -> str:
    """A key of a stranger, fit for a message."""
    return repr(clean(key, newlines=False)[:40])


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        try:
            value.encode("utf-8")
        except UnicodeEncodeError:
            raise ValueError("a text in it is not Unicode (half a surrogate pair)") from None
        return clean(value)
    if isinstance(value, list):
        return [_clean(item) for item in value]
    if isinstance(value, dict):
        return {_clean(key): _clean(item) for key, item in value.items()}
    return value
