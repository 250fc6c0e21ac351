"""The story as a book: escaped, without a script, with the branches as choices."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from dungeon.engine.scripted import ScriptedEngine
from dungeon.session import GameSession
from dungeon.storage.book import sections_of, to_book
from dungeon.story.action import Action, Mode
from dungeon.story.story import Story
from dungeon.story.tree import Node
from tests.ui.support import GATE

HOSTILE = 'He says "<script>alert(1)</script>" & <b onclick=x>leaves</b>.'


def tale() -> Story:
    """1 - 2 - 3 on the screen; 4 beside 3, with 5 behind it; 6 beside 2."""
    story = GameSession.new(GATE, ScriptedEngine(), title="Salt & <Iron>").story
    for number, parent, line, text in (
        (2, 1, "push the gate", "It opens.\n\nA hall."),
        (3, 2, "go in", HOSTILE),
        (4, 2, "turn back", "The road is white."),
        (5, 4, "walk", "Night falls."),
        (6, 1, "knock", "Nobody answers."),
    ):
        story.tree.add(Node(number, parent, Action(Mode.DO, line), text))
    story.tree.go(3)
    return story


class Reader(HTMLParser):
    """What stands in a page, and whether its tags match."""

    VOID = {"meta"}

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        known = dict(attrs)
        assert not any(name.startswith("on") for name in known)
        if "id" in known:
            self.ids.append(known["id"] or "")
        if "href" in known:
            self.links.append(known["href"] or "")
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("branches", [False, True])
def test_a_book_is_one_sound_page_that_loads_and_runs_nothing(branches: bool) -> None:
    page = to_book(tale(), branches=branches)
    read = Reader(page)
    assert not read.open
    assert not {"script", "img", "link", "iframe", "b onclick"} & set(read.tags)
    assert "default-src 'none'" in page
    assert HOSTILE in read.text
    assert "Salt & <Iron>" in read.text
    assert "prefers-color-scheme: dark" in page
    assert "@media print" in page
    assert not re.search(r"url\(|https?://|@import", page)


def test_a_plain_book_is_the_story_on_the_screen() -> None:
    text = Reader(to_book(tale())).text
    assert "You push the gate." in text
    assert "Nobody answers." not in text
    assert "The road is white." not in text


def test_branches_become_choices_to_turn_to() -> None:
    story = tale()
    numbered = [(s.number, [n.id for n in s.nodes]) for s in sections_of(story)]
    # The way on the screen is read first.
    assert numbered == [(1, [1]), (2, [2]), (3, [3]), (4, [4, 5]), (5, [6])]
    read = Reader(to_book(story, branches=True))
    assert read.ids == ["s1", "s2", "s3", "s4", "s5"]
    assert read.links == ["#s2", "#s5", "#s3", "#s4"]
    assert "turn to 4" in read.text
    assert "You turn back.turn to 4" in read.text
    # Where one line was told twice, only what came of it tells the tellings apart.
    story.tree.add(Node(7, 1, Action(Mode.DO, "knock"), "Somebody coughs."))
    story.tree.go(3)
    again = Reader(to_book(story, branches=True)).text
    assert "You knock. Nobody answers.turn to 5" in again
    assert "You knock. Somebody coughs.turn to 6" in again


def test_a_story_of_thousands_of_turns_is_no_matter_of_recursion() -> None:
    story = tale()
    for number in range(7, 3000):
        story.tree.add(Node(number, number - 1, None, "On."))
        story.tree.add(Node(number + 10_000, number - 1, None, "Off."))
    assert len(sections_of(story)) > 5900
