"""The odds of a turn's words: the model's numbers, brought together with the text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dungeon.engine.base import TokenOdds

_PART = "\ufffd"


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text that the model wrote, or would write, in one go: a word or part of one.

    Attributes:
        start, end: Where it stands in the text.
        logprob: Natural logarithm of its probability, given all that stands before it.
        top: The likeliest in its place, best first, with theirs; "" for the end of the turn.
    """

    start: int
    end: int
    logprob: float
    top: tuple[tuple[str, float], ...]


def pieces(text: str, tokens: Sequence[TokenOdds]) -> list[Piece]:
    """The tokens of `text` as pieces of it.

    Tokens that are parts of one character are one piece, with the product of their odds and the
    alternatives of the first. What has no token, as the text was too long, is in no piece.
    """
    found: list[Piece] = []
    place, waiting = 0, list(tokens)
    while waiting:
        group = [waiting.pop(0)]
        if _PART in group[0].text:
            while waiting and not _whole(text, place, waiting[0].text):
                group.append(waiting.pop(0))
            end = text.find(waiting[0].text, place + 1) if waiting else len(text)
        else:
            end = place + len(group[0].text)
        logprob = sum(token.logprob for token in group)
        top = tuple(one for one in group[0].top if _PART not in one[0])
        found.append(Piece(place, end, logprob, top))
        place = end
    return found


def _whole(text: str, place: int, token: str) -> bool:
    """Whether a token is no part of the character at `place`, and stands behind it."""
    return bool(token) and _PART not in token and text.find(token, place + 1) >= 0
