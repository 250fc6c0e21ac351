"""Several tellings side by side, of which one is taken."""

from __future__ import annotations

from pathlib import Path

from dungeon.engine.base import candidate_seed
from dungeon.engine.scripted import ScriptedEngine
from dungeon.errors import EngineError
from dungeon.ui.screens.choose import ChooseScreen
from tests.ui.support import playing, shown, until

THREE = ["The hall is dark.", "The hall is lit.", "The hall is gone."]


async def test_one_telling_is_taken_and_the_others_stay_beside_it(tmp_path: Path) -> None:
    replies = [*THREE, "A.", "A.", "", EngineError("Out of memory.")]
    async with playing(tmp_path, ScriptedEngine(replies=replies), size=(100, 30)) as (
        screen,
        pilot,
    ):
        tree = screen.session.story.tree
        screen.line.value = "go in"
        await pilot.press("f14")
        await until(pilot, lambda: isinstance(pilot.app.screen, ChooseScreen))
        text = shown(pilot.app)
        (row,) = (row for row in text.split("\n") if "The hall is dark." in row)
        assert all(telling in row for telling in THREE)
        assert "? choosing" in text
        assert len(tree) == 1
        await pilot.press("right", "enter")
        await until(pilot, lambda: screen.phase == "idle")
        assert [node.text for node in tree.children(1)] == [THREE[0], THREE[2], THREE[1]]
        assert tree.head.text == THREE[1]
        assert tree.head.seed == candidate_seed(screen.session.story.turn_seed(2), 1)
        assert {node.action for node in tree.children(1)} == {tree.head.action}
        assert "‹3/3›" in shown(pilot.app)
        assert screen.session.saved
        # One that comes twice is shown once, one that says nothing not at all; none is taken.
        screen.line.value = "wait"
        await pilot.press("f14")
        await until(pilot, lambda: isinstance(pilot.app.screen, ChooseScreen))
        await pilot.press("2", "escape")
        await until(pilot, lambda: screen.phase == "idle")
        assert (len(tree), screen.line.value) == (4, "wait")
        # A failure gives the line back.
        await pilot.press("f14")
        await until(pilot, lambda: "Out of memory." in shown(pilot.app))
        assert screen.line.value == "wait"
        assert screen.session.turn is None
