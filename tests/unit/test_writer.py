"""Scenarios written as files: read back they are the same, and they are good to read."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dungeon.authoring.reader import read_scenario, read_scenario_text
from dungeon.authoring.source import MAX_BYTES
from dungeon.authoring.writer import WIDTH, fitting, write
from dungeon.story.generation import RANGES, GenerationSettings
from dungeon.story.scenario import Card, Example, Question, Scenario, Style
from dungeon.text import clean

SHIPPED = sorted((Path(__file__).parents[2] / "scenarios").glob("*.yaml"))


def normal(text: str) -> str:
    """Text as the reader gives it; no braces, as a placeholder needs its question."""
    return clean(text.replace("{", "(").replace("}", ")")).strip()


# Every character that means something to YAML, often, between any others.
Raw = st.text(
    st.one_of(
        st.sampled_from(" \n\n:#-?,[]&*!|>'\"%@`~\\.\t0123yesnoNOtruenull"),
        st.characters(exclude_categories=["Cs"]),
    ),
    max_size=200,
)
Any_ = Raw.map(normal)
Some = Any_.filter(bool)
Lines = Raw.map(lambda text: clean(normal(text), newlines=False).strip()).filter(bool)
Spoken = Some.filter(lambda text: any(character.isalnum() for character in text))


@st.composite
def scenarios(draw: st.DrawFn) -> Scenario:
    names = draw(st.lists(Lines, unique_by=str.casefold, max_size=4))
    keys = draw(st.lists(st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True), unique=True,
                         max_size=3))  # fmt: skip
    used = "".join(f" {{{key}}}" for key in keys)
    return Scenario(
        title=draw(Some),
        opening=draw(Some) + used,
        summary=draw(Any_),
        author=draw(Any_),
        tags=tuple(draw(st.lists(Some, max_size=3))),
        rating=draw(st.sampled_from(["everyone", "teen", "mature"])),
        questions=tuple(
            Question(key, draw(Some), draw(Any_), tuple(draw(st.lists(Some, max_size=3))))
            for key in keys
        ),
        memory=draw(Any_),
        authors_note=draw(Any_),
        cards=tuple(
            Card(name, draw(Some), tuple(draw(st.lists(Spoken, min_size=1, max_size=3))),
                 draw(st.booleans()))
            for name in names
        ),
        style=Style(draw(st.sampled_from(["first", "second", "third"])),
                    draw(st.sampled_from(["present", "past"]))),
        generation=GenerationSettings(
            temperature=draw(st.floats(0, 2)),
            top_k=draw(st.integers(0, int(RANGES["top_k"].high))),
        ),
        banned=tuple(draw(st.lists(Some, max_size=3))),
        examples=tuple(
            Example(draw(Some), draw(Some)) for _ in range(draw(st.integers(0, 2)))
        ),
    )  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(scenario=scenarios())
def test_what_is_written_reads_back_as_the_same_scenario(scenario: Scenario) -> None:
    text = write(scenario, "From a test.\nA second line.")
    assert read_scenario_text(text) == scenario


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_what_ships_reads_back_and_keeps_its_shape(path: Path) -> None:
    scenario = read_scenario(path)
    text = write(scenario)
    assert read_scenario_text(text) == scenario
    assert max(map(len, text.splitlines())) <= WIDTH + 20
    written = [line.split(":")[0] for line in text.splitlines() if line[:1].isalpha()]
    own = [line.split(":")[0] for line in path.read_text().splitlines() if line[:1].isalpha()]
    assert [name for name in own if name in written] == written


def test_prose_is_folded_and_short_lists_stand_in_one_line() -> None:
    scenario = Scenario(
        title="NO",
        opening=" ".join(["You stand at the gate."] * 8) + "\n\nIt is night.",
        tags=("one", "1.10"),
        cards=(Card("Keeper", "He counts waves.", ("keeper", "old man")),),
    )
    text = write(scenario)
    assert "title: 'NO'\ntags: [one, '1.10']\n" in text
    assert "opening: >-\n  You stand at the gate. You stand" in text
    assert "  - name: Keeper\n    keys: [keeper, old man]\n    text: He counts waves.\n" in text


def test_the_cards_that_fit_fit_and_one_more_does_not() -> None:
    cards = tuple(Card(f"Card {n}", "words " * 60, (f"key{n}",)) for n in range(2000))
    scenario = Scenario(title="Many", opening="You wait.", cards=cards)
    most = fitting(scenario)
    assert 300 < most < 2000

    def size(number: int) -> int:
        kept = Scenario(title="Many", opening="You wait.", cards=cards[:number])
        return len(write(kept).encode())

    assert size(most) <= MAX_BYTES < size(most + 1)


def test_many_tiny_cards_stay_below_the_number_of_parts_that_a_file_may_have() -> None:
    cards = tuple(Card(f"c{n}", "x", (f"k{n}",)) for n in range(3000))
    scenario = Scenario(title="Many", opening="You wait.", cards=cards)
    most = fitting(scenario)
    kept = Scenario(title="Many", opening="You wait.", cards=cards[:most])
    assert 1500 < most < 3000
    assert read_scenario_text(write(kept)).cards == cards[:most]
