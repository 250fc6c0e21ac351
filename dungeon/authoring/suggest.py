"""Did you mean: the nearest known word, at a bounded cost."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

_LONGEST = 60
_MOST = 200


class Suggester:
    """Finds the nearest word for the first mistakes of a file.

    Comparing is quadratic in the length of a word and linear in what is known, so a file of
    thousands of mistakes, or of endless words, gets no suggestions beyond the first.
    """

    def __init__(self, budget: int = 200) -> None:
        self._left = budget

    def nearest(self, word: str, known: Iterable[str], cutoff: float = 0.6) -> str | None:
        """The known word most like `word`, whatever the case; None where none is near."""
        if self._left <= 0 or len(word) > _LONGEST:
            return None
        self._left -= 1
        folded: dict[str, str] = {}
        for number, name in enumerate(known):
            if number >= _MOST:
                break
            if len(name) <= _LONGEST:
                folded.setdefault(name.casefold(), name)
        near = difflib.get_close_matches(word.casefold(), folded, n=1, cutoff=cutoff)
        return folded[near[0]] if near else None
