"""A turn of several candidates, of which the best is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from dungeon.engine.base import (
    CancelToken,
    Finished,
    GenerationRequest,
    StopReason,
    candidate_seed,
)
from dungeon.engine.scripted import ScriptedEngine
from dungeon.session import GameSession, narrate
from dungeon.story import voice
from dungeon.story.action import parse
from dungeon.story.generation import GenerationSettings
from dungeon.story.scenario import Scenario, Style

GOOD = "You open the oak door. A cold wind moves the torches, and somebody looks up."
BAD = "What would you like to do next in the game?"


class Several(ScriptedEngine):
    """Writes the given candidates; what is written alone is the scripted engine's."""

    def __init__(self, *texts: str, stop: StopReason = "length") -> None:
        super().__init__()
        self.info = replace(self.info, candidates=len(texts))
        self.texts, self.stop = texts, stop
        self.asked: list[tuple[GenerationRequest, int]] = []

    def sample(
        self,
        request: GenerationRequest,
        count: int,
        cancel: CancelToken,
        on_progress: Callable[[int], None],
    ) -> tuple[Finished, ...]:
        self.asked.append((request, count))
        return tuple(Finished(text, self.stop) for text in self.texts[:count])


def session_of(engine: ScriptedEngine, scenario: Scenario | None = None) -> GameSession:
    engine.load(lambda line: None)
    scenario = scenario or Scenario(title="The Gate", opening="You stand at the gate. It is shut.")
    return GameSession.new(scenario, engine, seed=7)


def test_the_best_is_told_and_its_seed_is_kept() -> None:
    engine = Several(BAD, BAD, GOOD)
    session = session_of(engine)
    turn = session.begin_turn(parse("push at the oak door"))
    drafts: list[str] = []
    narration = narrate(engine, turn, CancelToken(), drafts.append)
    assert narration.text == GOOD
    assert narration.seed == candidate_seed(turn.seed, 2)
    assert drafts == [GOOD]
    assert session.commit(turn, narration).seed == narration.seed


def test_where_none_is_any_good_the_turn_is_drawn_again_alone() -> None:
    engine = Several("", "?!", "***")
    session = session_of(engine)
    turn = session.begin_turn(parse("push at the oak door"))
    assert narrate(engine, turn, CancelToken()).text
    assert len(engine.asked) == 1


def test_a_stopped_turn_keeps_whole_sentences_only() -> None:
    engine = Several("You open the", "You open the oak door. A cold", stop="cancelled")
    session = session_of(engine)
    turn = session.begin_turn(parse("push at the oak door"))
    assert narrate(engine, turn, CancelToken()).text == "You open the oak door."


@pytest.mark.parametrize(("wanted", "count"), [(0, 3), (2, 2), (1, None)])
def test_the_storys_number_comes_before_the_models(wanted: int, count: int | None) -> None:
    engine = Several(GOOD, GOOD, GOOD)
    settings = GenerationSettings(candidates=wanted)
    scenario = Scenario(title="The Gate", opening="You stand there.", generation=settings)
    session = session_of(engine, scenario)
    narrate(engine, session.begin_turn(parse("go")), CancelToken())
    assert [asked for _, asked in engine.asked] == ([] if count is None else [count])


@pytest.mark.parametrize(
    ("person", "i", "you"),
    [("second", False, True), ("third", False, False), ("first", True, False)],
)
def test_only_the_storys_own_person_is_told(person: str, i: bool, you: bool) -> None:
    engine = Several(GOOD)
    scenario = Scenario(title="The Gate", opening="A gate.", style=Style(person, "present"))
    request = session_of(engine, scenario).begin_turn(parse("go")).request
    assert ("I" not in request.unspoken) is i
    assert ("your" not in request.unspoken) is you
    assert request.unspoken == voice.unspoken(person)
