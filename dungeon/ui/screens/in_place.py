"""Altering a turn where it stands in the story."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.geometry import Region
from textual.widgets import TextArea

from dungeon.ui.commands import IN_PLACE
from dungeon.ui.screens.editor import EditorScreen, SafeTextArea
from dungeon.ui.shown import line
from dungeon.ui.widgets.key_bar import KeyBar

LEAST = 6
"""Fewest lines of the frame, its border and the keys below it included."""


class InPlaceEditor(EditorScreen):
    """Edits a turn in a frame around its own words; returns the new text as `EditorScreen`.

    Args:
        text: As it is now.
        place: Where the words stand on the screen.
        story: Where the story stands on it; what is beside it stays in sight where there is room.
    """

    COMMANDS_HERE = IN_PLACE

    def __init__(self, text: str, place: Region, story: Region) -> None:
        super().__init__("Alter the turn", "", text)
        self._place, self._story = place, story

    def compose(self) -> ComposeResult:
        """The words in a frame, and the keys."""
        with Vertical(id="in-place"):
            area = SafeTextArea(self._before, soft_wrap=True, tab_behavior="focus", id="text")
            area.border_title = line("Alter the turn")
            area.cursor_blink = self.app.animation_level != "none"
            yield area
            yield KeyBar(IN_PLACE, id="in-place-keys")

    def on_mount(self) -> None:
        """The frame goes around the words."""
        self.on_resize()

    def on_resize(self) -> None:
        """As near to the words as the terminal allows."""
        size, place = self.app.size, self._place
        # Border and padding left and right; border above and below, keys, and room to write.
        width = min(place.width + 4, size.width)
        height = min(max(place.height + 4, LEAST), size.height)
        x = max(0, min(place.x - 2, size.width - width))
        end = min(self._story.bottom, size.height)
        y = max(0, min(place.y - 1, (end if end >= height else size.height) - height))
        styles = self.query_one("#in-place").styles
        styles.offset, styles.width, styles.height = (x, y), width, height
        self.query_one(TextArea).scroll_cursor_visible()
