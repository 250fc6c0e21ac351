"""A question or a message over the screen, with buttons for the answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.widgets import Button, Static

from dungeon.errors import DungeonError
from dungeon.ui.modal import Modal
from dungeon.ui.shown import error_body, line, shown

Choices = Sequence[tuple[str, str]]
"""Answers: what the screen returns, and the button's text."""


class ChoiceScreen(Modal[str | None]):
    """Asks; returns the id of the answer, None when the question is left with Escape.

    Args:
        title: One line.
        body: What it is about.
        choices: The first has the focus.
        danger: The answer that destroys something.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "escape",
            "dismiss(None)",
            "Close",
            show=False,
            tooltip="Leaves the question unanswered.",
        ),
        Binding(
            "left,up", "app.focus_previous", "Before", show=False, tooltip="The answer before."
        ),
        Binding("right,down", "app.focus_next", "After", show=False, tooltip="The answer after."),
    ]

    def __init__(self, title: str, body: str, choices: Choices, danger: str = "") -> None:
        super().__init__()
        self._heading = title
        self._body = body
        self._choices = tuple(choices)
        self._danger = danger

    def compose(self) -> ComposeResult:
        """Title, body, buttons."""
        with Vertical(classes="dialog"):
            yield Static(line(self._heading), classes="dialog--title", markup=False)
            with VerticalScroll(classes="dialog--body", can_focus=False):
                yield Static(shown(self._body), markup=False)
            with Horizontal(classes="dialog--buttons"):
                for name, text in self._choices:
                    yield Button(
                        line(text),
                        id=f"choice-{name}",
                        variant="error" if name == self._danger else "default",
                        compact=True,
                    )

    def on_mount(self) -> None:
        """The first answer has the focus."""
        self.query(Button).first().focus()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Answer."""
        event.stop()
        self.dismiss((event.button.id or "").removeprefix("choice-"))


def error_screen(error: DungeonError, title: str = "That did not work") -> ChoiceScreen:
    """An error and one button."""
    return ChoiceScreen(title, error_body(error), [("ok", "Close")])
