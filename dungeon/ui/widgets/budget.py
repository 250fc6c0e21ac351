"""A context on the screen: a bar of what it is made of, what was cut, and every piece in full."""

from __future__ import annotations

from textual.content import Content
from textual.widgets import Static

from dungeon.story.context import Context, Segment
from dungeon.text import clean
from dungeon.ui.shown import shown

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


class Budget(Static):
    """A bar of the prompt's segments within the model's window, with a legend."""

    def __init__(self, context: Context | None = None, *, id: str | None = None) -> None:
        super().__init__(markup=False, id=id)
        self._shown = context

    def show(self, context: Context) -> None:
        """Show another one."""
        self._shown = context
        self.on_resize()

    def on_resize(self) -> None:
        """Draw the bar as wide as there is room."""
        if self._shown is not None:
            lines = [*self._bar(self._shown), *self._legend(self._shown)]
            self.update(Content("\n").join(lines))

    def _bar(self, context: Context) -> list[Content]:
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

    def _legend(self, context: Context) -> list[Content]:
        tokens: dict[str, int] = {}
        for segment in context.segments:
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


def cut_details(context: Context) -> Content:
    """A line for each thing that found no room."""
    return Content("\n").join(
        shown(f"✂ {clean(cut.what, newlines=False)}: {cut.tokens} tokens, as {cut.why}")
        for cut in context.cut
    )


def segment_details(context: Context) -> Content:
    """Every segment with its name, its tokens and its text."""
    return Content("\n\n").join(_segment(segment) for segment in context.segments)


def _segment(segment: Segment) -> Content:
    colour = COLOURS[segment.kind]
    head = Content.assemble(
        (f"■ {NAMES[segment.kind]}", f"bold {colour}"), (f"  {segment.tokens} tokens", "$faint")
    )
    body = Content(clean(segment.text).strip("\n")).stylize("$ink")
    return Content("\n").join([head, body])
