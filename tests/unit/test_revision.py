"""A scenario edited while its story is played: what comes in, and what the player keeps."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from dungeon.authoring.watch import WatchedFile
from dungeon.story.generation import GenerationSettings
from dungeon.story.revision import revise
from dungeon.story.scenario import Card, Scenario
from dungeon.story.story import Story, begin

PELL = Card("Pell", "Pell limps.", ("pell",))
MARO = Card("Maro", "Maro has one eye.", ("maro",))
BRYN = Card("Bryn", "Bryn is twelve.", ("bryn",))
BEFORE = Scenario(
    title="Salt", opening="You wait.", memory="It is night.", authors_note="Cold.",
    cards=(PELL, MARO),
)  # fmt: skip


def story(**changed: object) -> Story:
    return replace(begin(BEFORE, title="", seed=1, created=""), **changed)  # type: ignore[arg-type]


def test_what_the_player_left_alone_is_taken_over_whole() -> None:
    after = replace(
        BEFORE, memory="It is day.", authors_note="", banned=("suddenly",), opening="You sleep.",
        cards=(BRYN, replace(PELL, text="Pell runs.")),
        generation=GenerationSettings(temperature=1.0),
    )  # fmt: skip
    found = revise(story(), BEFORE, after)
    assert found.kept == ()
    assert found.taken == (
        "the memory", "the author's note", "the generation", "the card Bryn", "the card Pell",
        "the card Maro", "the banned phrases",
    )  # fmt: skip
    revised = found.story
    assert (revised.memory, revised.authors_note) == ("It is day.", "")
    assert revised.cards == after.cards
    assert revised.generation.temperature == 1.0
    assert revised.scenario.banned == ("suddenly",)
    # What was told stays told.
    assert revised.scenario.opening == "You wait."
    assert revised.tree.root.text == "You wait."


def test_what_the_player_changed_by_hand_is_never_lost() -> None:
    mine, own = replace(PELL, text="Pell is my friend."), Card("The box", "It is shut.", ("box",))
    played = story(memory="It is night. I have a knife.", cards=(mine, own))
    after = replace(
        BEFORE, memory="It is day.", authors_note="Warm.",
        cards=(replace(PELL, text="Pell runs."), replace(MARO, text="Maro is blind.")),
    )  # fmt: skip
    found = revise(played, BEFORE, after)
    assert found.taken == ("the author's note",)
    # Maro was thrown away by the player, so she stays away.
    assert found.kept == ("the memory", "the card Pell", "the card Maro")
    assert found.story.memory == played.memory
    assert found.story.cards == (mine, own)


def test_a_card_that_both_changed_stays_when_its_author_takes_it_out() -> None:
    mine = replace(PELL, text="Pell is my friend.")
    found = revise(story(cards=(mine, MARO)), BEFORE, replace(BEFORE, cards=()))
    assert (found.taken, found.kept) == (("the card Maro",), ("the card Pell",))
    assert found.story.cards == (mine,)


@pytest.mark.parametrize("changed", [{}, {"memory": "Mine."}, {"cards": ()}])
def test_no_change_of_the_authors_changes_nothing(changed: dict[str, object]) -> None:
    played = story(**changed)
    found = revise(played, BEFORE, BEFORE)
    assert (found.taken, found.kept) == ((), ())
    assert found.story == played


def test_a_save_is_noticed_once_however_the_editor_writes_it(tmp_path: Path) -> None:
    path, other = tmp_path / "gate.yaml", tmp_path / "gate.yaml~"
    good = "dungeon: 1\ntitle: Gate\nopening: You wait.\n"
    path.write_text(good)
    watched = WatchedFile(path)
    assert not watched.changed()
    path.write_text(good + "memory: a: b\n")
    assert watched.changed()
    reading = watched.read()
    assert reading is not None
    assert reading.problems[0].line == 4
    assert not watched.changed()
    # Written beside and renamed, with a moment in which it is away, and with the same size.
    path.unlink()
    assert not watched.changed()
    other.write_text(good + "memory: a b.\n")
    os.utime(other, ns=(0, 0))
    other.replace(path)
    assert watched.changed()
    path.unlink()
    assert watched.read() is None
