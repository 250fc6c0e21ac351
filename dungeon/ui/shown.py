"""The one door through which text from outside reaches a widget.

Textual reads markup in a plain `str`: `[/]` crashes and `[@click=...]` can be clicked. A
`Content` is shown as it is written, so every widget is given one of these.
"""

from __future__ import annotations

from textual.content import Content
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


def error_text(error: DungeonError) -> str:
    """What happened and what to do, as one text."""
    return f"{error.message} {error.hint}".strip()
