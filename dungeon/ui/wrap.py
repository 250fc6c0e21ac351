"""Breaking text into lines by the width that a terminal gives it."""

from __future__ import annotations

import re
from collections.abc import Callable

from rich.cells import cell_len, chop_cells

_WORDS = re.compile(r"\S+|\s+")


def wrap(text: str, width: int) -> list[str]:
    """`text` in lines of at most `width` cells; its own line breaks are kept.

    A word longer than a line is broken. Blanks at a break are dropped, others are kept.
    """
    width = max(1, width)
    lines: list[str] = []
    for paragraph in text.split("\n"):
        lines.extend(_wrap_paragraph(paragraph.rstrip().expandtabs(4), width))
    return lines


def _wrap_paragraph(text: str, width: int) -> list[str]:
    if text.isascii():
        if len(text) <= width:
            return [text]
        measure: Callable[[str], int] = len
    else:
        measure = cell_len
        if measure(text) <= width:
            return [text]
    lines: list[str] = []
    current: list[str] = []
    used = 0
    for word in _WORDS.findall(text):
        size = measure(word)
        if used + size <= width:
            current.append(word)
            used += size
            continue
        if word.isspace():
            if current:
                lines.append("".join(current).rstrip())
            current, used = [], 0
            continue
        if current and used:
            lines.append("".join(current).rstrip())
        current, used = [word], size
        if size > width:
            *full, rest = _broken(word, width)
            lines.extend(full)
            current, used = [rest], measure(rest)
    if current:
        lines.append("".join(current).rstrip())
    return lines or [""]


def _broken(word: str, width: int) -> list[str]:
    if word.isascii():
        return [word[at : at + width] for at in range(0, len(word), width)]
    return chop_cells(word, width) or [word]
