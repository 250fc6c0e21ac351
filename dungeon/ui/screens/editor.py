"""Editing a longer text over the screen: memory, author's note, the current turn."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Button, Static, TextArea

from dungeon.text import clean
from dungeon.ui.commands import IN_PLACE, Command
from dungeon.ui.modal import Modal
from dungeon.ui.screens.choice import ChoiceScreen
from dungeon.ui.shown import line, shown

MAX_TEXT = 20_000
"""Longest text that can be edited, in characters; far more than any model reads."""


class SafeTextArea(TextArea):
    """A text area into which nothing harmful can be pasted."""

    async def _on_paste(self, event: events.Paste) -> None:
        # The base class has a handler of its own, which would paste a second time.
        event.stop()
        event.prevent_default()
        room = max(0, MAX_TEXT - len(self.text) + len(self.selected_text))
        pasted = clean(event.text[: 2 * MAX_TEXT])[:room]
        result = self.replace(pasted, *self.selection, maintain_selection_offset=False)
        self.move_cursor(result.end_location)


def discard_screen(what: str) -> ChoiceScreen:
    """Asks whether what was changed may be lost; the answer that says so is "discard"."""
    return ChoiceScreen(
        "Discard the changes?",
        what,
        [("keep", "Go on editing"), ("discard", "Discard")],
        danger="discard",
    )


class EditorScreen(Modal[str | None]):
    """Edits a text; returns the new one, None when nothing is to change.

    Args:
        title: One line.
        about: What the text is for, a sentence or two.
        text: As it is now.
    """

    COMMANDS_HERE: ClassVar[tuple[Command, ...]] = IN_PLACE
    BINDINGS: ClassVar[list[BindingType]] = [command.binding() for command in IN_PLACE]

    def __init__(self, title: str, about: str, text: str) -> None:
        super().__init__()
        self._heading = title
        self._about = about
        self._before = clean(text)[:MAX_TEXT]

    def compose(self) -> ComposeResult:
        """Title, what it is for, the text, buttons."""
        with Vertical(classes="dialog editor"):
            yield Static(line(self._heading), classes="dialog--title", markup=False)
            yield Static(shown(self._about), classes="dialog--about", markup=False)
            area = SafeTextArea(self._before, soft_wrap=True, tab_behavior="focus", id="text")
            area.cursor_blink = self.app.animation_level != "none"
            yield area
            with Horizontal(classes="dialog--buttons"):
                yield Button(line("Save  ^S"), id="save", compact=True)
                yield Button(line("Cancel  Esc"), id="cancel", compact=True)

    def on_mount(self) -> None:
        """The cursor stands at the end of the text."""
        area = self.query_one(TextArea)
        area.move_cursor(area.document.end)
        area.focus()

    @property
    def text(self) -> str:
        """The text as it is now."""
        return self.query_one(TextArea).text

    def action_save(self) -> None:
        """Return the text."""
        self.dismiss(self.text if self.text != self._before else None)

    def action_cancel(self) -> None:
        """Leave the text as it was; ask first where that loses something."""
        if self.text == self._before:
            self.dismiss(None)
            return

        def answered(answer: str | None) -> None:
            if answer == "discard":
                self.dismiss(None)

        self.app.push_screen(discard_screen("The text was changed and not saved."), answered)

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Save or cancel."""
        event.stop()
        if event.button.id == "save":
            self.action_save()
        else:
            self.action_cancel()
