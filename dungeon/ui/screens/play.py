"""The game itself: everything that the player can do with a story besides the next turn."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.binding import BindingType
from textual.message import Message

from dungeon.engine.base import Engine
from dungeon.errors import DungeonError
from dungeon.story.action import parse
from dungeon.story.presets import PRESETS, applied, preset_of
from dungeon.story.tree import NodeId
from dungeon.ui.commands import PLAY
from dungeon.ui.screens.asides import Asides
from dungeon.ui.screens.cards import CardsScreen
from dungeon.ui.screens.choice import ChoiceScreen, error_screen
from dungeon.ui.screens.context import ContextScreen
from dungeon.ui.screens.editor import EditorScreen
from dungeon.ui.screens.telling import TellingScreen
from dungeon.ui.shown import error_text
from dungeon.ui.widgets.status_bar import Phase

READING: tuple[Phase, ...] = ("loading", "failed", "idle")
"""Phases in which no turn is under way."""


class PlayScreen(Asides, TellingScreen):
    """Plays one session: see `StoryScreen` for its arguments."""

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

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """What is possible now; None greys a key out."""
        session = self.session
        reading = self.phase in READING and self._queued is None
        possible: dict[str, Callable[[], bool]] = {
            "stop": lambda: (
                self.phase == "generating" or self._queued is not None or self.still_going
            ),
            "retry": lambda: self.phase == "idle" and session.can_retry,
            "undo": lambda: reading and session.can_undo,
            "redo": lambda: reading and session.can_redo,
            "alter": lambda: reading and session.can_retry,
            "earlier": lambda: reading and self._telling(-1) is not None,
            "later": lambda: reading and self._telling(1) is not None,
            "memory": lambda: reading,
            "note": lambda: reading,
            "cards": lambda: reading,
            "context": lambda: self._engine is not None,
            "preset": lambda: reading,
            "filter": lambda: reading,
            "settings": lambda: reading,
            "models": lambda: reading,
            "export": lambda: reading,
            "read": lambda: reading,
            "leave": lambda: self.phase != "cancelling",
        }
        check = possible.get(action)
        return True if check is None or check() else None

    # -- the other verbs -----------------------------------------------------------------------

    def _try(self, verb: Callable[[], object]) -> None:
        """Do something to the story, then show it."""
        try:
            verb()
        except DungeonError as error:
            self.notify(error_text(error), severity="warning", markup=False)
            return
        self.transcript.end()
        self.transcript.show(self.session.story.tree.path())
        self.transcript.set_notice("")
        self._show_state()
        self._tell_if_unsaved()

    def action_retry(self) -> None:
        """Tell the current turn again."""
        self._begin(self.session.begin_retry)

    def action_undo(self) -> None:
        """Take the current turn back."""
        self._try(self.session.undo)

    def action_redo(self) -> None:
        """Put a turn back."""
        self._try(self.session.redo)

    def _telling(self, step: int) -> NodeId | None:
        """The telling of the current turn so many before or after this one."""
        tree = self.session.story.tree
        tellings = [node.id for node in tree.siblings(tree.head.id)]
        at = tellings.index(tree.head.id) + step
        return tellings[at] if 0 <= at < len(tellings) else None

    def _go(self, node_id: NodeId | None) -> None:
        if node_id is not None:
            self._try(lambda: self.session.go(node_id))

    def action_earlier(self) -> None:
        """Show the telling before."""
        self._go(self._telling(-1))

    def action_later(self) -> None:
        """Show the telling after."""
        self._go(self._telling(1))

    def action_alter(self) -> None:
        """Change the current turn's words."""
        self._edit(
            "Alter the turn",
            "The story goes on from your words. The turn as it was told stays in the file.",
            self.session.story.tree.head.text,
            self.session.alter,
        )

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

    def _edit(self, title: str, about: str, text: str, put: Callable[[str], object]) -> None:
        def edited(new: str | None) -> None:
            if new is not None:
                self._try(lambda: put(new))

        self.app.push_screen(EditorScreen(title, about, text), edited)

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
        """Show what the model sees."""
        if self._turn is not None:
            self.app.push_screen(ContextScreen(self._turn.context, running=True))
            return
        typed = parse(self.line.value, self.line.mode)
        try:
            context = self.session.context(typed)
        except DungeonError as error:
            self.app.push_screen(error_screen(error))
            return
        self.app.push_screen(ContextScreen(context))

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
