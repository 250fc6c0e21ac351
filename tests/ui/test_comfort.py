"""Around the story: settings, models, the library's verbs, typing, reading aloud, help."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Input, OptionList

from dungeon.engine.base import ModelInfo
from dungeon.engine.catalog import CATALOG
from dungeon.engine.downloads import Progress
from dungeon.engine.inventory import Stock, note_speed, read_speeds
from dungeon.engine.scripted import ScriptedEngine
from dungeon.errors import ModelError
from dungeon.session import GameSession
from dungeon.ui.aloud import Voice, find_voice
from dungeon.ui.preferences import Look, Preferences
from dungeon.ui.screens.ask import AskScreen
from dungeon.ui.screens.choice import ChoiceScreen
from dungeon.ui.screens.help import HelpScreen
from dungeon.ui.screens.models import ModelsScreen
from dungeon.ui.screens.pick import PickScreen
from dungeon.ui.screens.settings import SettingsScreen
from dungeon.ui.screens.setup import SetupScreen
from dungeon.ui.screens.title import TitleScreen
from tests.ui.support import (
    GATE,
    context,
    enter,
    playing,
    running,
    shown,
    take,
    toasts,
    until,
)


@pytest.fixture(autouse=True)
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where speeds are noted: not where the player's are."""
    monkeypatch.setenv("DUNGEON_MODELS", str(tmp_path))
    return tmp_path


async def pick(pilot: Any, name: str) -> SettingsScreen:
    """Highlight a setting."""
    screen = pilot.app.screen
    assert isinstance(screen, SettingsScreen)
    at = next(n for n, f in enumerate(screen._rows) if f is not None and f.name == name)
    screen.query_one(OptionList).highlighted = at
    await pilot.pause()
    return screen


async def test_settings_hold_at_once_and_are_kept(tmp_path: Path) -> None:
    kept: dict[str, object] = {}
    preferences = Preferences({}, kept.__setitem__)
    async with playing(tmp_path, preferences=preferences, size=(100, 40)) as (screen, pilot):
        app, story = pilot.app, screen.session.story
        await pilot.press("ctrl+s")
        await pick(pilot, "temperature")
        assert "changes are for this story" in shown(app)
        await pilot.press("right")
        assert story.generation.temperature == 0.55
        assert story.own == ("temperature",)
        assert not kept
        # A bad number is refused with its range, and can be mended.
        await pilot.press("enter")
        app.screen.query_one(Input).value = "7"
        await pilot.press("enter")
        assert "from 0 to 2" in shown(app)
        app.screen.query_one(Input).value = "1.5"
        await pilot.press("enter")
        await until(pilot, lambda: story.generation.temperature == 1.5)
        assert "this story" in shown(app)
        await pilot.press("delete", "w", "left")
        assert kept == {"temperature": 0.45}
        assert story.generation.temperature == 0.45
        assert story.own == ()
        await pick(pilot, "line_width")
        await pilot.press("left", "left")
        assert kept["line_width"] == 68
        assert screen.transcript.look.line_width == 68
        await pick(pilot, "theme")
        await pilot.press("right", "right")
        assert app.theme == kept["theme"] == "phosphor"
        await pick(pilot, "reduced_motion")
        await pilot.press("enter")
        assert kept["reduced_motion"] is True
        assert screen.status.still
        await pilot.press("escape")
        assert app.screen is screen
        assert app.context.overrides == {"temperature": 0.45}


async def test_typing_goes_at_reading_pace_until_escape(tmp_path: Path) -> None:
    engine = ScriptedEngine(replies=["The hinges complain, and a hall opens before you."])
    look = Look(pace=30)
    async with playing(tmp_path, engine, look=look) as (screen, pilot):
        await enter(pilot, "go in")
        await until(pilot, lambda: screen.phase == "idle" and screen.transcript.typing)
        # The turn is part of the story and saved, though not all of it stands there yet.
        assert len(screen.session.story.tree) == 2
        assert len(screen.transcript.nodes) == 2
        assert "before you" not in shown(pilot.app)
        await pilot.press("escape")
        assert "before you" in shown(pilot.app)
        assert not screen.transcript.typing
        await take(pilot, "go on")
        await pilot.press("ctrl+z")
        assert not screen.transcript.typing
        assert len(screen.transcript.nodes) == 2


