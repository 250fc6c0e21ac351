"""The app's desk: settings and models, and what a change of them does to what is open."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING

from dungeon.engine.base import CancelToken
from dungeon.engine.inventory import note_speed
from dungeon.errors import DungeonError
from dungeon.session import GameSession
from dungeon.ui import background
from dungeon.ui.aloud import Voice
from dungeon.ui.messages import FetchEnded, FetchMoved, TurnTold
from dungeon.ui.preferences import Look
from dungeon.ui.screens.choice import ChoiceScreen, error_screen
from dungeon.ui.screens.models import ModelsScreen
from dungeon.ui.screens.settings import SettingsScreen
from dungeon.ui.settled import Settled, overrides_of
from dungeon.ui.shown import error_text
from dungeon.ui.theme import EMBER, OWN

if TYPE_CHECKING:
    from dungeon.engine.base import Engine
    from dungeon.ui.app import DungeonApp

LOOKS = frozenset(field.name for field in fields(Look))


class Desk:
    """Opens the settings and the models, and applies what is chosen.

    Args:
        app: The app.

    Attributes:
        voice: What reads turns aloud.
    """

    def __init__(self, app: DungeonApp) -> None:
        self._app = app
        self.voice = Voice()
        self._fetch: CancelToken | None = None
        self._before: Engine | None = None

    # -- settings ------------------------------------------------------------------------------

    def open_settings(self, session: GameSession | None) -> None:
        """Show the settings, of a story too where one is open."""
        app = self._app
        names = [theme.name for theme in OWN]
        names += sorted(name for name in app.available_themes if name not in names)
        settled = Settled(app.context.preferences, session)
        app.push_screen(SettingsScreen(settled, tuple(names), self.apply, self.open_models))

    def apply(self, name: str) -> None:
        """Let a setting that was changed hold at once."""
        app = self._app
        values = app.context.preferences.values
        value = values.get(name)
        play = app.play_screen
        if name == "theme":
            app.theme = str(value) if value in app.available_themes else EMBER.name
        elif name in LOOKS:
            given = {key: values[key] for key in LOOKS if key in values}
            look = Look(**given)  # type: ignore[arg-type]
            app.context = replace(app.context, look=look)
            app.calm(look)
            if not look.read_aloud:
                self.voice.stop()
            if play is not None:
                play.show_look(look)
        elif name == "rating":
            app.title_screen.limit(None if value is None else str(value))
        elif name == "word_filter":
            self._filter(bool(value))
        else:
            app.context = replace(app.context, overrides=overrides_of(app.context.preferences))

    def _filter(self, on: bool) -> None:
        app = self._app
        app.filtering = on
        play = app.play_screen
        if play is None:
            return
        try:
            play.session.word_filter = app.context.load_words() if on else None
        except DungeonError as error:
            app.push_screen(error_screen(error, "The word filter is off"))
        play.show_filter()

    # -- models --------------------------------------------------------------------------------

    def open_models(self) -> None:
        """Show the models."""
        app = self._app
        pull = None if app.context.pull_model is None else self._pull
        current = app.engine.info.name if app.engine is not None else ""
        app.push_screen(
            ModelsScreen(app.context.stocks, current, self.switch, pull, self._stop_fetching)
        )

    def switch(self, name: str) -> None:
        """Load another model; what is open goes on with it from its next turn."""
        app = self._app
        engine_of = app.context.engine_of
        if engine_of is None:
            return
        self._before = app.engine
        app.context = replace(app.context, make_engine=lambda: engine_of(name))
        if app.play_screen is not None:
            app.play_screen.engine_loading()
        background.load_engine(app.context, app.post_message)

    def switched(self) -> None:
        """The model was loaded."""
        if self._before is not None and self._app.engine is not None:
            name = self._app.engine.info.name
            self._before = None
            self._app.notify(f"The story goes on with {name}.", markup=False)

    def switch_failed(self, error: DungeonError) -> bool:
        """Whether there is a narrator still, the one before; the player is told why."""
        engine, self._before = self._before, None
        if engine is None:
            return False
        app = self._app
        app.engine = engine
        if app.play_screen is not None:
            app.play_screen.engine_ready(engine)
        app.push_screen(
            ChoiceScreen(
                "The model could not be loaded",
                f"{error_text(error)}\n\nThe story goes on with {engine.info.name}.",
                [("ok", "Close")],
            )
        )
        return True

    def _pull(self, name: str) -> None:
        pull = self._app.context.pull_model
        if pull is None or self._fetch is not None:
            return
        self._fetch = CancelToken()
        background.fetch_model(
            name, pull, self._fetch, self._app.post_message, self._app.context.log_file
        )

    def _stop_fetching(self) -> None:
        if self._fetch is not None:
            self._fetch.cancel()

    @property
    def _models(self) -> ModelsScreen | None:
        found = [s for s in self._app.screen_stack if isinstance(s, ModelsScreen)]
        return found[0] if found else None

    def fetch_moved(self, message: FetchMoved) -> None:
        """Show how far a download is."""
        if self._models is not None:
            self._models.progress(message.name, message.progress)

    def fetch_ended(self, message: FetchEnded) -> None:
        """Say how a download ended, wherever the player is now."""
        self._fetch = None
        error = message.error
        said = f"{message.name} is here." if error is None else error_text(error)
        if message.stopped:
            said = "Fetching was stopped; nothing was kept."
        if self._models is not None:
            self._models.fetched(said, failed=error is not None)
        else:
            self._app.notify(
                said, severity="information" if error is None else "error", markup=False
            )

    # -- a turn --------------------------------------------------------------------------------

    def told(self, message: TurnTold) -> None:
        """A turn was told: read it aloud where that is wanted, and remember its speed."""
        node, speed = message.node, message.speed
        if speed:
            background.start("speed", lambda: note_speed(node.model, speed))
        if self._app.context.look.read_aloud:
            try:
                self.voice.speak(node.text)
            except DungeonError as error:
                self._app.notify(error_text(error), severity="warning", markup=False)
