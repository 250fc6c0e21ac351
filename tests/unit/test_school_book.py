"""The school book, and the lessons that are made of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from dungeon.engine.base import ChatMarks, PromptPart
from dungeon.story import figures
from dungeon.story.action import Action, Mode
from training.lessons import course, lesson
from training.scenes import SceneError, read, read_all

MARKS = ChatMarks(system="<s>", user="<u>", assistant="<a>", close="</>\n")
SCENE = """\
=== The Door
genre: dungeon crawl
style: third past Ulm
memory: Ulm was a thief.
card: The bell | bell, silver | The bell was heard only by the dead.
card: The pit | pit | The pit was deep.
opening: A door barred the way.
It had a face.
> look at the door
Ulm looked, and it looked back.
> "What is your name?"
"I am the door," said the door.

It yawned.
>
A wind rose.
> +The torch goes out.
It was dark, and the bell rang.
> look into the pit
It was deep.
"""


def encode(part: PromptPart) -> Sequence[int]:
    """A token a character; those of marks are told apart."""
    return [ord(character) + 10_000 * part.special for character in part.text]


def decode(ids: Sequence[int]) -> str:
    return "".join(chr(id % 10_000) for id in ids)


def _read(tmp_path: Path, text: str = SCENE) -> list:
    file = tmp_path / "scenes.txt"
    file.write_text(text, encoding="utf-8")
    return read(file)


def test_a_scene_is_read_as_it_is_written(tmp_path: Path) -> None:
    one, two = _read(tmp_path, SCENE + "\n" + SCENE.replace("The Door", "Another"))
    assert (one.title, two.title) == ("The Door", "Another")
    assert one.scenario.opening == "A door barred the way.\n\nIt had a face."
    assert (one.scenario.style.person, one.scenario.style.name) == ("third", "Ulm")
    assert [card.keys for card in one.scenario.cards] == [("bell", "silver"), ("pit",)]
    assert [turn.action for turn in one.turns] == [
        Action(Mode.DO, "look at the door"),
        Action(Mode.SAY, '"What is your name?"'),
        Action(Mode.CONTINUE),
        Action(Mode.STORY, "The torch goes out."),
        Action(Mode.DO, "look into the pit"),
    ]
    assert one.turns[1].text == '"I am the door," said the door.\n\nIt yawned.'


@pytest.mark.parametrize(
    ("before", "after", "what"),
    [
        ("=== The Door\n", "The Door\n", r"scenes.txt:1: a scene begins"),
        ("memory: Ulm was a thief.\n", "", "has no memory"),
        ("card: The pit | pit |", "card: The pit |", r"scenes.txt:6: a card is"),
        ("third past Ulm", "third", "a style is"),
        ("genre: dungeon crawl", "genus: dungeon crawl", r"scenes.txt:2: this belongs to no field"),
        ("A wind rose.\n", "", "a turn without a text"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(
    tmp_path: Path, before: str, after: str, what: str
) -> None:
    assert before in SCENE
    with pytest.raises(SceneError, match=what):
        _read(tmp_path, SCENE.replace(before, after))


def _learnt(one) -> str:
    return decode([id for id, learnt in zip(one.ids, one.learnt, strict=True) if learnt])


def test_with_its_cards_pinned_every_turn_is_learnt_and_nothing_else(tmp_path: Path) -> None:
    (scene,) = _read(tmp_path)
    whole = lesson(scene, 5, MARKS, encode, pinned=True)
    assert _learnt(whole) == "".join(f"{turn.text}<" for turn in scene.turns)
    assert "heard only by the dead" in decode(whole.ids)


def test_with_its_cards_called_only_what_follows_them_is_learnt(tmp_path: Path) -> None:
    (scene,) = _read(tmp_path)
    last = lesson(scene, 5, MARKS, encode)
    # The card of the pit stands before the last three turns.
    assert _learnt(last) == "".join(f"{turn.text}<" for turn in scene.turns[1:])
    first = lesson(scene, 1, MARKS, encode)
    assert _learnt(first) == f"{scene.turns[0].text}<"
    assert "heard only by the dead" not in decode(first.ids)


def test_a_course_is_the_same_twice_and_shows_each_scene_once_a_round(tmp_path: Path) -> None:
    scenes = _read(tmp_path, SCENE + "\n" + SCENE.replace("A wind", "A storm"))
    lessons = list(course(scenes, 3, 5, MARKS, encode))
    assert lessons == list(course(scenes, 3, 5, MARKS, encode))
    assert lessons != list(course(scenes, 3, 6, MARKS, encode))
    storms = ["storm" in decode(one.ids) for one in lessons]
    assert len(lessons) == 6
    assert storms[0] != storms[1]
    assert storms[4] != storms[5]


def test_the_whole_book_is_in_order() -> None:
    """No title comes twice; every turn is of a fair length, whole, and inside the story."""
    scenes = read_all()
    titles = [scene.title for scene in scenes]
    assert len(set(titles)) == len(titles) > 100
    for scene in scenes:
        for turn in scene.turns:
            assert 8 <= len(turn.text.split()) <= 90, (scene.title, turn.text)
            assert figures.finished(turn.text), (scene.title, turn.text)
            assert not figures.artefact(turn.text), (scene.title, turn.text)
