"""The sampling numbers of a story, and what is allowed of each."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from dungeon.errors import SettingsError
from dungeon.text import shorten


@dataclass(frozen=True, slots=True)
class Range:
    """The allowed values of one sampling number, both ends included."""

    low: float
    high: float
    whole: bool = False

    def __str__(self) -> str:
        kind = "a whole number" if self.whole else "a number"
        return f"{kind} from {self.low:g} to {self.high:g}"


RANGES: Mapping[str, Range] = {
    "temperature": Range(0.0, 2.0),
    "top_p": Range(0.01, 1.0),
    "top_k": Range(0, 1000, whole=True),
    "repetition_penalty": Range(1.0, 2.0),
    "max_new_tokens": Range(1, 512, whole=True),
    "candidates": Range(0, 8, whole=True),
    "min_p": Range(0.0, 1.0),
    "repetition_range": Range(0, 4096, whole=True),
    "repetition_slope": Range(0.0, 10.0),
    "no_repeat_ngram": Range(0, 20, whole=True),
    "typical_p": Range(0.01, 1.0),
}


@dataclass(frozen=True, slots=True)
class GenerationSettings:
    """How the next tokens are drawn.

    Attributes:
        temperature: Divides the logits; 0 means greedy. What holds where nothing is said was
            measured with the taught narrator (docs/stories.md).
        top_p: Nucleus mass kept, 1 keeps all (Holtzman et al. 2019).
        top_k: Most likely tokens kept, 0 keeps all.
        repetition_penalty: Divides positive and multiplies negative logits of tokens already
            in the context (Keskar et al. 2019); 1 is off.
        max_new_tokens: Longest continuation of one turn, in tokens.
        candidates: Continuations that are written for a turn, of which the best is told; 0
            leaves it to the model.
        min_p: Only tokens at least so likely as this share of the likeliest; 0 keeps all
            (Nguyen et al. 2024).
        repetition_range: Only so many of the last tokens count as the context for the penalty
            and for `no_repeat_ngram`; 0 counts all.
        repetition_slope: How steeply the penalty grows over that range, from none at its
            beginning to all of it at the end; 0 is the same penalty everywhere.
        no_repeat_ngram: A row of so many tokens is not written again; names may be. 0 is off.
        typical_p: Only the tokens nearest to the expected surprise that make up so much; 1
            keeps all (Meister et al. 2022).

    Raises:
        SettingsError: A value is outside `RANGES` or not a number.
    """

    temperature: float = 0.5
    top_p: float = 0.9
    top_k: int = 40
    repetition_penalty: float = 1.15
    max_new_tokens: int = 80
    candidates: int = 0
    min_p: float = 0.1
    repetition_range: int = 200
    repetition_slope: float = 0.7
    no_repeat_ngram: int = 0
    typical_p: float = 1.0

    def __post_init__(self) -> None:
        for name, allowed in RANGES.items():
            check_range(name, getattr(self, name), allowed)


def check_range(name: str, value: object, allowed: Range) -> None:
    """Refuse `value` unless it is a finite number inside `allowed`.

    Raises:
        SettingsError: It is not; the message names the setting and the allowed range.
    """
    good = (
        isinstance(value, (int, float))
        and not isinstance(value, bool)
        and math.isfinite(value)
        and allowed.low <= value <= allowed.high
        and (not allowed.whole or value == int(value))
    )
    if not good:
        shown = shorten(repr(value), 40)
        raise SettingsError(f"{name} is {shown}, which is not allowed.", f"Use {allowed}.")
