"""Out and in again: only what the report names is lost."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dungeon.authoring import importers
from dungeon.authoring.exporters.card import to_card
from dungeon.authoring.exporters.kobold import to_kobold
from dungeon.authoring.exporters.novelai import to_novelai
from dungeon.authoring.importers import Report
from dungeon.authoring.reader import read_scenario
from dungeon.story.action import Action, Mode, as_line, as_narrative
from dungeon.story.generation import GenerationSettings
from dungeon.story.marks import Mark
from dungeon.story.scenario import Card, Example, Question, Scenario, Style
from dungeon.story.story import Story, begin
from dungeon.story.tree import Node

SHIPPED = sorted((Path(__file__).parents[3] / "scenarios").glob("*.yaml"))

SCENARIO = Scenario(
    title="The {{Gate}} of {name}",
    opening='You are {name}, once {calling}. "Halt!" says the keeper. Costs: $ {{5}}, ${{x}}.',
    summary="A gate.",
    author="Me",
    tags=("gate", "night"),
    rating="teen",
    questions=(
        Question("name", "What is your name?", "Ansel"),
        Question("calling", "What were you?", "", ("a clerk", "a thief")),
    ),
    memory="The keeper knows {name}.",
    authors_note="[Dry.]",
    cards=(
        Card("Keeper", "He counts {name}.", ("keeper", "old man")),
        Card("Law", "Salt is money.", (), always=True),
    ),
    generation=GenerationSettings(temperature=0.5, top_k=12, repetition_penalty=1.3),
    banned=("suddenly",),
    examples=(Example("look", "You look."),),
)


def back(text: str) -> importers.Draft:
    (draft,) = importers.drafts(importers.recognise(text.encode()), 1)
    return draft


def names(report: Report, *words: str) -> None:
    told = "\n".join(report.homeless)
    for word in words:
        assert word in told


def test_a_scenario_to_novelai_and_back_loses_what_the_report_names() -> None:
    text, report = to_novelai(SCENARIO)
    again = back(text).scenario("file")
    assert again == replace(
        SCENARIO,
        rating="everyone",
        examples=(),
        opening=SCENARIO.opening.replace("${{x}}", "$ {{x}}"),
        questions=(SCENARIO.questions[0], Question("calling", "What were you?", "a clerk")),
        generation=GenerationSettings(temperature=0.5, top_k=12),
    )
    names(report, "choices of calling", "1 sample turn", "rating, teen", "style",
          "repetition_penalty", "blank parts")  # fmt: skip


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_what_ships_to_novelai_and_back(path: Path) -> None:
    scenario = read_scenario(path)
    again = back(to_novelai(scenario)[0]).scenario("file")
    kept = ("title", "summary", "author", "tags", "memory", "authors_note", "opening", "cards",
            "banned")  # fmt: skip
    for name in kept:
        assert getattr(again, name) == getattr(scenario, name), name
    # Name and pronoun have no home there, as the report says.
    assert (again.style.person, again.style.tense) == (scenario.style.person, scenario.style.tense)
    assert [q.key for q in again.questions] == [q.key for q in scenario.questions]


def test_a_scenario_to_a_character_card_and_back() -> None:
    text, report = to_card(SCENARIO)
    card = json.loads(text)
    assert (card["spec"], card["spec_version"]) == ("chara_card_v2", "2.0")
    assert card["data"]["first_mes"].startswith("You are {{user}}, once a clerk.")
    again = back(text).scenario("file")
    assert again.memory == SCENARIO.memory
    assert again.opening == SCENARIO.opening.replace("{calling}", "a clerk")
    assert again.cards == SCENARIO.cards
    assert (again.author, again.tags, again.summary) == ("Me", ("gate", "night"), "A gate.")
    assert again.authors_note == "[Dry.]"
    assert again.questions == (Question("name", "What is your name?", "Robin"),)
    assert again.examples == SCENARIO.examples
    names(report, "questions calling", "banned", "generation", "Style and rating",
          "default of the question `name`")  # fmt: skip


def test_a_card_tells_what_is_said_from_what_is_done_and_of_text_it_would_take_for_its_own() -> (
    None
):
    examples = (Example('say "Hello."', "She nods."), Example("look at {name}", "It {{x}} rains."))
    scenario = replace(SCENARIO, examples=examples, memory="*Cold.* {{{{char}}}}")
    text, report = to_card(scenario)
    assert back(text).scenario("file").examples == examples
    names(report, "Text that reads as a macro", "Asterisks")


def test_lines_go_to_kobold_in_the_words_of_their_story() -> None:
    scenario = Scenario(
        title="T", opening="Sanna waits.", style=Style("third", "past", "Sanna", "she")
    )
    story = begin(scenario, title="T", seed=1, created="")
    story.tree.add(Node(story.tree.next_id, 1, Action(Mode.DO, "open my door"), "It opened."))
    pieces = json.loads(to_kobold(story)[0])["actions"]
    assert pieces[0] == "\n\n> Sanna opened her door.\n"


def test_a_number_or_a_priority_without_a_home_is_named() -> None:
    scenario = replace(
        SCENARIO,
        cards=(replace(SCENARIO.cards[0], priority=3),),
        generation=GenerationSettings(repetition_slope=0, typical_p=0.5, no_repeat_ngram=4),
    )
    _, report = to_novelai(scenario)
    names(report, "repetition_slope", "typical_p", "no_repeat_ngram", "priority of cards")
    _, report = to_card(scenario)
    names(report, "generation settings", "priority of cards")


FULL = replace(
    SCENARIO,
    style=Style("third", "past", "Sanna", "she"),
    cards=(replace(SCENARIO.cards[0], priority=3), SCENARIO.cards[1]),
    generation=GenerationSettings(0.5, 0.8, 12, 1.3, 60, 2, 0.2, 100, 0.5, 4, 0.9),
)


def differences(before: object, after: object, path: str = "") -> Iterator[str]:
    """Which parts of two values of one kind are not the same."""
    if before == after:
        return
    if isinstance(before, tuple) and isinstance(after, tuple) and len(before) == len(after):
        for one, other in zip(before, after, strict=True):
            yield from differences(one, other, path)
    elif is_dataclass(before) and type(before) is type(after):
        for field in fields(before):
            one, other = getattr(before, field.name), getattr(after, field.name)
            yield from differences(one, other, f"{path}.{field.name}".lstrip("."))
    else:
        yield path


def number(name: str) -> str:
    return f"`{name}`"


NAMED = {
    "rating": "rating", "style.person": "person and tense", "style.tense": "person and tense",
    "style.name": "name", "style.pronoun": "pronoun",
    "questions.default": "choices of calling", "questions.choices": "choices of calling",
    "examples": "sample turn", "opening": "blank parts", "title": "blank parts",
    "cards.priority": "priority of cards",
    **{f"generation.{field.name}": number(field.name) for field in fields(GenerationSettings)},
}  # fmt: skip
"""What may be lost on the way to NovelAI, and the words by which its report has to name it."""


def test_whatever_is_lost_on_the_way_to_novelai_is_named() -> None:
    text, report = to_novelai(FULL)
    told = "\n".join(report.homeless)
    lost = set(differences(FULL, back(text).scenario("file")))
    assert {"examples", "rating", "style.pronoun", "cards.priority"} <= lost
    for path in lost:
        assert NAMED[path] in told, path


# -- stories ---------------------------------------------------------------------------------


def shape(story: Story) -> list[tuple[str, str, set[tuple[str, str]]]]:
    """The path, each turn with its other versions, as it is told; two alike count as one."""
    told = []
    for node in story.tree.path():
        others = {(as_line(other.action), other.text) for other in story.tree.siblings(node.id)} - {
            (as_line(node.action), node.text)
        }
        told.append((as_line(node.action), node.text, others))
    return told


Words = st.sampled_from(
    ["look", "open my door", "take the key to me", "you wait", "go north, then rest", "ask him why"]
)
Sentences = Words.map(lambda words: words.capitalize() + ".")
Actions = st.one_of(
    st.just(Action(Mode.CONTINUE)),
    Words.map(lambda words: Action(Mode.DO, words)),
    Words.map(lambda words: Action(Mode.SAY, words)),
)
Steps = st.lists(st.tuples(st.sampled_from(["turn", "retry", "other", "undo"]), Actions, Sentences),
                 max_size=9)  # fmt: skip


def played(steps: list[tuple[str, Action, str]]) -> Story:
    story = begin(SCENARIO.filled({}), title="Gate", seed=1, created="2026-01-01T00:00:00+00:00")
    tree = story.tree
    for verb, action, text in steps:
        if verb == "undo":
            if tree.can_undo:
                tree.undo()
        elif verb == "turn" or tree.head.parent is None:
            tree.add(Node(tree.next_id, tree.head.id, action, text))
        else:
            kept = tree.head.action if verb == "retry" else action
            tree.add(Node(tree.next_id, tree.head.parent, kept, text))
    return story


@settings(max_examples=50, deadline=None)
@given(steps=Steps)
def test_a_story_to_kobold_and_back_keeps_the_path_and_its_other_versions(
    steps: list[tuple[str, Action, str]],
) -> None:
    story = played(steps)
    text, report = to_kobold(story)
    again = back(text).story("file", seed=1, created="")
    assert shape(again) == shape(story)
    next_ = {(as_line(n.action), n.text) for n in story.tree.children(story.tree.head.id)}
    assert {(as_line(n.action), n.text) for n in again.tree.children(again.tree.head.id)} == next_
    assert (again.title, again.memory, again.authors_note) == (
        story.title, story.memory, story.authors_note,
    )  # fmt: skip
    assert again.cards == story.cards
    assert again.generation == story.generation
    distinct = {(n.parent, as_line(n.action), n.text) for n in story.tree}
    if len(again.tree) < len(distinct):
        assert "on other branches" in "\n".join(report.homeless)


def test_a_players_own_sentence_becomes_a_turn_of_its_own_and_the_report_says_so() -> None:
    story = played([("turn", Action(Mode.STORY, "Night falls."), "It is dark.")])
    text, report = to_kobold(story)
    again = back(text).story("file", seed=1, created="")
    assert [as_narrative(node.action) or node.text for node in again.tree.path()][1:] == [
        "Night falls.", "It is dark.",
    ]  # fmt: skip
    names(report, "1 sentence that the player wrote")


NAMED_OF_A_STORY = {
    "scenario.title": "title", "scenario.summary": "summary", "scenario.author": "author",
    "scenario.tags": "tags", "scenario.questions": "questions",
    "scenario.rating": "rating", "scenario.style.person": "style", "scenario.style.tense": "style",
    "scenario.style.name": "style", "scenario.style.pronoun": "style",
    "scenario.examples": "sample turns", "scenario.banned": "banned phrases",
    "scenario.memory": "before the player changed them",
    "scenario.authors_note": "before the player changed them",
    "scenario.cards": "before the player changed them",
    "scenario.cards.priority": "priority of cards", "cards.priority": "priority of cards",
    "seed": "Seeds", "model": "models", "automatic": "automatic memory",
    "forgotten": "automatic memory", "own": "chosen for this story", "marks": "Bookmarks",
    **{f"generation.{field.name}": number(field.name) for field in fields(GenerationSettings)},
    **{f"scenario.generation.{field.name}": number(field.name)
       for field in fields(GenerationSettings)},
}  # fmt: skip
"""What may be lost on the way to KoboldAI; the tree is compared above."""


def test_whatever_a_story_loses_on_the_way_to_kobold_is_named() -> None:
    story = played([("turn", Action(Mode.DO, "look"), "It is dark.")])
    scenario = FULL.filled({})
    story = replace(
        story, scenario=scenario, memory="Mine.", authors_note="Mine too.", model="gpt2",
        cards=scenario.cards, generation=scenario.generation, seed=9, automatic=False,
        forgotten=("keeper",), own=("top_k",), marks={2: Mark("a branch", True)},
    )  # fmt: skip
    text, report = to_kobold(story)
    again = back(text).story("file", seed=1, created="")
    told = "\n".join(report.homeless)
    lost = set(differences(replace(story, tree=again.tree), again))
    assert {"marks", "own", "scenario.style.name", "generation.typical_p"} <= lost
    for path in lost - {"source"}:
        assert NAMED_OF_A_STORY[path] in told, path
