"""Candidates that are scored and chosen among by a real model of random weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from dungeon.engine.base import CancelToken, PromptPart, candidate_seed
from dungeon.engine.torch_engine import TorchEngine
from dungeon.session import GameSession
from dungeon.story import rerank
from dungeon.story.action import Mode, parse
from dungeon.story.generation import GenerationSettings
from dungeon.story.scenario import Scenario
from dungeon.turn import SCORED, candidates, gains, narrate

SCENARIO = Scenario(
    title="The Gate",
    opening="You stand at the gate. It is night, and the keeper does not look up. " * 3,
    memory="The gate is older than the town.",
    generation=GenerationSettings(max_new_tokens=20, candidates=4, temperature=1.2, top_k=0),
)
Fresh = Callable[[str], TorchEngine]


def told(engine: TorchEngine, *, cold: bool) -> list[tuple[str, int | None]]:
    session = GameSession.new(SCENARIO, engine, seed=5)
    for at in range(5):
        if cold:
            engine.forget()
        else:
            engine.warm(session.ahead(), CancelToken())
        turn = session.begin_turn(parse("open the door", (Mode.DO, Mode.SAY)[at % 2]))
        session.commit(turn, narrate(engine, turn, CancelToken()))
    return [(node.raw, node.seed) for node in session.story.tree.path()]


@pytest.mark.parametrize("kind", ["gpt2", "llama"])
def test_the_same_seed_tells_the_same_story_with_scored_candidates(
    fresh: Fresh, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    unscored = told(fresh(kind), cold=False)
    monkeypatch.setattr(rerank, "WEIGHTS", replace(rerank.WEIGHTS, gain=30.0))
    scored = told(fresh(kind), cold=False)
    assert told(fresh(kind), cold=True) == scored
    # So heavy a weight chooses others, or nothing was scored.
    assert scored != unscored


def test_a_gain_is_what_the_action_adds(fresh: Fresh) -> None:
    engine = fresh("llama")
    session = GameSession.new(SCENARIO, engine, seed=5)
    turn = session.begin_turn(parse("open the door"))
    written, texts = candidates(engine, turn, CancelToken())
    assert len(written) == len(texts) == 4
    found = gains(engine, turn, written, CancelToken())
    before = [segment.text for segment in turn.context.segments if segment.kind != "cue"]
    assert "open the door" not in "".join(before)
    parts = [part for segment in turn.context.segments[:-1] for part in segment.parts]
    without_action = tuple(
        PromptPart(text) for text in (*(part.text for part in parts), "\n", turn.context.opener)
    )
    heads = [one.ids[:SCORED] for one in written]
    alone = engine.score(without_action, heads, CancelToken())
    assert alone is not None
    for at, (head, without) in enumerate(zip(heads, alone, strict=True)):
        again = replace(turn.request, seed=candidate_seed(turn.request.seed, at))
        one = engine.generate(again, CancelToken(), lambda text: None)
        assert one.ids[:SCORED] == head
        assert found[at] == pytest.approx(
            (sum(one.logprobs[:SCORED]) - sum(without)) / len(head), abs=1e-6
        )


def test_nothing_is_gained_where_nothing_was_done(fresh: Fresh) -> None:
    engine = fresh("gpt2")
    session = GameSession.new(SCENARIO, engine, seed=5)
    turn = session.begin_turn(parse(""))
    assert turn.context.without_action == ()
    written, _ = candidates(engine, turn, CancelToken())
    assert gains(engine, turn, written, CancelToken()) == ()
