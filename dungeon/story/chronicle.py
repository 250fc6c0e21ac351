"""Automatic memory: what a story introduced before its turns fell out of the window.

Two things come back. *Facts* are cards that nobody wrote: the sentence in which a name, an item
or a place came in, under its own key, and the goals that are still open. *Old turns* come back by
likeness to the present ones (`recall`). Both are a pure fold over the path, like the anchor, so a
reload finds the same, and an undo takes them back.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from dungeon.story.action import as_line, as_narrative
from dungeon.story.facts import Kind, Mention, mentions, name_keys
from dungeon.story.recall import Index, query_of, telling
from dungeon.story.scenario import Card, Style
from dungeon.story.tree import Node, NodeId

MOST: dict[Kind, int] = {"goal": 3, "name": 12, "item": 12, "place": 5}
"""Facts of each kind that are kept: the newest goals, and of the others those most spoken of."""
MOST_TEXT = 8_192
"""Characters of a turn that are looked at; one of 512 tokens has some 2,500."""
RECALLED = 3
"""Old turns that come back at most."""
_WEIGHTS = (1.0, 0.5)
"""How much the words of the last turn weigh, and those of the one before."""
_LINE_WEIGHT = 1.5
"""How much the words of the player's line weigh."""
_TELLING_ALWAYS = 2
"""A place or a name that was not presented must come so often to be kept."""

SECOND = Style()
"""How most stories are told."""


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that the story introduced.

    Attributes:
        kind, label: As `facts.Mention`.
        first, last: The sentences where it was spoken of first and last.
        count: Turns that speak of it.
        place: Position in the path of the last of them.
        presented: Whether one of them presents it.
    """

    kind: Kind
    label: str
    first: str
    last: str
    count: int
    place: int
    presented: bool

    @property
    def keeps(self) -> bool:
        """Whether it is worth a card."""
        return self.kind in ("goal", "item") or self.presented or self.count >= _TELLING_ALWAYS

    def card(self) -> Card:
        """The fact as world info."""
        if self.kind == "goal":
            return Card(f"Goal: {self.label}", self.first, always=True)
        keys: tuple[str, ...] = (self.label,)
        if self.kind == "name":
            keys = name_keys(self.label)
        elif self.kind == "item":
            keys = tuple(dict.fromkeys((self.label, self.label.split()[-1])))
        text = self.first if self.first == self.last else f"{self.first} {self.last}"
        return Card(self.label[:1].upper() + self.label[1:], text, keys)


class Chronicle:
    """Follows a path and tells what of its beginning is worth bringing back.

    What it remembers of turns never changes the result: a new one tells the same.
    """

    def __init__(self) -> None:
        self._index = Index()
        self._mentions: dict[NodeId, list[Mention]] = {}
        self._told: list[NodeId] = []
        self._facts: dict[tuple[Kind, str], Fact] = {}

    def facts(self, path: Sequence[Node], start: int, style: Style = SECOND) -> list[Fact]:
        """What the turns before position `start` introduced, most spoken of first."""
        ids = [node.id for node in path[:start]]
        known = len(self._told)
        if known > start or (known and ids[known - 1] != self._told[-1]):
            self._told, self._facts, known = [], {}, 0
        for place in range(known, start):
            self._tell(path[place], place, style)
        self._told += ids[known:]
        kept: list[Fact] = []
        for kind, most in MOST.items():
            mine = [fact for fact in self._facts.values() if fact.kind == kind and fact.keeps]
            worth = _newest if kind == "goal" else _most_said
            kept += sorted(mine, key=worth, reverse=True)[:most]
        return kept

    def _tell(self, node: Node, place: int, style: Style) -> None:
        found = self._mentions.get(node.id)
        if found is None:
            found = self._mentions[node.id] = mentions(turn_text(node, style))
        seen: set[tuple[Kind, str]] = set()
        for one in found:
            key = (one.kind, one.key)
            old = self._facts.get(key)
            if old is None:
                new = Fact(
                    one.kind, one.label, one.sentence, one.sentence, 1, place, one.introduced
                )
            else:
                new = replace(
                    old,
                    # "a key" may turn out to be "a small brass key".
                    label=max(old.label, one.label, key=len),
                    last=one.sentence,
                    count=old.count + (key not in seen),
                    place=place,
                    presented=old.presented or one.introduced,
                )
            self._facts[key] = new
            seen.add(key)

    def old_turns(
        self, path: Sequence[Node], start: int, line: str, style: Style = SECOND
    ) -> list[str]:
        """Sentences of turns before `start` that are like the present, most alike first.

        Args:
            path: From the opening to the turn before the one that is to be told.
            start: The first turn that the model sees anyway.
            line: What the player does now.
            style: Person and tense of the player's lines.
        """
        ids = [node.id for node in path]
        self._index.follow(ids, lambda place: turn_text(path[place], style))
        if not start:
            return []
        recent = zip(reversed(path[-len(_WEIGHTS) :]), _WEIGHTS, strict=False)
        query = query_of([(line, _LINE_WEIGHT), *((node.text, weight) for node, weight in recent)])
        places = self._index.similar(query, start)[:RECALLED]
        return [telling(turn_text(path[place], style), query) for place in places]


def _newest(fact: Fact) -> tuple[int, int]:
    return fact.place, fact.count


def _most_said(fact: Fact) -> tuple[int, bool, int]:
    return fact.count, fact.presented, fact.place


def turn_text(node: Node, style: Style = SECOND) -> str:
    """What stands in a turn, the player's own line before what came of it."""
    line = as_line(node.action, style).removeprefix("> ") or as_narrative(node.action)
    text = node.text[:MOST_TEXT]
    return f"{line} {text}" if line else text


def unknown(facts: Iterable[Fact], cards: Sequence[Card], memory: str) -> list[Card]:
    """The facts as cards, without those of which an author or the player wrote already.

    Args:
        facts: As `Chronicle.facts` gives them.
        cards: The story's own.
        memory: The story's.
    """
    named = {name.casefold() for card in cards for name in (card.name, *card.keys)}
    folded = memory.casefold()
    made: list[Card] = []
    for fact in facts:
        card = fact.card()
        words = {card.name.casefold(), *(key.casefold() for key in card.keys)}
        if words & named or (fact.kind == "name" and _stands(fact.label.casefold(), folded)):
            continue
        named |= {card.name.casefold()}
        made.append(card)
    return made


def _stands(word: str, folded: str) -> bool:
    return word in folded and re.search(rf"(?<!\w){re.escape(word)}(?!\w)", folded) is not None
