"""Odd characters and huge pastes: removed or shown, and always answered."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.strip import Strip
from textual.widgets import Static

from dungeon.engine.scripted import ScriptedEngine
from dungeon.story.action import MAX_LINE
from dungeon.story.scenario import Question, Scenario
from dungeon.ui.screens.editor import MAX_TEXT, EditorScreen
from dungeon.ui.screens.setup import SetupScreen
from tests.clock import worked_within
from tests.ui.support import Entry, context, playing, running, shown, take, until

INVISIBLE = "\u202e\u2066\u200b\u2060\ufeff\U000e0041\x9b\x1b\x00\x07"
KEPT = ["שלום עולם", "مرحبا", "👩‍👩‍👧", "門の前", "é", "ñ"]


async def test_accept_27_what_cannot_be_seen_is_not_shown(tmp_path: Path) -> None:
    scenario = Scenario(
        title=f"T{INVISIBLE}itle",
        opening=f"The {INVISIBLE}gate. {' '.join(KEPT)}.",
        author=f"I{INVISIBLE}da",
    )
    engine = ScriptedEngine(replies=[f"A bell{INVISIBLE} rings."])
    async with playing(tmp_path, engine, read_scenario=lambda path: scenario) as (_, pilot):
        await take(pilot, f"wa{INVISIBLE}it")
        text = shown(pilot.app)
        assert not set(INVISIBLE) & set(text)
        for whole in ("Title", "The gate.", "Ida", "A bell rings.", "You wait.", *KEPT):
            assert whole in text


async def test_accept_27_nor_in_the_questions(tmp_path: Path) -> None:
    scenario = Scenario(
        title=f"T{INVISIBLE}itle",
        opening="You wait.",
        summary=f"S{INVISIBLE}um",
        questions=(Question("q", f"W{INVISIBLE}ho?", choices=(f"a {INVISIBLE}knight", *KEPT)),),
    )
    options = context(tmp_path, list_scenarios=lambda: [Entry("one", Path("one.yaml"), scenario)])
    async with running(options, (80, 30)) as (app, pilot):
        await until(pilot, lambda: app.title_screen.scenarios)
        await pilot.press("n")
        await until(pilot, lambda: isinstance(app.screen, SetupScreen))
        text = shown(app)
        assert not set(INVISIBLE) & set(text)
        for whole in ("Title", "Sum", "Who?", "a knight", *KEPT):
            assert whole in text


class Careless(Static):
    """Draws what it is given as it is."""

    def render_line(self, y: int) -> Strip:
        return Strip([Segment(f"raw {HARM} drawn", Style(link="http://STOLEN"))])


HARM = "\x1b]0;STOLEN\x07\x1b[31m\x9b1m\x07"


async def test_accept_26_whatever_a_widget_draws_is_harmless(tmp_path: Path) -> None:
    async with playing(tmp_path) as (screen, pilot):
        await screen.mount(Careless())
        await until(pilot, lambda: "raw  drawn" in shown(pilot.app))
        strips = screen._compositor.render_strips()
        sent = "".join(strip.render(pilot.app.console) for strip in strips)
        assert "STOLEN" not in sent
        assert not re.search("[\x07\x80-\x9f]|\x1b[^\\[]", sent)


async def test_accept_26_a_toast_is_what_it_says(tmp_path: Path) -> None:
    async with playing(tmp_path) as (screen, pilot):
        screen.notify(f"[/] {HARM}[b]said[/b]", title=f"[@click=app.quit]{HARM}T[/]", markup=True)
        await until(pilot, lambda: "[/] [b]said[/b]" in shown(pilot.app))
        assert "[@click=app.quit]T[/]" in shown(pilot.app)


@pytest.mark.parametrize("text", KEPT)
async def test_accept_25_borders_stay_aligned(tmp_path: Path, text: str) -> None:
    engine = ScriptedEngine(replies=[f"{text} {text}, says the bell. " * 4])
    async with playing(tmp_path, engine) as (screen, pilot):
        await take(pilot, f"say {text}")
        screen.line.value = text
        await pilot.pause()
        strips = pilot.app.screen._compositor.render_strips()
        assert {strip.cell_length for strip in strips} == {80}
        (row,) = [strip.text for strip in strips if "❯" in strip.text]
        assert cell_len(row.rstrip()) == 80


PASTES = ["x" * 1_000_000, "line\n" * 200_000, "\x1b[31m" * 200_000, "門" * 300_000]


@pytest.mark.parametrize("pasted", PASTES, ids=["word", "lines", "escapes", "wide"])
async def test_accept_25_a_huge_paste_is_answered_within_a_second(
    tmp_path: Path, pasted: str
) -> None:
    async with playing(tmp_path) as (screen, pilot):
        with worked_within(1):
            screen.line.post_message(events.Paste(pasted))
            await pilot.pause()
            await pilot.press("end", "backspace")
        assert len(screen.line.value) <= MAX_LINE
        assert "\x1b" not in screen.line.value
        screen.line.value = ""
        await pilot.press("ctrl+o")
        await until(pilot, lambda: isinstance(pilot.app.screen, EditorScreen))
        editor = pilot.app.screen
        assert isinstance(editor, EditorScreen)
        with worked_within(1):
            editor.query_one("#text").post_message(events.Paste(pasted))
            await pilot.pause()
        assert len("You have a key.") < len(editor.text) <= MAX_TEXT or "\x1b" in pasted
        assert "\x1b" not in editor.text


async def test_a_paste_into_the_editor_is_pasted_once(tmp_path: Path) -> None:
    async with playing(tmp_path) as (_, pilot):
        await pilot.press("ctrl+o")
        await until(pilot, lambda: isinstance(pilot.app.screen, EditorScreen))
        editor = pilot.app.screen
        assert isinstance(editor, EditorScreen)
        editor.query_one("#text").post_message(events.Paste(" And\na \x1b[31mlamp."))
        await pilot.pause()
        await pilot.press("!")
        assert editor.text == "You have a key. And\na lamp.!"
