"""The first screen: the library of scenarios, and the stories begun so far."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Input, OptionList, Static

from dungeon.errors import DungeonError
from dungeon.storage.library import DamagedSave, SaveSummary
from dungeon.story.scenario import RATINGS
from dungeon.ui.commands import HELP, QUIT, Command
from dungeon.ui.screens import details
from dungeon.ui.screens.card_editor import SHORT
from dungeon.ui.screens.cards import MAX_SEARCH, SearchLine
from dungeon.ui.screens.choice import ChoiceScreen
from dungeon.ui.screens.lists import Lists
from dungeon.ui.screens.wordmark import TAGLINE, WORDMARK, WORDMARK_COLOURS
from dungeon.ui.shown import error_text, line, shown
from dungeon.ui.tables import MEND_PICKED, ON_TITLE, PLAY_PICKED
from dungeon.ui.widgets.key_bar import KeyBar

if TYPE_CHECKING:
    from dungeon.authoring.library import ScenarioEntry


class TitleScreen(Screen[None]):
    """Picks what to play.

    Args:
        rating: The highest rating of scenarios that are listed; None lists all.
        now: What the age of a story is counted from.
    """

    COMMANDS_HERE: ClassVar[tuple[Command, ...]] = ON_TITLE
    BINDINGS: ClassVar[list[BindingType]] = [
        *(command.binding() for command in ON_TITLE),
        Binding(
            "escape",
            "find_nothing",
            "End the search",
            show=False,
            tooltip="Lists everything again.",
        ),
        Binding("q", "app.quit", "Quit", show=False, tooltip="Leaves the game."),
        Binding(
            "question_mark",
            "app.help",
            "Help",
            show=False,
            tooltip="Shows the keys and how to play.",
        ),
    ]

    VERTICAL_BREAKPOINTS = SHORT

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

    class SaveVerb(Message):
        """The player wants this done with a story: "rename", "copy", "export" or "delete"."""

        def __init__(self, verb: str, path: Path, save: SaveSummary | None) -> None:
            super().__init__()
            self.verb = verb
            self.path = path
            self.save = save

    class Opened(Message):
        """The player wants to see this: "settings", "models" or "import"."""

        def __init__(self, what: str) -> None:
            super().__init__()
            self.what = what

    class EditChosen(Message):
        """The player wants to write in this scenario's file."""

        def __init__(self, entry: ScenarioEntry) -> None:
            super().__init__()
            self.entry = entry

    class RecoverChosen(Message):
        """The player wants what can be read of this damaged story."""

        def __init__(self, path: Path) -> None:
            super().__init__()
            self.path = path

    class ReloadChosen(Message):
        """The lists are to be read again."""

    def __init__(
        self,
        rating: str | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        super().__init__()
        self.rating = rating
        self._now = now
        self._lists = Lists(id="lists")

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
            with Horizontal(id="library-search"):
                yield Static(Content("/"), id="search-mark", markup=False)
                yield SearchLine(
                    id="search", max_length=MAX_SEARCH, placeholder="titles, tags, last lines"
                )
            yield self._lists
            with VerticalScroll(id="details", can_focus=False):
                yield Static(Content(""), id="about", markup=False)
            yield Static(Content(""), id="narrator", markup=False)
        keys = (PLAY_PICKED, MEND_PICKED, *ON_TITLE, HELP, QUIT)
        yield KeyBar(keys, hidden=frozenset({"play", "mend"}), id="title-keys")

    # -- what is listed ------------------------------------------------------------------------

    def show_library(
        self,
        scenarios: Sequence[ScenarioEntry],
        saves: Sequence[SaveSummary | DamagedSave],
        error: DungeonError | None = None,
    ) -> None:
        """Fill both lists, keeping the highlights where they can stay."""
        first = not self._lists.read
        self._lists.know(scenarios, saves)
        self._list_all()
        if first:
            self.query_one("#saves" if self._lists.playable else "#scenarios").focus()
        if error is not None:
            self.app.notify(error_text(error), severity="warning", markup=False)

    def _list_all(self) -> None:
        words = self.query_one(SearchLine).value.casefold().split()
        self._lists.fill(words, self.rating)
        self._show_details()

    def show_narrator(self, content: Content) -> None:
        """Say how loading the engine goes."""
        self.query_one("#narrator", Static).update(content)

    @property
    def _list(self) -> OptionList | None:
        focused = self.focused
        return focused if isinstance(focused, OptionList) else None

    @property
    def scenarios(self) -> Sequence[ScenarioEntry]:
        """The scenarios listed."""
        return self._lists.scenarios

    @property
    def saves(self) -> Sequence[SaveSummary | DamagedSave]:
        """The stories listed, the newest first."""
        return self._lists.saves

    @property
    def _scenario(self) -> ScenarioEntry | None:
        return self._lists.scenario if self.is_mounted else None

    @property
    def _save(self) -> SaveSummary | DamagedSave | None:
        return self._lists.save if self.is_mounted else None

    def _show_details(self) -> None:
        about = self.query_one("#about", Static)
        scenario = self._scenario
        save = self._save
        if save is not None:
            about.update(details.save_details(save, self._now()))
        elif scenario is not None:
            about.update(details.scenario_details(scenario))
        elif not self._lists.read:
            about.update(Content("Reading the library…").stylize("$faint"))
        elif self._list is not None and self._list.id == "saves":
            about.update(shown("No story fits. Esc ends the search.", "$faint"))
        elif self.query_one(SearchLine).value:
            about.update(shown("No scenario fits. Esc ends the search.", "$faint"))
        else:
            about.update(
                shown("There are no scenarios here. I imports one, L lists those of every rating.",
                      "$faint")
            )  # fmt: skip
        self.query_one("#details").scroll_home(animate=False)
        self.query_one(KeyBar).refresh()

    def on_option_list_option_highlighted(self) -> None:
        """Show what is highlighted."""
        self._show_details()

    def on_descendant_focus(self) -> None:
        """Show what is highlighted in the list that now has the focus."""
        self._show_details()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """What can be done with what is picked; None greys a key out."""
        save = self._save
        playable = isinstance(save, SaveSummary)
        possible = {
            "play": not isinstance(save, DamagedSave),
            "mend": isinstance(save, DamagedSave) and save.mendable,
            "new": self._scenario is not None,
            "continue_last": bool(self._lists.playable),
            "rename": playable,
            "copy": playable,
            "export": playable,
            "delete": save is not None,
            # A visitor of a browser has no files here.
            "import_file": not self.app.is_web,
            "edit": self._scenario is not None and not self.app.is_web,
        }
        return True if possible.get(action, True) else None

    # -- searching -----------------------------------------------------------------------------

    def action_find(self) -> None:
        """To the search."""
        self.query_one("#library-search").display = True
        self.query_one(SearchLine).focus()

    def action_find_nothing(self) -> None:
        """End the search."""
        search = self.query_one(SearchLine)
        if search.value:
            search.value = ""
        if search.has_focus:
            self.action_into_list()
        self.query_one("#library-search").display = False

    def action_into_list(self) -> None:
        """From the search to what it found."""
        self.query_one("#scenarios" if self.scenarios or not self.saves else "#saves").focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        """List what is looked for."""
        event.stop()
        self._list_all()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """On to what was found."""
        event.stop()
        self.action_into_list()

    # -- what is done --------------------------------------------------------------------------

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Play it."""
        event.stop()
        if event.option_list.id == "scenarios":
            self.action_new()
        elif (save := self._save) is not None:
            if isinstance(save, DamagedSave) and save.mendable:
                self._ask_to_recover(save)
            elif isinstance(save, DamagedSave):
                self.app.notify(f"{save.reason} {save.hint}", severity="error", markup=False)
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
        if playable := self._lists.playable:
            self.post_message(self.SaveChosen(playable[0].path))

    def action_play(self) -> None:
        """Play what is picked."""
        if self._list is not None:
            self._list.action_select()

    def action_mend(self) -> None:
        """Recover the damaged story that is picked, after asking."""
        self.action_play()

    def _save_verb(self, verb: str) -> None:
        save = self._save
        if isinstance(save, SaveSummary):
            self.post_message(self.SaveVerb(verb, save.path, save))

    def action_rename(self) -> None:
        """Give the highlighted story another title."""
        self._save_verb("rename")

    def action_copy(self) -> None:
        """Make a second story of the highlighted one."""
        self._save_verb("copy")

    def action_export(self) -> None:
        """Write the highlighted story into a file."""
        self._save_verb("export")

    def action_edit(self) -> None:
        """Open the file of the highlighted scenario."""
        if self._scenario is not None:
            self.post_message(self.EditChosen(self._scenario))

    def action_import_file(self) -> None:
        """Bring a file into the library."""
        self.post_message(self.Opened("import"))

    def action_settings(self) -> None:
        """Show the settings."""
        self.post_message(self.Opened("settings"))

    def action_models(self) -> None:
        """Show the models."""
        self.post_message(self.Opened("models"))

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
                self.post_message(self.SaveVerb("delete", save.path, None))

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
        self.limit({None: teen, mature: teen, teen: everyone}.get(self.rating))

    def limit(self, rating: str | None) -> None:
        """List scenarios up to this rating; None lists all."""
        self.rating = rating
        self._list_all()

    def action_reload(self) -> None:
        """Read the library again."""
        self.post_message(self.ReloadChosen())
