"""Odd characters and huge pastes: removed or shown, and always answered."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from rich.cells import cell_len
from textual import events

from dungeon.engine.scripted import ScriptedEngine
from dungeon.story.action import MAX_LINE
from dungeon.story.scenario import Scenario
from dungeon.ui.screens.editor import MAX_TEXT, EditorScreen
from tests.ui.support import playing, shown, take, until

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
        began = time.monotonic()
        screen.line.post_message(events.Paste(pasted))
        await pilot.pause()
        await pilot.press("end", "backspace")
        assert time.monotonic() - began < 1
        assert len(screen.line.value) <= MAX_LINE
        assert "\x1b" not in screen.line.value
        screen.line.value = ""
        await pilot.press("ctrl+o")
        await until(pilot, lambda: isinstance(pilot.app.screen, EditorScreen))
        editor = pilot.app.screen
        assert isinstance(editor, EditorScreen)
        began = time.monotonic()
        editor.query_one("#text").post_message(events.Paste(pasted))
        await pilot.pause()
        assert time.monotonic() - began < 1
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
