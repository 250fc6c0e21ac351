"""How to play, and every key."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from dungeon.ui.commands import (
    ON_CARDS,
    ON_CHOICE,
    ON_CONTEXT,
    ON_ODDS,
    ON_TREE,
    PLAY,
    RATING_HELP,
    SCROLLING,
    TYPING,
    Command,
)

_INTRO = (
    "You are in a story, and the narrator is a language model on this machine. Type what you "
    "do, in your own words, and it tells what comes of it. Nothing is fixed beforehand, and "
    "nothing is lost: every turn, retry and change stays in the story file, which is saved "
    "after each turn."
)
_TYPED = "A command can be typed too, with a slash before it: /undo, /retry, /memory, /quit."

_PARTS = (
    ("Among the cards", ON_CARDS),
    ("In the tree", ON_TREE),
    ("Where the context is shown", ON_CONTEXT),
    ("Where tellings stand side by side", ON_CHOICE),
    ("Where words are weighed", ON_ODDS),
)


class HelpScreen(ModalScreen[None]):
    """Shows the keys; any of Escape, Enter and F1 closes it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,enter,q", "dismiss(None)", "Close", show=False, tooltip="Closes the help."),
        Binding(
            "f1", "dismiss(None)", "Close", show=False, priority=True, tooltip="Closes the help."
        ),
    ]

    def compose(self) -> ComposeResult:
        """The table."""
        with Vertical(classes="dialog wide"):
            yield Static(Content("How to play"), classes="dialog--title", markup=False)
            with VerticalScroll(classes="dialog--body"):
                yield Static(Content(_INTRO), classes="help--intro", markup=False)
                yield from self._table([*TYPING, *SCROLLING, *map(_row, PLAY), ("L", RATING_HELP)])
                yield Static(Content(_TYPED), classes="help--typed", markup=False)
                for heading, commands in _PARTS:
                    yield Static(Content(heading), classes="help--part", markup=False)
                    yield from self._table(map(_row, commands))

    def _table(self, rows: Iterable[tuple[str, str]]) -> ComposeResult:
        for keys, about in rows:
            with Horizontal(classes="help--row"):
                yield Static(Content(keys), classes="help--keys", markup=False)
                yield Static(Content(about), classes="help--about", markup=False)


def _row(command: Command) -> tuple[str, str]:
    other = command.keys[-1].upper() if len(command.keys) > 1 else ""
    return f"{command.shown_key} {other}".strip(), command.help
