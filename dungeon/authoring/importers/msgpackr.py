"""The binary form in which NovelAI's second editor keeps a document, read with bounds.

MessagePack with the extensions of the JavaScript library msgpackr (its README, "Record structure
extension" and "bundleStrings"): after `d4 72 id` comes a list of names and then a value for each,
and `id` (0x40 to 0x7f) alone repeats those names; strings stand together behind the values, and
`c1 n` takes the next `n` UTF-16 units of them (`-n`: of the half with other than ASCII letters).
`d4 type 00` before a value is a class of the editor's own and is read as the value.
"""

from __future__ import annotations

import struct
from typing import Any

MAX_VALUES = 2_000_000
MAX_DEPTH = 64

_RECORD = 0x72
_BUNDLE = 0x62
_NUMBERS = {
    0xCA: ">f",
    0xCB: ">d",
    0xCC: ">B",
    0xCD: ">H",
    0xCE: ">I",
    0xCF: ">Q",
    0xD0: ">b",
    0xD1: ">h",
    0xD2: ">i",
    0xD3: ">q",
}
# Of each token the bytes that its length takes.
_BYTES = {0xC4: 1, 0xC5: 2, 0xC6: 4}
_STRINGS = {0xD9: 1, 0xDA: 2, 0xDB: 4}
_LISTS = {0xDC: 2, 0xDD: 4}
_MAPS = {0xDE: 2, 0xDF: 4}
_EXTENSIONS = {0xC7: 1, 0xC8: 2, 0xC9: 4}


def loads(data: bytes) -> Any:
    """The plain data of a document: dicts, lists, texts, numbers; other classes as None.

    Raises:
        ValueError: It is damaged, too deep, or uses more than this reader knows.
    """
    try:
        return _Reader(data).value(0)
    except (IndexError, struct.error, TypeError, UnicodeError):
        raise ValueError("its document is damaged") from None


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0
        self._left = MAX_VALUES
        self._records: dict[int, list[str]] = {}
        # UTF-16, as lengths count its units: of other letters, and of ASCII.
        self._bundles: list[bytes] | None = None
        self._taken = [0, 0]

    def value(self, depth: int) -> Any:
        """The value that begins here."""
        self._left -= 1
        if self._left < 0 or depth > MAX_DEPTH:
            raise ValueError("its document has too many parts")
        token = self._byte()
        if token < 0x40 or token >= 0xE0:
            return token if token < 0x40 else token - 0x100
        if token < 0x80:
            names = self._records.get(token)
            return token if names is None else self._record(names, depth)
        if token < 0x90:
            return self._map(token & 0x0F, depth)
        if token < 0xA0:
            return self._list(token & 0x0F, depth)
        if token < 0xC0:
            return self._take(token & 0x1F).decode("utf-8", "replace")
        return self._long(token, depth)

    def _long(self, token: int, depth: int) -> Any:
        if token == 0xC1:
            return self._bundled(depth)
        if token in (0xC0, 0xC2, 0xC3):
            return (None, None, False, True)[token - 0xC0]
        if token in _NUMBERS:
            form = _NUMBERS[token]
            return struct.unpack(form, self._take(struct.calcsize(form)))[0]
        if token in _BYTES:
            self._take(self._size(_BYTES[token]))
            return None
        if token in _STRINGS:
            return self._take(self._size(_STRINGS[token])).decode("utf-8", "replace")
        if token in _LISTS:
            return self._list(self._size(_LISTS[token]), depth)
        if token in _MAPS:
            return self._map(self._size(_MAPS[token]), depth)
        size = self._size(_EXTENSIONS[token]) if token in _EXTENSIONS else 1 << (token - 0xD4)
        return self._extension(size, depth)

    def _extension(self, size: int, depth: int) -> Any:
        kind = self._byte()
        if kind == _RECORD and size == 1:
            number = self._byte()
            names = self.value(depth + 1)
            if not 0x40 <= number < 0x80 or not isinstance(names, list):
                raise ValueError("its document is damaged")
            self._records[number] = [str(name) for name in names]
            return self._record(self._records[number], depth)
        if kind == _BUNDLE:
            return self._bundle(size, depth)
        if size == 1 and kind < 0x40:
            self._take(1)
            return self.value(depth + 1)
        if kind == _RECORD:
            raise ValueError("its document has more kinds of record than can be read")
        self._take(size)
        return None

    def _bundle(self, size: int, depth: int) -> Any:
        """Strings stand further on; how far is told from the extension's own data."""
        start = self._at
        away = int.from_bytes(self._take(size)[:4], "big")
        back = self._at
        if not 4 <= away <= len(self._data) - start:
            raise ValueError("its document is damaged")
        self._at = start + away
        self._bundles = None
        texts = [self.value(depth + 1), self.value(depth + 1)]
        if not all(isinstance(text, str) for text in texts):
            raise ValueError("its document is damaged")
        self._bundles = [text.encode("utf-16-le", "surrogatepass") for text in texts]
        self._taken = [0, 0]
        self._at = back
        return self.value(depth + 1)

    def _bundled(self, depth: int) -> str:
        length = self.value(depth + 1)
        if self._bundles is None or not isinstance(length, int):
            raise ValueError("its document is damaged")
        half = 1 if length > 0 else 0
        start = self._taken[half]
        self._taken[half] = end = start + 2 * abs(length)
        return self._bundles[half][start:end].decode("utf-16-le", "replace")

    def _record(self, names: list[str], depth: int) -> dict[str, Any]:
        return {name: self.value(depth + 1) for name in names}

    def _list(self, size: int, depth: int) -> list[Any]:
        if size > self._left:
            raise ValueError("its document has too many parts")
        return [self.value(depth + 1) for _ in range(size)]

    def _map(self, size: int, depth: int) -> dict[Any, Any]:
        found = {}
        if size > self._left:
            raise ValueError("its document has too many parts")
        for _ in range(size):
            key = self.value(depth + 1)
            found[key] = self.value(depth + 1)
        return found

    def _size(self, width: int) -> int:
        return int.from_bytes(self._take(width), "big")

    def _byte(self) -> int:
        return self._take(1)[0]

    def _take(self, size: int) -> bytes:
        piece = self._data[self._at : self._at + size]
        if len(piece) < size:
            raise ValueError("its document is cut short")
        self._at += size
        return piece
