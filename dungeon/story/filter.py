"""The player's word filter: off by default, and never about the player's own words.

Whole words only. A hyphen or an apostrophe between letters belongs to the word, so "ass" is
not in "assassin", nor "old" in "8-year-old"; the possessive "'s" does not.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable

from dungeon.text import clean

MAX_WORDS = 5000
"""Most entries of a list that count; a pattern of more takes long to make and to try."""
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
        kept = dict.fromkeys(word for word in map(_folded, words) if 0 < len(word) <= MAX_LENGTH)
        self.words = tuple(kept)[:MAX_WORDS]
        self._pattern = re.compile(_pattern(self.words), re.IGNORECASE) if self.words else None

    def find(self, text: str) -> str:
        """The first word of the list in `text`; "" where there is none."""
        if self._pattern is None:
            return ""
        match = self._pattern.search(_composed(text))
        return " ".join(match[0].split()) if match else ""

    def before(self, text: str) -> str:
        """`text` up to the first word of the list; what may yet become another word too."""
        composed = _composed(text)
        match = self._pattern.search(composed) if self._pattern is not None else None
        return composed[: match.start()].rstrip() if match else text


def read_words(text: str) -> list[str]:
    """The entries of a list's file: one a line; blank lines and those after `#` do not count."""
    lines = (line.split("#", 1)[0].strip() for line in text.splitlines())
    return [line for line in lines if line]


def _pattern(words: Iterable[str]) -> str:
    """One pattern for all: what is around a word is said once for all words of a kind."""
    kinds: dict[tuple[bool, bool], list[str]] = defaultdict(list)
    # Of two that begin alike the longer is tried first.
    for word in sorted(words, key=len, reverse=True):
        entry = r"\s+".join(map(re.escape, word.split(" ")))
        kinds[_is_spaced(word[0]), _is_spaced(word[-1])].append(entry)
    return "|".join(
        f"{_BEFORE if before else ''}(?:{'|'.join(entries)}){_AFTER if after else ''}"
        for (before, after), entries in kinds.items()
    )


def _folded(word: str) -> str:
    """An entry of a list in small letters, single blanks in it."""
    return " ".join(_composed(clean(word, newlines=False)).lower().split())


def _composed(text: str) -> str:
    """`text` in the form in which an accent is one with its letter, as lists are written."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def _is_spaced(character: str) -> bool:
    """Whether the character's script puts blanks between words."""
    return character.isalnum() and not "\u2e80" <= character <= "\ud7ff"
