"""What the screen mentions when the scenario of an old story is not what it was."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from dungeon.engine.scripted import ScriptedEngine
from dungeon.session import GameSession
from tests.ui.support import ENTRIES, GATE, Entry, context, running, take, toasts, until

EDITED = (Entry("gate", Path("gate.yaml"), replace(GATE, memory="You have no key.")),)


@pytest.mark.parametrize(
    ("library", "told"),
    [(ENTRIES, []), (EDITED, ["was edited since"]), ((), ["is not in the library now"])],
    ids=["same", "edited", "deleted"],
)
async def test_accept_18_the_difference_is_mentioned_and_the_story_plays_on(
    library: tuple[Entry, ...], told: list[str], tmp_path: Path
) -> None:
    session = GameSession.new(GATE, ScriptedEngine(), saves=tmp_path / "saves", seed=1)
    assert session.file is not None
    path = session.file.path
    session.close()
    options = context(tmp_path, save=path, list_scenarios=lambda: library)
    async with running(options, (100, 30)) as (app, pilot):
        # The story opens before the library is read; the mention comes when it is.
        await until(pilot, lambda: app.door.knows and app.play_screen is not None)
        await until(pilot, lambda: app.play_screen.phase == "idle")
        said = toasts(app)
        assert len(said) == len(told)
        assert all(part in toast for part, toast in zip(told, said, strict=True))
        await take(pilot, "go in")
        assert app.play_screen.session.story.memory == "You have a key."
