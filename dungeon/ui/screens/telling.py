"""Telling turns: from the player's line to a new part of the story.

A turn begins in `_begin` and ends in one of the three `on_turn_...` handlers; each of them
restores the phase, whatever happened. Messages of a turn that is over are dropped.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from textual.timer import Timer

from dungeon.engine.base import CancelToken, Engine
from dungeon.errors import DungeonError, TurnError
from dungeon.session import GameSession, Narration, Turn
from dungeon.story.action import Action, Mode, parse
from dungeon.story.context import Context
from dungeon.story.presets import PRESETS, spoken
from dungeon.story.tree import Node
from dungeon.text import clean
from dungeon.ui import background
from dungeon.ui.commands import CARDS, TYPED
from dungeon.ui.context import AppContext
from dungeon.ui.messages import (
    DraftChanged,
    TellingsOffered,
    TurnCancelled,
    TurnFailed,
    TurnFinished,
    TurnTold,
)
from dungeon.ui.screens.choose import ChooseScreen
from dungeon.ui.screens.story import StoryScreen
from dungeon.ui.shown import error_text
from dungeon.ui.widgets.player_input import PlayerInput

Tell = Callable[[Engine, Turn, CancelToken, background.Post, Path], object]
"""What tells a turn on a thread of its own; see `background.tell`."""

DRAFTS_PER_SECOND = 15
"""As often the words that come are drawn; between them keys are."""

NAMED = 3
"""Automatic cards that are named after a turn; of more, only the number is told."""


class TellingScreen(StoryScreen):
    """A story that goes on."""

    def __init__(
        self,
        context: AppContext,
        session: GameSession,
        engine: Engine | None,
        failed: bool = False,
    ) -> None:
        super().__init__(context, session, engine, failed)
        self._turn: Turn | None = None
        self._cancel: CancelToken | None = None
        self._ahead = CancelToken()
        self._queued: Action | None = None
        self._sent: tuple[Mode, str] = (Mode.DO, "")
        self._draft: DraftChanged | None = None
        self._draft_timer: Timer | None = None

    def on_mount(self) -> None:
        """Where the engine is here already, it reads the story too."""
        self._read_ahead()

    def on_unmount(self) -> None:
        """Stop the narrator; its last messages find nobody."""
        self._ahead.cancel()
        if self._cancel is not None:
            self._cancel.cancel()
        if self._turn is not None:
            self.session.abort(self._turn)
            self._turn = self._cancel = None

    def engine_ready(self, engine: Engine) -> None:
        """The engine is here: a line that waits for it is sent."""
        super().engine_ready(engine)
        queued, self._queued = self._queued, None
        if queued is not None:
            self._play(queued)
        else:
            self._read_ahead()

    def engine_failed(self) -> None:
        """There is no engine: the player gets back what waits for it."""
        self._take_back()
        super().engine_failed()

    # -- a turn --------------------------------------------------------------------------------

    def on_player_input_entered(self, event: PlayerInput.Entered) -> None:
        """A line: a typed command, or the player's move."""
        event.stop()
        word = event.text.strip().lower()
        if word.startswith("/") and word[1:] in TYPED:
            self._run_typed(word[1:])
            return
        if word.startswith("/preset "):
            self._run_preset(word.removeprefix("/preset ").strip())
            return
        action = parse(event.text, event.mode)
        if self.phase == "idle":
            self._sent = (event.mode, event.text)
            self._play(action, taken=True)
        elif self.phase == "loading" and self._queued is None:
            self._queued = action
            self._sent = (event.mode, event.text)
            self.line.taken()
            self.transcript.begin(action, "… told as soon as the narrator is ready.")
            self._show_state()
        elif self.phase == "failed":
            self.notify(
                "There is no narrator: the story can be read and changed, not told.",
                severity="warning",
                markup=False,
            )
        else:
            self.notify("The narrator is speaking; Esc stops it.", timeout=3, markup=False)

    def _run_preset(self, name: str) -> None:
        if name not in PRESETS:
            self.notify(f"The presets are {spoken()}.", severity="warning", markup=False)
        elif self.check_action("preset", ()) is True:
            self.line.taken()
            self.call_later(self.run_action, f"preset('{name}')")
        else:
            self.notify("/preset is not possible now.", severity="warning", markup=False)

    def _run_typed(self, name: str) -> None:
        if name in ("help", "quit"):
            self.line.taken()
            self.call_later(self.app.run_action, name)
        elif self.check_action(name, ()) is True:
            self.line.taken()
            self.call_later(self.run_action, name)
        else:
            self.notify(f"/{name} is not possible now.", severity="warning", markup=False)

    def _play(self, action: Action, *, taken: bool = False) -> None:
        if self._begin(lambda: self.session.begin_turn(action)) and taken:
            self.line.taken()

    def action_choose(self) -> None:
        """Let the narrator offer several tellings of the line."""
        action = parse(self.line.value, self.line.mode)
        self._sent = (self.line.mode, self.line.value)
        if self._begin(lambda: self.session.begin_turn(action), background.offer):
            self.line.taken()

    def _begin(self, begin: Callable[[], Turn], tell: Tell = background.tell) -> bool:
        engine = self._engine
        if engine is None:
            return False
        try:
            turn = begin()
        except DungeonError as error:
            self.notify(error_text(error), severity="warning", markup=False)
            return False
        self._turn = turn
        # The reader is where the story goes on; the next verb is meant for what is told there.
        self.transcript.pick(None)
        self._ahead.cancel()
        self._cancel = CancelToken()
        tree = self.session.story.tree
        if turn.parent != tree.head.id:
            self.transcript.show(tree.path(turn.parent))
        self.transcript.begin(turn.action, "… the narrator reads")
        self.status.context_used = turn.context.tokens
        self.status.context_limit = turn.context.limit
        self.phase = "generating"
        tell(engine, turn, self._cancel, self.post_message, self._settings.log_file)
        return True

    def _is_current(self, serial: int) -> bool:
        return self._turn is not None and self._turn.serial == serial

    def on_draft_changed(self, message: DraftChanged) -> None:
        """Show what was told so far."""
        message.stop()
        if not self._is_current(message.serial):
            return
        self._draft = message
        if self._draft_timer is None:
            self._show_draft()
            self._draft_timer = self.set_timer(1 / DRAFTS_PER_SECOND, self._next_draft)

    def _next_draft(self) -> None:
        self._draft_timer = None
        self._show_draft()

    def _show_draft(self) -> None:
        draft, self._draft = self._draft, None
        if draft is not None and self._is_current(draft.serial):
            self.transcript.set_draft(draft.text)

    def on_turn_finished(self, message: TurnFinished) -> None:
        """The turn becomes part of the story."""
        message.stop()
        if not self._is_current(message.serial):
            return
        turn = self._over()
        try:
            node = self.session.commit(turn, message.narration)
        except TurnError as error:
            self._given_up(turn, error)
            return
        self._told(node, message.narration)

    def on_tellings_offered(self, message: TellingsOffered) -> None:
        """The player takes one of them, or none."""
        message.stop()
        if not self._is_current(message.serial):
            return
        self.phase = "choosing"

        def picked(at: int | None) -> None:
            turn = self._over()
            if at is None:
                self.session.abort(turn)
                self._given_up(turn, None)
            else:
                node = self.session.commit_one(turn, message.told, at)
                self._told(node, message.told[at])

        self.app.push_screen(ChooseScreen(message.told), picked)

    def _told(self, node: Node, narration: Narration) -> None:
        """Show a turn that became part of the story."""
        self.transcript.add(node)
        self._tell_what_was_kept()
        self.status.speed = narration.timing.tokens_per_second
        self.post_message(TurnTold(node, self.status.speed))
        self._show_state()
        context = self._show_window()
        self._tell_if_unsaved()
        self._read_ahead(context)

    def _tell_what_was_kept(self) -> None:
        """Nothing is remembered silently: name the automatic cards that this turn brought."""
        names = [clean(card.name, newlines=False) for card in self.session.fresh()]
        if names:
            more = len(names) - NAMED
            kept = ", ".join(names[:NAMED]) + (f" and {more} more" if more > 0 else "")
            self.transcript.set_notice(
                f"Kept in mind: {kept} ({CARDS.shown_key} shows)", quiet=True
            )

    def _read_ahead(self, context: Context | None = None) -> None:
        """While the player reads, let the engine read what the next turn begins with.

        Args:
            context: Of that turn, where it is at hand.
        """
        if self._engine is None:
            return
        self._ahead.cancel()
        self._ahead = CancelToken()
        background.read_ahead(self._engine, self.session.ahead(context), self._ahead)

    def on_turn_cancelled(self, message: TurnCancelled) -> None:
        """Nothing was told that could be kept."""
        message.stop()
        if self._is_current(message.serial):
            turn = self._over()
            self.session.abort(turn)
            self._given_up(turn, None)

    def on_turn_failed(self, message: TurnFailed) -> None:
        """The player is told why, and gets the line back."""
        message.stop()
        if self._is_current(message.serial):
            turn = self._over()
            self.session.abort(turn)
            self._given_up(turn, message.error)

    def _over(self) -> Turn:
        """The turn's thread is done, one way or the other."""
        turn = self._turn
        assert turn is not None
        self._turn = self._cancel = None
        self.phase = "idle"
        return turn

    def _given_up(self, turn: Turn, error: DungeonError | None) -> None:
        tree = self.session.story.tree
        self.transcript.end()
        self.transcript.show(tree.path())
        if turn.parent == tree.head.id:
            # A retry has no line to give back: its turn is still there.
            self.line.give_back(*self._sent_for(turn.action))
        if error is not None:
            self.transcript.set_notice(error_text(error))
        self._show_state()

    def _sent_for(self, action: Action) -> tuple[Mode, str]:
        mode, text = self._sent
        return (mode, text) if parse(text, mode) == action else (action.mode, action.text)

    def action_stop(self) -> None:
        """Stop the narrator, or take back a line that waits for it."""
        if self._queued is not None:
            self._take_back()
            self._show_state()
        elif self._cancel is not None:
            self._cancel.cancel()
            self.phase = "cancelling"

    def _take_back(self) -> None:
        if self._queued is not None:
            self._queued = None
            self.transcript.end()
            self.line.give_back(*self._sent)
