"""The word filter and the ratings on the screen."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from dungeon.engine.scripted import ScriptedEngine
from dungeon.ui.screens.choice import ChoiceScreen
from dungeon.ui.screens.play import PlayScreen
from tests.ui.support import (
    ENTRIES,
    GATE,
    Entry,
    context,
    enter,
    playing,
    running,
    shown,
    take,
    toasts,
    until,
)

HIT, CLEAN = "The guard is an ass and laughs.", "The guard bows and opens the gate."
OTHER = "Now the ass kicks the wall."


@pytest.fixture(autouse=True)
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "words.txt"
    path.write_text("ass\n[/]\n")
    monkeypatch.setenv("DUNGEON_WORDS", str(path))
    return path


@pytest.mark.parametrize("how", ["shift+f12", "/filter"])
async def test_accept_35_the_filter_is_switched_in_the_game(
    tmp_path: Path, file: Path, how: str
) -> None:
    engine = ScriptedEngine(replies=[HIT, HIT, CLEAN, OTHER])
    async with playing(tmp_path, engine, (140, 40)) as (screen, pilot):
        await take(pilot)
        assert HIT in shown(pilot.app)

        async def switch() -> None:
            await (enter(pilot, how) if how.startswith("/") else pilot.press(how))
            await pilot.pause()

        await switch()
        assert (
            f"filter is on: 2 entries, whole words only, listed in {file}" in toasts(pilot.app)[-1]
        )
        assert "filter on" in shown(pilot.app)
        await take(pilot, "look at the ass")
        assert CLEAN in shown(pilot.app)
        assert "> You look at the ass." in shown(pilot.app)
        await switch()
        assert "filter is off" in toasts(pilot.app)[-1]
        assert "filter on" not in shown(pilot.app)
        await take(pilot, "go on")
        assert screen.session.story.tree.head.text == OTHER


async def test_accept_35_when_every_telling_has_a_hit_it_says_so(tmp_path: Path) -> None:
    engine = ScriptedEngine(replies=[HIT] * 8)
    async with playing(tmp_path, engine, word_filter=True) as (screen, pilot):
        await enter(pilot, "look at the ass")
        await until(pilot, lambda: "your word filter lets through" in shown(pilot.app))
        assert screen.phase == "idle"
        assert screen.line.value == "look at the ass"
        assert len(screen.session.story.tree) == 1


async def test_a_list_that_cannot_be_read_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DUNGEON_WORDS", str(tmp_path))
    options = context(tmp_path, scenario=Path("gate.yaml"), word_filter=True)
    async with running(options) as (app, pilot):
        await until(pilot, lambda: isinstance(app.screen, ChoiceScreen))
        assert "The word filter is off" in shown(app)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, PlayScreen))
        await pilot.press("shift+f12")
        await until(pilot, lambda: any("not an ordinary file" in toast for toast in toasts(app)))


async def test_accept_35_the_filter_stays_on_for_the_next_story(tmp_path: Path) -> None:
    async with playing(tmp_path) as (screen, pilot):
        await enter(pilot, "/filter")
        await pilot.press("ctrl+l")
        await until(pilot, lambda: pilot.app.screen is not screen)
        await until(pilot, lambda: "Stories begun" in shown(pilot.app))
        await pilot.press("c")
        await until(pilot, lambda: isinstance(pilot.app.screen, PlayScreen))
        again = pilot.app.screen
        assert isinstance(again, PlayScreen)
        assert again.session.word_filter is not None


async def test_accept_35_ratings_are_listed_and_limited(tmp_path: Path) -> None:
    entries = (
        *ENTRIES,
        Entry("hall", Path("hall.yaml"), replace(GATE, title="The Hall", rating="mature")),
        Entry("yard", Path("yard.yaml"), replace(GATE, title="The Yard", rating="teen")),
    )
    async with running(context(tmp_path, list_scenarios=lambda: entries)) as (app, pilot):
        await until(pilot, lambda: app.title_screen.scenarios)
        assert "The Hall  mature" in shown(app)
        assert "The Yard  teen" in shown(app)
        assert "New story  up to" not in shown(app)
        await pilot.press("l")
        await pilot.pause()
        assert "up to teen, 1 more" in shown(app)
        assert "The Hall" not in shown(app)
        await pilot.press("l")
        await pilot.pause()
        assert "up to everyone, 2 more" in shown(app)
        assert "The Yard" not in shown(app)
        assert "The Gate" in shown(app)
        # What cannot be read is shown, so that it can be mended.
        assert "torn" in shown(app)
        await pilot.press("l")
        await pilot.pause()
        assert "The Hall  mature" in shown(app)
    options = context(tmp_path, list_scenarios=lambda: entries, rating="teen")
    async with running(options) as (app, pilot):
        await until(pilot, lambda: app.title_screen.scenarios)
        assert "up to teen, 1 more" in shown(app)
        assert "The Hall" not in shown(app)
