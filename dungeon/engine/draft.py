"""A continuation while it is written: its text, stop strings and phrases that are banned.

Pure. A banned phrase may be cut into tokens in many ways, so it is found in the text, and
the token that began it is taken back and not drawn again at that place.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from dungeon.engine.detokenize import Detokenizer, StopStrings


class Phrases:
    """Whole words and phrases, whatever their case; a blank matches any one blank.

    Args:
        phrases: Blank ones are ignored.
    """

    def __init__(self, phrases: Sequence[str]) -> None:
        kept = [" ".join(phrase.split()) for phrase in phrases if phrase.strip()]
        self._folded = [(_folded(phrase), _is_word(phrase[0])) for phrase in kept]
        self._whole = [_whole(phrase) for phrase, _ in self._folded]
        self._longest = max((len(phrase) for phrase in kept), default=0)

    def __bool__(self) -> bool:
        return self._longest > 0

    def find(self, text: str, *, final: bool) -> int | None:
        """Where the first of them stands; one at the very end counts only if `final`."""
        folded = _folded(text)
        found = [
            match.start()
            for pattern in self._whole
            for match in pattern.finditer(folded)
            if final or match.end() < len(text)
        ]
        return min(found, default=None)

    def hold(self, text: str) -> int:
        """From where on `text` may still turn out to be one of them."""
        first = max(0, len(text) - self._longest)
        end = _folded(text[first:])
        for start in range(len(end)):
            inside = first + start > 0 and _is_word(text[first + start - 1])
            if any(
                phrase.startswith(end[start:]) and not (inside and word)
                for phrase, word in self._folded
            ):
                return first + start
        return len(text)


def _folded(text: str) -> str:
    """`text` without case, each blank as " ", as long as before."""
    folded = text.casefold()
    if len(folded) != len(text):
        # "ß" folds to two letters; it stays one here, so that places stay places.
        folded = "".join(low if len(low := char.casefold()) == 1 else char for char in text)
    return _BLANK.sub(" ", folded)


_BLANK = re.compile(r"\s")


def _is_word(char: str) -> bool:
    return char.isalnum() or char == "_"


def _whole(phrase: str) -> re.Pattern[str]:
    before = r"(?<!\w)" if _is_word(phrase[0]) else ""
    after = r"(?!\w)" if _is_word(phrase[-1]) else ""
    return re.compile(before + re.escape(phrase) + after)


class Draft:
    """The text of the tokens written so far.

    Args:
        decode: As for `Detokenizer`.
        before: The prompt's ids (its end is enough).
        stops: Stop strings.
        banned: Phrases that must not stand in the text.

    Attributes:
        tokens: Written so far.
        shown: The text that is certain: never a part of a character, of what may become a
            stop string or a banned phrase. Only grows.
    """

    def __init__(
        self,
        decode: Callable[[list[int]], str],
        before: Sequence[int],
        stops: Sequence[str],
        banned: Sequence[str],
    ) -> None:
        self._decode, self._before = decode, list(before[-8:])
        self._stops, self._phrases = tuple(stops), Phrases(banned)
        self.tokens: list[int] = []
        self.shown = ""
        self._restart()

    def _restart(self) -> None:
        self._detokenizer = Detokenizer(self._decode, self._before)
        self._out = StopStrings(self._stops)
        self._starts: list[int] = []
        self._decoded = ""

    def push(self, token: int) -> bool:
        """Add a token; whether `shown` grew."""
        self._add(token)
        return self._show()

    def _add(self, token: int) -> None:
        self.tokens.append(token)
        self._starts.append(len(self._decoded))
        piece = self._detokenizer.push(token)
        self._decoded += piece
        self._out.push(piece)

    @property
    def stopped(self) -> bool:
        """Whether a stop string was written."""
        return bool(self._out.found)

    @property
    def speaking(self) -> bool:
        """Whether the text stands inside quotation marks that its paragraph opened."""
        line = self._decoded.rsplit("\n", 1)[-1]
        return line.count('"') % 2 == 1 or line.count("“") > line.count("”")

    def finish(self) -> None:
        """No more tokens come: nothing is held back for what might follow."""
        if not self._out.found:
            self._out.push(self._detokenizer.finish())
            self._out.finish()

    def conflict(self, *, final: bool = False) -> int | None:
        """Index of the token that began a banned phrase; None where there is none."""
        if not self._phrases:
            return None
        at = self._phrases.find(self._out.text, final=final or self.stopped)
        return None if at is None else self._token_at(at)

    def take_back(self, index: int) -> None:
        """Forget the tokens from `index` on."""
        kept = self.tokens[:index]
        self.tokens = []
        self._restart()
        for token in kept:
            self._add(token)

    def text(self) -> str:
        """All text, what is held back included, up to a banned phrase."""
        text = self._out.text
        at = self._phrases.find(text, final=True) if self._phrases else None
        return text if at is None else text[:at]

    def _token_at(self, offset: int) -> int:
        index = 0
        while index + 1 < len(self._starts) and self._starts[index + 1] <= offset:
            index += 1
        return index

    def _show(self) -> bool:
        text = self._out.text
        if self._phrases and text:
            held = self._phrases.hold(text)
            at = self._phrases.find(text, final=False)
            held = held if at is None else min(held, at)
            if held < len(text):
                # The whole token goes if the phrase does.
                text = text[: self._starts[self._token_at(held)]]
        if len(text) <= len(self.shown):
            return False
        self.shown = text
        return True
