"""One turn, from a request to a trimmed narrative: the part that takes time.

`narrate` reads nothing but its `Turn`, so it is safe on a worker thread while the session and
its tree stay with the thread that owns them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from dungeon.engine.base import (
    CancelToken,
    Engine,
    Finished,
    GenerationRequest,
    PromptPart,
    StopReason,
    Timing,
    TokenOdds,
    candidate_seed,
)
from dungeon.errors import EngineError
from dungeon.story import narrative, rerank
from dungeon.story.action import Action, Mode, parse
from dungeon.story.context import Context
from dungeon.story.filter import WordFilter
from dungeon.story.story import MAX_SEED
from dungeon.story.tree import NodeId

SCORED = 32
"""Tokens of a candidate for which it is asked whether they answer the action: that stands in its
first sentences."""

MAX_ATTEMPTS = 4
"""How often one turn is drawn before the player is told that nothing came."""

_HEAT = 0.15
"""Added to the temperature at every new attempt, so that a loop is not drawn again."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A turn under way: all that its worker needs, and nothing that changes.

    Attributes:
        id: The node it becomes; also tells a late message from a current one.
        serial: Unique in the session: a retry after a failed turn may take the same `id`.
        parent: The node it follows.
        action: What the player did.
        seed: Of the first attempt.
        context: What the model sees.
        request: The same, for the engine.
        said: Recent narrative that should not be said again.
        candidates: Continuations that are written, of which the best is told.
        person, tense: Of the scenario's style.
        hero: What the third person calls the player; "" in other stories.
        cast: Names of the story's own.
        words: What the player does not want to read; None where the filter is off.
    """

    id: NodeId
    serial: int
    parent: NodeId
    action: Action
    seed: int
    context: Context
    request: GenerationRequest
    said: tuple[str, ...]
    candidates: int = 1
    person: str = "second"
    tense: str = "present"
    hero: str = ""
    cast: tuple[str, ...] = ()
    words: WordFilter | None = None


@dataclass(frozen=True, slots=True)
class Narration:
    """What the engine made of a turn, trimmed.

    Attributes:
        text: The narrative.
        raw: What the model wrote.
        stop: Why it ended.
        seed: Of the attempt that gave it.
        timing: Of that attempt.
        tokens: Odds of each token where the request asked for them.
    """

    text: str
    raw: str
    stop: StopReason
    seed: int
    timing: Timing = field(default_factory=Timing)
    tokens: tuple[TokenOdds, ...] = ()


def narrate(
    engine: Engine,
    turn: Turn,
    cancel: CancelToken,
    on_draft: Callable[[str], None] = lambda text: None,
) -> Narration:
    """Write the turn: generate, trim, and try again (bounded) where nothing usable came.

    Of several candidates the best is told (see `story.rerank`). Safe on a worker thread.
    `on_draft` gets the whole text so far, of candidates only the one that is told; it shrinks
    to "" when an attempt is thrown away. A cancelled turn keeps what whole sentences there
    are, and has an empty `text` where there are none.

    Raises:
        EngineError: The engine failed, or no attempt gave a usable text.
    """
    request, filtered = turn.request, False
    for attempt in range(MAX_ATTEMPTS):
        if attempt:
            on_draft("")
            hotter = max(request.sampling.temperature, 0.4) + _HEAT
            request = replace(
                request,
                seed=(turn.seed + attempt) & MAX_SEED,
                sampling=replace(request.sampling, temperature=min(hotter, 2.0)),
            )
        if turn.candidates > 1 and not attempt:
            seed, finished = _best_of(engine, turn, cancel)
            on_draft(_draft(finished.text, turn))
        else:
            seed = request.seed
            finished = engine.generate(
                request, cancel, lambda text: on_draft(_draft(_opened(text, turn), turn))
            )
            finished = replace(finished, text=_opened(finished.text, turn))
        trimmed = _trim(finished, turn)
        text = _allowed(trimmed, turn)
        filtered = filtered or text != trimmed
        if text or finished.stop == "cancelled":
            return Narration(
                text, finished.text, finished.stop, seed, finished.timing, finished.tokens
            )
    if filtered:
        raise EngineError(
            "The narrator found no words that your word filter lets through.",
            "Say it another way, or switch the filter off: your line is back in the input.",
        )
    raise _no_words()


def _no_words() -> EngineError:
    return EngineError(
        "The narrator found no words for that.",
        "Say it another way, or try again: your line is back in the input.",
    )


def candidates(
    engine: Engine, turn: Turn, cancel: CancelToken
) -> tuple[tuple[Finished, ...], tuple[str, ...]]:
    """The turn's candidates, and the narrative of each ("" for none)."""
    written = engine.sample(turn.request, turn.candidates, cancel, lambda tokens: None)
    written = tuple(replace(one, text=_opened(one.text, turn)) for one in written)
    return written, tuple(_trim(one, turn) for one in written)


