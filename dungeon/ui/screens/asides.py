"""What the play screen does beside the story: settings, models, export, reading aloud."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from dungeon.errors import DungeonError
from dungeon.ui.screens.telling import TellingScreen
from dungeon.ui.shown import error_text

if TYPE_CHECKING:
    from dungeon.ui.app import DungeonApp


class Asides(TellingScreen):
    """A story that goes on, with what stands around it."""

    @property
    def _game(self) -> DungeonApp:
        return cast("DungeonApp", self.app)

    @property
    def still_going(self) -> bool:
        """Whether a turn that is told already is still being typed or read aloud."""
        return self._showing and (self.transcript.typing or self._game.desk.voice.speaking)

    def action_stop(self) -> None:
        """Stop the voice and the typing; where there is neither, the narrator."""
        if self.still_going and self.phase == "idle":
            self._game.desk.voice.stop()
            self.transcript.finish_typing()
            self._show_state()
        else:
            super().action_stop()

    def action_settings(self) -> None:
        """Show the settings, and change them."""
        self._game.desk.open_settings(self.session)

    def action_models(self) -> None:
        """Show the models, and change to another."""
        self._game.desk.open_models()

    def action_export(self) -> None:
        """Write the story into a file."""
        self._game.shelf.export(self.session.story)

    def action_read(self) -> None:
        """Read the current turn aloud, or stop."""
        voice = self._game.desk.voice
        if voice.speaking:
            voice.stop()
        else:
            try:
                voice.speak(self.session.story.tree.head.text)
            except DungeonError as error:
                self.notify(error_text(error), severity="warning", markup=False)
        self._show_state()
