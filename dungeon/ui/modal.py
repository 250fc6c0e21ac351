"""Screens over others that close once, and close nothing else.

Textual's `dismiss` takes away whatever screen is on top, and fails where it is called twice. On a
machine that is busy, keys come late and in a heap: two Escapes are then one too many.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from textual._styles_cache import StylesCache
from textual.await_complete import AwaitComplete
from textual.command import CommandPalette
from textual.screen import ModalScreen, Screen, ScreenResultType

if TYPE_CHECKING:
    _Base = Screen[Any]
else:
    _Base = object


class ClosesOnce(_Base):
    """Mixed into a screen: does nothing where the screen is closed or lies under another."""

    def dismiss(self, result: Any = None) -> AwaitComplete:
        """Close with a result, if this is the screen on top."""
        return super().dismiss(result) if self.app.screen is self else AwaitComplete()

    def on_unmount(self) -> None:
        """Let go of what was drawn.

        Textual keeps a thousand of its caches of lines by an `lru_cache` on their method, those of
        closed screens among them: some 60 MB in a story of 5,000 turns.
        """
        StylesCache.get_inner_outer.cache_clear()


class Modal(ClosesOnce, ModalScreen[ScreenResultType]):
    """What all of our modal screens are."""


class Palette(ClosesOnce, CommandPalette):
    """The command palette."""
