"""Reports in colour, for a terminal."""

from __future__ import annotations

from typing import TextIO

from rich.console import Console
from rich.text import Text

_COLOURS = {"error": "bold red", "warning": "bold yellow"}


class Painter:
    """Writes rendered problems to a terminal: the first line and the caret in the colour of the
    severity, the source line as it is, the fix in green.

    What is written must be clean already. `NO_COLOR` and `TERM=dumb` are honoured.
    """

    def __init__(self, out: TextIO) -> None:
        self._console = Console(file=out, highlight=False, markup=False, emoji=False)

    def __call__(self, text: str, severity: str) -> None:
        """Write a report; one without a `severity` is plain."""
        self._console.print(_painted(text, _COLOURS.get(severity, "")), soft_wrap=True)


def _painted(text: str, colour: str) -> Text:
    lines = text.split("\n")
    painted = Text()
    painted.append(lines[0], style=colour)
    caret = next((n for n, line in enumerate(lines) if line.strip() == "^"), 0)
    for number, line in enumerate(lines[1:], 1):
        style = colour if number == caret else "green" if number > caret else ""
        painted.append("\n" + line, style=style)
    return painted
