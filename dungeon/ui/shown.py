"""The one door through which text from outside reaches a widget, and the net behind it.

Textual reads markup in a plain `str`: `[/]` crashes and `[@click=...]` can be clicked. A
`Content` is shown as it is written, so every widget is given one of these. Whatever a widget
draws, Textual's own included, passes `Harmless` on its way to the terminal.
"""

from __future__ import annotations

import re

from rich.segment import Segment
from textual.color import Color
from textual.content import Content
from textual.filter import LineFilter
from textual.style import Style

from dungeon.errors import DungeonError
from dungeon.text import clean


def shown(text: str, style: str | Style = "") -> Content:
    """`text` as it is written, harmless to the terminal, in one style."""
    content = Content(clean(text))
    return content.stylize(style) if style else content


def line(text: str, style: str | Style = "") -> Content:
    """As `shown`, folded to one line."""
    return shown(" ".join(clean(text, newlines=False).split()), style)


def joined(*pieces: Content | tuple[str, str] | str) -> Content:
    """Pieces one after the other; a tuple is text with its style."""
    return Content("").join(
        piece
        if isinstance(piece, Content)
        else shown(*piece)
        if isinstance(piece, tuple)
        else shown(piece)
        for piece in pieces
    )


class Harmless(LineFilter):
    """Takes out of drawn lines what a terminal would obey, whoever drew it."""

    _COMMANDS = re.compile(r"[\x00-\x1f\x7f-\x9f]")

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The segments; one with a control character is cleaned, and links are no links."""
        return [
            Segment(
                clean(text, newlines=False) if self._COMMANDS.search(text) else text,
                style.update_link(None) if style is not None and style.link else style,
            )
            for text, style, control in segments
            if not control
        ]


def error_text(error: DungeonError) -> str:
    """What happened and what to do, as one text."""
    return f"{error.message} {error.hint}".strip()


def error_body(error: DungeonError) -> str:
    """The same in two paragraphs, for a screen."""
    return f"{error.message}\n\n{error.hint}".strip()
