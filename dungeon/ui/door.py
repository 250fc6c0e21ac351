"""The app's door: which story is opened, and what is asked before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from dungeon.errors import DungeonError, SaveError, SaveLockedError
from dungeon.session import GameSession
from dungeon.storage.library import copy_save
from dungeon.story.scenario import Scenario
from dungeon.text import clean
from dungeon.ui.pending import PendingEngine
from dungeon.ui.screens.choice import ChoiceScreen, error_screen
from dungeon.ui.screens.play import PlayScreen
from dungeon.ui.screens.setup import Begin, SetupScreen
from dungeon.ui.shown import error_body
from dungeon.ui.watching import Watcher

if TYPE_CHECKING:
    from dungeon.authoring.library import ScenarioEntry
    from dungeon.story.story import Story
    from dungeon.ui.app import DungeonApp


class Door:
    """Begins stories and goes on with them.

    Args:
        app: The app.
    """

    def __init__(self, app: DungeonApp) -> None:
        self._app = app
        self._scenarios: Sequence[ScenarioEntry] | None = None
        self._waiting: Story | None = None

    def know(self, scenarios: Sequence[ScenarioEntry] | None) -> None:
        """What the library has; None where it could not be read."""
        self._scenarios = scenarios
        if self._waiting is not None:
            # Opened from the command line, before the library was read.
            self._tell_changes(self._waiting)

    @property
    def knows(self) -> bool:
        """Whether the library was read."""
        return self._scenarios is not None

    def open_file(self, path: Path) -> None:
        """Begin the scenario of a file; ask what the command line leaves open."""
        try:
            scenario = self._app.context.read_scenario(path)
        except DungeonError as error:
            self._app.push_screen(error_screen(error))
            return
        answers = dict(self._app.context.answers)
        if all(question.key in answers for question in scenario.questions):
            self.begin(scenario, answers, self._app.context.title, path=path)
        else:
            self.ask(scenario, answers, self._app.context.title, path)

    def ask(self, scenario: Scenario, answers: Mapping[str, str], title: str, path: Path) -> None:
        """Ask the scenario's questions, then begin it."""

        def decided(begin: Begin | None) -> None:
            if begin is not None:
                self.begin(scenario, begin.answers, begin.title, path=path)

        self._app.push_screen(SetupScreen(scenario, answers, title), decided)

    def begin(
        self,
        scenario: Scenario,
        answers: Mapping[str, str],
        title: str = "",
        *,
        path: Path | None = None,
        kept: bool = True,
    ) -> None:
        """Begin a story; where it cannot be saved, offer to play it all the same.

        Where `path`, the scenario's file, is given, it can be watched.
        """
        try:
            session = GameSession.new(
                scenario,
                self._app.engine or PendingEngine(),
                answers=answers,
                saves=self._app.context.saves if kept else None,
                title=clean(title, newlines=False),
                seed=self._app.context.seed,
                generation=self._app.context.generation_for(scenario.generation),
            )
        except SaveError as error:

            def answered(answer: str | None) -> None:
                if answer == "play":
                    self.begin(scenario, answers, title, path=path, kept=False)

            self._app.push_screen(
                ChoiceScreen(
                    "The story cannot be saved",
                    error_body(error),
                    [("back", "Back"), ("play", "Play without saving")],
                ),
                answered,
            )
        except DungeonError as error:
            self._app.push_screen(error_screen(error))
        else:
            self._show(session, Watcher(path, scenario, answers) if path is not None else None)

    def resume(self, path: Path, *, read_only: bool = False) -> None:
        """Go on with a saved story; one that is open elsewhere can be read or copied."""
        try:
            session = GameSession.resume(
                path, self._app.engine or PendingEngine(), read_only=read_only
            )
            session.story.take_settings(self._app.context.overrides, self._app.context.commanded)
        except SaveLockedError as error:

            def answered(answer: str | None) -> None:
                if answer == "read":
                    self.resume(path, read_only=True)
                elif answer == "copy":
                    self._resume_copy(path)

            self._app.push_screen(
                ChoiceScreen(
                    "This story is open in another game",
                    error_body(error),
                    [("cancel", "Leave it"), ("read", "Only read"), ("copy", "Play a copy")],
                ),
                answered,
            )
        except DungeonError as error:
            self._app.push_screen(error_screen(error, "The story cannot be opened"))
        else:
            self._show(session)
            self._tell_changes(session.story)

    def _tell_changes(self, story: Story) -> None:
        """Mention that the scenario of an old story is not what it was."""
        from dungeon.authoring.library import change_since

        self._waiting = story if self._scenarios is None else None
        if self._scenarios is not None:
            changed = change_since(story.source, self._scenarios)
            if changed:
                self._app.notify(clean(changed), markup=False)

    def _resume_copy(self, path: Path) -> None:
        try:
            copy = copy_save(path, self._app.context.saves)
            session = GameSession.resume(copy, self._app.engine or PendingEngine())
        except DungeonError as error:
            self._app.push_screen(error_screen(error, "The story cannot be copied"))
        else:
            self._show(session)

    def _show(self, session: GameSession, watcher: Watcher | None = None) -> None:
        self._app.ending.session = session
        if self._app.filtering:
            try:
                session.word_filter = self._app.context.load_words()
            except DungeonError as error:
                self._app.call_later(
                    self._app.push_screen, error_screen(error, "The word filter is off")
                )
        failed = self._app.engine_error is not None
        self._app.push_screen(
            PlayScreen(self._app.context, session, self._app.engine, failed, watcher)
        )
