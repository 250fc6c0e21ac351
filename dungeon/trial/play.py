"""Playing a scenario by itself with a list of actions, and keeping what each turn was made of."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from dungeon.engine.base import CancelToken, Engine
from dungeon.errors import EngineError
from dungeon.session import GameSession, narrate
from dungeon.story.action import Action, Mode, as_line, as_narrative, parse
from dungeon.story.context import Context
from dungeon.story.generation import GenerationSettings
from dungeon.story.scenario import Card, Scenario
from dungeon.story.story import Story

TURNS = 12
"""Turns of a trial where its author does not say how many."""
_BETWEEN = ("", "/say What happened here?", "wait and listen", "", "walk on", "/say Who are you?")


@dataclass(frozen=True, slots=True)
class TriedTurn:
    """A turn of a trial.

    Attributes:
        line: What the player did, as it stands in the story; "" where nothing was done.
        text: What was told; "" where nothing came.
        context: What the model saw.
        cards: Names of the scenario's cards that stood in it.
        seconds: How long the turn took.
        stop: Why the model stopped, or what went wrong.
    """

    line: str
    text: str
    context: Context
    cards: tuple[str, ...]
    seconds: float
    stop: str


@dataclass(frozen=True, slots=True)
class Trial:
    """A played scenario.

    Attributes:
        story: As it stands at the end.
        seed: With which it plays just so again.
        turns: All of them, those in which nothing came included.
        model: Name of the model.
    """

    story: Story
    seed: int
    turns: tuple[TriedTurn, ...]
    model: str


def usual_lines(cards: Sequence[Card], turns: int) -> Iterator[str]:
    """Lines such as players type, for a scenario of which nothing is known but its cards.

    Each card that wants a key is asked about once, as far as the turns go; between them the story
    goes on by itself, somebody speaks, and something is done that nobody prepared for.
    """
    asked = [f"ask about {_within(card.name)}" for card in cards if card.keys and not card.always]
    yield "look around"
    for number in range(turns - 1):
        lines = asked if number % 2 == 0 and asked else _BETWEEN
        yield lines[number // 2 % len(lines)]


def _within(name: str) -> str:
    """A card's name within a sentence: "the goat path"."""
    return "the " + name[4:] if name.startswith("The ") else name


def action_of(line: str) -> Action:
    """The action of a line of a list: as typed in the game, with `/say`, `/story` or `/do`."""
    for mode in (Mode.SAY, Mode.STORY, Mode.DO):
        command = f"/{mode} "
        if line.startswith(command):
            return parse(line.removeprefix(command), mode)
    return Action(Mode.CONTINUE) if line.strip() == "/continue" else parse(line)


def try_out(
    scenario: Scenario,
    engine: Engine,
    lines: Sequence[str],
    *,
    seed: int,
    answers: Mapping[str, str] | None = None,
    generation: GenerationSettings | None = None,
    progress: Callable[[int, int], None] = lambda done, all_: None,
) -> Trial:
    """Play a scenario, a turn for each of `lines`, without saving it.

    Args:
        scenario: Its questions not yet answered.
        engine: Loaded.
        lines: As `action_of` reads them.
        seed: The story's.
        answers: To its questions; the fallback where one is missing.
        generation: Sampling; the scenario's own where None.
        progress: Called before each turn with how many are done, and how many there are.
    """
    session = GameSession.new(scenario, engine, answers=answers, seed=seed, generation=generation)
    turns = []
    for number, line in enumerate(lines):
        progress(number, len(lines))
        turns.append(_turn(session, action_of(line)))
    return Trial(session.story, seed, tuple(turns), engine.info.name)


def _turn(session: GameSession, action: Action) -> TriedTurn:
    turn = session.begin_turn(action)
    began = time.perf_counter()
    try:
        narration = narrate(session.engine, turn, CancelToken())
    except EngineError as error:
        session.abort(turn)
        text, stop = "", error.message
    else:
        text, stop = session.commit(turn, narration).text, str(narration.stop)
    style = session.story.style
    return TriedTurn(
        as_line(action, style) or as_narrative(action),
        text,
        turn.context,
        tuple(card.name for card in session.story.cards if turn.context.holds(card)),
        time.perf_counter() - began,
        stop,
    )
