"""A long game on the real screen, short: what is kept mounted and laid out does not grow."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest
from textual._styles_cache import StylesCache

from benchmarks.soak import play as soak
from dungeon.ui.screens.context import ContextScreen
from dungeon.ui.widgets import transcript
from tests.ui.support import playing, until


async def test_accept_14_nothing_on_the_screen_grows_with_the_story(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A page of eight turns for sixty, so that forty turns are as far as three hundred.
    monkeypatch.setattr(transcript, "PAGE", 8)
    monkeypatch.setattr(soak, "EVERY", 8)
    monkeypatch.setattr(soak, "OTHER_VERBS_EVERY", 20)
    played = await soak.play(tmp_path, 40, lambda turn, turns: None)
    assert {sample.widgets for sample in played.samples} == {played.samples[0].widgets}
    assert all(sample.laid_out <= 4 * 8 for sample in played.samples)
    seconds, turns = soak.reload_seconds(played.path)
    assert turns == 40
    assert seconds < 3


def caches() -> int:
    gc.collect()
    return sum(type(one) is StylesCache for one in gc.get_objects())


async def test_accept_14_a_closed_screen_leaves_nothing_drawn(tmp_path: Path) -> None:
    async with playing(tmp_path) as (screen, pilot):
        before = caches()
        for _ in range(3):
            await pilot.press("ctrl+t")
            await until(pilot, lambda: isinstance(pilot.app.screen, ContextScreen))
            await pilot.press("escape")
            await until(pilot, lambda: pilot.app.screen is screen)
        assert caches() <= before
