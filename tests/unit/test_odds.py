"""Tokens as pieces of a text."""

from __future__ import annotations

import pytest

from dungeon.engine.base import TokenOdds
from dungeon.odds import pieces

BAD = "\ufffd"


def test_tokens_become_the_text_again() -> None:
    tokens = [
        TokenOdds("You", -1.0, (("You", -1.0), ("A", -2.0))),
        TokenOdds(" op", -0.5),
        TokenOdds("en", -0.25),
        TokenOdds(".", -3.0, (("", -0.1), (".", -3.0))),
    ]
    found = pieces("You open.", tokens)
    assert ["You open."[piece.start : piece.end] for piece in found] == ["You", " op", "en", "."]
    assert [piece.logprob for piece in found] == [-1.0, -0.5, -0.25, -3.0]
    assert found[0].top == (("You", -1.0), ("A", -2.0))
    assert found[3].top[0] == ("", -0.1)


@pytest.mark.parametrize(
    ("text", "tokens", "cut"),
    [
        ("a café", ["a", " caf", BAD, BAD], ["a", " caf", "é"]),
        ("“No,” he", [BAD, BAD, "No", ",", BAD, BAD, " he"], ["“", "No", ",", "”", " he"]),
        ("日本 x", [BAD, BAD, BAD, " x"], ["日本", " x"]),
        ("cut off here", ["cut", " off"], ["cut", " off"]),
    ],
)
def test_parts_of_a_character_are_one_piece(text: str, tokens: list[str], cut: list[str]) -> None:
    odds = [TokenOdds(token, -1.0, ((BAD, -0.5), ("x", -1.5))) for token in tokens]
    found = pieces(text, odds)
    assert [text[piece.start : piece.end] for piece in found] == cut
    assert sum(piece.logprob for piece in found) == -len(tokens)
    assert found[0].top == (("x", -1.5),)
