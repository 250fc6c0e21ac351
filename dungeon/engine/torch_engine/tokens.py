"""Text to ids and back, with the model's own tokenizer."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from functools import cached_property, lru_cache
from typing import Any

from dungeon.engine.base import PromptPart

# How byte-level vocabularies write blanks, and the mark of SentencePiece for a space.
_BLANKS = frozenset(" \t\n\r\u0120\u010a\u0109\u010d\u2581")
_REMEMBERED = 4096


def _byte_names() -> list[str]:
    """How GPT-2's vocabulary writes each byte: printable ones as they are, others from 256 on."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printable]
    return [chr(byte if byte in printable else 256 + others.index(byte)) for byte in range(256)]


_BYTES = _byte_names()


class Codec:
    """Encodes prompt parts and decodes tokens; may be used from several threads.

    Args:
        backend: A `tokenizers.Tokenizer`.
        special: Ids of the special tokens.
        prefix: Ids that stand before every prompt (a start token), mostly none.
    """

    def __init__(self, backend: Any, special: frozenset[int], prefix: tuple[int, ...]) -> None:
        self.backend = backend
        self.special = special
        self.prefix = prefix
        self._lock = threading.Lock()
        self.encode = lru_cache(_REMEMBERED)(self._encode)

    def _encode(self, part: PromptPart) -> tuple[int, ...]:
        """Ids of a part. Special tokens count as such only where the part says so."""
        ids = self._ids(part.text, part.special)
        if not part.special and self.special.intersection(ids):
            # A tokenizer that finds them all the same gets them in two pieces.
            return tuple(id for piece in self._cut(part.text) for id in self._ids(piece, False))
        return tuple(ids)

    def _ids(self, text: str, special: bool) -> list[int]:
        # A lone surrogate is no text that a tokenizer could take.
        text = text.encode("utf-8", "replace").decode("utf-8")
        with self._lock:
            self.backend.encode_special_tokens = not special
            ids: list[int] = self.backend.encode(text, add_special_tokens=False).ids
        return ids

    def _cut(self, text: str) -> list[str]:
        pieces = [text]
        for token in sorted(self.special):
            name = self.backend.id_to_token(token)
            if not name or len(name) < 2:
                continue
            cut: list[str] = []
            for piece in pieces:
                first, *rest = piece.split(name)
                cut.append(first)
                for after in rest:
                    cut[-1] += name[0]
                    cut.append(name[1:] + after)
            pieces = cut
        return pieces

    def decode(self, ids: list[int]) -> str:
        """Text of `ids`; bytes that are no whole character come as U+FFFD."""
        text: str = self.backend.decode(ids, skip_special_tokens=False)
        return text

    @property
    def size(self) -> int:
        """Number of ids that stand for something."""
        size: int = self.backend.get_vocab_size(with_added_tokens=True)
        return size

    def blanks(self) -> list[int]:
        """Ids whose text is nothing but blanks."""
        vocabulary: dict[str, int] = self.backend.get_vocab(with_added_tokens=True)
        return sorted(id for token, id in vocabulary.items() if _BLANKS.issuperset(token))

    @cached_property
    def breaks(self) -> frozenset[int]:
        """Ids that begin a word in small letters."""
        vocabulary: dict[str, int] = self.backend.get_vocab(with_added_tokens=True)
        return frozenset(
            id for token, id in vocabulary.items() if token[:1] in _BLANKS and token[1:2].islower()
        )

    def words(self, words: Iterable[str]) -> list[int]:
        """Ids that begin one of `words`, which may be an ending with a mark ("'re").

        Without a blank before it a piece in small letters may be the end of another word ("na"
        and "me"), so only capitals count there.
        """
        wanted = frozenset(words)
        if not wanted:
            return []
        # Byte-level vocabularies write other than ASCII byte by byte.
        wanted |= {"".join(_BYTES[byte] for byte in word.encode()) for word in wanted}
        vocabulary: dict[str, int] = self.backend.get_vocab(with_added_tokens=True)
        return sorted(
            id
            for token, id in vocabulary.items()
            if (token[:1] in _BLANKS and token[1:] in wanted)
            or ((token[:1].isupper() or not token[:1].isalpha()) and token in wanted)
        )
