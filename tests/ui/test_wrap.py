"""Breaking into lines: every width holds, and nothing is lost but blanks at breaks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from dungeon.text import clean
from dungeon.ui.wrap import wrap
from tests.clock import worked_within

TEXTS = st.text(max_size=200).map(clean)


@given(TEXTS, st.integers(2, 40))
def test_no_line_is_wider_than_the_width(text: str, width: int) -> None:
    assert all(cell_len(line) <= width for line in wrap(text, width))


@given(TEXTS, st.integers(2, 40))
def test_nothing_but_blanks_is_lost(text: str, width: int) -> None:
    assert "".join("".join(wrap(text, width)).split()) == "".join(text.split())


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", [""]),
        ("one two", ["one two"]),
        ("one two three", ["one two", "three"]),
        ("abcdefghijkl", ["abcdefgh", "ijkl"]),
        ("a abcdefghijkl", ["a", "abcdefgh", "ijkl"]),
        ("one\n\ntwo", ["one", "", "two"]),
        ("門の前に立つ", ["門の前に", "立つ"]),
        ("two  blanks", ["two", "blanks"]),
    ],
)
def test_where_lines_break(text: str, lines: list[str]) -> None:
    assert wrap(text, 8) == lines


@pytest.mark.parametrize(
    "text",
    [
        "x" * 1_000_000,
        "word " * 200_000,
        "line\n" * 50_000,
        "é" * 300_000,
        "門" * 300_000,
        "e" + "\u0301" * 2_000,
    ],
    ids=["one word", "words", "lines", "accents", "wide", "marks"],
)
def test_accept_25_long_text_is_broken_within_a_second(text: str) -> None:
    with worked_within(1):
        wrap(clean(text), 72)
