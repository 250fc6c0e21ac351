"""Finding old turns that are like the present ones: BM25 over the path.

Small models summarise badly, so nothing is retold: the sentences of old turns come back as they
were. Okapi BM25 with its usual constants (Robertson and Zaragoza, "The Probabilistic Relevance
Framework: BM25 and Beyond", 2009, section 3.4).
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from dungeon.story.narrative import sentences
from dungeon.story.words import stems

K1 = 1.2
B = 0.75

COMMON = 6
"""A word that stands in more than one turn of so many tells nothing about any of them."""
LEAST = 3.0
"""Least score of a turn that comes back: about one rare word of the player's line."""
NEAR = 0.5
"""Least score, as a share of the best turn's."""


class Index:
    """The words of a path's turns. Follows the path, so that a turn costs what it adds.

    A node's id stands for the whole path above it, so one look at the last known id tells
    whether the path still is the one that was indexed.
    """

    def __init__(self) -> None:
        self._clear()

    def _clear(self) -> None:
        self._ids: list[int] = []
        self._lengths: list[int] = []
        self._total = 0
        self._postings: dict[str, list[tuple[int, int]]] = {}

    def follow(self, ids: Sequence[int], text: Callable[[int], str]) -> None:
        """Hold exactly the turns `ids`, from the opening on.

        Args:
            ids: Nodes of a path.
            text: What stands in the turn at a place of it; asked for new turns only.
        """
        known = len(self._ids)
        if known > len(ids) or (known and ids[known - 1] != self._ids[-1]):
            known = 0
            self._clear()
        for place in range(known, len(ids)):
            counts = Counter(stems(text(place)))
            for word, count in counts.items():
                self._postings.setdefault(word, []).append((place, count))
            self._ids.append(ids[place])
            self._lengths.append(counts.total())
            self._total += counts.total()

    def similar(self, query: Mapping[str, float], before: int) -> list[int]:
        """Positions in the path of the turns that are like `query`, best first.

        Args:
            query: Stems and how much each weighs.
            before: Only turns before this position.
        """
        count = len(self._ids)
        average = self._total / count if self._total else 1.0
        # What a turn's length makes of K1: the same for each of its words, which may be many.
        norms = [K1 * (1 - B + B * length / average) for length in self._lengths]
        scores: dict[int, float] = {}
        for word, weight in query.items():
            postings = self._postings.get(word, ())
            if not postings or len(postings) > max(3, count // COMMON):
                continue
            rarity = math.log(1 + (count - len(postings) + 0.5) / (len(postings) + 0.5))
            worth = weight * rarity * (K1 + 1)
            for place, times in postings[: bisect_left(postings, (before,))]:
                gain = worth * times / (times + norms[place])
                scores[place] = scores.get(place, 0.0) + gain
        best = max(scores.values(), default=0.0)
        kept = [place for place, score in scores.items() if score >= max(LEAST, NEAR * best)]
        return sorted(kept, key=lambda place: (-scores[place], -place))


def telling(text: str, query: Mapping[str, float], most: int = 2) -> str:
    """The sentences of an old turn that are most like `query`, in their order.

    A sentence that none of the query's words stands in is left out, unless it is all there is.
    """
    pieces = [piece.strip() for piece in sentences(text)]
    weights = [sum(query.get(word, 0.0) for word in set(stems(piece))) for piece in pieces]
    ranked = sorted(range(len(pieces)), key=lambda at: (-weights[at], at))
    kept = sorted(at for at in ranked[:most] if weights[at] > 0) or ranked[:1]
    return " ".join(pieces[at] for at in kept)


def query_of(texts: Sequence[tuple[str, float]]) -> dict[str, float]:
    """Stems of several texts, each with its weight; a word keeps the greatest it has."""
    query: dict[str, float] = {}
    for text, weight in texts:
        for word in stems(text):
            query[word] = max(query.get(word, 0.0), weight)
    return query
