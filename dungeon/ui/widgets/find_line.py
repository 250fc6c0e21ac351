"""The line in which words are looked for in the story; it stands in the place of the player's."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Static

from dungeon.ui.shown import line
from dungeon.ui.widgets.line_input import LineInput

MAX_SEARCH = 80


class FindInput(LineInput):
    """The words; Up and Down go from place to place."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "found(-1)", "Place before", show=False, tooltip="To the place before."),
        Binding("down", "found(1)", "Place after", show=False, tooltip="To the place after."),
    ]

    def action_found(self, step: int) -> None:
        """To another place."""
        self.post_message(FindLine.Moved(step))

    async def action_submit(self) -> None:
        """Enter goes further back, as the search begins at the end."""
        self.action_found(-1)


class FindLine(Horizontal):
    """Asks for words and says where they are."""

    class Moved(Message):
        """The player wants the place before (-1) or after (1)."""

        def __init__(self, step: int) -> None:
            super().__init__()
            self.step = step

    class Sought(Message):
        """The player looks for other words."""

        def __init__(self, words: str) -> None:
            super().__init__()
            self.words = words

    def compose(self) -> ComposeResult:
        """A mark, the words, the count."""
        yield Static(Content("Find ❯"), classes="find--mark", markup=False)
        yield FindInput(id="find", max_length=MAX_SEARCH, placeholder="words of the story")
        yield Static(Content(""), id="found", markup=False)

    @property
    def input(self) -> FindInput:
        """Where the words are typed."""
        return self.query_one(FindInput)

    def say(self, text: str) -> None:
        """Where the words are."""
        self.query_one("#found", Static).update(line(text, "$faint"))

    def on_input_changed(self, event: Input.Changed) -> None:
        """Other words."""
        event.stop()
        self.post_message(self.Sought(event.value))
