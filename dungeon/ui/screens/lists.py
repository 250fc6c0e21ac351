"""The two lists of the first screen: scenarios, and the stories begun so far."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from dungeon.storage.library import DamagedSave, SaveSummary
from dungeon.story.scenario import within
from dungeon.ui.screens import details
from dungeon.ui.screens.wordmark import TOUR
from dungeon.ui.shown import joined, shown

if TYPE_CHECKING:
    from dungeon.authoring.library import ScenarioEntry


class Library(OptionList):
    """One of the two lists; left and right change between them."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "left", "app.focus_previous", "Other list", show=False, tooltip="To the other list."
        ),
        Binding("right", "app.focus_next", "Other list", show=False, tooltip="To the other list."),
    ]


class Lists(Horizontal):
    """What can be played, side by side.

    Attributes:
        scenarios: Those that are listed.
        saves: Those that are listed, the newest first.
        read: Whether the library was read.
    """

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._all_saves: Sequence[SaveSummary | DamagedSave] = ()
        self._all_scenarios: Sequence[ScenarioEntry] = ()
        self.scenarios: Sequence[ScenarioEntry] = ()
        self.saves: Sequence[SaveSummary | DamagedSave] = ()
        self.read = False

    def compose(self) -> ComposeResult:
        """Scenarios on the left; on the right stories, or what to do where there is none."""
        with Vertical(classes="list"):
            yield Static(Content("New story"), id="new", classes="list--title", markup=False)
            yield Library(id="scenarios", markup=False, compact=True)
        with Vertical(classes="list"):
            yield Static(Content("Stories begun"), classes="list--title", markup=False)
            yield Library(id="saves", markup=False, compact=True)
            yield Static(shown(TOUR, "$ink"), id="tour", markup=False)

    # -- what is listed ------------------------------------------------------------------------

    def know(
        self, scenarios: Sequence[ScenarioEntry], saves: Sequence[SaveSummary | DamagedSave]
    ) -> None:
        """Take what the library has; `fill` lists it."""
        self._all_scenarios, self._all_saves = scenarios, saves
        self.read = True

    def fill(self, words: Sequence[str], rating: str | None) -> None:
        """List what fits, keeping the highlights where they can stay.

        Args:
            words: All of which must be found in a scenario or a story; folded.
            rating: The highest rating of scenarios that are listed; None lists all.
        """
        self.scenarios = [
            entry
            for entry in self._all_scenarios
            if within(entry.scenario, rating) and details.scenario_has(entry, words)
        ]
        self.saves = [save for save in self._all_saves if details.save_has(save, words)]
        self.query_one("#new", Static).update(self._heading(rating))
        for name, options in (
            ("scenarios", [details.scenario_option(entry) for entry in self.scenarios]),
            ("saves", [details.save_option(entry) for entry in self.saves]),
        ):
            widget = self.query_one(f"#{name}", Library)
            at = widget.highlighted or 0
            widget.clear_options()
            widget.add_options([Option(prompt) for prompt in options])
            if options:
                widget.highlighted = min(at, len(options) - 1)
        empty = self.read and not self._all_saves
        self.query_one("#tour").display = empty
        self.query_one("#saves").display = not empty
        if not self.saves and self.query_one("#saves").has_focus:
            self.query_one("#scenarios").focus()

    def _heading(self, rating: str | None) -> Content:
        """Above the scenarios: what is not listed is said, never just missing."""
        if rating is None:
            return Content("New story")
        more = len(self._all_scenarios) - len(self.scenarios)
        left_out = f", {more} more" if more else ""
        return joined("New story", (f"  up to {rating}{left_out}", "$faint"))

    # -- what is picked ------------------------------------------------------------------------

    @property
    def scenario(self) -> ScenarioEntry | None:
        """The highlighted scenario, whichever list has the focus."""
        at = self.query_one("#scenarios", Library).highlighted
        return self.scenarios[at] if at is not None and at < len(self.scenarios) else None

    @property
    def save(self) -> SaveSummary | DamagedSave | None:
        """The highlighted story, where its list has the focus."""
        widget = self.query_one("#saves", Library)
        at = widget.highlighted
        chosen = widget.has_focus and at is not None and at < len(self.saves)
        return self.saves[at] if chosen and at is not None else None

    @property
    def playable(self) -> list[SaveSummary]:
        """The stories listed that are not damaged."""
        return [save for save in self.saves if isinstance(save, SaveSummary)]
