"""The story on the screen: one widget, however long the story is.

Turns are wrapped into lines only from `first` on, the rest when the reader scrolls up to
them, and only lines in view are drawn. So a turn costs the same in a story of 10 turns and
of 10,000.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.events import Resize
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.selection import Selection
from textual.strip import Strip
from textual.timer import Timer

from dungeon.story.action import Action
from dungeon.story.scenario import Style as StoryStyle
from dungeon.story.tree import Node
from dungeon.text import clean
from dungeon.ui.preferences import Look
from dungeon.ui.typist import FRAMES_PER_SECOND, Typist
from dungeon.ui.widgets import lines
from dungeon.ui.widgets.lines import GUTTER, Line

PAGE = 60
"""Turns laid out at first, and again each time the reader comes to the top of them."""


class Transcript(ScrollView):
    """Shows a path of turns, and below it the turn that is being told.

    Attributes:
        story_style: In what person and tense the player's lines are shown; set before them.
        look: How wide it is laid out and how fast it is typed; see `set_look`.
    """

    ALLOW_SELECT = True
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"transcript--{kind}" for kind in lines.KINDS}

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.can_focus = False
        self.story_style = StoryStyle()
        self.look = Look()
        self._typist: Typist | None = None
        self._typed: Node | None = None
        self._typing: Timer | None = None
        self._titles: tuple[str, str] = ("", "")
        self._path: list[Node] = []
        self._first = 0
        self._lines: list[Line] = []
        self._starts: list[int] = []
        self._tail: list[Line] = []
        self._action: Action | None = None
        self._under_way = False
        self._draft = ""
        self._hint = ""
        self._notice = ""
        self._quiet = False
        self._laid_out_for = 0
        self._styles_cache_for: dict[str, Style] = {}

    # -- what is shown -------------------------------------------------------------------------

    @property
    def nodes(self) -> Sequence[Node]:
        """The turns of the path on the screen."""
        return self._path if self._typed is None else [*self._path, self._typed]

    @property
    def laid_out(self) -> int:
        """How many turns are laid out as lines."""
        return len(self._starts)

    def set_title(self, title: str, below: str = "") -> None:
        """The heading above the opening."""
        self._titles = (clean(title, newlines=False), clean(below, newlines=False))
        self._reload()

    def show(self, path: Sequence[Node]) -> None:
        """Show these turns; what stays the same is not laid out again."""
        self.finish_typing()
        same = 0
        for old, new in zip(self._path, path, strict=False):
            if old is not new:
                break
            same += 1
        following = self._following
        if same < self._first or not self._starts:
            self._path = list(path)
            self._reload()
            return
        if same < len(self._path):
            keep = same - self._first
            del self._lines[self._starts[keep] if keep < len(self._starts) else len(self._lines) :]
            del self._starts[keep:]
            del self._path[same:]
        for node in path[same:]:
            self._append(node)
        if not self._starts and self._path:
            self._reload()
            return
        self._changed(following or same < len(path))

    def add(self, node: Node) -> None:
        """Show one more turn; the one under way is over, though it may still be being typed."""
        following = self._following
        if self._typist is not None and self._under_way:
            self._typed, self._draft, self._hint = node, clean(node.text), ""
            self._changed(following)
            return
        self._clear_tail()
        self._append(node)
        if following and len(self._starts) > 4 * PAGE:
            self._reload()
        else:
            self._changed(following)

    def begin(self, action: Action, hint: str = "") -> None:
        """Show a turn that is under way: its action, and room for its text."""
        self.finish_typing()
        self._clear_tail()
        self._begin_typing()
        self._action = action
        self._under_way = True
        self._hint = hint
        self._changed(True)

    def set_draft(self, text: str) -> None:
        """The text so far of the turn under way."""
        if not self._under_way or text == self._draft:
            return
        following, before = self._following, self._tail
        self._draft = clean(text)
        self._lay_out_tail()
        if len(before) != len(self._tail):
            self._changed(following)
            return
        # Mostly the last line alone has grown; the frame of a key must not wait for the rest.
        pairs = enumerate(zip(before, self._tail, strict=True))
        first = next((at for at, (old, new) in pairs if old != new), len(before))
        self.refresh_lines(len(self._lines) + first, len(before) - first)

    def end(self) -> None:
        """There is no turn under way any more."""
        self.finish_typing()
        if self._under_way:
            following = self._following
            self._clear_tail()
            self._changed(following)

    def set_notice(self, text: str, *, quiet: bool = False) -> None:
        """Say something below the story until the next turn begins.

        A quiet notice is no warning: it is drawn like a hint, and leaves the reader who has
        gone back in the story where they are.
        """
        follow = self._following if quiet else True
        self._notice, self._quiet = clean(text), quiet
        self._changed(follow)

    @property
    def draft(self) -> str:
        """The text shown of the turn under way."""
        return self._draft

    @property
    def notice(self) -> str:
        """What is said below the story."""
        return self._notice

    # -- typing --------------------------------------------------------------------------------

    def set_look(self, look: Look) -> None:
        """Lay out and type in another way from now on."""
        self.finish_typing()
        self.look = look
        if not look.pace:
            self._typist = None
        self._reload()

    @property
    def typing(self) -> bool:
        """Whether a turn that is told already is still being typed."""
        return self._typed is not None

    def _begin_typing(self) -> None:
        self._typist = Typist(self.look.pace) if self.look.pace else None
        if self._typist is not None:
            if self._typing is None:
                self._typing = self.set_interval(1 / FRAMES_PER_SECOND, self._type)
            self._typing.resume()

    def _type(self) -> None:
        if self._typist is None or not self._under_way:
            if self._typing is not None:
                self._typing.pause()
            return
        before = self._typist.visible(self._draft)
        self._typist.tick(1 / FRAMES_PER_SECOND, self._draft)
        if self._typed is not None and self._typist.done(self._draft):
            self.finish_typing()
        elif self._typist.visible(self._draft) != before:
            self._changed(self._following)

    def finish_typing(self) -> None:
        """Show all of a turn that is told already."""
        node, self._typed = self._typed, None
        if node is not None:
            following, notice, quiet = self._following, self._notice, self._quiet
            self._clear_tail()
            self._notice, self._quiet = notice, quiet
            self._append(node)
            self._changed(following)

    # -- lines ---------------------------------------------------------------------------------

    @property
    def _width(self) -> int:
        room = self.scrollable_content_region.width - GUTTER - 2 * max(1, self.look.margin)
        return max(8, min(self.look.line_width, room))

    @property
    def _margin(self) -> int:
        return max(0, (self.scrollable_content_region.width - self._width - GUTTER) // 2)

    def _clear_tail(self) -> None:
        self._action, self._under_way, self._draft, self._hint, self._notice = (
            None, False, "", "", "",
        )  # fmt: skip

    def _append(self, node: Node) -> None:
        self._path.append(node)
        self._starts.append(len(self._lines))
        self._lines.extend(self._node_lines(node))

    def _reload(self, first: int | None = None) -> None:
        """Lay out anew, from the last page or from `first`."""
        if not self.size.width:
            return
        self._laid_out_for = self._width
        self._first = max(0, len(self._path) - PAGE) if first is None else first
        self._lines = self._heading() if self._first == 0 else []
        self._starts = []
        for node in self._path[self._first :]:
            self._starts.append(len(self._lines))
            self._lines.extend(self._node_lines(node))
        self._changed(True)

    def load_older(self, turns: int | None = None) -> None:
        """Lay out older turns above (a page), leaving what the reader sees where it is."""
        turns = PAGE if turns is None else turns
        if not self._first:
            return
        first = max(0, self._first - turns)
        above: list[Line] = self._heading() if first == 0 else []
        starts = []
        for node in self._path[first : self._first]:
            starts.append(len(above))
            above.extend(self._node_lines(node))
        added = len(above)
        self._starts = starts + [start + added for start in self._starts]
        self._lines = above + self._lines
        self._first = first
        self._changed(False)
        self.scroll_to(y=self.scroll_y + added, animate=False, force=True)

    def _lay_out_tail(self) -> None:
        tail: list[Line] = []
        if self._under_way:
            draft = self._draft if self._typist is None else self._typist.visible(self._draft)
            tail += lines.under_way(self._action, draft, self._hint, self._width, self.story_style)
        if self._notice:
            tail += lines.notice(self._notice, self._width, quiet=self._quiet)
        self._tail = tail

    def _node_lines(self, node: Node) -> list[Line]:
        return lines.turn(node, self._width, self.story_style)

    def _heading(self) -> list[Line]:
        return lines.heading(*self._titles, self._width)

    @property
    def _following(self) -> bool:
        # Beyond the end is at the end: what stood there was taken back.
        return self.scroll_offset.y >= self.max_scroll_y

    def _changed(self, follow: bool) -> None:
        self._lay_out_tail()
        height = len(self._lines) + len(self._tail)
        self.virtual_size = Size(self.scrollable_content_region.width, height)
        if follow or self.scroll_offset.y > self.max_scroll_y:
            self.scroll_end(animate=False, immediate=True, x_axis=False, force=True)
        self.refresh()

    def line_at(self, y: int) -> Line:
        """The laid out line `y`, counted from the top of what is laid out."""
        if y < len(self._lines):
            return self._lines[y]
        y -= len(self._lines)
        return self._tail[y] if y < len(self._tail) else ("prose", "", "")

    # -- drawing -------------------------------------------------------------------------------

    def on_resize(self, event: Resize) -> None:
        """Lay out anew when the measure changed."""
        if self._width != self._laid_out_for or not self._starts:
            self._reload()
        else:
            self._changed(self._following)

    def notify_style_update(self) -> None:
        """Forget the styles of the theme before."""
        super().notify_style_update()
        self._styles_cache_for.clear()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Bring older turns in when the reader comes near the top."""
        super().watch_scroll_y(old_value, new_value)
        if new_value < old_value and new_value <= self.size.height and self._first:
            self.call_next(self.load_older)

    def to_beginning(self) -> None:
        """Scroll to the opening."""
        self.load_older(len(self._path))
        self.scroll_home(animate=False, force=True)

    def _style(self, kind: str) -> Style:
        style = self._styles_cache_for.get(kind)
        if style is None:
            style = self.get_component_rich_style(f"transcript--{kind}")
            self._styles_cache_for[kind] = style
        return style

    @property
    def _bare(self) -> Style:
        """The style where nothing stands; working it out anew for each line is a third of its
        price."""
        style = self._styles_cache_for.get("")
        if style is None:
            style = self._styles_cache_for[""] = self.rich_style
        return style

    def render_line(self, y: int) -> Strip:
        """One line of the view."""
        width = self.scrollable_content_region.width
        at = self.scroll_offset.y + y
        selection = self.text_selection
        span = selection.get_span(at) if selection is not None else None
        strip = Strip(self._segments(at))
        if span is not None:
            strip = self._selected(strip, *span)
        return strip.adjust_cell_length(width, self._bare).apply_offsets(0, at)

    def _segments(self, at: int) -> list[Segment]:
        """Margin, gutter and text of the laid out line `at`."""
        kind, gutter, text = self.line_at(at)
        style = self._style(kind)
        segments = [Segment(" " * self._margin, self._bare)]
        if gutter:
            segments.append(Segment(gutter, style))
        segments.append(Segment(text, style))
        return segments

    def _selected(self, strip: Strip, start: int, end: int) -> Strip:
        text = strip.text
        end = len(text) if end == -1 else end
        cuts = [cell_len(text[:start]), cell_len(text[:end]), strip.cell_length]
        style = self.screen.get_component_rich_style("screen--selection")
        before = strip.crop(0, cuts[0])
        inside = Strip(
            [Segment(s.text, (s.style or Style()) + style) for s in strip.crop(cuts[0], cuts[1])]
        )
        return Strip.join([before, inside, strip.crop(cuts[1], cuts[2])])

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """The selected text, without the margin."""
        pad = " " * self._margin
        rows = []
        for y in range(len(self._lines) + len(self._tail)):
            _, gutter, text = self.line_at(y)
            rows.append(pad + gutter + text)
        picked = selection.extract("\n".join(rows))
        return "\n".join(line.removeprefix(pad + "  ") for line in picked.split("\n")), "\n"

    def selection_updated(self, selection: Selection | None) -> None:
        """Draw the selection."""
        self.refresh()
