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

from dungeon.story.context import Context
from dungeon.ui.commands import CLOSE_CONTEXT, CONTEXT, ON_CONTEXT, Command
from dungeon.ui.modal import Modal
from dungeon.ui.screens.editor import SafeTextArea, discard_screen
from dungeon.ui.widgets.budget import Budget, cut_details, segment_details
from dungeon.ui.widgets.key_bar import KeyBar

RESTS = 0.15
"""So long after the last key the budget is counted anew, in seconds."""
HIDDEN = frozenset({"keep", "memory", "note"})
"""Commands that are left out of the bar of keys while they cannot be done."""

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
        self.query_one("#context-cuts", Static).update(cut_details(context))
        self.query_one("#context-segments", Static).update(segment_details(context))

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
