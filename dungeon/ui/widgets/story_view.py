"""The story on the screen, with a turn that can be picked, labels at turns, and words found."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from textual.events import Click
from textual.geometry import Region

from dungeon.story.tree import Node, NodeId
from dungeon.ui.widgets import lines
from dungeon.ui.widgets.lines import GUTTER
from dungeon.ui.widgets.transcript import Transcript


class StoryView(Transcript):
    """A transcript in which one turn can be picked, by keys or with a click.

    Attributes:
        label: What stands above a turn, at the right: its alternatives, its bookmark.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "transcript--label",
        "transcript--picked",
        "transcript--found",
    }

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.label_of: Callable[[Node], str] = lambda node: ""
        self.clicked: Callable[[Node | None], object] = lambda node: None
        self._picked: NodeId | None = None
        self._found = ""

    # -- the picked turn -----------------------------------------------------------------------

    @property
    def picked(self) -> Node | None:
        """The picked turn, if it is still on the screen."""
        at = self.picked_at
        return None if at is None else self._path[at]

    @property
    def picked_at(self) -> int | None:
        """Its place on the path."""
        if self._picked is None:
            return None
        places = range(len(self._path) - 1, -1, -1)
        return next((at for at in places if self._path[at].id == self._picked), None)

    def pick(self, at: int | None) -> None:
        """Pick the turn at a place on the path, and bring it into view; None picks none."""
        self._picked = None if at is None else self._path[at].id
        if at is not None:
            self.bring(at)
        self.refresh()

    def bring(self, at: int) -> None:
        """Scroll so that the turn at a place on the path can be read."""
        if at < self._first:
            self.load_older(self._first - at + 1)
        start, end = self._span(at)
        top, height = self.scroll_offset.y, self.scrollable_content_region.height
        if start < top or end > top + height:
            fits = end - start < height
            y = start - 2 if start < top or not fits else end - height
            self.scroll_to(y=max(0, y), animate=False, force=True, immediate=True)

    def words_of(self, at: int) -> Region:
        """Where the words of the turn at a place on the path stand on the screen, brought into
        view; without what the player did."""
        self.bring(at)
        start, end = self._span(at)
        start += len(lines.done(self._path[at].action, self._width, self.story_style))
        origin = self.content_region.offset
        return Region(
            origin.x + self._margin + GUTTER,
            origin.y + start - self.scroll_offset.y,
            self._width,
            end - start,
        )

    def turn_at(self, line: int) -> int | None:
        """Place on the path of the turn that has a laid out line."""
        if line >= len(self._lines):
            return None
        at = bisect_right(self._starts, line) - 1
        return self._first + at if at >= 0 else None

    def _span(self, at: int) -> tuple[int, int]:
        """First line of the turn at a place on the path, and the blank one after its last."""
        index = at - self._first
        following = self._starts[index + 1 : index + 2] or [len(self._lines)]
        return self._starts[index], following[0] - 1

    def on_click(self, event: Click) -> None:
        """Pick the turn that is clicked, unless words are being marked with the mouse."""
        offset = event.get_content_offset(self)
        if offset is None or self.text_selection is not None:
            return
        at = self.turn_at(self.scroll_offset.y + offset.y)
        node = None if at is None else self._path[at]
        self.clicked(None if node is None or node.id == self._picked else node)

    # -- words that are looked for ---------------------------------------------------------------

    def find(self, words: str) -> list[int]:
        """Mark `words` wherever they stand; places on the path of the turns that have them."""
        self._found = words.strip().casefold()
        self.refresh()
        if not self._found:
            return []
        return [at for at, node in enumerate(self._path) if self._found in _all_text(node)]

    # -- drawing -------------------------------------------------------------------------------

    def _segments(self, at: int) -> list[Segment]:
        segments = super()._segments(at)
        place = self.turn_at(at)
        if place is None:
            return segments
        start, end = self._span(place)
        picked = self._path[place].id == self._picked
        if at == end and place + 1 < len(self._path):
            # The blank line above the next turn has room for what is to be said of it.
            return segments + self._labelled(self._path[place + 1])
        if self._found:
            segments = [part for segment in segments for part in self._marked(segment)]
        if picked and start <= at < end and self._margin:
            bar = self._style("picked")
            before = Segment(" " * (self._margin - 1), self._bare)
            segments[:1] = [before, Segment("▌", bar)]
        return segments

    def _labelled(self, node: Node) -> list[Segment]:
        label = self.label_of(node)
        if not label:
            return []
        gap = self._width + GUTTER - cell_len(label)
        return [Segment(" " * max(0, gap), self._bare), Segment(label, self._style("label"))]

    def _marked(self, segment: Segment) -> Iterator[Segment]:
        """A segment in pieces, what is looked for in a style of its own."""
        text, folded = segment.text, segment.text.casefold()
        if len(folded) != len(text):
            yield segment
            return
        done = 0
        while (found := folded.find(self._found, done)) >= 0:
            yield Segment(text[done:found], segment.style)
            done = found + len(self._found)
            yield Segment(text[found:done], self._style("found"))
        yield Segment(text[done:], segment.style)


def _all_text(node: Node) -> str:
    said = node.action.text if node.action is not None else ""
    return f"{said}\n{node.text}".casefold()
