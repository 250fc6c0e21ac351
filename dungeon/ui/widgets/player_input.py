"""Where the player types: one line, its mode, and the lines typed before."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widgets import Static

from dungeon.story.action import MAX_LINE, Mode
from dungeon.text import clean
from dungeon.ui.widgets.line_input import LineInput

MODES = (Mode.DO, Mode.SAY, Mode.STORY)
ASKS = {
    Mode.DO: "What do you do?",
    Mode.SAY: "What do you say?",
    Mode.STORY: "What happens next, in your words?",
}
REMEMBERED = 200
"""Lines that Up goes back to."""


class PlayerInput(LineInput):
    """The line itself."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "mode(1)", "Mode", show=False, tooltip="Changes what the line is."),
        Binding(
            "shift+tab",
            "mode(-1)",
            "Mode",
            show=False,
            tooltip="Changes what the line is, the other way round.",
        ),
        Binding(
            "up",
            "recall(-1)",
            "Line before",
            show=False,
            tooltip="Brings back the line typed before.",
        ),
        Binding(
            "down",
            "recall(1)",
            "Line after",
            show=False,
            tooltip="Goes on to the line typed after.",
        ),
    ]

    mode: reactive[Mode] = reactive(Mode.DO)

    class Entered(Message):
        """The player sent a line."""

        def __init__(self, mode: Mode, text: str) -> None:
            super().__init__()
            self.mode = mode
            self.text = text

    class ModeChanged(Message):
        """The player changed what the line is."""

        def __init__(self, mode: Mode) -> None:
            super().__init__()
            self.mode = mode

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, max_length=MAX_LINE, placeholder=ASKS[Mode.DO])
        self._before: list[tuple[Mode, str]] = []
        self._at = 0
        self._typed: tuple[Mode, str] = (Mode.DO, "")

    def watch_mode(self, mode: Mode) -> None:
        """Ask the right question."""
        self.placeholder = ASKS.get(mode, "")
        self.post_message(self.ModeChanged(mode))

    def action_mode(self, step: int) -> None:
        """Change what the line is."""
        self.mode = MODES[(MODES.index(self.mode) + step) % len(MODES)]

    def remember(self, lines: Iterable[tuple[Mode, str]]) -> None:
        """Add lines to those that Up brings back."""
        for mode, text in lines:
            entry = (mode, clean(text, newlines=False))
            if text and self._before[-1:] != [entry]:
                self._before.append(entry)
        del self._before[:-REMEMBERED]
        self._at = len(self._before)

    def action_recall(self, step: int) -> None:
        """Bring back a line typed before, or after that the one being typed."""
        if self._at == len(self._before):
            self._typed = (self.mode, self.value)
        at = max(0, min(len(self._before), self._at + step))
        if at == self._at:
            return
        self._at = at
        self.put(*(self._typed if at == len(self._before) else self._before[at]))

    def put(self, mode: Mode, text: str) -> None:
        """Fill the line."""
        self.mode = mode if mode in MODES else Mode.DO
        self.value = clean(text, newlines=False)[:MAX_LINE]
        self.cursor_position = len(self.value)

    def give_back(self, mode: Mode, text: str) -> None:
        """Fill the line unless something new was typed; Up still finds it then."""
        if not text:
            return
        if not self.value:
            self.put(mode, text)
        else:
            self.remember([(mode, text)])

    async def action_submit(self) -> None:
        """Hand the line to the screen, which clears it once it has taken it."""
        self.post_message(self.Entered(self.mode, self.value))

    def taken(self) -> None:
        """The line was taken: remember it and make room for the next."""
        self.remember([(self.mode, self.value)])
        self.value = ""
        self._typed = (self.mode, "")


class Prompt(Horizontal):
    """The line with its mode before it."""

    def compose(self) -> ComposeResult:
        """The mode, then the line."""
        yield Static(Content(""), id="mode", markup=False)
        yield PlayerInput(id="line")

    def on_mount(self) -> None:
        """Show the first mode."""
        self._show(self.line.mode)

    @property
    def line(self) -> PlayerInput:
        """The line."""
        return self.query_one(PlayerInput)

    def on_player_input_mode_changed(self, event: PlayerInput.ModeChanged) -> None:
        """Show the mode."""
        self._show(event.mode)

    def _show(self, mode: Mode) -> None:
        self.query_one("#mode", Static).update(Content(f"{mode.value.capitalize()} ❯"))
