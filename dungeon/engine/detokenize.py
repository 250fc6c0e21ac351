"""From token ids to text while they come: whole characters only, stop strings held back.

Pure: knows no tokenizer but the `decode` function it is given.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

REPLACEMENT = "\ufffd"
"""What a decoder gives for bytes that are no (whole) character."""

_MAX_PENDING = 8
"""Ids kept back at most for a character to become whole: UTF-8 takes at most four bytes, so
at most four ids of a byte-level vocabulary; twice that leaves room for what stood before."""


class Detokenizer:
    """Decodes ids one at a time; the pieces joined are the text of them all.

    Decoding costs the same for every id, however long the text is: only the ids since the
    last whole character are decoded again, together with the piece before them, since a
    decoder may treat the first id of a list in its own way (some drop its leading space).

    Args:
        decode: Text of a list of ids; bytes that are no character come as U+FFFD.
        before: Ids of the prompt's end, which are decoded along but never given out.
    """

    def __init__(self, decode: Callable[[list[int]], str], before: Sequence[int] = ()) -> None:
        self._decode = decode
        self._window = list(before)[-4:]
        self._read = len(self._window)

    def push(self, token: int) -> str:
        """The text that `token` completes; "" while a character is not whole."""
        self._window.append(token)
        shown, text = self._texts()
        if text.endswith(REPLACEMENT) and len(self._window) - self._read < _MAX_PENDING:
            return ""
        return self._take(shown, text)

    def finish(self) -> str:
        """What is left: U+FFFD for a character that never became whole."""
        shown, text = self._texts()
        return self._take(shown, text)

    def _texts(self) -> tuple[str, str]:
        return self._decode(self._window[: self._read]), self._decode(self._window)

    def _take(self, shown: str, text: str) -> str:
        self._window = self._window[self._read :]
        self._read = len(self._window)
        return text[len(shown) :]


class StopStrings:
    """Text that ends where one of its stop strings is first complete.

    What may still turn into a stop string is held back. The result does not depend on how
    the text was cut into pieces: the stop that is complete first ends it, and of two that
    are complete at the same character the longer.

    Args:
        stops: The strings; empty ones are ignored.

    Attributes:
        text: What is certain to be part of the text.
        found: The stop string that ended it; "" while none did.
    """

    def __init__(self, stops: Sequence[str]) -> None:
        self._stops = tuple(stop for stop in stops if stop)
        self._held = ""
        self.text = ""
        self.found = ""

    def push(self, piece: str) -> bool:
        """Add `piece`; whether `text` grew. Ignored once a stop string was found."""
        if self.found or not piece:
            return False
        pending = self._held + piece
        hits = [
            (at + len(stop), at, stop) for stop in self._stops if (at := pending.find(stop)) >= 0
        ]
        if hits:
            _, cut, self.found = min(hits)
            self._held = ""
        else:
            cut = len(pending) - self._ambiguous(pending)
            self._held = pending[cut:]
        self.text += pending[:cut]
        return cut > 0

    def finish(self) -> bool:
        """No more text comes, so nothing is held back any longer; whether `text` grew."""
        held, self._held = self._held, ""
        self.text += held
        return bool(held)

    def _ambiguous(self, pending: str) -> int:
        """Length of the longest end of `pending` that begins a stop string."""
        longest = 0
        for stop in self._stops:
            for size in range(min(len(stop) - 1, len(pending)), longest, -1):
                if pending.endswith(stop[:size]):
                    longest = size
                    break
        return longest
