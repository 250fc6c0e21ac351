"""A short list over the screen, of which one is picked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from dungeon.ui.modal import Modal
from dungeon.ui.shown import joined, line, shown


class PickScreen(Modal[str | None]):
    """Offers things; returns the id of the one that is picked, None when it is left with Escape.

    Args:
        title: One line.
        about: What is to be picked, a sentence or two.
        offers: What the screen returns, a name, and a few words about it.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "escape", "dismiss(None)", "Close", show=False, tooltip="Goes back; nothing is picked."
        ),
    ]

    def __init__(self, title: str, about: str, offers: Sequence[tuple[str, str, str]]) -> None:
        super().__init__()
        self._heading = title
        self._about = about
        self._offers = tuple(offers)

    def compose(self) -> ComposeResult:
        """Title, what it is about, the list."""
        with Vertical(classes="dialog"):
            yield Static(line(self._heading), classes="dialog--title", markup=False)
            yield Static(shown(self._about), classes="dialog--about", markup=False)
            yield OptionList(
                *(
                    Option(joined(line(name, "bold $primary"), (f"\n{about}", "$faint")), id=key)
                    for key, name, about in self._offers
                ),
                id="offers",
                markup=False,
                compact=True,
            )

    def on_mount(self) -> None:
        """The list has the focus."""
        self.query_one(OptionList).focus()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Return it."""
        event.stop()
        self.dismiss(event.option_id)
