"""The pane beside a scenario's text: what its first turn sends."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from dungeon.ui.preview import LINE, WINDOW, Preview
from dungeon.ui.shown import joined, shown
from dungeon.ui.widgets.budget import Budget, cut_details, segment_details


class PreviewPane(VerticalScroll):
    """Shows a preview; while the scenario has errors, the last one from before."""

    def compose(self) -> ComposeResult:
        """How it was counted, the budget, what was cut, the pieces."""
        yield Static(Content(""), id="first-head", markup=False)
        yield Budget(id="first-budget")
        yield Static(Content(""), id="first-cuts", classes="context--cut", markup=False)
        yield Static(Content(""), id="first-segments", markup=False)

    def show(self, preview: Preview) -> None:
        """Show another one."""
        head = self.query_one("#first-head", Static)
        context = preview.context
        if context is None:
            head.update(shown("This waits until the errors are put right.", "$error"))
            return
        counted = (
            f"Counted by {preview.counted_by}."
            if preview.counted_by
            else f"Estimated, for a base model with a window of {WINDOW} tokens."
        )
        head.update(
            joined(
                ("What the first turn sends", "bold $primary"),
                (f" when the player types \u201c{LINE}\u201d. {counted}", "$faint"),
            )
        )
        self.query_one(Budget).show(context)
        self.query_one("#first-cuts", Static).update(cut_details(context))
        self.query_one("#first-segments", Static).update(segment_details(context))
