"""The first screen: the library of scenarios, and the stories begun so far."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.screen import Screen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from dungeon.errors import DungeonError
from dungeon.storage.library import DamagedSave, SaveSummary
from dungeon.story.scenario import RATINGS, within
from dungeon.ui.commands import RATING_HELP
from dungeon.ui.screens import details
from dungeon.ui.screens.choice import ChoiceScreen
from dungeon.ui.shown import error_text, joined, line

if TYPE_CHECKING:
    from dungeon.authoring.library import ScenarioEntry

WORDMARK = (
    "█▀▄ █ █ █▄ █ █▀▀ █▀▀ █▀█ █▄ █",
    "█ █ █ █ █ ▀█ █ █ █▀  █ █ █ ▀█",
    "▀▀  ▀▀▀ ▀  ▀ ▀▀▀ ▀▀▀ ▀▀▀ ▀  ▀",
)
WORDMARK_COLOURS = ("$warning", "$primary", "$accent")
TAGLINE = "Say what you do. The story goes on."


class Library(OptionList):
    """One of the two lists; left and right change between them."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "left", "app.focus_previous", "Other list", show=False, tooltip="To the other list."
        ),
        Binding("right", "app.focus_next", "Other list", show=False, tooltip="To the other list."),
    ]


class TitleScreen(Screen[None]):
    """Picks what to play.

    Args:
        rating: The highest rating of scenarios that are listed; None lists all.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "new", "New story", tooltip="Begins a story from the picked scenario."),
        Binding(
            "c", "continue_last", "Continue last", tooltip="Goes on with the story played last."
        ),
        Binding("d,delete", "delete", "Delete", tooltip="Deletes the picked story, after asking."),
        Binding(
            "r",
            "reload",
            "Read the library again",
            show=False,
            tooltip="Looks for scenarios and stories again.",
        ),
        Binding("l", "rating", "Limit by rating", show=False, tooltip=RATING_HELP),
        Binding("q", "app.quit", "Quit", show=False, tooltip="Leaves the game."),
        Binding(
            "question_mark",
            "app.help",
            "Help",
            show=False,
            tooltip="Shows the keys and how to play.",
        ),
    ]

    class ScenarioChosen(Message):
        """The player wants to begin this scenario."""

        def __init__(self, entry: ScenarioEntry) -> None:
            super().__init__()
            self.entry = entry

    class SaveChosen(Message):
        """The player wants to go on with this story."""

        def __init__(self, path: Path) -> None:
            super().__init__()
            self.path = path

    class DeleteChosen(Message):
        """The player confirmed that this story is to be deleted."""

        def __init__(self, path: Path) -> None:
            super().__init__()
            self.path = path

    class RecoverChosen(Message):
        """The player wants what can be read of this damaged story."""

        def __init__(self, path: Path) -> None:
            super().__init__()
            self.path = path

    class ReloadChosen(Message):
        """The lists are to be read again."""

    def __init__(self, rating: str | None = None) -> None:
        super().__init__()
        self.rating = rating
        self._all_scenarios: Sequence[ScenarioEntry] = ()
        self.scenarios: Sequence[ScenarioEntry] = ()
        self.saves: Sequence[SaveSummary | DamagedSave] = ()
        self._read = False

    def compose(self) -> ComposeResult:
        """Wordmark, two lists, details, state and keys."""
        with Vertical(id="title"):
            yield Static(
                Content("\n").join(
                    Content(text).stylize(colour)
                    for text, colour in zip(WORDMARK, WORDMARK_COLOURS, strict=True)
                ),
                id="wordmark",
                markup=False,
            )
            yield Static(Content(TAGLINE), id="tagline", markup=False)
            with Horizontal(id="lists"):
                with Vertical(classes="list"):
                    yield Static(self._heading(), id="new", classes="list--title", markup=False)
                    yield Library(id="scenarios", markup=False, compact=True)
                with Vertical(classes="list"):
                    yield Static(Content("Stories begun"), classes="list--title", markup=False)
                    yield Library(id="saves", markup=False, compact=True)
            with VerticalScroll(id="details", can_focus=False):
                yield Static(Content(""), id="about", markup=False)
            yield Static(Content(""), id="narrator", markup=False)
        yield Static(self._keys(), id="title-keys", markup=False)

    def _heading(self) -> Content:
        """Above the scenarios: what is not listed is said, never just missing."""
        if self.rating is None:
            return Content("New story")
        more = len(self._all_scenarios) - len(self.scenarios)
        left_out = f", {more} more" if more else ""
        return joined("New story", (f"  up to {self.rating}{left_out}", "$faint"))

    def _keys(self) -> Content:
        keys = (
            ("Enter", "mend" if isinstance(self._save, DamagedSave) else "play", True),
            ("Tab", "other list", True),
            ("N", "new", self._scenario is not None),
            ("C", "continue last", bool(self._playable_saves)),
            ("D", "delete", self._save is not None),
            ("F1", "help", True),
            ("Q", "quit", True),
        )
        return Content("  ").join(
            joined(
                (key, "bold $primary" if on else "$faint"), (f" {text}", "$ink" if on else "$faint")
            )
            for key, text, on in keys
        )

    # -- what is listed ------------------------------------------------------------------------

    def show_library(
        self,
        scenarios: Sequence[ScenarioEntry],
        saves: Sequence[SaveSummary | DamagedSave],
        error: DungeonError | None = None,
    ) -> None:
        """Fill both lists, keeping the highlights where they can stay."""
        first, self._read = not self._read, True
        self._all_scenarios, self.saves = scenarios, saves
        self.scenarios = [entry for entry in scenarios if within(entry.scenario, self.rating)]
        self.query_one("#new", Static).update(self._heading())
        for name, options in (
            ("scenarios", [details.scenario_option(entry) for entry in self.scenarios]),
            ("saves", [details.save_option(entry) for entry in saves]),
        ):
            widget = self.query_one(f"#{name}", Library)
            at = widget.highlighted or 0
            widget.clear_options()
            widget.add_options([Option(prompt) for prompt in options])
            if options:
                widget.highlighted = min(at, len(options) - 1)
        if first:
            self.query_one("#saves" if self._playable_saves else "#scenarios").focus()
        elif not saves and self._list is self.query_one("#saves"):
            self.query_one("#scenarios").focus()
        if error is not None:
            self.app.notify(error_text(error), severity="warning", markup=False)
        self._show_details()

    def show_narrator(self, content: Content) -> None:
        """Say how loading the engine goes."""
        self.query_one("#narrator", Static).update(content)

    @property
    def _list(self) -> OptionList | None:
        focused = self.focused
        return focused if isinstance(focused, OptionList) else None

    @property
    def _scenario(self) -> ScenarioEntry | None:
        if not self.is_mounted:
            return None
        at = self.query_one("#scenarios", Library).highlighted
        return self.scenarios[at] if at is not None and at < len(self.scenarios) else None

    @property
    def _save(self) -> SaveSummary | DamagedSave | None:
        if not self.is_mounted:
            return None
        widget = self.query_one("#saves", Library)
        at = widget.highlighted
        chosen = widget.has_focus and at is not None and at < len(self.saves)
        return self.saves[at] if chosen and at is not None else None

    @property
    def _playable_saves(self) -> list[SaveSummary]:
        return [save for save in self.saves if isinstance(save, SaveSummary)]

    def _show_details(self) -> None:
        about = self.query_one("#about", Static)
        scenario = self._scenario
        save = self._save
        if save is not None:
            about.update(details.save_details(save))
        elif scenario is not None:
            about.update(details.scenario_details(scenario))
        elif not self._read:
            about.update(Content("Reading the library…").stylize("$faint"))
        elif self._list is not None and self._list.id == "saves":
            about.update(Content("No story was begun yet.").stylize("$faint"))
        else:
            about.update(Content("There are no scenarios here.").stylize("$faint"))
        self.query_one("#details").scroll_home(animate=False)
        self.query_one("#title-keys", Static).update(self._keys())

    def on_option_list_option_highlighted(self) -> None:
        """Show what is highlighted."""
        self._show_details()

    def on_descendant_focus(self) -> None:
        """Show what is highlighted in the list that now has the focus."""
        self._show_details()

    # -- what is done --------------------------------------------------------------------------

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Play it."""
        event.stop()
        if event.option_list.id == "scenarios":
            self.action_new()
        elif (save := self._save) is not None:
            if isinstance(save, DamagedSave):
                self._ask_to_recover(save)
            else:
                self.post_message(self.SaveChosen(save.path))

    def _ask_to_recover(self, save: DamagedSave) -> None:
        def answered(answer: str | None) -> None:
            if answer == "recover":
                self.post_message(self.RecoverChosen(save.path))

        self.app.push_screen(
            ChoiceScreen(
                "Recover what can be read?",
                f"{save.reason}\n\nWhat can be read goes into a new story. This file stays as is.",
                [("leave", "Leave it"), ("recover", "Recover")],
            ),
            answered,
        )

    def action_new(self) -> None:
        """Begin the highlighted scenario."""
        entry = self._scenario
        if entry is None:
            return
        if entry.scenario is None:
            self.app.notify(
                f"{entry.name} cannot be played until its file is mended.",
                severity="error",
                markup=False,
            )
            return
        self.post_message(self.ScenarioChosen(entry))

    def action_continue_last(self) -> None:
        """Go on with the newest story."""
        if self._playable_saves:
            self.post_message(self.SaveChosen(self._playable_saves[0].path))

    def action_delete(self) -> None:
        """Delete the highlighted story, after asking."""
        save = self._save
        if save is None:
            return
        name, turns = save.name, ""
        if isinstance(save, SaveSummary):
            name, turns = save.title, f"It is {details.turns(save)} long. " if save.turns else ""

        def answered(answer: str | None) -> None:
            if answer == "delete":
                self.post_message(self.DeleteChosen(save.path))

        self.app.push_screen(
            ChoiceScreen(
                "Delete this story for good?",
                f"{line(name).plain}\n{turns}It cannot be brought back.",
                [("keep", "Keep it"), ("delete", "Delete")],
                danger="delete",
            ),
            answered,
        )

    def action_rating(self) -> None:
        """List all scenarios, those up to teen, those for everyone, and all again."""
        everyone, teen, mature = RATINGS
        self.rating = {None: teen, mature: teen, teen: everyone}.get(self.rating)
        self.show_library(self._all_scenarios, self.saves)

    def action_reload(self) -> None:
        """Read the library again."""
        self.post_message(self.ReloadChosen())
