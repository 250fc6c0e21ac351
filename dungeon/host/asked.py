"""What a client asks for, checked: OpenAI's completions, and what servers added to them."""

from __future__ import annotations

import secrets
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from dungeon.engine.base import GenerationRequest, ModelInfo, PromptPart, Sampling
from dungeon.engine.remote.own import Own

MOST_ODDS = 20
"""Alternatives of a token that are told at most."""


class StreamOptions(BaseModel):
    """OpenAI's `stream_options`."""

    model_config = ConfigDict(strict=True)

    include_usage: bool = False


class Completion(BaseModel):
    """The body of a request for a completion. Fields that are not known are passed over."""

    model_config = ConfigDict(strict=True, allow_inf_nan=False)

    model: str
    prompt: str
    max_tokens: int = Field(16, ge=1)
    temperature: float = Field(1.0, ge=0, le=10)
    top_p: float = Field(1.0, gt=0, le=1)
    top_k: int = Field(0, ge=-1)
    min_p: float = Field(0.0, ge=0, le=1)
    repetition_penalty: float = Field(1.0, gt=0, le=10)
    seed: int | None = Field(None, ge=0, lt=2**63)
    stop: str | list[str] | None = Field(None, max_length=64)
    logprobs: int | None = Field(None, ge=0, le=MOST_ODDS)
    n: int = Field(1, ge=1, le=1)
    stream: bool = False
    stream_options: StreamOptions = StreamOptions()
    dungeon: Own | None = None

    def request(self, info: ModelInfo) -> GenerationRequest:
        """The same, for the engine."""
        stop = [self.stop] if isinstance(self.stop, str) else self.stop or []
        request = GenerationRequest(
            (part(self.prompt, info),),
            self.max_tokens,
            Sampling(
                temperature=self.temperature,
                top_p=self.top_p,
                top_k=max(0, self.top_k),
                repetition_penalty=self.repetition_penalty,
                min_p=self.min_p,
            ),
            secrets.randbits(63) if self.seed is None else self.seed,
            stop=tuple(stop),
            odds=self.logprobs or 0,
        )
        return request if self.dungeon is None else self.dungeon.applied(request)


class Counted(BaseModel):
    """The body of a request to count tokens, as vLLM has it."""

    model_config = ConfigDict(strict=True)

    prompt: str


def part(text: str, info: ModelInfo) -> PromptPart:
    """A whole prompt; in one for a chat model its marks count as such."""
    return PromptPart(text, special=info.style == "chat")


def complaint(errors: list[Any]) -> str:
    """What is wrong with a body, from pydantic's list; quotes nothing of it."""
    first = errors[0]
    place = ".".join(str(step) for step in first["loc"])[:80]
    return f"{place}: {first['msg']}" if place else str(first["msg"])
