"""The title screen: what is listed, what is begun, and that nothing is deleted unasked."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from textual.widgets import OptionList

from dungeon.engine.scripted import ScriptedEngine
from dungeon.errors import SaveError
from dungeon.session import GameSession
from dungeon.ui.screens.choice import ChoiceScreen
from dungeon.ui.screens.play import PlayScreen
from dungeon.ui.screens.setup import SetupScreen
from dungeon.ui.screens.title import TitleScreen
from tests.ui.support import GATE, ROAD, context, running, shown, take, toasts, until


def begun(tmp_path: Path, title: str) -> Path:
    session = GameSession.new(GATE, ScriptedEngine(), saves=tmp_path / "saves", title=title)
    assert session.file is not None
    path = session.file.path
    session.close()
    return path


async def test_scenarios_and_saves_are_listed(tmp_path: Path) -> None:
    begun(tmp_path, "My Gate")
    (tmp_path / "saves" / "torn.dungeon").write_bytes(b"not a story")
    async with running(context(tmp_path), (100, 30)) as (app, pilot):
        await until(pilot, lambda: app.title_screen.saves)
        text = shown(app)
        for listed in ("The Gate", "The Salt Road", "torn  cannot be read", "My Gate"):
            assert listed in text
        await pilot.press("home")
        assert "dungeon saves --recover torn" in " ".join(shown(app).split())
        assert "damaged" in text
        assert "scripted" in text


async def test_a_broken_scenario_says_its_first_problem(tmp_path: Path) -> None:
    async with running(context(tmp_path), (100, 30)) as (app, pilot):
        await until(pilot, lambda: app.title_screen.scenarios)
        await pilot.press("end")
        assert "torn.yaml:3:1: memmory is not a field." in shown(app)
        assert "memmory: x" in shown(app)
        assert "Did you mean memory?" in shown(app)
        assert "and 1 more" in shown(app)
        await pilot.press("enter")
        assert "cannot be played" in toasts(app)[0]
        assert isinstance(app.screen, TitleScreen)


async def test_a_scenario_is_begun_with_its_questions(tmp_path: Path) -> None:
    async with running(context(tmp_path)) as (app, pilot):
        await until(pilot, lambda: app.title_screen.scenarios)
        await pilot.press("down", "enter")
        await until(pilot, lambda: isinstance(app.screen, SetupScreen))
        await pilot.press(*"Ida", "enter")
        assert "Ida" in shown(app)
        await pilot.press("down", "enter")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, PlayScreen))
        assert "You are Ida, a knight, and the road is white." in shown(app)


async def test_setup_goes_back_and_takes_ones_own_answer(tmp_path: Path) -> None:
    async with running(context(tmp_path)) as (app, pilot):
        await until(pilot, lambda: app.title_screen.scenarios)
        await pilot.press("down", "n")
        await until(pilot, lambda: isinstance(app.screen, SetupScreen))
        assert "Enter takes: Ansel" in shown(app)
        await pilot.press("enter")
        assert "What are you?" in shown(app)
        await pilot.press("escape")
        assert "What is your name?" in shown(app)
        await pilot.press("enter")
        await pilot.press(*"baker", "enter")
        await pilot.press(*"Flour", "enter")
        await until(pilot, lambda: isinstance(app.screen, PlayScreen))
        assert "You are Ansel, a baker, and the road is white." in shown(app)
        play = app.screen
        assert isinstance(play, PlayScreen)
        assert play.session.story.title == "Flour"
        await pilot.press("ctrl+l")
        await until(pilot, lambda: isinstance(app.screen, TitleScreen))


async def test_setup_can_be_left(tmp_path: Path) -> None:
    async with running(context(tmp_path)) as (app, pilot):
        await until(pilot, lambda: app.title_screen.scenarios)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, SetupScreen))
        await pilot.press("escape")
        assert isinstance(app.screen, TitleScreen)
        assert not list((tmp_path / "saves").glob("*.dungeon"))


async def test_the_last_story_goes_on(tmp_path: Path) -> None:
    begun(tmp_path, "My Gate")
    async with running(context(tmp_path)) as (app, pilot):
        await until(pilot, lambda: app.title_screen.saves)
        await until(pilot, lambda: app.engine)
        await pilot.press("c")
        await until(pilot, lambda: isinstance(app.screen, PlayScreen))
        assert "My Gate" in shown(app)
        await take(pilot, "go in")
        await pilot.press("ctrl+l")
        await until(pilot, lambda: "1 turn" in shown(app))


async def test_accept_10_deleting_asks_first(tmp_path: Path) -> None:
    path = begun(tmp_path, "My Gate")
    async with running(context(tmp_path)) as (app, pilot):
        await until(pilot, lambda: app.title_screen.saves)
        await pilot.press("d")
        await until(pilot, lambda: isinstance(app.screen, ChoiceScreen))
        assert "My Gate" in shown(app)
        await pilot.press("enter")
        await pilot.pause()
        assert path.exists()
        await pilot.press("d", "escape")
        await pilot.pause()
        assert path.exists()
        await pilot.press("d")
        await until(pilot, lambda: isinstance(app.screen, ChoiceScreen))
        await pilot.press("right", "enter")
        await until(pilot, lambda: not path.exists())
        await until(pilot, lambda: "My Gate" not in shown(app))


async def test_accept_09_a_damaged_story_is_recovered_into_a_new_one(tmp_path: Path) -> None:
    path = begun(tmp_path, "My Gate")
    nothing = path.with_name("torn.dungeon")
    nothing.write_bytes(b"not a story")
    # The last page is missing; the turns are before it.
    data = path.read_bytes()[:-4096]
    path.write_bytes(data)
    async with running(context(tmp_path)) as (app, pilot):
        await until(pilot, lambda: app.title_screen.saves and app.engine)
        saves = app.title_screen.query_one("#saves", OptionList)
        saves.focus()
        for file, told in ((nothing, "Nothing of a story"), (path, "My Gate (recovered)")):
            saves.highlighted = [save.path for save in app.title_screen.saves].index(file)
            await until(pilot, lambda: "Enter mend" in shown(app))
            await pilot.press("enter")
            await until(pilot, lambda: "goes into a new story" in shown(app))
            await pilot.press("right", "enter")
            await until(pilot, lambda told=told: told in shown(app))
            if file is nothing:
                await pilot.press("escape")
        assert "Found 0 turns, and none is known lost." in shown(app)
        await pilot.press("right", "enter")
        await until(pilot, lambda: isinstance(app.screen, PlayScreen))
        assert "You stand at the gate." in shown(app)
    assert path.read_bytes() == data
    assert len(list(path.parent.glob("*.dungeon"))) == 3


async def test_accept_17_a_story_of_a_newer_game_is_told_of_and_not_mended(tmp_path: Path) -> None:
    path = begun(tmp_path, "My Gate")
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version = 99")
    db.close()
    async with running(context(tmp_path)) as (app, pilot):
        await until(pilot, lambda: app.title_screen.saves and app.engine)
        app.title_screen.query_one("#saves", OptionList).focus()
        await until(pilot, lambda: "Update Dungeon to play it" in shown(app))
        assert "Enter mend" not in shown(app)
        await pilot.press("enter")
        await until(pilot, lambda: shown(app).count("newer Dungeon") > 1)
        assert "Recover" not in shown(app)


async def test_accept_10_the_same_title_is_another_file(tmp_path: Path) -> None:
    first = begun(tmp_path, "The Gate")
    before = first.read_bytes()
    async with running(context(tmp_path)) as (app, pilot):
        await until(pilot, lambda: app.title_screen.saves and app.engine)
        await pilot.press("tab", "n")
        await until(pilot, lambda: isinstance(app.screen, SetupScreen))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, PlayScreen))
        await take(pilot, "go in")
    assert first.read_bytes() == before
    assert len(list((tmp_path / "saves").glob("*.dungeon"))) == 2


async def test_delete_is_for_the_list_of_stories_only(tmp_path: Path) -> None:
    begun(tmp_path, "My Gate")
    async with running(context(tmp_path)) as (app, pilot):
        await until(pilot, lambda: app.title_screen.saves)
        await pilot.press("tab", "d")
        assert isinstance(app.screen, TitleScreen)


async def test_a_library_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    def unreadable() -> list[object]:
        raise SaveError("The folder is locked.", "Unlock it.")

    async with running(context(tmp_path, list_scenarios=unreadable)) as (app, pilot):
        await until(pilot, lambda: toasts(app))
        assert "The folder is locked." in toasts(app)[0]
        assert "no scenarios" in shown(app)


@pytest.mark.parametrize("width", [1, 4])
async def test_a_window_of_no_width_is_survived(tmp_path: Path, width: int) -> None:
    async with running(context(tmp_path, read_scenario=lambda path: ROAD)) as (app, pilot):
        await until(pilot, lambda: app.title_screen.scenarios)
        await pilot.resize_terminal(width, 20)
        await pilot.press("end", "ctrl+p", "e", "escape", "home", "down", "n")
        await until(pilot, lambda: isinstance(app.screen, SetupScreen))
        await pilot.press("enter")
        await pilot.pause()
        await pilot.resize_terminal(80, 24)
        assert "What are you?" in shown(app)
