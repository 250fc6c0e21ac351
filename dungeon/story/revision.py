"""A story under way, and its scenario as its author has it now: what of it comes into the story.

The author's changes are those between the scenario as it was and as it is. Each comes in where
the player has left alone what it changes; what the player changed by hand stays, and is named.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from dungeon.story.scenario import Card, Scenario
from dungeon.story.story import Story


@dataclass(frozen=True, slots=True)
class Revision:
    """What a story takes over.

    Attributes:
        story: A copy with the author's changes in it; its tree is the same.
        taken: What was taken over, in words: "the memory", "the card Pell", ...
        kept: What the author changed and the player had changed by hand, so it stays.
    """

    story: Story
    taken: tuple[str, ...]
    kept: tuple[str, ...]


def revise(story: Story, before: Scenario, after: Scenario) -> Revision:
    """Merge what its author did to a scenario into a story that began from it.

    The opening is told already, so it stays, and so does the style it was told in.

    Args:
        story: Under way.
        before: The scenario as the story last took it over, its questions answered.
        after: As its file has it now, answered in the same way.
    """
    taken: list[str] = []
    kept: list[str] = []

    def text(name: str, now: str, old: str, new: str) -> str:
        return new if _decide(name, now, old, new, taken, kept) else now

    memory = text("the memory", story.memory, before.memory.strip(), after.memory.strip())
    note = text(
        "the author's note",
        story.authors_note,
        before.authors_note.strip(),
        after.authors_note.strip(),
    )
    generation = story.generation
    if _decide("the generation", generation, before.generation, after.generation, taken, kept):
        generation = after.generation
    cards = _cards(story.cards, before.cards, after.cards, taken, kept)
    scenario = replace(after, opening=story.scenario.opening, style=story.scenario.style)
    for name, old, new in (
        ("the banned phrases", before.banned, after.banned),
        ("the examples", before.examples, after.examples),
    ):
        if old != new:
            taken.append(name)
    revised = replace(
        story,
        scenario=scenario,
        memory=memory,
        authors_note=note,
        generation=generation,
        cards=cards,
    )
    return Revision(revised, tuple(taken), tuple(kept))


def _decide(
    name: str, now: object, old: object, new: object, taken: list[str], kept: list[str]
) -> bool:
    """Whether the author's change goes in; says so in one of the lists."""
    if old == new or now == new:
        return False
    (taken if now == old else kept).append(name)
    return now == old


def _cards(
    now: tuple[Card, ...],
    old: tuple[Card, ...],
    new: tuple[Card, ...],
    taken: list[str],
    kept: list[str],
) -> tuple[Card, ...]:
    """The cards in the author's order, then those that are the player's own."""
    here, before = ({card.name.casefold(): card for card in cards} for cards in (now, old))
    merged: list[Card] = []
    for card in new:
        name = card.name.casefold()
        mine, was = here.pop(name, None), before.pop(name, None)
        if _decide(f"the card {card.name}", mine, was, card, taken, kept):
            merged.append(card)
        elif mine is not None:
            merged.append(mine)
    for name, mine in here.items():
        # The author took it out; what the player wrote, or wrote anew, stays.
        was = before.get(name)
        if was is None or not _decide(f"the card {mine.name}", mine, was, None, taken, kept):
            merged.append(mine)
    return tuple(merged)
