"""What is sent to a completions endpoint, and what its events say.

The protocol is OpenAI's `/v1/completions`, which the servers extend each in its own way. Stop
strings are not sent: whoever cuts a text at them cannot tell from "stop" whether the model had
finished, so that is done here, on what comes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Literal

from dungeon.engine.base import GenerationRequest, PromptPart, TokenOdds
from dungeon.engine.remote.own import FIELD, own

MAX_SEED = 2**31 - 1
"""Some servers keep seeds in 32 bits, and take the largest for "any"."""

_SURROGATE = re.compile("[\ud800-\udfff]")
_MARK = re.compile(r"<(?=[|/A-Za-z])|\[(?=/?INST)")


class Dialect(Enum):
    """Which fields beyond OpenAI's own a server takes; to be tried in this order."""

    DUNGEON = "dungeon"
    """The next, and what `own` has: the game's own host, and nobody else is asked."""
    EXTENDED = "extended"
    """Sampling settings side by side with OpenAI's: vLLM, llama.cpp, KoboldCpp, Ollama."""
    TRANSFORMERS = "transformers"
    """A `GenerationConfig` as JSON in one field; anything else is refused."""
    PLAIN = "plain"
    """OpenAI's own fields alone."""


@dataclass(frozen=True, slots=True)
class Piece:
    """What one event says.

    Attributes:
        text: More of the text.
        tokens: Its tokens, where odds were asked for and the server tells them.
        end: Why the text ended; "" where it did not.
        prompt_tokens, new_tokens: As the server counts them; 0 where it does not tell.
    """

    text: str = ""
    tokens: tuple[TokenOdds, ...] = ()
    end: Literal["", "end", "length"] = ""
    prompt_tokens: int = 0
    new_tokens: int = 0


def spelled(part: PromptPart) -> str:
    """The text of `part` as it is sent.

    A server takes whatever spells a special token for one. In a part that has none, a blank
    goes into what looks like it.
    """
    text = _SURROGATE.sub("\ufffd", part.text)
    return text if part.special else _MARK.sub(r"\g<0> ", text)


def body(
    request: GenerationRequest, model: str, dialect: Dialect, *, odds: bool = True
) -> dict[str, Any]:
    """The request as it is posted.

    Args:
        request: What to write. `unspoken` and `not_first` have no field in the protocol; the
            game's own host gets them all the same.
        model: As the server calls it.
        dialect: What the server understands.
        odds: Whether it takes `logprobs`.
    """
    drawn = request.sampling
    sent: dict[str, Any] = {
        "model": model,
        "prompt": "".join(map(spelled, request.prompt)),
        "max_tokens": request.max_new_tokens,
        "temperature": drawn.temperature,
        "top_p": drawn.top_p,
        "seed": request.seed & MAX_SEED,
        "stream": True,
    }
    if request.odds and odds:
        sent["logprobs"] = request.odds
    if dialect is Dialect.DUNGEON:
        sent[FIELD] = own(request)
    if dialect in (Dialect.DUNGEON, Dialect.EXTENDED):
        sent |= {
            "top_k": drawn.top_k or -1,
            "min_p": drawn.min_p,
            # Two names of one setting: vLLM's and llama.cpp's.
            "repetition_penalty": drawn.repetition_penalty,
            "repeat_penalty": drawn.repetition_penalty,
            "stream_options": {"include_usage": True},
        }
    elif dialect is Dialect.TRANSFORMERS:
        sent["generation_config"] = json.dumps(
            {
                "do_sample": drawn.temperature > 0,
                "top_k": drawn.top_k,
                "min_p": drawn.min_p or None,
                "typical_p": drawn.typical_p,
                "repetition_penalty": drawn.repetition_penalty,
                "no_repeat_ngram_size": drawn.no_repeat_ngram,
            }
        )
    return sent


def piece(event: object) -> Piece:
    """What `event` says, the JSON of one event.

    Raises:
        ValueError: It is no event of this protocol, or tells of an error.
    """
    if not isinstance(event, dict) or event.get("error"):
        raise ValueError
    usage = event.get("usage")
    counts = usage if isinstance(usage, dict) else {}
    prompt, new = _count(counts.get("prompt_tokens")), _count(counts.get("completion_tokens"))
    choices = event.get("choices")
    if not isinstance(choices, list):
        raise ValueError
    if not choices:
        # The last event of some servers: what it all came to.
        return Piece(prompt_tokens=prompt, new_tokens=new)
    choice = choices[0]
    if not isinstance(choice, dict):
        raise ValueError
    text = choice.get("text")
    if text is not None and not isinstance(text, str):
        raise ValueError
    reason = choice.get("finish_reason")
    end: Literal["", "end", "length"] = "length" if reason == "length" else "end" if reason else ""
    return Piece(text or "", _odds(choice.get("logprobs")), end, prompt, new)


def _count(value: object) -> int:
    return value if type(value) is int and value > 0 else 0


def _odds(told: object) -> tuple[TokenOdds, ...]:
    """Log-probabilities in either form: OpenAI's for completions, or that for chats."""
    if not isinstance(told, dict):
        return ()
    content = told.get("content")
    if isinstance(content, list):
        return tuple(_chat_odds(entry) for entry in content if isinstance(entry, dict))
    tokens, own, top = (
        told.get(name) or [] for name in ("tokens", "token_logprobs", "top_logprobs")
    )
    if not all(isinstance(value, list) for value in (tokens, own, top)):
        raise ValueError
    found = []
    for at, (token, logprob) in enumerate(zip(tokens, own, strict=False)):
        others = top[at] if at < len(top) and isinstance(top[at], Mapping) else {}
        found.append(TokenOdds(str(token), _logprob(logprob), _best(list(others.items()))))
    return tuple(found)


def _chat_odds(entry: dict[str, Any]) -> TokenOdds:
    others = entry.get("top_logprobs")
    pairs = [
        (other.get("token"), other.get("logprob"))
        for other in (others if isinstance(others, list) else [])
        if isinstance(other, dict)
    ]
    return TokenOdds(str(entry.get("token", "")), _logprob(entry.get("logprob")), _best(pairs))


def _best(pairs: Sequence[tuple[object, object]]) -> tuple[tuple[str, float], ...]:
    found = [(str(token), _logprob(logprob)) for token, logprob in pairs]
    return tuple(sorted(found, key=lambda pair: -pair[1]))


def _logprob(value: object) -> float:
    """A log-probability, which is never above 0; not a number counts as impossible."""
    if isinstance(value, int | float) and value == value:
        return min(0.0, float(value))
    return float("-inf")
