"""Named values of a stranger's file, asked for by type: what has the wrong one is not there."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any

_NUMBER = re.compile(r"[-+]?\d{1,15}(?:\.\d{1,15})?")
_TRUTHS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


class Fields:
    """A JSON object whose values are taken by name and type.

    Several names may be given where tools differ: the first that holds something is taken.
    """

    def __init__(self, data: object) -> None:
        self.data: dict[str, Any] = data if isinstance(data, dict) else {}

    def __contains__(self, name: str) -> bool:
        return name in self.data

    def text(self, *names: str) -> str:
        """A text without blanks at its ends; "" where there is none. Numbers count as text."""
        for name in names:
            if text := _text(self.data.get(name)).strip():
                return text
        return ""

    def raw(self, name: str) -> str:
        """A text with the blanks at its ends; "" where there is none."""
        value = self.data.get(name)
        return value if isinstance(value, str) else ""

    def texts(self, *names: str) -> list[str]:
        """A list of texts; one text counts as a list of one, and numbers as text.

        What is neither stands as "", so that lists that belong together stay side by side.
        """
        for name in names:
            value = self.data.get(name)
            if isinstance(value, str) and value.strip():
                return [value]
            if isinstance(value, list) and value:
                return [_text(item) for item in value]
        return []

    def words(self, *names: str) -> list[str]:
        """A list of words or phrases; in a text they stand between commas."""
        for name in names:
            value = self.data.get(name)
            value = value if isinstance(value, (str, list)) else _text(value)
            parts = value.split(",") if isinstance(value, str) else value
            if isinstance(parts, list):
                found = [_text(part).strip() for part in parts]
                if any(found):
                    return [part for part in found if part]
        return []

    def part(self, name: str) -> Fields:
        """A group of fields; an empty one where there is none."""
        return Fields(self.data.get(name))

    def parts(self, *names: str) -> list[Fields]:
        """A list of groups; a lone group counts as a list of one, a table as its values."""
        for name in names:
            found = list(groups(self.data.get(name)))
            if found:
                return found
        return []

    def flag(self, name: str, default: bool = False) -> bool:
        """A truth value, also one that is written as text; a number is true unless it is 0."""
        value = self.data.get(name)
        if isinstance(value, str):
            value = _TRUTHS.get(value.strip().lower())
        return bool(value) if isinstance(value, (bool, int)) else default

    def number(self, *names: str) -> float | None:
        """A finite number, also one that is written as text; None where there is none."""
        for name in names:
            value = self.data.get(name)
            if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
                value = float(value)
            if isinstance(value, (int, float)) and not isinstance(value, bool):
                return float(value) if math.isfinite(value) else None
        return None

    def whole(self, name: str) -> int | None:
        """A whole number, also one that is written as text; None where there is none."""
        value = self.data.get(name)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        return as_index(value)


def _text(value: object) -> str:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) else ""


def groups(value: object) -> Iterator[Fields]:
    """The groups in a list or a table; a lone group counts as one."""
    if isinstance(value, list):
        yield from (Fields(item) for item in value if isinstance(item, dict))
    elif isinstance(value, dict) and value:
        items = list(value.values())
        if all(isinstance(item, dict) for item in items):
            yield from (Fields(item) for item in items)
        else:
            yield Fields(value)


def as_index(value: object) -> int | None:
    """The whole number that a key of a table writes; None where it writes none."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10:
        return int(value)
    return None
