"""Ways to tell a story with the same model.

To add one: a class with `start` and `turn` as `Recipe` has them, or another entry of `RECIPES`
that changes what the model says of itself (`info`) or how tokens are drawn (`generation`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from dungeon.engine.base import CancelToken, Engine, GenerationRequest, PromptPart, Sampling
from dungeon.engine.torch_engine import TorchEngine
from dungeon.errors import EngineError
from dungeon.session import GameSession, narrate
from dungeon.story.action import as_line, parse
from dungeon.story.presets import PRESETS
from dungeon.story.scenario import Scenario


@dataclass(frozen=True)
class Told:
    """A turn: what the model wrote, what was shown, and how long it took."""

    raw: str
    text: str
    seconds: float


class Recipe(Protocol):
    """Tells one story at a time."""

    def start(self, scenario: Scenario, seed: int) -> None:
        """Begin a story."""
        ...

    def turn(self, line: str) -> Told:
        """Tell what comes of a player's line."""
        ...


class Disguised:
    """An engine that says something else of itself."""

    def __init__(self, engine: TorchEngine, info: dict[str, Any]) -> None:
        self._engine = engine
        self.info = replace(engine.info, **info)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)


class Unguarded(Disguised):
    """One that may say whatever it likes, so that it is seen what the weights do by themselves."""

    def generate(
        self, request: GenerationRequest, cancel: CancelToken, on_text: Callable[[str], None]
    ) -> Any:
        """See `Engine`; no word is kept out."""
        free = replace(request, unspoken=(), not_first=(), banned=())
        return self._engine.generate(free, cancel, on_text)


@dataclass
class Game:
    """The game itself, maybe with other settings."""

    engine: TorchEngine
    info: dict[str, Any] = field(default_factory=dict)
    generation: dict[str, Any] = field(default_factory=dict)
    guarded: bool = True

    def start(self, scenario: Scenario, seed: int) -> None:
        """See `Recipe`."""
        dress = Disguised if self.guarded else Unguarded
        engine: Engine = dress(self.engine, self.info)
        generation = replace(scenario.generation, **self.generation)
        self._session = GameSession.new(scenario, engine, seed=seed, generation=generation)

    def turn(self, line: str) -> Told:
        """See `Recipe`."""
        session = self._session
        turn = session.begin_turn(parse(line))
        try:
            narration = narrate(session.engine, turn, CancelToken())
        except EngineError:
            session.abort(turn)
            return Told("", "", 0.0)
        session.commit(turn, narration)
        return Told(narration.raw, narration.text, narration.timing.total_s)


@dataclass
class AIDungeon2:
    """What AI Dungeon 2 did: the last turns as prose, temperature 0.4, top-k 40, top-p 0.9, no
    penalty, cut after the last sentence's mark."""

    engine: TorchEngine
    new: int = 60

    def start(self, scenario: Scenario, seed: int) -> None:
        """See `Recipe`."""
        filled = scenario.filled({})
        self._memory, self._seed = filled.memory.strip(), seed
        self._turns = [filled.opening.strip()]

    def turn(self, line: str) -> Told:
        """See `Recipe`."""
        action = as_line(parse(line))
        kept: list[str] = [f"\n{action}\n" if action else "\n"]
        room = self.engine.info.n_positions // 2
        for told in reversed(self._turns):
            if self.engine.count(PromptPart(self._memory + "\n" + told + "".join(kept))) > room:
                break
            kept.insert(0, told)
        prompt = PromptPart(self._memory + "\n" + "".join(kept))
        self._seed += 1
        request = GenerationRequest(
            (prompt,), self.new, Sampling(0.4, 0.9, 40, 1.0), seed=self._seed, stop=("\n>", "<|")
        )
        finished = self.engine.generate(request, CancelToken(), lambda text: None)
        # It took such marks out of what was written.
        text = finished.text.replace(">", "").replace("#", "").replace("*", "").strip()
        last = max(text.rfind(mark) for mark in ".!?")
        text = text[: last + 1].strip() if last > 0 else text.strip()
        self._turns.append(f"{kept[-1]}{text}")
        return Told(finished.text, text, finished.timing.total_s)


def _game(info: dict[str, Any], **generation: Any) -> Callable[[TorchEngine], Recipe]:
    return lambda engine: Game(engine, info, generation)


_CHAT = {"style": "chat", "opener": True}
_PLAIN = {"style": "plain", "opener": True}

RECIPES: dict[str, Callable[[TorchEngine], Recipe]] = {
    "aidungeon2": AIDungeon2,
    "ours": _game({}),
    "ours-1": _game({}, candidates=1),
    "unguarded-1": lambda engine: Game(
        engine, {"style": "chat", "opener": False}, {"candidates": 1}, guarded=False
    ),
    "plain-1": _game(_PLAIN, candidates=1),
    "plain-4": _game(_PLAIN, candidates=4),
    "plain-bare-1": _game({"style": "plain", "opener": False}, candidates=1),
    "chat-1": _game(_CHAT, candidates=1),
    "chat-4": _game(_CHAT, candidates=4),
    "chat-8": _game(_CHAT, candidates=8),
    "chat-bare-1": _game({"style": "chat", "opener": False}, candidates=1),
    "chat-cool-4": _game(_CHAT, candidates=4, temperature=0.6),
    "chat-warm-4": _game(_CHAT, candidates=4, temperature=0.9),
    "ours-range": _game({}, repetition_range=256, repetition_slope=0.7),
    "ours-ngram": _game({}, no_repeat_ngram=5),
    **{name: _game({}, **preset.numbers()) for name, preset in PRESETS.items()},
}
