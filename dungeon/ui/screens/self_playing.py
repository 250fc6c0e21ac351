"""The story plays itself: the model writes the player's lines too, until a key is pressed."""

from __future__ import annotations

from collections.abc import Callable

from textual.events import Key
from textual.timer import Timer

from dungeon.engine.base import CancelToken
from dungeon.errors import DungeonError
from dungeon.session import Narration, Turn
from dungeon.story.tree import Node
from dungeon.ui import background
from dungeon.ui.messages import LineWritten
from dungeon.ui.screens.replay import PACE
from dungeon.ui.screens.walking import WalkingScreen
from dungeon.ui.shown import error_text

LONGEST_REST = 8.0
"""Longest that a turn is left to be read before the next, in seconds."""


class SelfPlayingScreen(WalkingScreen):
    """A story that needs no player."""

    _writing: CancelToken | None = None
    _rest: Timer | None = None

    @property
    def plays_itself(self) -> bool:
        """Whether it does so now."""
        return self._writing is not None

    def possible(self) -> dict[str, Callable[[], bool]]:
        """For each action whether it can be done now."""
        return {**super().possible(), "autoplay": lambda: self.phase == "idle"}

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """While the story plays itself no key means what it says: each stops it."""
        return None if self.plays_itself else super().check_action(action, parameters)

    def action_autoplay(self) -> None:
        """Let go of the keyboard and write the first line."""
        self._pick(None)
        self._writing = CancelToken()
        self.set_focus(None)
        self.status.plays_itself = True
        self.notify("The story plays itself; any key stops it.", timeout=4, markup=False)
        self._show_state()
        self._write()

    def _write(self) -> None:
        engine, writing = self._engine, self._writing
        if engine is None or writing is None or self.phase != "idle":
            return
        try:
            request = self.session.line_request()
        except DungeonError as error:
            self._stop_playing(error_text(error))
            return
        # What is read ahead keeps the engine to itself.
        self._ahead.cancel()
        background.write_line(engine, request, writing, self.post_message)

    def on_line_written(self, message: LineWritten) -> None:
        """Play it."""
        message.stop()
        if not self.plays_itself:
            return
        if message.action is None:
            self._stop_playing(error_text(message.error) if message.error else "")
        else:
            self._play(message.action)

    def _told(self, node: Node, narration: Narration) -> None:
        super()._told(node, narration)
        if self.plays_itself:
            rest = min(LONGEST_REST, len(node.text) / PACE)
            self._rest = self.set_timer(rest, self._write)

    def _given_up(self, turn: Turn, error: DungeonError | None) -> None:
        super()._given_up(turn, error)
        # The player is needed again.
        self._stop_playing()

    def on_key(self, event: Key) -> None:
        """Any key gives the player the line back; the turn under way is told to its end."""
        if self.plays_itself:
            event.stop()
            self._stop_playing("You are back in the story.")

    def on_screen_resume(self) -> None:
        """Whatever was over the screen, the keyboard stays free."""
        if self.plays_itself:
            self.set_focus(None)

    def _stop_playing(self, why: str = "") -> None:
        if self._writing is None:
            return
        self._writing.cancel()
        self._writing = None
        if self._rest is not None:
            self._rest.stop()
        self.status.plays_itself = False
        self.line.focus()
        self._show_state()
        if why:
            self.notify(why, timeout=4, markup=False)

    def on_unmount(self) -> None:
        """Nobody reads the line any more."""
        if self._writing is not None:
            self._writing.cancel()
