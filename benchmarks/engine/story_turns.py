"""The time of a turn early and late in one story."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from dungeon.engine.base import CancelToken
from dungeon.engine.torch_engine import TorchEngine
from dungeon.session import GameSession
from dungeon.story.action import parse
from dungeon.story.generation import GenerationSettings
from dungeon.story.scenario import Scenario
from dungeon.turn import Narration, narrate

AROUND = 3
"""Turns measured on either side of the one that is named."""

_TOLD = (
    "You go on along the river. The mill comes into sight, and somewhere a bell rings twice.",
    '"Nobody has crossed here since the flood," says the miller, and wipes his hands on a sack.',
    "Behind the wheel a door stands open. The steps lead down, and the air smells of old rope.",
    "The lamp shows a table, two cups and a map. Somebody has burnt a hole where the ford was.",
)


def measure(engine: TorchEngine, named: list[int]) -> dict[str, Any]:
    """Play one story and time some of its turns.

    Turns in between are told from a list, so that the story has its length in seconds; before
    each measured group one turn warms the cache, as the turn before does in play.

    Returns:
        For every turn in `named` the seconds to the first token and in all, of it and its
        neighbours.
    """
    times: dict[str, Any] = {str(turn): {"first": [], "whole": []} for turn in named}
    with TemporaryDirectory() as folder:
        session = GameSession.new(_scenario(), engine, saves=Path(folder), seed=1)
        for turn in range(1, max(named) + AROUND + 1):
            line = f"walk on and look for the {('bell', 'map', 'rope', 'miller')[turn % 4]}"
            pending = session.begin_turn(parse(line))
            group = next((name for name in named if abs(turn - name) <= AROUND), None)
            near = any(0 < name - AROUND - turn <= 1 for name in named)
            if group is None and not near:
                text = _TOLD[turn % 4]
                session.commit(pending, Narration(text, text, "length", pending.seed))
                continue
            narration = narrate(engine, pending, CancelToken())
            if group is not None:
                times[str(group)]["first"].append(narration.timing.first_token_s)
                times[str(group)]["whole"].append(narration.timing.total_s)
            session.commit(pending, narration)
            # What the idle engine does while the player reads.
            engine.warm(session.ahead(), CancelToken())
        session.close()
    return times


def _scenario() -> Scenario:
    return Scenario(
        title="The Mill",
        opening="You stand where the road meets the river. The mill is a mile down, they said.",
        memory="You are a courier. You carry a sealed letter for the miller's daughter.",
        authors_note="Short sentences.",
        generation=GenerationSettings(max_new_tokens=60),
    )
