"""Which world info belongs into the context now."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from dungeon.story.scenario import Card


def triggered(cards: Sequence[Card], texts: Sequence[str]) -> list[Card]:
    """The cards whose keys stand in `texts`, most urgent first.

    Args:
        cards: World info; `always` cards are left out, they are pinned elsewhere.
        texts: Recent text, newest first. A key found in a newer text is more urgent.

    A card that is named only by a card found in `texts` comes last (recursion depth 1). An
    author's priority goes before all that.
    """
    keyed = [card for card in cards if card.keys and not card.always]
    found: list[Card] = []
    for text in texts:
        found.extend(_hits(keyed, text, found))
    for card in list(found):
        found.extend(_hits(keyed, card.text, found))
    return sorted(found, key=lambda card: -card.priority)


def _hits(cards: Iterable[Card], text: str, found: Sequence[Card]) -> list[Card]:
    folded = text.casefold()
    return [
        card for card in cards if card not in found and any(_said(key, folded) for key in card.keys)
    ]


def _said(key: str, folded: str) -> bool:
    key = " ".join(key.casefold().split())
    # Most keys are not there at all, and `in` is far cheaper than a pattern.
    return bool(key) and key in folded and _pattern(key).search(folded) is not None


@lru_cache(maxsize=8192)
def _pattern(key: str) -> re.Pattern[str]:
    """Whole words only: "ann" is not in "channel". Scripts without blanks match anywhere."""
    before = r"(?<!\w)" if _is_spaced(key[0]) else ""
    after = r"(?!\w)" if _is_spaced(key[-1]) else ""
    return re.compile(before + re.escape(key) + after)


def _is_spaced(character: str) -> bool:
    return character.isalnum() and not "\u2e80" <= character <= "\ud7ff"
