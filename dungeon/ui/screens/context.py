"""What the next turn sends to the model: every segment, its tokens, and what was cut.

Memory and author's note can be changed here, with the budget in view.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.timer import Timer
from textual.widgets import Static

from dungeon.story.context import Context, Segment
from dungeon.text import clean
from dungeon.ui.commands import CLOSE_CONTEXT, CONTEXT, ON_CONTEXT, Command
from dungeon.ui.modal import Modal
from dungeon.ui.screens.editor import SafeTextArea, discard_screen
from dungeon.ui.shown import shown
from dungeon.ui.widgets.key_bar import KeyBar

RESTS = 0.15
"""So long after the last key the budget is counted anew, in seconds."""
HIDDEN = frozenset({"keep", "memory", "note"})
"""Commands that are left out of the bar of keys while they cannot be done."""

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


Trial = Callable[[str, str], Context]
"""What would be sent with another memory and another author's note."""


class ContextScreen(Modal[None]):
    """Shows a context; memory and note can be changed in it, and the budget moves as one types.

    Args:
        context: What is sent.
        beside: Memory and author's note as they are; None where nothing can be changed, as the
            context was sent already for the turn that is being told.
        trial: What would be sent with others.
        keep: Takes a new memory and a new note.
    """

    COMMANDS_HERE: ClassVar[tuple[Command, ...]] = ON_CONTEXT
    BINDINGS: ClassVar[list[BindingType]] = [
        *(command.binding() for command in ON_CONTEXT),
        Binding(
            ",".join(CONTEXT.keys), "close", "Close", show=False, priority=True,
            tooltip=CLOSE_CONTEXT.help,
        ),
    ]  # fmt: skip

    def __init__(
        self,
        context: Context,
        beside: tuple[str, str] | None = None,
        trial: Trial | None = None,
        keep: Callable[[str, str], object] = lambda memory, note: None,
    ) -> None:
        super().__init__()
        self._shown = context
        self._beside = beside
        self._trial = trial
        self._keep = keep
        self._editing = ""
        self._soon: Timer | None = None

    def compose(self) -> ComposeResult:
        """The budget, what was cut, then the segments or the text that is being changed."""
        title = "What this turn sent" if self._beside is None else "What the next turn sends"
        with Vertical(classes="dialog wide tall", id="context"):
            yield Static(Content(title), classes="dialog--title", markup=False)
            yield Budget(self._shown, id="budget")
            yield Static(Content(""), id="context-cuts", classes="context--cut", markup=False)
            with VerticalScroll(classes="dialog--body", id="context-body"):
                yield Static(Content(""), id="context-segments", markup=False)
            area = SafeTextArea(soft_wrap=True, tab_behavior="focus", id="text")
            area.cursor_blink = self.app.animation_level != "none"
            yield area
            yield KeyBar(ON_CONTEXT, hidden=HIDDEN, id="context-keys")

    def on_mount(self) -> None:
        """Nothing is being changed at first."""
        self._show(self._shown)
        self._edit("")

    def _show(self, context: Context) -> None:
        self._shown = context
        self.query_one(Budget).show(context)
        cuts = [
            shown(f"✂ {clean(cut.what, newlines=False)}: {cut.tokens} tokens, as {cut.why}")
            for cut in context.cut
        ]
        self.query_one("#context-cuts", Static).update(Content("\n").join(cuts))
        segments = [_segment(segment) for segment in context.segments]
        self.query_one("#context-segments", Static).update(Content("\n\n").join(segments))

    # -- changing ------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A text is kept while it is being changed, and changed while none is."""
        if action == "keep":
            return True if self._editing else None
        if action in ("memory", "note"):
            return True if self._beside is not None and not self._editing else None
        return True

    def _edit(self, what: str) -> None:
        self._editing = what
        self.set_class(bool(what), "-editing")
        area = self.query_one(SafeTextArea)
        if what and self._beside is not None:
            area.text = self._beside[what == "note"]
            area.move_cursor(area.document.end)
            area.focus()
        else:
            self.query_one("#context-body").focus()
        self.query_one(KeyBar).refresh()

    def action_memory(self) -> None:
        """Change the memory here."""
        self._edit("memory")

    def action_note(self) -> None:
        """Change the author's note here."""
        self._edit("note")

    def _texts(self) -> tuple[str, str]:
        """Memory and note as they would be."""
        memory, note = self._beside or ("", "")
        typed = self.query_one(SafeTextArea).text
        return (typed, note) if self._editing == "memory" else (memory, typed)

    def on_text_area_changed(self, event: SafeTextArea.Changed) -> None:
        """Let the budget follow, as soon as the keys rest."""
        event.stop()
        if self._soon is not None:
            self._soon.stop()
        self._soon = self.set_timer(RESTS, self._try_it)

    def _try_it(self) -> None:
        if self._editing and self._trial is not None:
            self._show(self._trial(*self._texts()))

    def action_keep(self) -> None:
        """Keep what was written."""
        texts = self._texts()
        self._keep(*texts)
        self._beside = texts
        self._try_it()
        self._edit("")

    def action_close(self) -> None:
        """Back to the segments, and from there to the story; ask where that loses something."""
        if not self._editing:
            self.dismiss(None)
        elif self._texts() == self._beside:
            self._edit("")
        else:
            self.app.push_screen(discard_screen("The text was changed and not saved."), self._lost)

    def _lost(self, answer: str | None) -> None:
        if answer == "discard" and self._beside is not None and self._trial is not None:
            self._show(self._trial(*self._beside))
            self._edit("")


class Budget(Static):
    """A bar of the prompt's segments within the model's window, with a legend."""

    def __init__(self, context: Context, *, id: str | None = None) -> None:
        super().__init__(markup=False, id=id)
        self._shown = context

    def show(self, context: Context) -> None:
        """Show another one."""
        self._shown = context
        self.on_resize()

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
