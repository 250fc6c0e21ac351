"""The scenarios that ship: as many, as varied and as carefully made as they claim to be."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from dungeon.authoring.reader import read_scenario
from dungeon.story import rerank
from dungeon.story.action import Action, Mode
from dungeon.story.context import Context, ContextBuilder, Shape
from dungeon.story.narrative import sentences, trim
from dungeon.story.scenario import Scenario, placeholders
from dungeon.story.story import Story, begin

ROOT = Path(__file__).parents[2] / "scenarios"
NAMES = tuple(sorted(path.stem for path in ROOT.glob("*.yaml")))


@cache
def scenario(name: str) -> Scenario:
    return read_scenario(ROOT / f"{name}.yaml")


def test_there_are_twelve_in_eight_genres() -> None:
    assert len(NAMES) == 12
    assert len({scenario(name).title for name in NAMES}) == 12
    genres = {scenario(name).tags[0] for name in NAMES}
    assert len(genres) >= 8, genres


def test_two_are_told_in_another_person_or_tense() -> None:
    styles = {name: scenario(name).style for name in NAMES}
    other = {n: s for n, s in styles.items() if (s.person, s.tense) != ("second", "present")}
    assert len(other) >= 2
    assert {style.person for style in other.values()} == {"first", "third"}


def test_one_is_for_children() -> None:
    ours = [scenario(name) for name in NAMES if scenario(name).tags[0] == "children"]
    assert ours
    for tale in ours:
        assert tale.rating == "everyone"
        # Short sentences: the mean of the opening is what a reader of seven manages.
        pieces = sentences(tale.opening)
        assert sum(len(piece.split()) for piece in pieces) / len(pieces) <= 12


@pytest.mark.parametrize("name", NAMES)
def test_each_is_complete_and_of_a_fit_length(name: str) -> None:
    tale = scenario(name)
    assert tale.summary
    assert tale.author == "The Dungeon maintainers"
    assert tale.authors_note
    assert 2 <= len(tale.questions) <= 3
    assert 120 <= len(tale.opening.split()) <= 260
    assert 60 <= len(tale.memory.split()) <= 150
    assert 8 <= len(tale.cards) <= 12
    assert any(card.always for card in tale.cards)
    assert len(tale.examples) >= 3
    assert "As an AI" in tale.banned


@pytest.mark.parametrize("name", NAMES)
def test_every_answer_changes_what_the_narrator_sees(name: str) -> None:
    tale = scenario(name)
    usual = tale.filled({})
    for question in tale.questions:
        other = tale.filled({question.key: "Zaqq"})
        assert (other.memory, other.opening, other.cards) != (
            usual.memory,
            usual.opening,
            usual.cards,
        ), question.key
    texts = (usual.opening, usual.memory, usual.authors_note, *(c.text for c in usual.cards))
    assert not any(list(placeholders(text)) for text in texts)


@pytest.mark.parametrize("name", NAMES)
def test_opening_and_examples_are_in_its_person_and_tense(name: str) -> None:
    tale = scenario(name).filled({})
    person, tense = tale.style.person, tale.style.tense
    examples = " ".join(example.text for example in tale.examples)
    for text in (tale.opening, examples):
        counted = rerank.score(text, text, person=person, tense=tense)
        assert counted.first == 0
        seen = rerank.score(text, text, person="second", tense=tense)
        assert bool(seen.second) == (person == "second")
        assert bool(seen.first) == (person == "first")
    ending = tale.opening.split("\n\n")[-1]
    for text in (ending, examples):
        assert rerank.score(text, text, person=person, tense=tense).tense < 0.5, text


@pytest.mark.parametrize("name", NAMES)
def test_examples_are_turns_as_the_narrator_would_leave_them(name: str) -> None:
    for example in scenario(name).filled({}).examples:
        assert trim(example.text) == example.text.strip()
        assert 1 <= len(sentences(example.text)) <= 4


@pytest.mark.parametrize("name", NAMES)
def test_a_card_is_there_when_any_of_its_keys_is_said(name: str) -> None:
    story = _begun(name)
    for card in story.cards:
        for key in card.keys:
            context = _context(story, f"ask about the {key}", Shape(2048))
            assert " ".join(card.text.split()) in context.prompt, (card.name, key)


def test_examples_find_room_in_the_window_of_gpt2() -> None:
    """Memory goes first, so a long one leaves none; one scenario is made for base models."""
    inside = {}
    for name in NAMES:
        story = _begun(name)
        context = _context(story, "look around", Shape(1024))
        inside[name] = sum(example.text in context.prompt for example in story.scenario.examples)
    assert min(inside.values()) >= 1, inside
    assert inside["one-too-many"] >= 5, inside


def _begun(name: str) -> Story:
    return begin(scenario(name).filled({}), title="", seed=1, created="")


def _context(story: Story, line: str, shape: Shape) -> Context:
    action = Action(Mode.DO, line)
    return ContextBuilder().build(story, story.tree.head.id, action, shape, _count)


def _count(text: str, special: bool) -> int:
    """Tokens of GPT-2, nearly: the openings that ship have 3.6 to 4.1 characters a token."""
    return 1 if special else -(-len(text) * 10 // 38)
