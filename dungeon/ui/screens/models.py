"""The models: what is here, how large and how fast each is; fetching one; telling with one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from rich.cells import set_cell_size
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from dungeon.engine.downloads import Progress
from dungeon.engine.inventory import Stock
from dungeon.ui.commands import MODELS, Command
from dungeon.ui.modal import Modal
from dungeon.ui.screens.card_editor import SHORT
from dungeon.ui.screens.cards import CardList
from dungeon.ui.screens.choice import ChoiceScreen
from dungeon.ui.shown import joined, shown
from dungeon.ui.tables import ON_MODELS
from dungeon.ui.widgets.key_bar import KeyBar

MEGABYTE = 1_000_000
BAR = 30
"""Cells of the bar of a download."""
STYLES = {"plain": "as prose", "chat": "as a chat"}


class ModelsScreen(Modal[None]):
    """Lists the models.

    Args:
        stocks: Reads what there is.
        current: Name of the model that tells now; "" for none.
        use: Loads a model by its name.
        pull: Begins to fetch one by its name; None where none may be fetched.
        cancel: Ends the fetching.
    """

    COMMANDS_HERE: ClassVar[tuple[Command, ...]] = ON_MODELS
    BINDINGS: ClassVar[list[BindingType]] = [
        *(command.binding() for command in ON_MODELS),
        MODELS.closing(),
    ]
    VERTICAL_BREAKPOINTS = SHORT

    def __init__(
        self,
        stocks: Callable[[], Sequence[Stock]],
        current: str,
        use: Callable[[str], object],
        pull: Callable[[str], object] | None,
        cancel: Callable[[], object],
    ) -> None:
        super().__init__()
        self._stocks = stocks
        self._current = current
        self._use = use
        self._pull = pull
        self._cancel = cancel
        self._listed: Sequence[Stock] = ()
        self._fetching = ""

    def compose(self) -> ComposeResult:
        """Heading, the list, the picked one, a download, keys."""
        with Vertical(classes="dialog wide", id="models"):
            yield Static(Content("Models"), classes="dialog--title", markup=False)
            yield CardList(id="models-list", markup=False, compact=True)
            yield Static(Content(""), id="model-about", markup=False)
            yield Static(Content(""), id="model-fetch", markup=False)
            yield KeyBar(ON_MODELS, hidden=frozenset({"cancel_pull"}), id="models-keys")

    def on_mount(self) -> None:
        """Fill the list."""
        self.reload()
        self.query_one(CardList).focus()

    def reload(self, current: str | None = None) -> None:
        """Look again what is here; `current` is the model that tells now."""
        self._current = self._current if current is None else current
        listed = self.query_one(CardList)
        at = listed.highlighted or 0
        self._listed = self._stocks()
        listed.clear_options()
        listed.add_options([Option(model_option(stock, self._current)) for stock in self._listed])
        listed.highlighted = min(at, len(self._listed) - 1) if self._listed else None
        self._show()

    @property
    def picked(self) -> Stock | None:
        """The model that the keys are about."""
        at = self.query_one(CardList).highlighted
        return self._listed[at] if at is not None and at < len(self._listed) else None

    def _show(self) -> None:
        stock = self.picked
        content = Content("") if stock is None else model_details(stock)
        self.query_one("#model-about", Static).update(content)
        self.query_one(KeyBar).refresh()

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Describe it."""
        event.stop()
        self._show()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Tell with it, or fetch it."""
        event.stop()
        stock = self.picked
        if stock is not None and stock.path is None:
            self.action_pull()
        elif self.check_action("use", ()):
            self.action_use()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """What can be done with the picked model; None greys a key out."""
        stock = self.picked if self.is_mounted else None
        possible = {
            "use": stock is not None
            and stock.path is not None
            and stock.entry.name != self._current,
            "pull": stock is not None
            and stock.path is None
            and not self._fetching
            and self._pull is not None,
            "cancel_pull": bool(self._fetching),
        }
        return True if possible.get(action, True) else None

    # -- a download ----------------------------------------------------------------------------

    def progress(self, name: str, progress: Progress) -> None:
        """Show how far a download is."""
        self._fetching = name
        bar = ""
        if progress.total:
            share = min(1.0, progress.done / progress.total)
            filled = round(BAR * share)
            bar = f"  {'━' * filled}{'╌' * (BAR - filled)} {share:.0%}"
            if progress.left is not None:
                bar += f"  {progress.left:.0f}s"
        self.query_one("#model-fetch", Static).update(
            joined((f"{name}: {progress.step}", "$warning"), (bar, "$primary"))
        )
        self.query_one(KeyBar).refresh()

    def fetched(self, said: str = "", *, failed: bool = False) -> None:
        """A download is over, one way or the other."""
        self._fetching = ""
        self.query_one("#model-fetch", Static).update(
            shown(said, "$error" if failed else "$success")
        )
        self.reload()

    # -- verbs ---------------------------------------------------------------------------------

    def action_use(self) -> None:
        """Tell with the picked model."""
        stock = self.picked
        if stock is not None:
            self._use(stock.entry.name)
            self.dismiss(None)

    def action_pull(self) -> None:
        """Fetch the picked model, after asking."""
        stock = self.picked
        pull = self._pull
        if stock is None or self._fetching or pull is None:
            return
        entry = stock.entry

        def answered(answer: str | None) -> None:
            if answer == "fetch":
                self.progress(entry.name, Progress("looking for the model"))
                pull(entry.name)

        self.app.push_screen(
            ChoiceScreen(
                f"Fetch {entry.name}?",
                f"{_megabytes(stock.size)} are downloaded. Its licence is {entry.licence}.",
                [("fetch", "Fetch it"), ("no", "No")],
            ),
            answered,
        )

    def action_cancel_pull(self) -> None:
        """End the download."""
        self._cancel()

    def action_close(self) -> None:
        """Back to where it was opened."""
        self.dismiss(None)


def _megabytes(size: int) -> str:
    return f"{size / MEGABYTE:,.0f} MB"


def model_option(stock: Stock, current: str) -> Content:
    """A line of the list."""
    entry = stock.entry
    here = stock.path is not None
    speed = f"{stock.speed:.0f} tok/s" if stock.speed else ""
    return joined(
        ("● " if entry.name == current else "  ", "$success"),
        (set_cell_size(entry.name, 24), "$foreground" if here else "$faint"),
        (f"{_megabytes(stock.size):>9}  ", "$faint"),
        (set_cell_size(speed, 10), "$primary"),
        ("here" if here else "to be fetched", "$success" if here else "$faint"),
    )


def model_details(stock: Stock) -> Content:
    """All that is known of a model."""
    entry = stock.entry
    facts = [
        f"licence {entry.licence}" if entry.licence else "",
        f"reads {entry.n_positions} tokens" if entry.n_positions else "",
        f"plays best {STYLES[entry.style]}",
    ]
    speed = "Its speed is known after a turn told with it."
    if stock.speed:
        speed = f"It tells about {stock.speed:.0f} tokens a second on this machine."
    return joined(
        (f"{entry.about}.\n", "$ink"),
        (" · ".join(fact for fact in facts if fact) + "\n", "$faint"),
        (speed, "$faint"),
    )
