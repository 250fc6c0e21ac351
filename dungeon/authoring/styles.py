"""How a value is written in YAML: plain, in quotes, as a block, a list in one line.

Which of these reads back as the same text depends on what stands around it, and YAML has many
corners. So there are several ways in order of how well they read; whoever writes takes the first
that was found to be right when it was read again.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

WIDTH = 100
"""Columns after which new prose is folded, as in the scenarios that ship."""
LEAST_WIDTH = 40
"""Narrowest lines that an author is taken to have meant."""

Value = str | bool | None | Sequence[str] | Mapping[str, Any]
"""What a field may be set to: text (numbers too), a flag, nothing, a list, or fields."""

# Text to the reader, and something else to nearly every other program.
_WORDS = frozenset(("null", "~", "true", "false", "yes", "no", "on", "off", "y", "n"))
_BREAKS_HERE = re.compile(r"(?<=\S) (?=\S)")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value is written.

    Attributes:
        column: Where it begins, in characters from the left.
        indent: How far a block's lines are indented.
        flow: Whether it stands inside brackets or braces, where no block can.
        style: Of the value that was there, as YAML writes it: `|`, `>`, a quotation mark, or "".
        width: Columns after which a block is folded.
    """

    column: int
    indent: int
    flow: bool = False
    style: str = ""
    width: int = WIDTH


@dataclass(frozen=True, slots=True)
class Written:
    """A value as it is written: `head` behind its name, `body` in the lines below ("" for none)."""

    head: str
    body: str = ""


def ways(text: str, place: Place) -> Iterator[Written]:
    """The ways of writing `text`, from the one that reads best to the one that never fails."""
    blocks = not place.flow and bool(text)
    long = "\n" in text or place.column + len(text) > WIDTH
    if blocks and place.style in ("|", ">"):
        longest = max(map(len, text.split("\n"))) + place.indent
        # An author who breaks lines by hand does not write such a one.
        too_long = place.style == "|" and longest > max(WIDTH, place.width)
        yield _block(text, place, ">" if too_long else place.style)
    if blocks and long:
        yield _block(text, place, "|" if _short(text) else ">")
        yield _block(text, place, "|")
    if "\n" not in text:
        if place.style in ("'", '"'):
            yield Written(_quoted(text, place.style))
        if _plain(text, flow=place.flow):
            yield Written(text)
        yield Written(_quoted(text, "'" if '"' in text or "\\" in text else '"'))
    yield Written(_quoted(text, '"'))


def inline(value: Value, level: int = 0) -> str:
    """A value inside brackets or braces: the `level`-th way of its texts, or the last."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        found = list(ways(value, Place(0, 0, flow=True)))
        return found[min(level, len(found) - 1)].head
    if isinstance(value, Mapping):
        fields = (f"{name}: {inline(item, level)}" for name, item in value.items())
        return "{" + ", ".join(fields) + "}"
    return "[" + ", ".join(inline(item, level) for item in value) + "]"


def _plain(text: str, *, flow: bool) -> bool:
    """Whether `text` needs no quotes."""
    if not text or text.lower() in _WORDS:
        return False
    dumper: Any = yaml.SafeDumper(io.StringIO(), allow_unicode=True)
    found = dumper.analyze_scalar(text)
    return bool(found.allow_flow_plain if flow else found.allow_block_plain)


def _quoted(text: str, mark: str) -> str:
    if mark == "'" and "\n" not in text:
        return "'" + text.replace("'", "''") + "'"
    # A JSON string is a double-quoted string of YAML.
    return json.dumps(text, ensure_ascii=False)


def _short(text: str) -> bool:
    """Whether every line of `text` fits as it is."""
    return all(len(line) <= WIDTH - 10 for line in text.split("\n"))


def _block(text: str, place: Place, style: str) -> Written:
    if style == ">":
        # What is one line break to the reader takes an empty line; two take two, and so on.
        spread = re.sub(r"\n+", lambda breaks: "\n" + breaks[0], text)
        room = max(LEAST_WIDTH, place.width - place.indent)
        lines = [part for line in spread.split("\n") for part in _folded(line, room)]
    else:
        lines = text.split("\n")
    indent = " " * place.indent
    return Written(f"{style}-", "\n".join(indent + line if line else "" for line in lines))


def _folded(line: str, room: int) -> list[str]:
    """A line in pieces of at most `room` characters, broken where a reader puts a blank back."""
    lines: list[str] = []
    words = _BREAKS_HERE.split(line)
    now = words[0]
    for word in words[1:]:
        if len(now) + 1 + len(word) > room:
            lines.append(now)
            now = word
        else:
            now = f"{now} {word}"
    return [*lines, now]
