"""The game itself: the story, the player's line, and everything that can be done with both.

`phase` is the one truth about what is going on. A turn begins in `_begin` and ends in one of
the three `on_turn_...` handlers; each of them restores the phase, whatever happened.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Center
from textual.message import Message
from textual.reactive import reactive
from textual.screen import Screen
from textual.timer import Timer

from dungeon.engine.base import CancelToken, Engine
from dungeon.errors import DungeonError, TurnError
from dungeon.session import GameSession, Turn
from dungeon.story.action import Action, Mode, parse
from dungeon.text import clean
from dungeon.ui import background
from dungeon.ui.commands import PLAY, TYPED
from dungeon.ui.context import AppContext
from dungeon.ui.messages import DraftChanged, TurnCancelled, TurnFailed, TurnFinished
from dungeon.ui.screens.choice import ChoiceScreen, error_screen
from dungeon.ui.screens.context import ContextScreen
from dungeon.ui.screens.editor import EditorScreen
from dungeon.ui.shown import error_text
from dungeon.ui.widgets.key_bar import KeyBar
from dungeon.ui.widgets.player_input import MODES, PlayerInput, Prompt
from dungeon.ui.widgets.status_bar import FRAMES_PER_SECOND, Phase, StatusBar
from dungeon.ui.widgets.transcript import Transcript

READING: tuple[Phase, ...] = ("loading", "failed", "idle")
"""Phases in which no turn is under way."""


class PlayScreen(Screen[None]):
    """Plays one session, and closes it when the screen goes.

    Args:
        context: What the app was given.
        session: The story; its engine may still be a `PendingEngine`.
        engine: The loaded engine, None while it loads.
        failed: Whether loading failed.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        *(command.binding() for command in PLAY if command.action not in ("help", "quit")),
        Binding("pageup", "page(-1)", "Back", show=False),
        Binding("pagedown", "page(1)", "Forth", show=False),
        Binding("shift+up", "line(-1)", "Up", show=False),
        Binding("shift+down", "line(1)", "Down", show=False),
        Binding("ctrl+home", "beginning", "Opening", show=False, priority=True),
        Binding("ctrl+end", "end", "End", show=False, priority=True),
    ]
    AUTO_FOCUS = "#line"

    phase: reactive[Phase] = reactive[Phase]("loading")

    class Left(Message):
        """The player goes back to the title; the story is saved."""

    def __init__(
        self,
        context: AppContext,
        session: GameSession,
        engine: Engine | None,
        failed: bool = False,
    ) -> None:
        super().__init__()
        self.session = session
        self._settings = context
        self._engine = engine
        self._turn: Turn | None = None
        self._cancel: CancelToken | None = None
        self._queued: tuple[Mode, Action] | None = None
        self._sent: tuple[Mode, str] = (Mode.DO, "")
        self._since = context.clock()
        self._ticker: Timer | None = None
        self._told_unsaved = ""
        # Between mounting and unmounting there are parts to show things on.
        self._showing = False
        self.set_reactive(PlayScreen.phase, "idle" if engine else "failed" if failed else "loading")

    def compose(self) -> ComposeResult:
        """Story, line, state, keys."""
        yield Transcript(id="transcript")
        with Center(id="prompt-row"):
            yield Prompt(id="prompt")
        yield StatusBar(id="status")
        yield KeyBar(PLAY, hidden=frozenset({"stop", "retry"}), id="keys")

    # -- the parts -----------------------------------------------------------------------------

    @property
    def transcript(self) -> Transcript:
        """The story on the screen."""
        return self.query_one(Transcript)

    @property
    def line(self) -> PlayerInput:
        """Where the player types."""
        return self.query_one(PlayerInput)

    @property
    def status(self) -> StatusBar:
        """How things stand."""
        return self.query_one(StatusBar)

    def on_mount(self) -> None:
        """Show the story as it stands."""
        self.line.cursor_blink = self._settings.animations
        story = self.session.story
        author = story.scenario.author
        self.transcript.set_title(story.title, f"by {author}" if author else "")
        path = story.tree.path()
        self.transcript.show(path)
        self.line.remember(
            (node.action.mode, node.action.text)
            for node in path[-100:]
            if node.action is not None and node.action.mode in MODES
        )
        self._ticker = self.set_interval(1 / FRAMES_PER_SECOND, self._tick)
        self._showing = True
        self._phase_changed()
        self._show_window()

    def on_unmount(self) -> None:
        """Stop the narrator and let go of the story."""
        self._showing = False
        if self._cancel is not None:
            self._cancel.cancel()
        if self._turn is not None:
            self.session.abort(self._turn)
            self._turn = None
        self.session.close()

    # -- phase ---------------------------------------------------------------------------------

    def watch_phase(self, before: Phase, phase: Phase) -> None:
        """Everything that depends on the phase."""
        if phase != before and not (before == "generating" and phase == "cancelling"):
            self._since = self._settings.clock()
        if self._showing:
            self._phase_changed()

    def _phase_changed(self) -> None:
        status = self.status
        status.phase = self.phase
        status.elapsed = 0.0 if self.phase in ("idle", "failed") else status.elapsed
        if self._engine is not None:
            info = self._engine.info
            status.model = " ".join(part for part in (info.name, info.dtype) if part)
        if self._ticker is not None:
            if self.phase in ("idle", "failed"):
                self._ticker.pause()
            else:
                self._ticker.resume()
        self._show_state()

    def _tick(self) -> None:
        self.status.elapsed = self._settings.clock() - self._since

    def _show_state(self) -> None:
        """Bring status line and keys up to date with the story."""
        session, status = self.session, self.status
        tree = session.story.tree
        status.saved = session.saved
        read_only = session.file is not None and session.file.read_only
        status.save_note = (
            "read only"
            if read_only
            else "no file"
            if session.file is None
            else session.save_error.message
            if session.save_error
            else ""
        )
        status.turn = len(self.transcript.nodes) - 1
        tellings = [node.id for node in tree.siblings(tree.head.id)]
        several = len(tellings) > 1 and self._turn is None
        status.telling = (
            f" ({tellings.index(tree.head.id) + 1} of {len(tellings)})" if several else ""
        )
        self.query_one(KeyBar).refresh()
        self.refresh_bindings()

    def _show_window(self) -> None:
        """How full the model's window would be now; later turns say it themselves."""
        if self._engine is not None and self._turn is None:
            try:
                context = self.session.context()
            except DungeonError:
                # Counting needs the model; the turn itself will say what is wrong with it.
                return
            self.status.context_used = context.tokens
            self.status.context_limit = context.limit

    def _tell_if_unsaved(self) -> None:
        error = self.session.save_error
        message = error_text(error) if error is not None else ""
        if message and message != self._told_unsaved:
            self.notify(
                f"{clean(message)} The story goes on here, and is saved as soon as that works.",
                title="Not saved",
                severity="error",
                timeout=10,
                markup=False,
            )
        self._told_unsaved = message

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """What is possible now; None greys a key out."""
        session = self.session
        reading = self.phase in READING and self._queued is None
        possible: dict[str, Callable[[], bool]] = {
            "stop": lambda: self.phase == "generating" or self._queued is not None,
            "retry": lambda: self.phase == "idle" and session.can_retry,
            "undo": lambda: reading and session.can_undo,
            "redo": lambda: reading and session.can_redo,
            "alter": lambda: reading and session.can_retry,
            "memory": lambda: reading,
            "note": lambda: reading,
            "context": lambda: self._engine is not None,
            "leave": lambda: self.phase != "cancelling",
        }
        check = possible.get(action)
        return True if check is None or check() else None

    # -- the engine ----------------------------------------------------------------------------

    def engine_progress(self, text: str) -> None:
        """Loading took a step."""
        if self._showing:
            self.status.detail = text

    def engine_loading(self) -> None:
        """Loading began anew."""
        self.phase = "loading"

    def engine_ready(self, engine: Engine) -> None:
        """The engine is here: a line that waits for it is sent."""
        self._engine = engine
        self.session.engine = engine
        self.phase = "idle"
        if self._showing:
            self._show_window()
        queued, self._queued = self._queued, None
        if queued is not None:
            self._play(queued[1])

    def engine_failed(self) -> None:
        """There is no engine: the player gets back what waits for it."""
        self._take_back()
        self.phase = "failed"

    # -- a turn --------------------------------------------------------------------------------

    def on_player_input_entered(self, event: PlayerInput.Entered) -> None:
        """A line: a typed command, or the player's move."""
        event.stop()
        word = event.text.strip().lower()
        if word.startswith("/") and word[1:] in TYPED:
            self._run_typed(word[1:])
            return
        action = parse(event.text, event.mode)
        if self.phase == "idle":
            self._sent = (event.mode, event.text)
            self._play(action, taken=True)
        elif self.phase == "loading" and self._queued is None:
            self._queued = (event.mode, action)
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

    def _begin(self, begin: Callable[[], Turn]) -> bool:
        engine = self._engine
        if engine is None:
            return False
        try:
            turn = begin()
        except DungeonError as error:
            self.notify(clean(error_text(error)), severity="warning", markup=False)
            return False
        self._turn = turn
        self._cancel = CancelToken()
        tree = self.session.story.tree
        if turn.parent != tree.head.id:
            self.transcript.show(tree.path(turn.parent))
        self.transcript.begin(turn.action, "…")
        self.status.context_used = turn.context.tokens
        self.status.context_limit = turn.context.limit
        self.phase = "generating"
        background.tell(engine, turn, self._cancel, self.post_message, self._settings.log_file)
        return True

    def _is_current(self, serial: int) -> bool:
        return self._turn is not None and self._turn.serial == serial

    def on_draft_changed(self, message: DraftChanged) -> None:
        """Show what was told so far."""
        message.stop()
        if self._is_current(message.serial):
            self.transcript.set_draft(message.text)

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
        self.transcript.add(node)
        self.status.speed = message.narration.timing.tokens_per_second
        self._show_state()
        self._tell_if_unsaved()

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

    # -- the other verbs -----------------------------------------------------------------------

    def _try(self, verb: Callable[[], object]) -> None:
        """Do something to the story, then show it."""
        try:
            verb()
        except DungeonError as error:
            self.notify(clean(error_text(error)), severity="warning", markup=False)
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

    def _edit(self, title: str, about: str, text: str, put: Callable[[str], object]) -> None:
        def edited(new: str | None) -> None:
            if new is not None:
                self._try(lambda: put(new))

        self.app.push_screen(EditorScreen(title, about, text), edited)

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

    # -- reading back --------------------------------------------------------------------------

    def action_page(self, direction: int) -> None:
        """A page back or forth."""
        height = max(1, self.transcript.size.height - 2)
        self.transcript.scroll_relative(y=direction * height, animate=False)

    def action_line(self, direction: int) -> None:
        """A line back or forth."""
        self.transcript.scroll_relative(y=direction, animate=False)

    def action_beginning(self) -> None:
        """To the opening."""
        self.transcript.to_beginning()

    def action_end(self) -> None:
        """To the newest turn."""
        self.transcript.scroll_end(animate=False)
