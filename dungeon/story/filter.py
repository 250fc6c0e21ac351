"""The player's word filter: off by default, and never about the player's own words.

Whole words only. A hyphen or an apostrophe between letters belongs to the word, so "ass" is
not in "assassin", nor "old" in "8-year-old"; the possessive "'s" does not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from dungeon.text import clean

MAX_WORDS = 5000
"""Most entries of a list that count; a pattern of more takes long to make."""
MAX_LENGTH = 80
"""Longest entry, in characters."""

_BEFORE = r"(?<!\w)(?<!\w[-'’])"
_AFTER = r"(?!\w)(?![-'’](?!s\b)\w)"


class WordFilter:
    """Finds words of a list in what the narrator wrote.

    Args:
        words: Words and phrases, whatever their case; a blank in one stands for any blanks.

    Attributes:
        words: Those that count, in small letters, each once.
    """

    def __init__(self, words: Iterable[str]) -> None:
        folded = (" ".join(clean(word, newlines=False).lower().split()) for word in words)
        kept = dict.fromkeys(word for word in folded if 0 < len(word) <= MAX_LENGTH)
        self.words = tuple(kept)[:MAX_WORDS]
        # Of two that begin alike the longer is tried first.
        ordered = sorted(self.words, key=len, reverse=True)
        self._pattern = (
            re.compile("|".join(map(_entry, ordered)), re.IGNORECASE) if ordered else None
        )

    def find(self, text: str) -> str:
        """The first word of the list in `text`; "" where there is none."""
        if self._pattern is None:
            return ""
        match = self._pattern.search(text)
        return " ".join(match[0].split()) if match else ""

    def before(self, text: str) -> str:
        """`text` up to the first word of the list; what may yet become another word too."""
        match = self._pattern.search(text) if self._pattern is not None else None
        return text[: match.start()].rstrip() if match else text


def read_words(text: str) -> list[str]:
    """The entries of a list's file: one a line; blank lines and those after `#` do not count."""
    lines = (line.split("#", 1)[0].strip() for line in text.splitlines())
    return [line for line in lines if line]


def _entry(word: str) -> str:
    pattern = r"\s+".join(map(re.escape, word.split(" ")))
    before = _BEFORE if _is_spaced(word[0]) else ""
    after = _AFTER if _is_spaced(word[-1]) else ""
    return f"{before}{pattern}{after}"


def _is_spaced(character: str) -> bool:
    """Whether the character's script puts blanks between words."""
    return character.isalnum() and not "\u2e80" <= character <= "\ud7ff"
