"""Several tellings of one turn, side by side where there is room, of which one is taken."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.events import Click
from textual.widgets import Static

from dungeon.session import Narration
from dungeon.ui.commands import ON_CHOICE, Command
from dungeon.ui.modal import Modal
from dungeon.ui.shown import shown
from dungeon.ui.widgets.key_bar import KeyBar

COLUMNS = [(0, "-below"), (90, "-side")]
"""From so many cells on they stand side by side, else one below the other."""


class Telling(VerticalScroll, can_focus=True):
    """One of them.

    Args:
        at: Its place among them.
        text: What it tells.
    """

    def __init__(self, at: int, text: str) -> None:
        super().__init__(classes="telling")
        self.at = at
        self._text = text

    def compose(self) -> ComposeResult:
        """Its number and its text."""
        yield Static(Content(str(self.at + 1)), classes="telling--number", markup=False)
        yield Static(shown(self._text), markup=False)

    def on_click(self, event: Click) -> None:
        """A click on the one that has the frame takes it."""
        event.stop()
        if self.has_focus:
            self.screen.dismiss(self.at)


class ChooseScreen(Modal[int | None]):
    """Returns the place of the telling that is taken, None for none.

    Args:
        told: The tellings, at least one.
    """

    COMMANDS_HERE: ClassVar[tuple[Command, ...]] = ON_CHOICE
    BINDINGS: ClassVar[list[BindingType]] = [
        *(command.binding() for command in ON_CHOICE),
        Binding("left,up", "app.focus_previous", "Before", show=False, tooltip="The one before."),
        Binding("right,down", "app.focus_next", "After", show=False, tooltip="The one after."),
        *(
            Binding(str(n), f"take({n - 1})", str(n), show=False, tooltip=f"Takes telling {n}.")
            for n in range(1, 10)
        ),
    ]
    HORIZONTAL_BREAKPOINTS = COLUMNS

    def __init__(self, told: Sequence[Narration]) -> None:
        super().__init__()
        self._told = told

    def compose(self) -> ComposeResult:
        """The tellings."""
        with Vertical(classes="dialog", id="choose"):
            yield Static(Content("How does it go on?"), classes="dialog--title", markup=False)
            with VerticalScroll(id="tellings", can_focus=False):
                for at, narration in enumerate(self._told):
                    yield Telling(at, narration.text)
            yield KeyBar(ON_CHOICE, id="choose-keys")

    def on_mount(self) -> None:
        """The first has the frame."""
        self.query(Telling).first().focus()

    def action_take(self, at: int | None = None) -> None:
        """Take the one at a place, or the one that has the frame."""
        if at is None and isinstance(self.focused, Telling):
            at = self.focused.at
        if at is not None and at < len(self._told):
            self.dismiss(at)

    def action_close(self) -> None:
        """Take none."""
        self.dismiss(None)