async def test_a_voice_reads_and_escape_stops_it(tmp_path: Path) -> None:
    heard = tmp_path / "heard"
    program = "import sys, time; open(sys.argv[1], 'w').write(sys.stdin.read()); time.sleep(60)"
    async with playing(tmp_path, look=Look(read_aloud=True)) as (screen, pilot):
        voice = pilot.app.desk.voice = Voice([sys.executable, "-c", program, str(heard)])
        await take(pilot, "go in")
        await until(pilot, lambda: heard.exists() and heard.read_text())
        assert heard.read_text() == screen.session.story.tree.head.text
        assert voice.speaking
        await pilot.press("escape")
        assert not voice.speaking
        pilot.app.desk.voice = Voice([str(tmp_path / "nothing")])
        await pilot.press("shift+f9")
        assert "does not speak" in toasts(pilot.app)[-1]


def test_the_first_voice_that_is_here_is_taken() -> None:
    assert find_voice({"say": "/bin/say", "espeak": "/bin/espeak"}.get) == [
        "/bin/espeak",
        "--stdin",
    ]
    assert find_voice(lambda program: None) is None


# -- models ----------------------------------------------------------------------------------


def stocks(here: set[str]) -> Callable[[], Sequence[Stock]]:
    return lambda: [
        Stock(entry, Path("x") if entry.name in here else None, entry.download, 0.0)
        for entry in CATALOG.values()
    ]


async def test_another_model_takes_over_in_the_middle_of_a_story(tmp_path: Path) -> None:
    here = {"gpt2", "distilgpt2"}

    def engine_of(name: str | None) -> ScriptedEngine:
        if name == "distilgpt2":
            raise ModelError("The model distilgpt2 is damaged.", "Fetch it again.")
        return ScriptedEngine(ModelInfo(str(name), 1024))

    options = {"engine_of": engine_of, "stocks": stocks(here)}
    async with playing(tmp_path, **options) as (screen, pilot):
        app = pilot.app
        await take(pilot, "go in")
        await pilot.press("shift+f7")
        assert isinstance(app.screen, ModelsScreen)
        assert "licence" in shown(app)
        app.screen.query_one(OptionList).highlighted = list(CATALOG).index("gpt2")
        await pilot.pause()
        await pilot.press("enter")
        await until(pilot, lambda: screen.phase == "idle" and screen.session.engine is app.engine)
        await until(pilot, lambda: app.engine.info.name == "gpt2")
        await take(pilot, "go on")
        told = [node.model for node in screen.session.story.tree.path()[1:]]
        assert told == ["scripted", "gpt2"]
        # One that cannot be loaded leaves the one before in place.
        await pilot.press("shift+f7")
        app.screen.query_one(OptionList).highlighted = list(CATALOG).index("distilgpt2")
        await pilot.pause()
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, ChoiceScreen))
        assert "goes on with gpt2" in shown(app)
        await pilot.press("enter")
        await take(pilot, "and on")
        assert screen.session.story.tree.head.model == "gpt2"


async def test_a_model_is_fetched_with_progress_and_stopped(tmp_path: Path) -> None:
    here: set[str] = set()
    go = threading.Event()

    def pull(name: str, progress: Callable[[Progress], None]) -> None:
        progress(Progress("downloading", 25, 100, 1.0))
        while not go.wait(0.002):
            progress(Progress("downloading", 50, 100, 2.0))
        here.add(name)

    options = context(tmp_path, pull_model=pull, stocks=stocks(here))
    async with running(options) as (app, pilot):
        await pilot.press("m")
        await until(pilot, lambda: isinstance(app.screen, ModelsScreen))
        screen = app.screen
        assert isinstance(screen, ModelsScreen)
        await pilot.press("p", "enter")
        await until(pilot, lambda: "50%" in shown(app))
        await pilot.press("x")
        await until(pilot, lambda: "was stopped" in shown(app))
        assert screen.check_action("cancel_pull", ()) is None
        go.set()
        await pilot.press("p", "enter")
        await until(pilot, lambda: "is here." in shown(app))
        assert screen.check_action("pull", ()) is None


def test_speeds_are_a_running_average(models: Path) -> None:
    assert read_speeds() == {}
    note_speed("gpt2", 100)
    note_speed("gpt2", 200)
    note_speed("no-such-model", 5)
    assert read_speeds() == {"gpt2": 130.0}
    (models / "speeds.json").write_text("[1]")
    assert read_speeds() == {}


# -- library ---------------------------------------------------------------------------------


