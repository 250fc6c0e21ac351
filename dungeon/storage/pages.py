"""Rows out of the raw pages of an SQLite file, for files that SQLite itself refuses.

Knows of the format what a story needs (https://www.sqlite.org/fileformat2.html, sections 1.3
to 1.6 and 2.1): b-tree pages, their cells, payload that goes on in overflow pages, records.
Every page is looked at by itself, reachable or not, so one bad page costs what is on it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

Value = int | float | str | bytes | None

TABLE_LEAF, INDEX_LEAF, INDEX_INTERIOR = 0x0D, 0x0A, 0x02
DEFAULT_PAGE_SIZE = 4096
MAX_COLUMNS = 64
"""A record that claims more is none of ours."""

_INTEGER_SIZES = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}


@dataclass(frozen=True, slots=True)
class Row:
    """A record.

    Attributes:
        rowid: Its key in a table; None in an index or a table WITHOUT ROWID.
        values: Its columns. Texts are UTF-8, bad bytes replaced by U+FFFD.
        whole: False where its end lay on a page that is not there: its last text is shorter.
        free: Whether its page is on the list of unused ones, so it may be an old version.
    """

    rowid: int | None
    values: tuple[Value, ...]
    whole: bool = True
    free: bool = False


class Pages:
    """The pages of a database file.

    Args:
        data: The whole file.
        page_size: In bytes; what the header says, or 4096 where that makes no sense. No bytes
            of a page are reserved: a story's file never has any.
    """

    def __init__(self, data: bytes, page_size: int = 0) -> None:
        self.data = data
        self.page_size = page_size or _page_size(data)
        self.count = -(-len(data) // self.page_size)
        # A damaged page may claim any length; all records together cannot need more than this.
        self._budget = 4 * len(data) + 65536

    def rows(self) -> Iterator[Row]:
        """Every record of every leaf page that still parses, page by page."""
        free = self._free_pages()
        for number in range(1, self.count + 1):
            for row in self._page_rows(number):
                yield Row(row.rowid, row.values, row.whole, number in free)

    def record_at(self, start: int, *, table: bool) -> Row | None:
        """The record whose header begins at `start` in the file, wherever its page's list is.

        Args:
            start: Offset of the record's first byte, behind payload size and rowid.
            table: Whether it is of a table with rowids; decides what overflows. The rowid is
                then read from the bytes before, where they make sense.
        """
        # Of the page only its end matters: a record never crosses it.
        end = (start // self.page_size + 1) * self.page_size
        header = _header(self.data, start, min(end, len(self.data)))
        if header is None:
            return None
        size = header.size + sum(map(_size_of, header.types))
        row = self._record(start, size, table=table)
        if row is None or not table:
            return row
        return Row(self._rowid_before(start, size), row.values, row.whole)

    def _rowid_before(self, start: int, size: int) -> int | None:
        payload = _as_varint(size)
        for length in range(1, 10):
            at = start - length
            if at < len(payload):
                break
            rowid, after = _varint(self.data, at, start)
            if after == start and self.data[at - len(payload) : at] == payload:
                return rowid
        return None

    def _free_pages(self) -> set[int]:
        found: set[int] = set()
        trunk = int.from_bytes(self.data[32:36], "big")
        while 0 < trunk <= self.count and trunk not in found:
            found.add(trunk)
            at = (trunk - 1) * self.page_size
            page = self.data[at : at + self.page_size]
            if len(page) < 8:
                break
            trunk, count = struct.unpack_from(">II", page)
            room = min(count, (len(page) - 8) // 4)
            found.update(struct.unpack_from(f">{room}I", page, 8))
        return found

    def _page_rows(self, number: int) -> Iterator[Row]:
        begin = (number - 1) * self.page_size
        end = min(begin + self.page_size, len(self.data))
        head = begin + (100 if number == 1 else 0)
        if end - head < 12:
            return
        kind = self.data[head]
        if kind not in (TABLE_LEAF, INDEX_LEAF, INDEX_INTERIOR):
            return
        count = int.from_bytes(self.data[head + 3 : head + 5], "big")
        pointers = head + (12 if kind == INDEX_INTERIOR else 8)
        for place in range(pointers, min(pointers + 2 * count, end - 1), 2):
            at = begin + int.from_bytes(self.data[place : place + 2], "big")
            if pointers < at < end and (row := self._cell(kind, at, end)) is not None:
                yield row

    def _cell(self, kind: int, at: int, end: int) -> Row | None:
        table = kind == TABLE_LEAF
        if kind == INDEX_INTERIOR:
            at += 4
        size, at = _varint(self.data, at, end)
        rowid: int | None = None
        if table:
            rowid, at = _varint(self.data, at, end)
        if at >= end:
            return None
        row = self._record(at, size, table=table)
        return None if row is None else Row(rowid, row.values, row.whole)

    def _record(self, at: int, size: int, *, table: bool) -> Row | None:
        payload = self._payload(at, size, table=table)
        header = _header(payload, 0, len(payload))
        if header is None or header.size + sum(map(_size_of, header.types)) != size:
            return None
        values: list[Value] = []
        place = header.size
        for kind in header.types:
            length = _size_of(kind)
            values.append(_value(kind, payload[place : place + length], length))
            place += length
        return Row(None, tuple(values), len(payload) == size)

    def _payload(self, at: int, size: int, *, table: bool) -> bytes:
        """The bytes of a record, followed through its overflow pages as far as they go."""
        self._budget -= max(0, min(size, len(self.data)))
        if self._budget < 0 or not 0 < size <= len(self.data):
            return b""
        usable = self.page_size
        most = usable - 35 if table else (usable - 12) * 64 // 255 - 23
        if size <= most:
            end = (at // usable + 1) * usable
            return self.data[at : min(at + size, end)]
        least = (usable - 12) * 32 // 255 - 23
        local = least + (size - least) % (usable - 4)
        if local > most:
            local = least
        parts = [self.data[at : at + local]]
        left = size - local
        page = int.from_bytes(self.data[at + local : at + local + 4], "big")
        seen: set[int] = set()
        while left > 0 and 1 < page <= self.count and page not in seen:
            seen.add(page)
            begin = (page - 1) * usable
            part = self.data[begin + 4 : begin + 4 + min(left, usable - 4)]
            parts.append(part)
            left -= len(part)
            page = int.from_bytes(self.data[begin : begin + 4], "big")
        return b"".join(parts)


@dataclass(frozen=True, slots=True)
class _Header:
    size: int
    types: tuple[int, ...]


def _header(data: bytes, start: int, end: int) -> _Header | None:
    """The header of a record: its own size, then a serial type for each column."""
    size, at = _varint(data, start, end)
    if not at - start < size <= 9 * MAX_COLUMNS or start + size > end:
        return None
    types: list[int] = []
    while at < start + size:
        kind, at = _varint(data, at, start + size)
        if kind in (10, 11) or kind < 0 or len(types) == MAX_COLUMNS:
            return None
        types.append(kind)
    return _Header(size, tuple(types)) if at == start + size else None


def _size_of(kind: int) -> int:
    if kind >= 12:
        return (kind - 12) // 2
    return 8 if kind == 7 else _INTEGER_SIZES.get(kind, 0)


def _value(kind: int, raw: bytes, length: int) -> Value:
    """A column; None where its bytes are not all there and half of it would be another value."""
    if kind in (8, 9):
        return kind - 8
    if kind >= 12:
        return raw.decode("utf-8", "replace") if kind % 2 else raw
    if kind == 0 or len(raw) < length:
        return None
    if kind == 7:
        return float(struct.unpack(">d", raw)[0])
    return int.from_bytes(raw, "big", signed=True)


def _varint(data: bytes, at: int, end: int) -> tuple[int, int]:
    """A variable-length integer and where it ends; behind `end` where it is not all there."""
    value = 0
    for index in range(9):
        if at >= end:
            return 0, end + 1
        byte = data[at]
        at += 1
        if index == 8:
            value = value << 8 | byte
        else:
            value = value << 7 | byte & 0x7F
            if byte < 0x80:
                break
    return (value - (1 << 64) if value >= 1 << 63 else value), at


def _as_varint(value: int) -> bytes:
    parts = [value & 0x7F]
    while value := value >> 7:
        parts.append(value & 0x7F | 0x80)
    return bytes(reversed(parts))


def _page_size(data: bytes) -> int:
    said = int.from_bytes(data[16:18], "big")
    said = 65536 if said == 1 else said
    sound = 512 <= said <= 65536 and said & (said - 1) == 0
    return said if sound else DEFAULT_PAGE_SIZE
