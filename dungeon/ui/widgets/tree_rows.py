"""The rows of a tree, drawn as far as they are in view: 20 turns and 20,000 cost the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.events import Click, Resize
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from dungeon.story.outline import Row

Piece = tuple[str, str]
"""A component class and a text."""
Draw = Callable[[Row], Sequence[Piece]]


class TreeRows(ScrollView, can_focus=True):
    """A list of rows with a cursor.

    Args:
        draw: What stands in a row.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"tree-rows--{name}"
        for name in ("cursor", "rail", "here", "mark", "name", "player", "prose", "faint")
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", "Up", show=False, tooltip="The row above."),
        Binding("down", "move(1)", "Down", show=False, tooltip="The row below."),
        Binding("pageup", "page(-1)", "Page up", show=False, tooltip="A page up."),
        Binding("pagedown", "page(1)", "Page down", show=False, tooltip="A page down."),
        Binding("home", "to(0)", "First", show=False, tooltip="The opening."),
        Binding("end", "to(-1)", "Last", show=False, tooltip="The last row."),
    ]

    class Moved(Message):
        """The cursor stands at another row."""

    class Chosen(Message):
        """The row at the cursor was clicked a second time."""

    def __init__(self, draw: Draw, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._draw = draw
        self._rows: Sequence[Row] = ()
        self._cursor = 0

    @property
    def rows(self) -> Sequence[Row]:
        """What is listed."""
        return self._rows

    @property
    def cursor(self) -> int:
        """Where the cursor stands; 0 where there are no rows."""
        return self._cursor

    @property
    def current(self) -> Row | None:
        """The row at the cursor."""
        return self._rows[self._cursor] if self._rows else None

    def show(self, rows: Sequence[Row], cursor: int = 0) -> None:
        """List these rows."""
        self._rows = rows
        self._fit()
        self.go(cursor)

    def go(self, row: int) -> None:
        """Move the cursor, and the view with it."""
        self._cursor = max(0, min(row, len(self._rows) - 1))
        height = self.scrollable_content_region.height
        top = self.scroll_offset.y
        if not top <= self._cursor < top + height:
            self.scroll_to(y=max(0, self._cursor - height // 2), animate=False, force=True)
        self.refresh()
        self.post_message(self.Moved())

    def action_move(self, step: int) -> None:
        """A row up or down."""
        self.go(self._cursor + step)

    def action_page(self, direction: int) -> None:
        """A page up or down."""
        self.go(self._cursor + direction * max(1, self.size.height - 1))

    def action_to(self, row: int) -> None:
        """The first row, or with -1 the last."""
        self.go(row if row >= 0 else len(self._rows) - 1)

    def on_click(self, event: Click) -> None:
        """A first click moves the cursor, a second chooses."""
        row = self.scroll_offset.y + event.y
        if row >= len(self._rows):
            return
        if row == self._cursor:
            self.post_message(self.Chosen())
        else:
            self.go(row)

    def on_resize(self, event: Resize) -> None:
        """The cursor stays in view."""
        self._fit()
        self.go(self._cursor)

    def _fit(self) -> None:
        self.virtual_size = Size(self.scrollable_content_region.width, len(self._rows))

    def render_line(self, y: int) -> Strip:
        """One line of the view."""
        width = self.scrollable_content_region.width
        at = self.scroll_offset.y + y
        if at >= len(self._rows):
            return Strip.blank(width, self.rich_style)
        here = at == self._cursor
        cursor = self._style("cursor")
        segments = [Segment("▸ " if here else "  ", cursor if here else self.rich_style)]
        for name, text in self._draw(self._rows[at]):
            segments.append(Segment(text, cursor if here else self._style(name)))
        strip = Strip(segments)
        longer = max(width, strip.cell_length)
        return strip.extend_cell_length(longer, cursor if here else self.rich_style).crop(0, width)

    def _style(self, name: str) -> Style:
        return self.get_component_rich_style(f"tree-rows--{name}")
