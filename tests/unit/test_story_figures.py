"""What the story evaluation counts."""

from __future__ import annotations

import pytest

from benchmarks.story.bootstrap import interval
from dungeon.story.figures import (
    artefact,
    distinct,
    finished,
    first_person,
    loops,
    repeated,
    without_echo,
)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("You walk on. I follow.", True),
        ("You walk on. My hand shakes.", True),
        ("The road is ours now.", True),
        ('You walk on. "I know," says Maro. "We all do."', False),
        ("“I know my way,” she says, and you follow.", False),
        ("You walk to the US border. The mine is dark, Mr. I. Vane.", True),
        ("You walk on. It's raining in the wells.", False),
    ],
)
def test_first_person_outside_speech(text: str, found: bool) -> None:
    assert first_person(text) is found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("You go on.\n- a list", True),
        ("1. You go on.", True),
        ("# Chapter", True),
        ("You go on. What do you do?", True),
        ("<|im_end|>", True),
        ("Narrator: you go on.", True),
        ("See https://example.org.", True),
        ('"What do you want?" asks Maro. You go on.', False),
        ("You go on - and stop.", False),
    ],
)
def test_artefacts(text: str, found: bool) -> None:
    assert artefact(text) is found


def test_the_end_of_a_sentence() -> None:
    assert finished('She says "No."')
    assert finished("You stop…")
    assert not finished("You stop and")


def test_repeated_sentences_are_counted_in_reach_only() -> None:
    turns = ["You see the old mill.", "It rains.", "You see the old mill. You see the old mill."]
    assert repeated(turns) == (2, 3)
    assert repeated(turns, reach=1) == (1, 3)


def test_distinct_and_loops() -> None:
    assert distinct(["a b c d"], 2) == 1
    assert distinct(["a b a b"], 2) == pytest.approx(2 / 3)
    row = "one two three four five six seven eight "
    assert loops([row * 4])
    assert not loops([row * 3])


def test_the_interval_holds_the_mean_and_is_the_same_each_time() -> None:
    values = [0.0, 1.0] * 50
    low, high = interval(values, lambda some: sum(some) / len(some))
    assert low < 0.5 < high
    assert (low, high) == interval(values, lambda some: sum(some) / len(some))


@pytest.mark.parametrize(
    ("text", "line", "rest"),
    [
        (
            "You climb the stairs to room four. The door is open.",
            "climb the stairs to room four",
            "The door is open.",
        ),
        ("The stairs creak. The door is open.", "climb the stairs to room four", ""),
        ("The door is open.", "", "The door is open."),
        ("The door is open.", "look at it", "The door is open."),
    ],
)
def test_what_says_the_line_again_is_left_out(text: str, line: str, rest: str) -> None:
    assert without_echo(text, line) == (rest or text)