def tellings(engine: Engine, turn: Turn, count: int, cancel: CancelToken) -> tuple[Narration, ...]:
    """Several tellings of the turn, for the player to choose from: no two alike, none empty.

    Nothing where it was cancelled. Safe on a worker thread.

    Raises:
        EngineError: The engine failed, or none of them gave a usable text.
    """
    written, texts = candidates(engine, replace(turn, candidates=count), cancel)
    if cancel.cancelled:
        return ()
    found: dict[str, Narration] = {}
    for at, (one, trimmed) in enumerate(zip(written, texts, strict=True)):
        text = _allowed(trimmed, turn)
        if text and text not in found:
            seed = candidate_seed(turn.request.seed, at)
            found[text] = Narration(text, one.text, one.stop, seed, one.timing, one.tokens)
    if not found:
        raise _no_words()
    return tuple(found.values())


def player_line(engine: Engine, request: GenerationRequest, cancel: CancelToken) -> Action:
    """What the model would do in the player's place; Continue where it says nothing.

    Args:
        request: See `GameSession.line_request`.

    Raises:
        EngineError: The engine failed.
    """
    written = engine.generate(request, cancel, lambda text: None).text
    first = next(iter(narrative.sentences(written.strip())), "").strip().rstrip(".!,; ")
    return parse(first) if any(char.isalpha() for char in first) else Action(Mode.CONTINUE)


def gains(
    engine: Engine, turn: Turn, written: Sequence[Finished], cancel: CancelToken
) -> tuple[float, ...]:
    """How much likelier the player's action made each candidate, in nats a token.

    Pointwise mutual information of action and candidate: log p(candidate | action) less
    log p(candidate | nothing done), of the first `SCORED` tokens. Nothing where the player did
    nothing, or the engine cannot tell.
    """
    other = turn.context.without_action
    heads = [one.ids[:SCORED] for one in written]
    if not other or not all(heads) or cancel.cancelled:
        return ()
    prompt = tuple(PromptPart(part.text, part.special) for part in other)
    alone = engine.score(prompt, heads, cancel)
    if alone is None:
        return ()
    return tuple(
        (sum(one.logprobs[:SCORED]) - sum(without)) / len(without)
        for one, without in zip(written, alone, strict=True)
    )


def _best_of(engine: Engine, turn: Turn, cancel: CancelToken) -> tuple[int, Finished]:
    """The best of the turn's candidates and the seed that writes it alone."""
    written, texts = candidates(engine, turn, cancel)
    at = rerank.best(
        [(_allowed(text, turn), one.text) for one, text in zip(written, texts, strict=True)],
        action=turn.action.text,
        said=turn.said,
        person=turn.person,
        tense=turn.tense,
        cast=turn.cast,
        gains=gains(engine, turn, written, cancel) if rerank.WEIGHTS.gain else (),
    )
    return candidate_seed(turn.request.seed, at), written[at]


def _opened(text: str, turn: Turn) -> str:
    """The reply with the word that the prompt began for it; nothing stays nothing."""
    opener = turn.context.opener
    if not text.strip() or text.lstrip().startswith(opener):
        return text
    return opener + text


def _allowed(text: str, turn: Turn) -> str:
    """`text`, or nothing where it has a word that the player filters out."""
    return "" if turn.words is not None and turn.words.find(text) else text


def _draft(text: str, turn: Turn) -> str:
    """What may be shown while it is written: up to a filtered word, if there is one."""
    shown = narrative.draft(text)
    return shown if turn.words is None else turn.words.before(shown)


def _trim(finished: Finished, turn: Turn) -> str:
    # What was stopped is kept only if a sentence came to its end: anything after that end
    # makes a piece of its own.
    if finished.stop == "cancelled" and len(narrative.sentences(f"{finished.text} x")) < 2:
        return ""
    return narrative.trim(
        finished.text,
        said=turn.said,
        player_line=turn.action.text,
        complete=finished.stop == "end",
        hero=turn.hero,
    )
