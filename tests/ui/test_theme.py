"""Our themes can be read: in all colours, in sixteen, and in greys."""

from __future__ import annotations

import pytest
from rich.color import Color as RichColor
from rich.color import ColorSystem
from textual.color import Color
from textual.theme import Theme

from dungeon.ui.theme import OWN

TEXT = ("primary", "accent", "warning", "error", "success", "foreground", "ink", "secondary")
BACKGROUNDS = ("background", "surface", "panel")
CURSORS = ("block-cursor", "block-cursor-blurred", "input-cursor")


def colour(theme: Theme, name: str) -> str:
    found = theme.variables.get(name) or getattr(theme, name)
    assert isinstance(found, str)
    return found


def contrast(one: str, other: str) -> float:
    """As WCAG 2.1 defines it, from 1 to 21."""

    def luminance(text: str) -> float:
        parts = (part / 255 for part in Color.parse(text).rgb)
        red, green, blue = (
            part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
        )
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    bright, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def of_sixteen(text: str) -> int | None:
    return RichColor.parse(text).downgrade(ColorSystem.STANDARD).number


@pytest.mark.parametrize("theme", OWN, ids=[theme.name for theme in OWN])
def test_all_text_stands_out(theme: Theme) -> None:
    for below in BACKGROUNDS:
        for name in TEXT:
            assert contrast(colour(theme, name), colour(theme, below)) >= 4.5, (name, below)
        assert contrast(colour(theme, "faint"), colour(theme, below)) >= 3.5, below
    for cursor in CURSORS:
        pair = (colour(theme, f"{cursor}-foreground"), colour(theme, f"{cursor}-background"))
        assert contrast(*pair) >= 4.5, cursor


@pytest.mark.parametrize("theme", OWN, ids=[theme.name for theme in OWN])
def test_sixteen_colours_tell_text_and_picked_row_apart(theme: Theme) -> None:
    for below in BACKGROUNDS:
        for name in (*TEXT, "faint"):
            assert of_sixteen(colour(theme, name)) != of_sixteen(colour(theme, below)), name
    for cursor in CURSORS:
        below = of_sixteen(colour(theme, f"{cursor}-background"))
        assert of_sixteen(colour(theme, f"{cursor}-foreground")) != below, cursor
    # Where the row's own background is lost, its letters are bold.
    assert theme.variables["block-cursor-text-style"] == "bold"
