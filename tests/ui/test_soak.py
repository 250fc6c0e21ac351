"""A long game on the real screen, short: what is kept mounted and laid out does not grow."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.soak import play as soak
from dungeon.ui.widgets import transcript


async def test_accept_14_nothing_on_the_screen_grows_with_the_story(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A page of ten turns for sixty, so that fifty turns are as far as three hundred.
    monkeypatch.setattr(transcript, "PAGE", 10)
    monkeypatch.setattr(soak, "EVERY", 10)
    played = await soak.play(tmp_path, 50, lambda turn, turns: None)
    assert {sample.widgets for sample in played.samples} == {played.samples[0].widgets}
    assert all(sample.laid_out <= 4 * 10 for sample in played.samples)
    seconds, turns = soak.reload_seconds(played.path)
    assert turns == 50
    assert seconds < 3
