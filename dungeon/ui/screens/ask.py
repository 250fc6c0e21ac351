"""A line of text asked for over the screen, and refused with the reason where it will not do."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Button, Input, Static

from dungeon.errors import DungeonError
from dungeon.ui.modal import Modal
from dungeon.ui.shown import error_text, line, shown
from dungeon.ui.widgets.line_input import LineInput


class AskScreen(Modal[str | None]):
    """Asks for a line; returns it, None when the question is left with Escape.

    Args:
        title: One line.
        about: What is asked for, a sentence or two.
        value: What stands there at first.
        check: Raises `DungeonError` for a line that will not do; the player then mends it.
        most: Longest line, in characters.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "escape",
            "dismiss(None)",
            "Cancel",
            show=False,
            priority=True,
            tooltip="Goes back; nothing is changed.",
        )
    ]

    def __init__(
        self,
        title: str,
        about: str,
        value: str = "",
        check: Callable[[str], object] = lambda text: None,
        most: int = 200,
    ) -> None:
        super().__init__()
        self._heading = title
        self._about = about
        self._before = line(value).plain[:most]
        self._check = check
        self._most = most

    def compose(self) -> ComposeResult:
        """Title, what it is about, the line, what is wrong with it, buttons."""
        with Vertical(classes="dialog"):
            yield Static(line(self._heading), classes="dialog--title", markup=False)
            yield Static(shown(self._about), classes="dialog--about", markup=False)
            asked = LineInput(id="asked", max_length=self._most)
            asked.value = self._before
            asked.cursor_blink = self.app.animation_level != "none"
            yield asked
            yield Static(Content(""), id="asked-wrong", markup=False)
            with Horizontal(classes="dialog--buttons"):
                yield Button(line("OK  Enter"), id="ok", compact=True)
                yield Button(line("Cancel  Esc"), id="cancel", compact=True)

    def on_mount(self) -> None:
        """The line has the focus."""
        self.query_one(LineInput).focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take the line, or say what is wrong with it."""
        event.stop()
        self._answer()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Take the line or leave."""
        event.stop()
        if event.button.id == "ok":
            self._answer()
        else:
            self.dismiss(None)

    def _answer(self) -> None:
        text = line(self.query_one(LineInput).value).plain
        try:
            self._check(text)
        except DungeonError as error:
            self.query_one("#asked-wrong", Static).update(shown(error_text(error)))
            return
        self.dismiss(text)
