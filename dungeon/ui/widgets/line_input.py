"""A line of text into which nothing harmful can be pasted."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.events import Paste
from textual.geometry import Size
from textual.reactive import Reactive
from textual.widgets import Input

from dungeon.text import clean


class LineInput(Input):
    """An `Input` that folds what is pasted into one harmless line that fits.

    Coming back to it selects nothing, so the next key adds to the line, not replaces it.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        # As in a text area: what is typed then takes the place of what was there.
        Binding("f7", "select_all", "Select all", show=False, tooltip="Selects the whole line."),
    ]

    # Textual lays the whole screen out anew when this changes, and it does with each key, as an
    # `Input` may be as wide as its text. None of ours is.
    virtual_size: Reactive[Size] = Reactive(Size(0, 0))

    def __init__(self, *, id: str | None = None, max_length: int, placeholder: str = "") -> None:
        super().__init__(
            id=id,
            max_length=max_length,
            placeholder=placeholder,
            select_on_focus=False,
            compact=True,
        )

    def _on_paste(self, event: Paste) -> None:
        event.stop()
        event.prevent_default()
        limit = self.max_length or 1000
        # Cut first: a pasted megabyte is not worth cleaning.
        pasted = " ".join(clean(event.text[: 4 * limit], newlines=False).split())
        start, end = sorted(self.selection)
        room = limit - (len(self.value) - (end - start))
        self.replace(pasted[: max(0, room)], start, end)
