"""A story as the lines of a page: what stands in each, and what kind of thing it is. Pure."""

from __future__ import annotations

from rich.cells import cell_len

from dungeon.story.action import Action, as_line, as_narrative
from dungeon.story.scenario import Style
from dungeon.story.tree import Node
from dungeon.text import clean
from dungeon.ui.wrap import wrap

GUTTER = 2
"""Cells left of the text in which a mark may stand."""

Line = tuple[str, str, str]
"""Kind (one of `KINDS`), what stands in the gutter, text."""

KINDS = ("heading", "rule", "player", "own", "prose", "draft", "hint", "notice")

_EMPTY: Line = ("prose", "", "")


def heading(title: str, below: str, width: int) -> list[Line]:
    """What stands above the opening; nothing for a story without a title.

    Args:
        title: Of the story, clean.
        below: A line under it.
        width: Cells of the text.
    """
    if not title:
        return []
    whole = width + GUTTER
    lines: list[Line] = [("hint", "", "")]
    lines += [("heading", "", _centred(part, whole)) for part in wrap(title, whole)]
    if below:
        lines += [("hint", "", _centred(part, whole)) for part in wrap(below, whole)]
    lines += [("rule", "", _centred("─" * 12, whole)), ("hint", "", "")]
    return lines


def done(action: Action | None, width: int, style: Style) -> list[Line]:
    """What the player did: their line, or their own words beside a bar."""
    lines: list[Line] = []
    spoken = clean(as_line(action, style), newlines=False)
    if spoken:
        body = wrap(spoken.removeprefix("> "), width)
        lines += [("player", "> " if not at else "  ", part) for at, part in enumerate(body)]
        lines.append(_EMPTY)
    written = clean(as_narrative(action))
    if written:
        lines += [("own", "│ ", part) for part in wrap(written, width)]
        lines.append(_EMPTY)
    return lines


def turn(node: Node, width: int, style: Style) -> list[Line]:
    """What the player did and what was told."""
    told: list[Line] = [("prose", "  ", part) for part in wrap(clean(node.text), width)]
    return [*done(node.action, width, style), *told, _EMPTY]


def under_way(action: Action | None, draft: str, hint: str, width: int, style: Style) -> list[Line]:
    """A turn that is being told.

    Args:
        action: What the player did.
        draft: What there is of it, clean; a cursor stands behind it.
        hint: Said as long as there is nothing.
        width: Cells of the text.
        style: The person and tense in which the player's line is shown.
    """
    lines = done(action, width, style)
    if draft:
        lines += [("draft", "  ", part) for part in wrap(draft, width)]
        kind, gutter, text = lines[-1]
        lines[-1] = (kind, gutter, text + "▌" if cell_len(text) < width else text)
    elif hint:
        lines += [("hint", "  ", part) for part in wrap(hint, width)]
    return [*lines, _EMPTY]


def notice(text: str, width: int, *, quiet: bool) -> list[Line]:
    """What is said below the story; a quiet one is no warning."""
    kind, mark = ("hint", "· ") if quiet else ("notice", "! ")
    rows = enumerate(wrap(text, width))
    return [*((kind, mark if not at else "  ", part) for at, part in rows), _EMPTY]


def _centred(text: str, width: int) -> str:
    return " " * max(0, (width - cell_len(text)) // 2) + text
