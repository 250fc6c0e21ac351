"""A text that comes in pieces and ends before what it must not hold."""

from __future__ import annotations

import re
from collections.abc import Sequence

from dungeon.engine.detokenize import StopStrings


class CutText:
    """Ends at a stop string, or before a banned phrase: the protocol has no field for those.

    Args:
        stops: Strings that end the text.
        banned: Phrases that end it where they stand as whole words, in any case.

    Attributes:
        text: What is certain to be part of the text; only ever grows.
        over: Whether it has ended.
    """

    def __init__(self, stops: Sequence[str], banned: Sequence[str]) -> None:
        phrases = [phrase.strip() for phrase in banned if phrase.strip()]
        either = "|".join(map(re.escape, phrases))
        self._banned = re.compile(rf"(?<!\w)(?:{either})(?!\w)", re.IGNORECASE) if phrases else None
        # Enough for a phrase and for the character that shows where its last word ends.
        self._held = max(map(len, phrases)) + 1 if phrases else 0
        self._stops = StopStrings(stops)
        self.text = ""
        self.over = False

    def push(self, piece: str) -> bool:
        """Add `piece`; whether `text` grew."""
        if self.over:
            return False
        self._stops.push(piece)
        self.over = bool(self._stops.found)
        return self._settle(final=self.over)

    def finish(self) -> bool:
        """No more comes, so nothing is held back any longer; whether `text` grew."""
        if self.over:
            return False
        self._stops.finish()
        return self._settle(final=True)

    def _settle(self, *, final: bool) -> bool:
        whole = self._stops.text
        end = len(whole) if final else len(whole) - self._held
        if self._banned is not None:
            # What was let through before holds none: the search begins where one could.
            hit = self._banned.search(whole, max(0, len(self.text) - self._held))
            if hit is not None and (final or hit.end() < len(whole)):
                end, self.over = hit.start(), True
        if end <= len(self.text):
            return False
        self.text = whole[:end]
        return True
