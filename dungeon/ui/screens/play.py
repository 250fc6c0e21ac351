"""The game itself: everything that the player can do with a story besides the next turn."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.binding import BindingType
from textual.message import Message
from textual.timer import Timer

from dungeon.engine.base import Engine
from dungeon.errors import DungeonError
from dungeon.session import GameSession
from dungeon.story.action import parse
from dungeon.story.presets import PRESETS, applied, preset_of
from dungeon.ui.commands import PLAY, Command
from dungeon.ui.context import AppContext
from dungeon.ui.screens.asides import Asides
from dungeon.ui.screens.cards import CardsScreen
from dungeon.ui.screens.choice import ChoiceScreen, error_screen
from dungeon.ui.screens.context import ContextScreen
from dungeon.ui.screens.self_playing import SelfPlayingScreen
from dungeon.ui.shown import error_text
from dungeon.ui.watching import Watcher

LOOK_EVERY = 0.5
"""Seconds between two looks at the file of a scenario that is watched."""


class PlayScreen(Asides, SelfPlayingScreen):
    """Plays one session.

    Args:
        context, session, engine, failed: As of `StoryScreen`.
        watcher: Of the scenario's file; None where it is not known.
    """

    COMMANDS_HERE: ClassVar[tuple[Command, ...]] = PLAY
    BINDINGS: ClassVar[list[BindingType]] = [
        command.binding() for command in PLAY if command.action not in ("help", "quit")
    ]

    class Left(Message):
        """The player goes back to the title; the story is saved."""

    class FilterSwitched(Message):
        """The player switched the word filter."""

        def __init__(self, on: bool) -> None:
            super().__init__()
            self.on = on

    class ScenarioSaved(Message):
        """The scenario's file was saved by its author."""

    def __init__(
        self,
        context: AppContext,
        session: GameSession,
        engine: Engine | None,
        failed: bool = False,
        watcher: Watcher | None = None,
    ) -> None:
        super().__init__(context, session, engine, failed)
        self._watcher = watcher
        self._looks: Timer | None = None

    def on_mount(self) -> None:
        """Watch the scenario's file, if that was asked for."""
        if self._settings.watch and self._watcher is not None:
            self.action_watch()

    def possible(self) -> dict[str, Callable[[], bool]]:
        """For each action whether it can be done now."""
        return {
            **super().possible(),
            "stop": lambda: (
                self.phase == "generating" or self._queued is not None or self.still_going
            ),
            "choose": lambda: self.phase == "idle",
            "memory": lambda: self.reading,
            "note": lambda: self.reading,
            "cards": lambda: self.reading,
            "context": lambda: self._engine is not None,
            "preset": lambda: self.reading,
            "filter": lambda: self.reading,
            "watch": lambda: self._watcher is not None,
            "settings": lambda: self.reading,
            "models": lambda: self.reading,
            "export": lambda: self.reading,
            "read": lambda: self.reading,
            "leave": lambda: self.phase != "cancelling",
        }

    # -- the other verbs -----------------------------------------------------------------------

    def action_memory(self) -> None:
        """Change what the narrator keeps in mind."""
        self._edit(
            "Memory",
            "What the narrator always knows: who is who, what matters, what must not be "
            "forgotten. Short plain sentences work best.",
            self.session.story.memory,
            self.session.set_memory,
        )

    def action_note(self) -> None:
        """Change the author's note."""
        self._edit(
            "Author's note",
            "Read last by the narrator, so it weighs most: mood, style, what should happen "
            "soon. One or two sentences.",
            self.session.story.authors_note,
            self.session.set_authors_note,
        )

    def action_preset(self, name: str = "") -> None:
        """Choose how words are drawn, or take the preset `name` at once."""
        if name:
            self._set_preset(name)
            return
        now = preset_of(self.session.story.generation)
        body = "\n".join(f"{name}: {preset.about}" for name, preset in PRESETS.items())
        state = f"This story: {now}." if now else "This story has numbers of its own."
        choices = [(name, name.capitalize()) for name in PRESETS]
        self.app.push_screen(
            ChoiceScreen("How words are drawn", f"{body}\n\n{state}", choices), self._set_preset
        )

    def _set_preset(self, name: str | None) -> None:
        if name is None:
            return
        session = self.session

        def put() -> None:
            session.set_generation(applied(name, session.story.generation))
            self.notify(f"{name.capitalize()}: {PRESETS[name].about}", markup=False)

        self._try(put)

    def action_cards(self) -> None:
        """Show the cards, and change them."""
        typed = parse(self.line.value, self.line.mode)
        self.app.push_screen(CardsScreen(self.session, typed, self._cards_changed))

    def _cards_changed(self) -> None:
        self.transcript.set_notice("")
        self._show_state()
        self._show_window()
        self._tell_if_unsaved()

    def engine_ready(self, engine: Engine) -> None:
        """The engine is here: cards that are on the screen are joined by the automatic ones."""
        super().engine_ready(engine)
        if isinstance(self.app.screen, CardsScreen):
            self.app.screen.reload()

    def action_context(self) -> None:
        """Show what the model sees; memory and note can be changed in it."""
        if self._turn is not None:
            self.app.push_screen(ContextScreen(self._turn.context))
            return
        session, story = self.session, self.session.story
        typed = parse(self.line.value, self.line.mode)

        def keep(memory: str, note: str) -> None:
            if memory != story.memory:
                session.set_memory(memory)
            if note != story.authors_note:
                session.set_authors_note(note)
            self._show_state()
            self._show_window()
            self._tell_if_unsaved()

        try:
            context = session.context(typed)
        except DungeonError as error:
            self.app.push_screen(error_screen(error))
            return
        self.app.push_screen(
            ContextScreen(
                context,
                (story.memory, story.authors_note),
                lambda memory, note: session.trial(typed, memory, note),
                keep,
            )
        )

    def action_filter(self) -> None:
        """Switch the word filter, and say where its list is."""
        try:
            words = None if self.session.word_filter else self._settings.load_words()
        except DungeonError as error:
            self.notify(error_text(error), severity="error", markup=False)
            return
        self.session.word_filter = words
        self.show_filter()
        self.notify(self._settings.filter_state(words), timeout=10, markup=False)
        self.post_message(self.FilterSwitched(words is not None))

    def action_watch(self) -> None:
        """Watch the scenario's file, or no longer."""
        watcher = self._watcher
        if watcher is None:
            return
        if self._looks is not None:
            self._looks.stop()
            self._looks = None
            self.notify(f"{watcher.name} is not watched any more.", markup=False)
        else:
            self._looks = self.set_interval(LOOK_EVERY, self._look)
            self.notify(f"Save {watcher.name}, and the story takes it over.", markup=False)

    def _look(self) -> None:
        """Take over what the author saved; while a turn is told or a dialog is open, that waits."""
        waits = not self.reading or not self.is_current
        if self._watcher is None or waits:
            return
        news = self._watcher.look(self.session)
        if news is None:
            return
        if news.taken:
            self._try(lambda: None)
        self.notify(
            news.text,
            title="Not taken over" if news.failed else "",
            severity="error" if news.failed else "information",
            timeout=20 if news.failed else 8,
            markup=False,
        )
        self.post_message(self.ScenarioSaved())

    def action_leave(self) -> None:
        """Back to the title."""
        self.leave(lambda: self.post_message(self.Left()))

    def leave(self, go: Callable[[], object]) -> None:
        """Go at once if everything is saved, else only when the player says so."""
        session = self.session
        lost = not session.saved and session.file is not None and not session.file.read_only
        if not lost or session.save():
            go()
            return
        reason = error_text(session.save_error) if session.save_error else ""

        def answered(answer: str | None) -> None:
            if answer == "go":
                go()

        self.app.push_screen(
            ChoiceScreen(
                "The story is not saved",
                f"{reason}\n\nWhat was told since the last save is lost if you leave now.",
                [("stay", "Stay"), ("go", "Leave anyway")],
                danger="go",
            ),
            answered,
        )
