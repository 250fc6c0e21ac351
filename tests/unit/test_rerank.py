"""Which of two continuations is told."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dungeon.story import rerank
from dungeon.story.rerank import WEIGHTS, best, score

GOOD = "You open the oak door. A cold wind moves the torches, and Maro looks up from her ledger."

PAIRS = [
    ("open the oak door", GOOD, "You sit down by the fire. The rain goes on and on all night."),
    ("open the door", GOOD, "I open the oak door. A cold wind moves my hair, and we go inside."),
    ("open the door", GOOD, "You open the door. What would you like to do next in the game?"),
    ("open the door", GOOD, "You opened the oak door. A cold wind moved, and she was looking up."),
    ("open the door", GOOD, "You open the door."),
    (
        "open the door",
        GOOD,
        "You're right, the door is open. A cold wind moves, and Maro looks up.",
    ),
    ("", GOOD, "She says yes. She says yes to it. She says yes to it. She says yes to it again."),
]


@pytest.mark.parametrize(("action", "good", "bad"), PAIRS)
def test_the_better_one_is_told_wherever_it_stands(action: str, good: str, bad: str) -> None:
    pairs = [(good, good), (bad, bad)]
    assert best(pairs, action=action, said=()) == 0
    assert best(pairs[::-1], action=action, said=()) == 1


def test_what_was_said_lately_is_not_told_again() -> None:
    other = "You open the oak door. Behind it a stair goes down, and the air smells of old rope."
    assert best([(GOOD, GOOD), (other, other)], action="open the oak door", said=[GOOD]) == 1


def test_turns_do_not_all_begin_alike() -> None:
    before = "You open the oak chest. It holds a coat, and under the coat a key of black iron."
    other = "The oak door opens. Behind it a stair goes down, and you smell the old rope below."
    assert best([(GOOD, GOOD), (other, other)], action="", said=[before]) == 1


@pytest.mark.parametrize(
    ("line", "text", "share"),
    [
        ("throw a stone at the riders", "You throw a stone at the riders, and they run.", 1.0),
        ("hide the letter in my boot", "You hide the letter in your boot. It is dry.", 1.0),
        ("hide the letter in my boot", "The letter goes into your boot. It is dry.", 0.0),
        ("throw a stone at the riders", "A stone at the riders is what you throw.", 5 / 6),
        ("open the door", "You open the door. The hall is dark.", 0.0),
        ("", "You open the door.", 0.0),
    ],
)
def test_how_much_of_the_line_is_said_word_for_word(line: str, text: str, share: float) -> None:
    assert score(text, text, action=line).parrot == pytest.approx(share)


def test_of_two_answers_the_one_in_other_words_is_told() -> None:
    again = "You throw a stone at the riders. They look up, and the first of them turns his horse."
    other = "The stone hits the first of the riders. They look up, and he turns his horse round."
    pairs = [(again, again), (other, other)]
    assert best(pairs, action="throw a stone at the riders", said=()) == 1


def test_the_person_and_tense_of_the_story_count() -> None:
    first = "I opened the oak door. A cold wind was in the hall, and Maro looked up at me."
    pairs = [(GOOD, GOOD), (first, first)]
    assert best(pairs, action="open the oak door", said=(), person="first", tense="past") == 1
    assert score(first, first, person="first", tense="past").first == 0


def test_speech_may_say_i() -> None:
    speech = 'You open the oak door. "I told you so, and we were right," says Maro from inside.'
    assert score(speech, speech).first == 0


def test_of_equals_the_one_that_the_action_made_likelier_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pairs = [(GOOD, GOOD)] * 3
    monkeypatch.setattr(rerank, "WEIGHTS", replace(WEIGHTS, gain=1.0))
    assert best(pairs, action="open it", said=(), gains=(0.1, 0.9, 0.5)) == 1
    assert best(pairs, action="open it", said=()) == 0
    assert score(GOOD, GOOD, gain=50).gain == score(GOOD, GOOD, gain=9).gain


def test_nothing_loses_to_anything() -> None:
    assert best([("", "???"), ("No.", "No.")], action="go", said=()) == 1
    assert best([("", "a"), ("", "b")], action="go", said=()) == 0


@given(st.lists(st.tuples(st.text(), st.text()), min_size=1, max_size=6), st.text(), st.text())
def test_any_text_can_be_judged(pairs: list[tuple[str, str]], action: str, said: str) -> None:
    assert 0 <= best(pairs, action=action, said=[said]) < len(pairs)
    for text, raw in pairs:
        counts = score(text, raw, action=action, said=[said])
        assert counts.total(WEIGHTS) == counts.total(WEIGHTS)
        assert 0 <= counts.answers <= 1
        assert 0 <= counts.repeated <= 1
