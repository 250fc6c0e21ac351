"""A line of text into which nothing harmful can be pasted."""

from __future__ import annotations

from textual.events import Paste
from textual.widgets import Input

from dungeon.text import clean


class LineInput(Input):
    """An `Input` that folds what is pasted into one harmless line that fits."""

    def _on_paste(self, event: Paste) -> None:
        event.stop()
        event.prevent_default()
        limit = self.max_length or 1000
        # Cut first: a pasted megabyte is not worth cleaning.
        pasted = " ".join(clean(event.text[: 4 * limit], newlines=False).split())
        start, end = sorted(self.selection)
        room = limit - (len(self.value) - (end - start))
        self.replace(pasted[: max(0, room)], start, end)
