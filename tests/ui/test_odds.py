"""The odds of words on the screen, and a branch that begins with another word."""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dungeon.engine.base import (
    CancelToken,
    Finished,
    GenerationRequest,
    PromptPart,
    TokenOdds,
)
from dungeon.engine.scripted import ScriptedEngine
from dungeon.session import GameSession, narrate
from dungeon.ui.screens.odds import OddsScreen, shade
from tests.ui.support import playing, shown, take, until

TOLD = "The hall is dark."


class WeighingEngine(ScriptedEngine):
    """Finds every word likely but the last, and keeps what it was asked."""

    def __init__(self, **options: Any) -> None:
        super().__init__(replies=[TOLD], **options)
        self.asked: list[GenerationRequest] = []
        self.behind: tuple[PromptPart, ...] = ()

    def weigh(
        self, prompt: tuple[PromptPart, ...], text: str, top: int, cancel: CancelToken
    ) -> tuple[TokenOdds, ...]:
        self.behind = prompt
        words = ["The", " hall", " is", " dark", "."]
        return tuple(
            TokenOdds(word, math.log(0.04 if word == " dark" else 0.6), self._top(word))
            for word in words
        )

    @staticmethod
    def _top(word: str) -> tuple[tuple[str, float], ...]:
        return ((" lit", math.log(0.7)), ("", math.log(0.1)), (word, math.log(0.04)))

    def generate(
        self, request: GenerationRequest, cancel: CancelToken, on_text: Callable[[str], None]
    ) -> Finished:
        self.asked.append(request)
        return super().generate(request, cancel, on_text)


async def test_a_word_is_weighed_and_another_taken(tmp_path: Path) -> None:
    engine = WeighingEngine()
    async with playing(tmp_path, engine, size=(100, 30)) as (screen, pilot):
        assert screen.check_action("odds", ()) is None
        await take(pilot, "go in")
        await pilot.press("f17")
        await until(pilot, lambda: isinstance(pilot.app.screen, OddsScreen))
        odds = pilot.app.screen
        assert isinstance(odds, OddsScreen)
        await until(pilot, lambda: "60.0 %" in shown(pilot.app))
        # Behind exactly the prompt that has the turn told again.
        sent = "".join(part.text for part in engine.asked[0].prompt)
        assert "".join(part.text for part in engine.behind) == sent
        await pilot.press("s")
        text = shown(pilot.app)
        assert "4.0 %, number 3 of all" in text
        assert "70.0 % lit" in text
        assert "(the end)" in text
        # The end cannot be taken, nor the word that stands there.
        await pilot.press("down")
        assert odds.check_action("take", ()) is None
        await pilot.press("down")
        assert odds.check_action("take", ()) is None
        screen.session.save()
        copy = tmp_path / "copy.dungeon"
        shutil.copyfile(screen.session.file.path, copy)  # type: ignore[union-attr]
        await pilot.press("up", "up", "enter")
        await until(pilot, lambda: screen.phase == "idle" and len(screen.session.story.tree) == 3)
        head = screen.session.story.tree.head
        assert head.text.startswith("The hall is lit")
        assert (head.parent, head.seed) == (1, screen.session.story.turn_seed(3))
        assert engine.asked[-1].prompt[-1].text == "The hall is lit"
        assert screen.session.story.tree[2].text == TOLD
    # After a reload the same choice gives the same branch.
    again = GameSession.resume(copy, WeighingEngine())
    again.engine._replies.clear()  # type: ignore[attr-defined]
    turn = again.begin_with(2, "The hall is lit")
    told = narrate(again.engine, turn, CancelToken())
    assert again.commit(turn, told).text == head.text
    again.close()


async def test_an_engine_without_odds_says_so(tmp_path: Path) -> None:
    async with playing(tmp_path, ScriptedEngine(replies=[TOLD]), size=(60, 20)) as (screen, pilot):
        await take(pilot, "go in")
        await pilot.press("f17")
        await until(pilot, lambda: "cannot tell the odds" in shown(pilot.app))
        await pilot.press("right", "down", "s", "enter", "escape")
        await until(pilot, lambda: pilot.app.screen is screen)


def test_shades_go_from_likely_to_unlikely() -> None:
    assert [shade(p) for p in (0.9, 0.3)] == ["", "on $warning 20%"]
    assert shade(0.0) == shade(0.0099) != shade(0.011)
