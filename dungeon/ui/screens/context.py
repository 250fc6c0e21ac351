"""What the next turn sends to the model: every segment, its tokens, and what was cut."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from dungeon.story.context import Context, Segment
from dungeon.text import clean

NAMES = {
    "primer": "Primer",
    "memory": "Memory",
    "history": "Story so far",
    "recall": "From before",
    "cards": "World info",
    "recent": "Last turns",
    "note": "Author's note",
    "cue": "Your move",
}
COLOURS = {
    "primer": "$secondary",
    "memory": "$primary",
    "history": "$faint",
    "recall": "$secondary",
    "cards": "$success",
    "recent": "$ink",
    "note": "$warning",
    "cue": "$accent",
}


class ContextScreen(ModalScreen[None]):
    """Shows a context.

    Args:
        context: What is sent.
        running: Whether it was sent already, for the turn that is being told.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,enter,q", "dismiss(None)", "Close", show=False),
        Binding("ctrl+t,f8", "dismiss(None)", "Close", show=False, priority=True),
    ]

    def __init__(self, context: Context, *, running: bool = False) -> None:
        super().__init__()
        self._shown = context
        self._running_turn = running

    def compose(self) -> ComposeResult:
        """The budget, then the segments."""
        title = "What this turn sent" if self._running_turn else "What the next turn sends"
        with Vertical(classes="dialog wide tall"):
            yield Static(Content(title), classes="dialog--title", markup=False)
            yield Budget(self._shown, id="budget")
            with VerticalScroll(classes="dialog--body"):
                for cut in self._shown.cut:
                    yield Static(
                        Content(f"✂ {clean(cut.what, newlines=False)}: {cut.tokens} tokens"),
                        classes="context--cut",
                        markup=False,
                    )
                for segment in self._shown.segments:
                    yield Static(_segment(segment), classes="context--segment", markup=False)


class Budget(Static):
    """A bar of the prompt's segments within the model's window, with a legend."""

    def __init__(self, context: Context, *, id: str | None = None) -> None:
        super().__init__(markup=False, id=id)
        self._shown = context

    def on_resize(self) -> None:
        """Draw the bar as wide as there is room."""
        self.update(Content("\n").join([*self._bar(), *self._legend()]))

    def _bar(self) -> list[Content]:
        context = self._shown
        width = max(10, self.size.width)
        window = context.limit + context.max_new_tokens
        bar: list[Content] = []
        drawn = sent = 0
        for segment in context.segments:
            sent += segment.tokens
            end = round(width * sent / window)
            bar.append(Content("█" * (end - drawn)).stylize(COLOURS[segment.kind]))
            drawn = end
        room = round(width * context.max_new_tokens / window)
        free = max(0, width - drawn - room)
        bar.append(Content("░" * free).stylize("$rule"))
        bar.append(Content("▒" * (width - drawn - free)).stylize("$border"))
        numbers = (
            f"{context.tokens} of {context.limit} tokens for the prompt, "
            f"{context.max_new_tokens} kept for the reply"
        )
        return [Content("").join(bar), Content(numbers)]

    def _legend(self) -> list[Content]:
        tokens: dict[str, int] = {}
        for segment in self._shown.segments:
            tokens[segment.kind] = tokens.get(segment.kind, 0) + segment.tokens
        rows: list[list[Content]] = [[]]
        used = 0
        for kind, count in tokens.items():
            entry = Content.assemble(("■ ", COLOURS[kind]), (f"{NAMES[kind]} {count}", "$faint"))
            if rows[-1] and used + entry.cell_length > self.size.width:
                rows.append([])
                used = 0
            rows[-1].append(entry)
            used += entry.cell_length + 2
        return [Content("  ").join(row) for row in rows]


def _segment(segment: Segment) -> Content:
    colour = COLOURS[segment.kind]
    head = Content.assemble(
        (f"■ {NAMES[segment.kind]}", f"bold {colour}"), (f"  {segment.tokens} tokens", "$faint")
    )
    body = Content(clean(segment.text).strip("\n")).stylize("$ink")
    return Content("\n").join([head, body])
