"""Text that looks like markup is shown as it is written, wherever it comes from."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dungeon.authoring.problem import Problem
from dungeon.engine.base import ModelInfo
from dungeon.engine.scripted import ScriptedEngine
from dungeon.errors import EngineError, ModelError, SaveError
from dungeon.storage.library import DamagedSave, SaveSummary
from dungeon.story.scenario import Question, Scenario
from dungeon.ui.screens.choice import ChoiceScreen
from dungeon.ui.screens.play import PlayScreen
from dungeon.ui.screens.setup import SetupScreen
from tests.ui.support import (
    GATE,
    Entry,
    LateEngine,
    context,
    enter,
    playing,
    running,
    shown,
    take,
    toasts,
    until,
)

BRACKETS = [
    "[/]",
    "[/bold]",
    "[laughs]",
    "[WP]",
    "[$5]",
    "[@click=app.quit]x[/]",
    "[type=x, v={'a[0]'}]",
    "[b]bold[/b]",
    "[[x]]",
    "\\[x]",
    "[link='x']y[/link]",
    "$primary [$accent]z",
]
WIDE = (140, 40)


@pytest.mark.parametrize("text", BRACKETS)
async def test_accept_01_in_the_story(tmp_path: Path, text: str) -> None:
    scenario = Scenario(
        title=f"T {text}", opening=f"O {text}.", author=f"A {text}", memory=f"M {text}"
    )
    engine = ScriptedEngine(
        info=ModelInfo(f"model {text}", 1024), replies=[f"Reply {text} said.", f"More {text} said."]
    )
    async with playing(tmp_path, engine, WIDE, read_scenario=lambda path: scenario) as (
        screen,
        pilot,
    ):
        for field in (f"T {text}", f"A {text}", f"O {text}.", f"model {text}"):
            assert field in shown(pilot.app)
        await take(pilot, f"say {text} aloud")
        assert f"> You say {text} aloud." in shown(pilot.app)
        assert f"Reply {text} said." in shown(pilot.app)
        screen.line.value = text
        await pilot.pause()
        assert f"Do ❯ {text}" in shown(pilot.app)
        for key, field in (("ctrl+o", f"M {text}"), ("ctrl+t", f"Reply {text} said.")):
            await pilot.press(key)
            await until(pilot, lambda: pilot.app.screen is not screen)
            assert field in shown(pilot.app)
            await pilot.press("escape")
            await until(pilot, lambda: pilot.app.screen is screen)
        screen.line.value = ""
        # Nothing that looks like a link does anything.
        for y, row in enumerate(shown(pilot.app).split("\n")):
            if text in row:
                await pilot.click(offset=(row.index(text) + len(text) // 2, y))
        assert pilot.app.return_code is None
        assert pilot.app.is_running


@pytest.mark.parametrize("text", BRACKETS)
async def test_accept_01_in_errors_and_toasts(tmp_path: Path, text: str) -> None:
    engine = ScriptedEngine(replies=[EngineError(f"E {text}.", f"H {text}.")])
    async with playing(tmp_path, engine, WIDE) as (screen, pilot):
        await enter(pilot, "go in")
        await until(pilot, lambda: f"! E {text}. H {text}." in shown(pilot.app))
        screen.session.save_error = SaveError(f"S {text}.")
        screen.session.saved = False
        screen._show_state()
        screen._tell_if_unsaved()
        await pilot.pause()
        assert f"NOT SAVED: S {text}." in shown(pilot.app)
        # In the status line and in the toast.
        await until(pilot, lambda: shown(pilot.app).count(f"S {text}.") == 2)
        assert toasts(pilot.app)[0].startswith(f"S {text}.")


@pytest.mark.parametrize("text", BRACKETS)
async def test_accept_01_when_the_engine_fails(tmp_path: Path, text: str) -> None:
    engine = LateEngine(ModelError(f"E {text}.", f"H {text}."))
    async with playing(tmp_path, engine, WIDE) as (_, pilot):
        engine.arrive.set()
        await until(pilot, lambda: isinstance(pilot.app.screen, ChoiceScreen))
        assert f"E {text}." in shown(pilot.app)
        assert f"H {text}." in shown(pilot.app)


@pytest.mark.parametrize("text", BRACKETS)
async def test_accept_01_in_the_library_and_the_questions(tmp_path: Path, text: str) -> None:
    scenario = replace(
        GATE,
        title=f"T {text}",
        summary=f"S {text}",
        author=f"A {text}",
        tags=(f"g {text}",),
        questions=(Question("q", f"Q {text}?", choices=(f"c {text}", "d")),),
    )
    save = SaveSummary(
        tmp_path / "a.dungeon", "a", f"V {text}", "s", 3, datetime(2026, 1, 2, tzinfo=UTC),
        f"L {text}", f"M {text}", 5,
    )  # fmt: skip
    entries = (
        Entry("one", Path("one.yaml"), scenario),
        Entry(
            f"n {text}",
            Path("two.yaml"),
            None,
            (Problem("two.yaml", 1, 1, f"P {text}", f"F {text}", source=f"s {text}"),),
        ),
    )
    options = context(
        tmp_path,
        list_scenarios=lambda: entries,
        list_saves=lambda path: [
            save,
            DamagedSave(tmp_path / "b.dungeon", f"D {text}", f"R {text}"),
        ],
    )
    async with running(options, WIDE) as (app, pilot):
        await until(pilot, lambda: app.title_screen.scenarios)
        for field in (f"T {text}", f"n {text}", f"V {text}", f"D {text}", f"L {text}", f"M {text}"):
            # A long line is folded.
            assert field in " ".join(shown(app).split()), field
        await pilot.press("down")
        assert f"R {text}" in shown(app)
        await pilot.press("d")
        await until(pilot, lambda: isinstance(app.screen, ChoiceScreen))
        assert f"D {text}" in shown(app)
        await pilot.press("escape")
        await pilot.press("tab", "end")
        for field in (f"P {text}", f"F {text}", f"s {text}"):
            assert field in shown(app), field
        await pilot.press("enter")
        assert f"n {text} cannot be played" in toasts(app)[-1]
        await pilot.press("home")
        for field in (f"S {text}", f"A {text}", f"g {text}"):
            assert field in shown(app), field
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, SetupScreen))
        for field in (f"T {text}", f"Q {text}?", f"c {text}"):
            assert field in shown(app), field
        await pilot.press("enter", "enter")
        await until(pilot, lambda: isinstance(app.screen, PlayScreen))
        assert f"T {text}" in shown(app)
