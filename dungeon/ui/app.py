"""The app: themes, the engine's loading, which screen is up, and how it all ends."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import App
from textual.binding import Binding, BindingType
from textual.filter import LineFilter

from dungeon.engine.base import Engine
from dungeon.errors import DungeonError
from dungeon.text import clean
from dungeon.ui import background
from dungeon.ui.commands import HELP, QUIT
from dungeon.ui.context import AppContext
from dungeon.ui.desk import Desk
from dungeon.ui.door import Door
from dungeon.ui.ending import Ending
from dungeon.ui.guide import guide_of
from dungeon.ui.messages import (
    Crashed,
    EngineFailed,
    EngineProgress,
    EngineReady,
    FetchEnded,
    FetchMoved,
    ImportEnded,
    LibraryRead,
    RecoveryEnded,
    TurnTold,
)
from dungeon.ui.modal import Palette
from dungeon.ui.palette import Commands
from dungeon.ui.preferences import Look
from dungeon.ui.screens.choice import ChoiceScreen, error_screen
from dungeon.ui.screens.help import HelpScreen
from dungeon.ui.screens.play import PlayScreen
from dungeon.ui.screens.scenario_editor import ScenarioEditor
from dungeon.ui.screens.title import TitleScreen
from dungeon.ui.shelf import Shelf
from dungeon.ui.shown import Harmless, error_body, line
from dungeon.ui.theme import EMBER, FALLBACKS, OWN

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["AppContext", "DungeonApp", "run_app"]


class DungeonApp(App[None]):
    """The game on a terminal.

    Args:
        context: Everything that it does not choose by itself.
    """

    TITLE = "Dungeon"
    CSS_PATH = Path(__file__).with_name("dungeon.tcss")
    COMMANDS: ClassVar[set[type[Commands]]] = {Commands}  # type: ignore[assignment]
    BINDINGS: ClassVar[list[BindingType]] = [
        HELP.binding(),
        QUIT.binding(),
        Binding("ctrl+c", "help_quit", show=False, system=True),
    ]
    ENABLE_COMMAND_PALETTE = True
    NOTIFICATION_TIMEOUT = 5

    def __init__(self, context: AppContext) -> None:
        super().__init__()
        self.context = context
        self.engine: Engine | None = None
        self.engine_error: DungeonError | None = None
        self.ending = Ending(self, context.log_file)
        self._harmless = Harmless()
        self.filtering = context.word_filter
        self.door = Door(self)
        self.desk = Desk(self)
        self.shelf = Shelf(self)
        for theme in OWN:
            self.register_theme(theme)
        self.theme = context.theme if context.theme in self.available_themes else EMBER.name
        self.calm(context.look)

    def calm(self, look: Look) -> None:
        """Let things glide and blink, or not."""
        still = look.reduced_motion or not self.context.animations
        self.animation_level = "none" if still else "full"

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Our own colour names, for themes that do not have them."""
        return dict(FALLBACKS)

    # -- beginning -----------------------------------------------------------------------------

    async def on_mount(self) -> None:
        """Show the first screen; everything slow happens on threads."""
        self.ending.watch_signals()
        self.title_screen = TitleScreen(self.context.rating, self.context.now)
        await self.push_screen(self.title_screen)
        if self.context.edit is not None:
            self.shelf.edit(self.context.edit, self.exit)
            return
        self._load_engine()
        if self.context.scenario is not None:
            self.door.open_file(self.context.scenario)
        elif self.context.save is not None:
            self.door.resume(self.context.save, read_only=self.context.read_only)
        self.read_library()

    def _load_engine(self) -> None:
        self.engine_error = None
        self._narrator("… the narrator wakes", "$faint")
        background.load_engine(self.context, self.post_message)

    def read_library(self) -> None:
        """Look what is in the library now."""
        background.read_library(self.context, self.post_message)

    def _narrator(self, text: str, style: str) -> None:
        self.title_screen.show_narrator(line(text, style))

    def on_engine_progress(self, message: EngineProgress) -> None:
        """Pass it on to whoever shows it."""
        if not self.is_running:
            return
        if self.engine is None:
            self._narrator(f"… {message.line}", "$faint")
        if (play := self.play_screen) is not None:
            play.engine_progress(message.line)

    def on_engine_ready(self, message: EngineReady) -> None:
        """Stories can be told from now on."""
        self.engine = message.engine
        if not self.is_running:
            return
        info = message.engine.info
        self._narrator(f"● {info.label}", "$success")
        if (play := self.play_screen) is not None:
            play.engine_ready(message.engine)
        self.desk.switched()

    def on_engine_failed(self, message: EngineFailed) -> None:
        """Stories can be read, not told; loading can be tried again."""
        if self.is_running and self.desk.switch_failed(message.error):
            return
        self.engine_error = message.error
        if not self.is_running:
            return
        self._narrator(f"✕ {message.error.message}", "$error")
        if (play := self.play_screen) is not None:
            play.engine_failed()

        def answered(answer: str | None) -> None:
            if answer == "again":
                self._load_engine()
                if (play := self.play_screen) is not None:
                    play.engine_loading()

        self.push_screen(
            ChoiceScreen(
                "The narrator could not be loaded",
                f"{error_body(message.error)}\n\nStories can still be read, changed and exported.",
                [("ok", "Go on without"), ("again", "Try again")],
            ),
            answered,
        )

    def on_library_read(self, message: LibraryRead) -> None:
        """Fill the title screen."""
        if not self.is_running:
            return
        self.title_screen.show_library(message.scenarios, message.saves, message.error)
        self.door.know(None if message.error else message.scenarios)

    @property
    def play_screen(self) -> PlayScreen | None:
        """The game, if one is open."""
        for screen in self.screen_stack:
            if isinstance(screen, PlayScreen):
                return screen
        return None

    # -- which story ---------------------------------------------------------------------------

    def on_title_screen_scenario_chosen(self, message: TitleScreen.ScenarioChosen) -> None:
        """Ask the scenario's questions."""
        if message.entry.scenario is not None:
            self.door.ask(message.entry.scenario, {}, "", message.entry.path)

    def on_title_screen_save_chosen(self, message: TitleScreen.SaveChosen) -> None:
        """Go on with a story."""
        self.door.resume(message.path)

    def on_title_screen_save_verb(self, message: TitleScreen.SaveVerb) -> None:
        """Do something with a story; before it is deleted, the player was asked."""
        if message.save is not None:
            do = {
                "rename": self.shelf.rename,
                "copy": self.shelf.copy,
                "export": self.shelf.export_save,
            }
            do[message.verb](message.save)
            return
        try:
            self.context.delete_save(message.path)
        except DungeonError as error:
            self.push_screen(error_screen(error))
        self.read_library()

    def on_title_screen_edit_chosen(self, message: TitleScreen.EditChosen) -> None:
        """Open a scenario's file."""
        self.shelf.edit_listed(message.entry.path)

    def on_title_screen_recover_chosen(self, message: TitleScreen.RecoverChosen) -> None:
        """Look a damaged story through: the player was asked."""
        background.recover(self.context, message.path, self.post_message)

    def on_recovery_ended(self, message: RecoveryEnded) -> None:
        """Say what was found, and offer to play it."""
        if not self.is_running:
            return
        found = message.outcome
        if isinstance(found, DungeonError):
            self.push_screen(error_screen(found))
            return
        self.read_library()

        def answered(answer: str | None) -> None:
            if answer == "play":
                self.door.resume(found.path)

        body = "\n".join([found.salvage.story.title, "", *found.salvage.findings])
        choices = [("close", "Close"), ("play", "Play it")]
        self.push_screen(ChoiceScreen("A new story was written", body, choices), answered)

    def on_title_screen_reload_chosen(self) -> None:
        """Read the library again."""
        self.read_library()

    def on_play_screen_left(self) -> None:
        """Back to the title; the story's file is closed by its screen."""
        self.pop_screen()
        self.call_later(self.read_library)

    def on_play_screen_scenario_saved(self) -> None:
        """The library has something new."""
        self.read_library()

    def on_play_screen_filter_switched(self, message: PlayScreen.FilterSwitched) -> None:
        """The next story begins as this one was left."""
        self.filtering = message.on

    # -- beside the story ----------------------------------------------------------------------

    def on_title_screen_opened(self, message: TitleScreen.Opened) -> None:
        """Show what is asked for."""
        if message.what == "settings":
            self.desk.open_settings(None)
        elif message.what == "models":
            self.desk.open_models()
        else:
            self.shelf.import_file()

    def on_import_ended(self, message: ImportEnded) -> None:
        """A file was read."""
        self.shelf.imported(message)

    def on_fetch_moved(self, message: FetchMoved) -> None:
        """A download came further."""
        self.desk.fetch_moved(message)

    def on_fetch_ended(self, message: FetchEnded) -> None:
        """A download is over."""
        self.desk.fetch_ended(message)

    def on_turn_told(self, message: TurnTold) -> None:
        """A turn was told."""
        self.desk.told(message)

    # -- everywhere ----------------------------------------------------------------------------

    def action_command_palette(self) -> None:
        """Open the palette, unless it lies open under another screen: there is only one."""
        if not any(isinstance(screen, Palette) for screen in self.screen_stack):
            self.push_screen(Palette(id="--command-palette"))

    def action_help(self) -> None:
        """Show what the screen is for, and its keys; where that is shown, close it."""
        if isinstance(self.screen, HelpScreen):
            self.screen.dismiss(None)
        else:
            self.push_screen(HelpScreen(*guide_of(self.screen_stack)))

    async def action_quit(self) -> None:
        """Leave the game."""
        play = self.play_screen
        editors = [screen for screen in self.screen_stack if isinstance(screen, ScenarioEditor)]
        if editors:
            editors[0].leave(self.exit)
        elif play is None:
            self.exit()
        else:
            play.leave(self.exit)

    def notify(
        self, message: str, *, title: str = "", markup: bool = False, **options: Any
    ) -> None:
        """A toast, as it is written: Textual would read markup in it."""
        super().notify(clean(message), title=clean(title), markup=False, **options)

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Textual's own, and behind them the net."""
        return [*super().get_line_filters(), self._harmless]

    # -- ending --------------------------------------------------------------------------------

    def on_crashed(self, message: Crashed) -> None:
        """A thread broke: end as after any other unexpected exception."""
        self._handle_exception(message.error)

    def _handle_exception(self, error: Exception) -> None:
        self.ending.crashed(error)
        super()._handle_exception(error)

    def _fatal_error(self) -> None:
        # Textual would print a traceback with the values of locals: story text, at length.
        self._close_messages_no_wait()


def run_app(context: AppContext) -> int:
    """Play on this terminal until the player leaves.

    Returns:
        The exit code: 0, 1 after an unexpected error, 128 plus the number of a signal.

    Raises:
        DungeonError: There is no terminal to play on.
    """
    # Textual reads keys from standard input and draws on standard error.
    terminal = all(
        stream is not None and stream.isatty() for stream in (sys.__stdin__, sys.__stderr__)
    )
    # In a browser a driver of its own takes the terminal's place.
    if not terminal and "TEXTUAL_DRIVER" not in os.environ:
        raise DungeonError(
            "The game needs a terminal, and this is not one.",
            "With pipes and files, play with --plain.",
        )
    app = DungeonApp(context)
    return app.ending.run()
