"""A story on the screen: its text, the player's line, how things stand, and reading back.

`phase` is the one truth about what is going on; what can be done with the story is added by
`telling.TellingScreen` and `play.PlayScreen`.
"""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Center
from textual.reactive import reactive
from textual.screen import Screen
from textual.timer import Timer

from dungeon.engine.base import Engine
from dungeon.errors import DungeonError
from dungeon.session import GameSession
from dungeon.story.context import Context
from dungeon.ui.commands import PLAY
from dungeon.ui.context import AppContext
from dungeon.ui.preferences import Look
from dungeon.ui.shown import error_text
from dungeon.ui.widgets.find_line import FindLine
from dungeon.ui.widgets.key_bar import KeyBar
from dungeon.ui.widgets.player_input import MODES, PlayerInput, Prompt
from dungeon.ui.widgets.status_bar import FRAMES_PER_SECOND, Phase, StatusBar
from dungeon.ui.widgets.story_view import StoryView


class StoryScreen(Screen[None]):
    """Shows one session, and closes it when the screen goes.

    Args:
        context: What the app was given.
        session: The story; its engine may still be a `PendingEngine`.
        engine: The loaded engine, None while it loads.
        failed: Whether loading failed.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("pageup", "page(-1)", "Back", show=False, tooltip="A page back in the story."),
        Binding("pagedown", "page(1)", "Forth", show=False, tooltip="A page on in the story."),
        Binding("shift+up", "line(-1)", "Up", show=False, tooltip="A line back in the story."),
        Binding("shift+down", "line(1)", "Down", show=False, tooltip="A line on in the story."),
        Binding(
            "ctrl+home",
            "beginning",
            "Opening",
            show=False,
            priority=True,
            tooltip="To the opening.",
        ),
        Binding(
            "ctrl+end", "end", "End", show=False, priority=True, tooltip="To the end of the story."
        ),
    ]
    AUTO_FOCUS = "#line"

    phase: reactive[Phase] = reactive[Phase]("loading")

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
        self._since = context.clock()
        self._ticker: Timer | None = None
        self._told_unsaved = ""
        # Between mounting and unmounting there are parts to show things on.
        self._showing = False
        self.set_reactive(
            StoryScreen.phase, "idle" if engine else "failed" if failed else "loading"
        )

    def compose(self) -> ComposeResult:
        """Story, line, state, keys."""
        yield StoryView(id="transcript")
        with Center(id="prompt-row"):
            yield Prompt(id="prompt")
        with Center(id="find-row"):
            yield FindLine(id="find-line")
        yield StatusBar(id="status")
        labelled = [command for command in PLAY if command.label]
        yield KeyBar(labelled, hidden=frozenset({"stop", "retry", "earlier", "later"}), id="keys")

    # -- the parts -----------------------------------------------------------------------------

    @property
    def transcript(self) -> StoryView:
        """The story on the screen."""
        return self.query_one(StoryView)

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
        self.show_look(self._settings.look)
        story = self.session.story
        author = story.scenario.author
        self.transcript.story_style = story.style
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
        """Let go of the story."""
        self._showing = False
        self.session.close()

    def show_look(self, look: Look) -> None:
        """Lay out, type and move in this way from now on."""
        self.line.cursor_blink = self._settings.animations and not look.reduced_motion
        self.status.still = look.reduced_motion
        self.transcript.set_look(look)

    def show_filter(self) -> None:
        """The word filter was switched."""
        self._show_state()

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
            status.model = info.label
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
        status.filtered = session.word_filter is not None
        status.turn = len(self.transcript.nodes) - 1
        picked = self.transcript.picked
        meant = picked or tree.head
        tellings = [node.id for node in tree.siblings(meant.id)]
        several = len(tellings) > 1 and session.turn is None
        at = self.transcript.picked_at
        status.picked = -1 if at is None else at
        status.telling = f" ({tellings.index(meant.id) + 1} of {len(tellings)})" if several else ""
        self.query_one(KeyBar).refresh()
        self.refresh_bindings()

    def _show_window(self) -> Context | None:
        """How full the model's window would be with the next turn; what that would be sent."""
        if self._engine is None or self.session.turn is not None:
            return None
        try:
            context = self.session.context()
        except DungeonError:
            # Counting needs the model; the turn itself will say what is wrong with it.
            return None
        self.status.context_used = context.tokens
        self.status.context_limit = context.limit
        return context

    def _tell_if_unsaved(self) -> None:
        error = self.session.save_error
        message = error_text(error) if error is not None else ""
        if message and message != self._told_unsaved:
            self.notify(
                f"{message} The story goes on here, and is saved as soon as that works.",
                title="Not saved",
                severity="error",
                timeout=10,
                markup=False,
            )
        self._told_unsaved = message

    # -- the engine ----------------------------------------------------------------------------

    def engine_progress(self, text: str) -> None:
        """Loading took a step, or the narrator goes on in another way than before."""
        if self._showing:
            self.status.detail = text
        if self._engine is not None and self.phase != "loading":
            self.notify(f"The narrator: {text}.", severity="warning", timeout=10, markup=False)

    def engine_loading(self) -> None:
        """Loading began anew."""
        self.phase = "loading"

    def engine_ready(self, engine: Engine) -> None:
        """The engine is here."""
        self._engine = engine
        self.session.engine = engine
        self.phase = "idle"
        if self._showing:
            self._show_window()

    def engine_failed(self) -> None:
        """There is no engine."""
        self.phase = "failed"

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
