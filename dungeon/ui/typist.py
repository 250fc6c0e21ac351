"""Typing at reading pace: how much of a text may stand on the screen by now."""

from __future__ import annotations

CHARACTERS_A_WORD = 6
"""Of English, the blank behind it counted."""
FRAMES_PER_SECOND = 15


class Typist:
    """Lets a text that grows appear word by word.

    Args:
        pace: Words a minute, above 0.
    """

    def __init__(self, pace: int) -> None:
        self._characters_a_second = pace * CHARACTERS_A_WORD / 60
        self._shown = 0.0

    def tick(self, seconds: float, text: str) -> None:
        """So many seconds went by while `text` was there to be typed."""
        # Where the text comes slower than the pace, nothing is saved up for a burst.
        self._shown = min(len(text), self._shown + seconds * self._characters_a_second)

    def visible(self, text: str) -> str:
        """What of `text` may be seen: whole words."""
        if self.done(text):
            return text
        upto = text[: int(self._shown) + 1]
        cut = max(upto.rfind(" "), upto.rfind("\n"))
        return text[: max(0, cut)]

    def done(self, text: str) -> bool:
        """Whether all of it may."""
        return self._shown >= len(text)
