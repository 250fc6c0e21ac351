"""What the game's own host takes beyond the protocol, so that a story is told as it would be here.

The protocol sends a prompt as one string, and has no field for half of what the game asks of a
narrator. A host that says it is one of ours gets all of a request in the field `dungeon`.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from dungeon.engine.base import GenerationRequest, PromptPart, Sampling

OWNER = "dungeon"
"""Who owns the model, in the list of a host that takes the field."""

FIELD = "dungeon"

_LIST = 4096


class _Numbers(BaseModel):
    """As `base.Sampling`."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

    temperature: float = Field(ge=0, le=10)
    top_p: float = Field(gt=0, le=1)
    top_k: int = Field(ge=0)
    repetition_penalty: float = Field(gt=0, le=10)
    repetition_range: int = Field(ge=0)
    repetition_slope: float = Field(ge=0, le=100)
    no_repeat_ngram: int = Field(ge=0, le=100)
    min_p: float = Field(ge=0, le=1)
    typical_p: float = Field(gt=0, le=1)


class Own(BaseModel):
    """The field's content.

    Attributes:
        parts: Of the prompt: text, whether it is special, whether it is told.
        seed: All of it; the protocol's own keeps 31 bits.
        sampling, banned, unspoken, not_first: As in `base.GenerationRequest`.
    """

    model_config = ConfigDict(extra="forbid", strict=True)

    parts: list[tuple[str, bool, bool]] = Field(min_length=1, max_length=_LIST)
    seed: int = Field(ge=0, lt=2**63)
    sampling: _Numbers
    banned: list[str] = Field(max_length=_LIST)
    unspoken: list[str] = Field(max_length=_LIST)
    not_first: list[str] = Field(max_length=_LIST)

    def applied(self, request: GenerationRequest) -> GenerationRequest:
        """`request` with all that stands here in its place."""
        return replace(
            request,
            prompt=tuple(PromptPart(*part) for part in self.parts),
            seed=self.seed,
            sampling=Sampling(**self.sampling.model_dump()),
            banned=tuple(self.banned),
            unspoken=tuple(self.unspoken),
            not_first=tuple(self.not_first),
        )


def own(request: GenerationRequest) -> dict[str, Any]:
    """The field's content for a request, as JSON takes it."""
    return {
        "parts": [[_whole(part.text), part.special, part.told] for part in request.prompt],
        "seed": request.seed,
        "sampling": asdict(request.sampling),
        "banned": list(request.banned),
        "unspoken": list(request.unspoken),
        "not_first": list(request.not_first),
    }


def _whole(text: str) -> str:
    """`text` with what is no character as the engine itself would have it."""
    return text.encode("utf-8", "replace").decode("utf-8")