def begun(tmp_path: Path, title: str) -> Path:
    session = GameSession.new(GATE, ScriptedEngine(), saves=tmp_path / "saves", title=title)
    assert session.file is not None
    path = session.file.path
    session.close()
    return path


def titles(screen: TitleScreen) -> set[str]:
    return {getattr(save, "title", save.name) for save in screen.saves}


async def test_stories_are_found_renamed_copied_and_exported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    begun(tmp_path, "Ash")
    begun(tmp_path, "Birch")
    async with running(context(tmp_path), (110, 30)) as (app, pilot):
        title = app.title_screen
        await until(pilot, lambda: len(title.saves) == 2)
        await pilot.press("slash", *"birch", "enter")
        assert titles(title) == {"Birch"}
        assert not title.scenarios
        await pilot.press("e")
        await until(pilot, lambda: isinstance(app.screen, AskScreen))
        app.screen.query_one(Input).value = " "
        await pilot.press("enter")
        assert "needs a title" in shown(app)
        app.screen.query_one(Input).value = "Birch [b]and[/] bone"
        await pilot.press("enter")
        await until(pilot, lambda: titles(title) == {"Birch [b]and[/] bone"})
        await pilot.press("y")
        await until(pilot, lambda: len(title.saves) == 2)
        assert "Birch [b]and[/] bone (copy)" in titles(title)
        await pilot.press("slash", "escape")
        assert len(title.saves) == 3
        title.query_one("#saves").focus()
        await pilot.press("home", "x")
        await until(pilot, lambda: isinstance(app.screen, PickScreen))
        await pilot.press("down", "down", "down", "enter")
        await until(pilot, lambda: isinstance(app.screen, AskScreen))
        app.screen.query_one(Input).value = str(tmp_path / "saves")
        await pilot.press("enter")
        assert "there already" in shown(app)
        app.screen.query_one(Input).value = "book.html"
        await pilot.press("enter")
        await until(pilot, lambda: (tmp_path / "book.html").exists())
        assert (tmp_path / "book.html").read_text().startswith("<!doctype html>")


async def test_files_are_imported_by_what_is_in_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dungeon.storage.export import to_json

    monkeypatch.setattr("dungeon.exchange.own_scenarios", lambda: tmp_path / "mine")
    story = GameSession.new(GATE, ScriptedEngine(), title="From afar").story
    (tmp_path / "a.bin").write_text(to_json(story))
    (tmp_path / "b.bin").write_text(
        '{"entries": {"0": {"key": ["salt"], "content": "Salt is dear.", "comment": "Salt"}}}'
    )
    (tmp_path / "c.bin").write_bytes(b"\x7fELF\x00\xff")
    async with running(context(tmp_path)) as (app, pilot):
        await until(pilot, lambda: app.title_screen.scenarios)
        for name, told in (
            ("a.bin", "The story From afar."),
            ("b.bin", "The scenario"),
            ("c.bin", "The file cannot be imported"),
        ):
            await pilot.press("i")
            await until(pilot, lambda: isinstance(app.screen, AskScreen))
            app.screen.query_one(Input).value = str(tmp_path / name)
            await pilot.press("enter")
            await until(pilot, lambda told=told: told in shown(app))
            await pilot.press("enter")
            await until(pilot, lambda: app.screen is app.title_screen)
        await until(pilot, lambda: titles(app.title_screen) == {"From afar"})
        assert [path.suffix for path in (tmp_path / "mine").iterdir()] == [".yaml"]


# -- help ------------------------------------------------------------------------------------


async def test_help_is_of_the_screen_it_was_asked_on(tmp_path: Path) -> None:
    async with running(context(tmp_path), (100, 40)) as (app, pilot):
        await until(pilot, lambda: app.engine and app.title_screen._lists.read)
        assert "5 F1 shows all keys." in shown(app)
        seen = set()
        for key, screen in (
            ("", TitleScreen),
            ("s", SettingsScreen),
            ("m", ModelsScreen),
            ("n", SetupScreen),
        ):
            if key:
                await pilot.press(key)
            await until(pilot, lambda screen=screen: isinstance(app.screen, screen))
            await pilot.press("f1")
            await until(pilot, lambda: isinstance(app.screen, HelpScreen))
            seen.add(app.screen._guide.title)
            await pilot.press("f1", *(("escape",) if key else ()))
            await until(pilot, lambda: app.screen is app.title_screen)
        assert seen == {"The library", "Settings", "Models", "Before the story begins"}
