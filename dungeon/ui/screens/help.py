"""What a screen is for, and every key of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from dungeon.ui.commands import Command
from dungeon.ui.modal import Modal

if TYPE_CHECKING:
    from dungeon.ui.guide import Guide


class HelpScreen(Modal[None]):
    """Shows the keys; Escape and Enter close it, and so does F1, which is the app's.

    Args:
        guide: What the screen is for.
        commands: What can be done on it.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,enter,q", "dismiss(None)", "Close", show=False, tooltip="Closes the help."),
    ]

    def __init__(self, guide: Guide, commands: Iterable[Command]) -> None:
        super().__init__()
        self._guide = guide
        self._commands = tuple(commands)

    def compose(self) -> ComposeResult:
        """The table."""
        guide = self._guide
        with Vertical(classes="dialog wide"):
            yield Static(Content(guide.title), classes="dialog--title", markup=False)
            with VerticalScroll(classes="dialog--body"):
                yield Static(Content(guide.how), classes="help--intro", markup=False)
                yield from self._table([*guide.keys, *map(row, self._commands)])
                if guide.after:
                    yield Static(Content(guide.after), classes="help--typed", markup=False)

    def _table(self, rows: Iterable[tuple[str, str]]) -> ComposeResult:
        for keys, about in rows:
            with Horizontal(classes="help--row"):
                yield Static(Content(keys), classes="help--keys", markup=False)
                yield Static(Content(about), classes="help--about", markup=False)


_SIGNS = {
    "SHIFT+": "⇧", "CTRL+": "^", "MINUS": "-", "PLUS": "+", "BACKSPACE": "Bksp", "DELETE": "Del",
    "INSERT": "Ins",
}  # fmt: skip


def row(command: Command) -> tuple[str, str]:
    """A command's keys, the one of the bar first, and what they do."""
    other = command.keys[-1].upper() if len(command.keys) > 1 else ""
    for name, sign in _SIGNS.items():
        other = other.replace(name, sign)
    # Many terminals call ⇧F2 F14, so such a command has one key under two names.
    return " ".join(dict.fromkeys((command.shown_key, other))).strip(), command.help
