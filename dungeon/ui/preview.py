"""What the first turn of a scenario sends: its context as the game itself builds it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from dungeon.authoring.estimate import tokens
from dungeon.engine.base import Engine, ModelInfo, PromptPart
from dungeon.errors import DungeonError
from dungeon.session import GameSession
from dungeon.story.action import parse
from dungeon.story.context import Context
from dungeon.story.generation import GenerationSettings
from dungeon.story.scenario import Scenario
from dungeon.ui.pending import PendingEngine

log = logging.getLogger("dungeon.ui")

LINE = "look around"
"""What the player is taken to type; the questions get the answers that Enter takes."""
WINDOW = 1024
"""Tokens of GPT-2's window, the smallest that is played in; `dungeon check` counts for it too."""


@dataclass(frozen=True, slots=True)
class Preview:
    """The first turn's context.

    Attributes:
        context: None where the scenario has errors.
        counted_by: The model that counted the tokens, and in whose form it is; "" where no model
            is at hand: then tokens are estimated, and the form is that of a base model.
    """

    context: Context | None
    counted_by: str = ""


class _Estimate(PendingEngine):
    """Counts without a model."""

    @property
    def info(self) -> ModelInfo:
        return ModelInfo("", WINDOW)

    def count(self, part: PromptPart) -> int:
        return 1 if part.special else tokens(part.text)


def first_turn(
    scenario: Scenario | None,
    engine: Engine | None,
    settings: Callable[[GenerationSettings], GenerationSettings] = lambda numbers: numbers,
) -> Preview:
    """What the first turn of a scenario would send.

    Args:
        scenario: Its questions not yet answered; None where it has errors.
        engine: The narrator; None where none is loaded.
        settings: Puts the player's settings into the scenario's.
    """
    if scenario is None:
        return Preview(None)
    try:
        numbers = settings(scenario.generation)
        if engine is not None:
            return Preview(_context(scenario, engine, numbers), engine.info.label)
    except DungeonError as error:
        # A server that does not answer, a setting out of range: playing will tell of it.
        log.info("first turn estimated: %s", type(error).__name__)
        numbers = scenario.generation
    return Preview(_context(scenario, _Estimate(), numbers))


def _context(scenario: Scenario, engine: Engine, numbers: GenerationSettings) -> Context:
    session = GameSession.new(scenario, engine, seed=0, generation=numbers)
    return session.context(parse(LINE))
