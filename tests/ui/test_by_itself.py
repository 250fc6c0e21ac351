"""A story told again, and one that plays itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from dungeon.engine.scripted import ScriptedEngine
from dungeon.errors import EngineError
from dungeon.session import GameSession
from dungeon.story.action import Action, Mode
from dungeon.ui.screens import self_playing
from dungeon.ui.screens.replay import ReplayScreen
from dungeon.ui.screens.tree import TreeScreen
from tests.ui.support import GATE, playing, shown, take, toasts, until


async def test_a_path_is_told_again_and_any_key_stops(tmp_path: Path) -> None:
    engine = ScriptedEngine(replies=["The hall is dark.", "The hall is lit."])
    async with playing(tmp_path, engine) as (screen, pilot):
        assert screen.check_action("replay", ()) is None
        await take(pilot, "go in")
        await take(pilot, "go on")
        await pilot.press("f22")
        await until(pilot, lambda: isinstance(pilot.app.screen, ReplayScreen))
        replay = pilot.app.screen
        assert isinstance(replay, ReplayScreen)
        assert "turn 1 of 2" in shown(pilot.app)
        assert "The hall is dark." not in shown(pilot.app)
        for _ in range(4):
            replay.forward(1.0)
        await until(pilot, lambda: "The hall is dark." in shown(pilot.app))
        while not replay.over:
            replay.forward(1.0)
        await until(pilot, lambda: "The hall is lit." in shown(pilot.app))
        assert "The end of this path" in shown(pilot.app)
        replay.forward(1.0)
        await pilot.press("x")
        await until(pilot, lambda: pilot.app.screen is screen)
        assert screen.line.value == ""
        # From the tree, up to the turn at the cursor.
        await pilot.press("ctrl+b")
        await until(pilot, lambda: isinstance(pilot.app.screen, TreeScreen))
        await pilot.press("up", "r")
        await until(pilot, lambda: "turn 1 of 1" in shown(pilot.app))
        await pilot.click("#replay")
        await until(pilot, lambda: isinstance(pilot.app.screen, TreeScreen))


async def test_a_story_plays_itself_until_a_key_is_pressed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(self_playing, "LONGEST_REST", 0.01)
    replies = [
        " open the chest. Then",
        "The chest is empty.",
        "!?",
        "A bell rings.",
        EngineError("Gone."),
    ]
    async with playing(tmp_path, ScriptedEngine(replies=replies)) as (screen, pilot):
        tree = screen.session.story.tree
        asked = screen.session.line_request()
        assert asked.prompt[-1].text == "\n\n> You"
        await pilot.press("f23")
        # An error gives the player the line back, and so would any key.
        await until(pilot, lambda: len(tree) == 3 and not screen.plays_itself)
        assert [node.action for node in tree.path()[1:]] == [
            Action(Mode.DO, "open the chest"),
            Action(Mode.CONTINUE),
        ]
        assert "Gone." in toasts(pilot.app)[-1]
        assert screen.focused is screen.line
        await pilot.press("f23")
        assert screen.plays_itself
        assert "plays itself" in shown(pilot.app)
        assert screen.check_action("undo", ()) is None
        await pilot.press("x")
        assert not screen.plays_itself
        assert screen.line.value == ""
        await until(pilot, lambda: screen.phase == "idle")


def test_the_lines_that_a_model_writes_are_seeded() -> None:
    def request(seed: int) -> object:
        return GameSession.new(GATE, ScriptedEngine(), seed=seed).line_request()

    assert request(1) == request(1)
    assert request(1) != request(2)
