"""The people and places of a story that its author or its player named."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from dungeon.story.facts import mentions
from dungeon.story.scenario import Card
from dungeon.story.story import Story
from dungeon.story.words import WORD

MOST_TEXT = 8_192
"""Characters of the opening and of the memory in which names are looked for."""
_HERO = re.compile(r"\b(?:[Yy]ou are|[Yy]our name is|I am|[Mm]y name is)\s+((?:[A-Z][\w'’-]+\s*)+)")


_TITLED = re.compile(
    r"(?:Captain|Queen|King|Lord|Lady|Sir|Mr|Mrs|Miss|Ms|Doctor|Dr|Father|Mother|Brother|Sister|"
    r"Uncle|Aunt|Sergeant|Colonel|Major|Professor|Inspector|Sheriff|Old|Young|Prince|Princess|Judge|"
    r"Widow|Grandpa|Grandma|Baron|Duke)\b"
)
_PLACED = re.compile(
    r"\b(?:in|at|to|from|into|of|near|the|through|on|inside|above|across|reach|leave|an?)$", re.I
)


def cast(story: Story) -> tuple[str, ...]:
    """Names in the memory and in the titles of cards, in that order; not the player's own.

    A card whose title is no name ("The law of salt") is none of them.
    """
    return _cast(story.memory[:MOST_TEXT], story.cards)


def people(story: Story) -> tuple[str, ...]:
    """Those of the cast who can do something: who have a title, or whose name does not mostly
    follow the words that places do ("at Hesk", "the Throat")."""
    opening = story.tree.root.text[:MOST_TEXT]
    text = "\n".join((story.memory[:MOST_TEXT], opening, *(card.text for card in story.cards)))
    return _people(cast(story), text)


@lru_cache(maxsize=64)
def _people(names: tuple[str, ...], text: str) -> tuple[str, ...]:
    return tuple(name for name in names if _TITLED.match(name) or _acts(name, text))


def _acts(name: str, text: str) -> bool:
    places = (match.start() for match in re.finditer(rf"\b{re.escape(name)}\b", text))
    before = [text[max(0, place - 12) : place].rstrip() for place in places]
    placed = sum(_PLACED.search(words) is not None for words in before)
    return 2 * placed < len(before)


@lru_cache(maxsize=64)
def _cast(memory: str, cards: tuple[Card, ...]) -> tuple[str, ...]:
    hero = {name.strip().casefold() for name in _HERO.findall(memory)}
    found: dict[str, str] = {}
    for text in (memory, *(f"It is {card.name}." for card in cards)):
        for one in mentions(text):
            if one.kind == "name" and not _alike(one.label, hero):
                found.setdefault(one.label.casefold(), one.label)
    names = list(found.values())
    # "Tom" of the memory and "Tom Sleath" of a card are one.
    return tuple(
        name
        for name in names
        if not any(name != other and set(name.split()) < set(other.split()) for other in names)
    )


def _alike(name: str, others: set[str]) -> bool:
    words = {word.casefold() for word in name.split()}
    return any(words & set(other.split()) for other in others)


def present(names: Sequence[str], texts: Sequence[str]) -> list[str]:
    """Those of `names` that are said in `texts`, the last said first.

    Args:
        names: Of the cast.
        texts: Newest first.
    """
    found: list[str] = []
    for text in texts:
        words = WORD.findall(text)
        here = {name: _last(name, words) for name in names if name not in found}
        said = [name for name, at in here.items() if at >= 0]
        found += sorted(said, key=lambda name: -here[name])
    return found


def _last(name: str, words: Sequence[str]) -> int:
    last = name.split()[-1]
    return max((at for at, word in enumerate(words) if word.removesuffix("'s") == last), default=-1)
