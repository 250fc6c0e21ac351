"""Reports in colour, for a terminal."""

from __future__ import annotations

from typing import TextIO

from rich.console import Console

from dungeon.text import clean

_COLOURS = {"error": "bold red", "warning": "bold yellow"}


class Painter:
    """Writes rendered problems to a terminal: the first line and the caret in the colour of the
    severity, the source line as it is, the fix in green.

    `NO_COLOR` and `TERM=dumb` are honoured.
    """

    def __init__(self, out: TextIO) -> None:
        self._console = Console(file=out, highlight=False, markup=False, emoji=False)

    def __call__(self, text: str, severity: str) -> None:
        """Write a report; one without a `severity` is plain."""
        colour = _COLOURS.get(severity, "")
        lines = text.split("\n")
        caret = next((n for n, line in enumerate(lines) if line.strip() == "^"), 0)
        for number, line in enumerate(lines):
            style = colour if number in (0, caret) else "green" if number > caret else ""
            self._console.print(clean(line), style=style, soft_wrap=True)
