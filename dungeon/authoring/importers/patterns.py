r"""Keys in the form of regular expressions, as the words for which they stand.

`/\b(fence|buyer)s?\b/i` is "fence", "fences", "buyer" and "buyers". Only what stands for a
handful of words is read: letters, `|`, groups, `?`, short `[...]`, blanks and the ends of words.
"""

from __future__ import annotations

import re

MAX_WORDS = 16
_MAX_PATTERN = 400

_SLASHED = re.compile(r"/(?P<pattern>.+)/[a-z]*", re.DOTALL)
_CLASS = re.compile(r"\[(?P<marks>[^\]\\^\[-]{1,6}-?)\]")
_EDGE = re.compile(r"\\[bB]|[\^$]|\(\?<?[=!](?:\\[sSwWbB]|[\^$|])+\)")
_BLANK = re.compile(r"(?:\\s|\[(?:\\s|[ _-]){1,3}\]|[ ])(?P<many>[+*])?")


class _Unread(Exception):
    """The pattern stands for more than a handful of words, or is not understood."""


def slashed(key: str) -> str:
    """The pattern in a key that is one, `/.../i`; "" where it is a word."""
    match = _SLASHED.fullmatch(key)
    return match["pattern"] if match else ""


def words_of(pattern: str) -> tuple[str, ...]:
    """The words for which a pattern stands; none where they cannot be told."""
    if len(pattern) > _MAX_PATTERN:
        return ()
    try:
        reader = _Reader(pattern)
        found = reader.choices()
        if reader.at < len(pattern):
            return ()
    except (_Unread, RecursionError):
        return ()
    words = (" ".join(word.split()) for word in found)
    return tuple(dict.fromkeys(word for word in words if word))


class _Reader:
    """Reads a pattern from left to right; every part of it is a list of texts."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.at = 0

    def choices(self) -> list[str]:
        """What stands between `|`, up to the end or the `)`."""
        found = self._row()
        while self.pattern[self.at : self.at + 1] == "|":
            self.at += 1
            found += self._row()
        return _few(found)

    def _row(self) -> list[str]:
        texts = [""]
        while self.at < len(self.pattern) and self.pattern[self.at] not in "|)":
            part = self._part()
            texts = _few([text + more for text in texts for more in part])
        return texts

    def _part(self) -> list[str]:
        part = self._one()
        mark = self.pattern[self.at : self.at + 1]
        if mark and mark in "*+{":
            raise _Unread
        if mark == "?":
            self.at += 1
            part = ["", *part]
        return part

    def _one(self) -> list[str]:
        if self._taken(_EDGE):
            return [""]
        if blank := self._taken(_BLANK):
            found = [" ", "-"] if "-" in blank[0] else [" "]
            return ["", *found] if blank["many"] == "*" else found
        if marks := self._taken(_CLASS):
            return list(marks["marks"])
        mark = self.pattern[self.at]
        self.at += 1
        if mark == "(":
            return self._group()
        if mark == "\\":
            mark = self.pattern[self.at : self.at + 1]
            self.at += 1
            if not mark or mark.isalnum():
                raise _Unread
        elif mark in "[].*+?{}":
            raise _Unread
        return [mark]

    def _group(self) -> list[str]:
        if self.pattern.startswith("?", self.at):
            if not self.pattern.startswith("?:", self.at):
                raise _Unread
            self.at += 2
        found = self.choices()
        if not self.pattern.startswith(")", self.at):
            raise _Unread
        self.at += 1
        return found

    def _taken(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        match = pattern.match(self.pattern, self.at)
        if match is not None:
            self.at = match.end()
        return match


def _few(texts: list[str]) -> list[str]:
    texts = list(dict.fromkeys(texts))
    if len(texts) > MAX_WORDS:
        raise _Unread
    return texts
