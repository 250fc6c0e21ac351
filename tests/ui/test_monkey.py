"""A monkey at the keyboard: whatever it does, no exception, and the file holds the story."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest
from textual import events

from dungeon.engine.scripted import ScriptedEngine
from dungeon.errors import EngineError
from dungeon.session import GameSession
from dungeon.ui.screens.play import PlayScreen
from tests.ui.support import context, running, until

STEPS = 120
SEEDS = [int(os.environ["MONKEY_SEED"])] if "MONKEY_SEED" in os.environ else [1, 2]
KEYS = (
    "enter enter enter tab shift+tab up down left right home end pageup pagedown backspace "
    "ctrl+r ctrl+z ctrl+y ctrl+e ctrl+o ctrl+n ctrl+g shift+f12 ctrl+t ctrl+s ctrl+p "
    "ctrl+home ctrl+end "
    "f1 f2 f3 f4 f5 f6 f7 f8 escape escape escape a b f m space slash left_square_bracket "
    "right_square_bracket greater_than_sign ctrl+u ctrl+a ctrl+w delete"
).split()
PASTES = ("[/]", "line\nline", "\x1b[31mred", "門の前", "x" * 5000, "/undo", "\u202ereversed", "")


@pytest.mark.parametrize("seed", SEEDS)
async def test_accept_36_a_monkey_breaks_nothing(tmp_path: Path, seed: int) -> None:
    print(f"again with MONKEY_SEED={seed}")
    chance = random.Random(seed)
    broken = [EngineError("Out of memory.") if chance.random() < 0.2 else "" for _ in range(40)]
    replies = [reply or "A bell rings far off. Then it is still." for reply in broken]
    engine = ScriptedEngine(replies=replies, tokens_per_second=400)
    options = context(tmp_path, engine, scenario=Path("gate.yaml"))
    async with running(options) as (app, pilot):
        await until(pilot, lambda: isinstance(app.screen, PlayScreen))
        play = app.screen
        assert isinstance(play, PlayScreen)
        for _ in range(STEPS):
            throw = chance.random()
            if throw < 0.8:
                await pilot.press(chance.choice(KEYS))
            elif throw < 0.9:
                if app.focused is not None:
                    app.focused.post_message(events.Paste(chance.choice(PASTES)))
                await pilot.pause()
            elif throw < 0.95:
                await pilot.resize_terminal(chance.randint(1, 160), chance.randint(1, 50))
            else:
                await pilot.click(
                    offset=(
                        chance.randrange(app.size.width),
                        chance.randrange(app.size.height),
                    )
                )
        await until(pilot, lambda: play.phase == "idle")
        tree = play.session.story.tree
        shown = [node.id for node in play.transcript.nodes]
        assert shown == [node.id for node in tree.path()]
        path = play.session.file.path  # type: ignore[union-attr]
    again = GameSession.resume(path, ScriptedEngine(), read_only=True)
    assert list(again.story.tree) == list(tree)
    assert again.story.tree.head == tree.head
    assert again.story.memory == play.session.story.memory
    assert again.story.cards == play.session.story.cards
    assert again.story.automatic == play.session.story.automatic
