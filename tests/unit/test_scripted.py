"""The engine without a model; what it shares with the others is in tests/engine."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dungeon.engine.base import CancelToken, GenerationRequest, PromptPart, Sampling
from dungeon.engine.scripted import ScriptedEngine
from dungeon.errors import EngineError


def request(*texts: str, seed: int = 0) -> GenerationRequest:
    return GenerationRequest(tuple(PromptPart(text) for text in texts), 80, seed=seed)


def say(engine: ScriptedEngine, wanted: GenerationRequest) -> str:
    return engine.generate(wanted, CancelToken(), lambda text: None).text


def test_the_action_is_mentioned_and_turns_differ() -> None:
    engine = ScriptedEngine()
    told = {say(engine, request("\n\n> You climb the tower.\n", seed=s)) for s in range(50)}
    assert len(told) == 50
    assert all("climb the tower" in text for text in told)
    spoken = say(engine, request('\n\n> You say "Is anybody there?"\n'))
    assert "Is anybody there?" in spoken
    chat = GenerationRequest(
        (
            PromptPart("<user>", special=True),
            PromptPart("You climb the tower."),
            PromptPart("<assistant>", special=True),
        ),
        80,
    )
    assert "climb the tower" in say(engine, chat)


def test_replies_come_first_and_exceptions_are_raised() -> None:
    engine = ScriptedEngine(replies=["", "  \n", EngineError("no"), "One.\n> You run."])
    assert say(engine, request("x")) == ""
    assert say(engine, request("x")) == "  \n"
    with pytest.raises(EngineError):
        say(engine, request("x"))
    stopped = engine.generate(
        replace(request("x"), stop=("\n>",)), CancelToken(), lambda text: None
    )
    assert (stopped.text, stopped.stop) == ("One.", "stop")
    assert say(engine, request("x"))


def test_banned_phrases_are_left_out() -> None:
    engine = ScriptedEngine()
    for seed in range(60):
        wanted = replace(request("x", seed=seed), banned=("lantern", "You hear"))
        text = say(engine, wanted).casefold()
        assert "lantern" not in text
        assert "you hear" not in text


def test_pacing_ends_at_once_when_cancelled() -> None:
    engine = ScriptedEngine(tokens_per_second=0.001)
    cancel = CancelToken()
    cancel.cancel()
    assert engine.generate(request("x"), cancel, lambda text: None).stop == "cancelled"


def test_temperature_zero_ignores_the_seed() -> None:
    engine = ScriptedEngine()
    cold = [replace(request("x", seed=seed), sampling=Sampling(temperature=0)) for seed in (1, 2)]
    assert say(engine, cold[0]) == say(engine, cold[1])
