"""Asking for one short line: the name of a branch."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input, Static

from dungeon.story.marks import MAX_NAME
from dungeon.ui.modal import Modal
from dungeon.ui.shown import line
from dungeon.ui.widgets.line_input import LineInput


class NameScreen(Modal[str | None]):
    """Asks for the name of a branch; returns it, None when it is to stay as it is.

    Args:
        name: As it is now.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Close", show=False, tooltip="Leaves the name as it is.")
    ]

    def __init__(self, name: str) -> None:
        super().__init__()
        self._before = name

    def compose(self) -> ComposeResult:
        """What it is for, and the line."""
        with Vertical(classes="dialog"):
            yield Static(line("Name the branch"), classes="dialog--title", markup=False)
            yield Static(
                line("Enter keeps it; an empty line takes the name away."),
                classes="dialog--about",
                markup=False,
            )
            name = LineInput(id="branch-name", max_length=MAX_NAME)
            name.value = self._before
            name.cursor_blink = self.app.animation_level != "none"
            yield name

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Return the name."""
        event.stop()
        self.dismiss(event.value)
