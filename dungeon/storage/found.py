"""What the rows of a damaged story file still say, wherever in it they lie.

First come the rows of pages that fit together, then those that are found by the shape of a
turn's or a value's record, then those of pages no longer in use.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from dungeon.storage import rows
from dungeon.storage.pages import Pages, Row
from dungeon.story.scenario import Scenario
from dungeon.story.story import MAX_SEED, Story
from dungeon.story.tree import Node, StoryTree
from dungeon.text import clean

_TEXTS = ("title", "memory", "authors_note", "model")
BARE = Story("", Scenario("", ""), StoryTree([Node(1, None, None, "", origin="opening")]))
_KEYS = (*rows.plain_values(BARE), "scenario", "cards")

# A turn's record: twelve columns, the first (its rowid) NULL, then two small numbers. The
# header of any turn that fits into memory is from 13 to 60 bytes long.
_TURN = re.compile(rb"(?=[\x0d-\x3c]\x00[\x01-\x06\x08\x09][\x00-\x06\x08\x09])")
# A value of the table meta: its key follows the header, whose last item is the value's type.
_VALUE = re.compile(rb"(?=(?:" + b"|".join(key.encode() for key in _KEYS) + rb"))")


class Found:
    """What the rows of a file say, good rows before doubtful ones.

    Attributes:
        nodes: By id.
        meta: The values of the table meta, unchecked.
        chosen: Child by parent, unchecked.
        cut: Ids of turns, and keys of `meta`, whose text ends too early.
        rows: Rows that the table of turns had, as far as its own numbers show.
        most: More rows than a file of this size can hold; a larger number is damage.
    """

    def __init__(self, pages: Pages) -> None:
        self.nodes: dict[int, Node] = {}
        self.meta: dict[str, object] = {}
        self.chosen: dict[int, int] = {}
        self.cut: set[int | str] = set()
        self.rows = 0
        self.most = len(pages.data) // 16
        listed = list(pages.rows())
        carved = list(_carved(pages))
        current = [row for row in listed if not row.free]
        for group in (current, carved, [row for row in listed if row.free]):
            for row in sorted(group, key=_doubt):
                self._take(row)

    def _take(self, row: Row) -> None:
        values = row.values
        if len(values) == 12 and values[0] is None:
            self._take_turn(row)
        elif len(values) == 2 and row.rowid is not None and values[0] is None:
            if isinstance(values[1], int):
                self.chosen.setdefault(row.rowid, values[1])
        elif len(values) == 2 and row.rowid is None and values[0] in _KEYS:
            key = str(values[0])
            if key not in self.meta and (row.whole or key in _TEXTS):
                self.meta[key] = values[1]
                if not row.whole:
                    self.cut.add(key)

    def _take_turn(self, row: Row) -> None:
        node = _node(row.values[1:], whole=row.whole)
        if node is None:
            return
        seq = row.rowid if row.rowid is not None and 0 <= row.rowid < self.most else None
        if node.id in self.nodes:
            # Another copy of the same, or its id is damaged; ids count from 1 as rows from 0.
            if seq is None or seq + 1 in self.nodes or seq + 1 == node.id:
                return
            node = replace(node, id=seq + 1)
        self.nodes[node.id] = node
        if not row.whole:
            self.cut.add(node.id)
        if seq is not None:
            self.rows = max(self.rows, seq + 1)


def _doubt(row: Row) -> int:
    """Whole rows first, and of turns those whose id is what it is in every story played here."""
    usual = len(row.values) != 12 or row.rowid is None or row.values[1] == row.rowid + 1
    return (not row.whole) * 2 + (not usual)


def _carved(pages: Pages) -> Iterator[Row]:
    """Records that lie somewhere in the file, whatever their page says about itself."""
    for match in _TURN.finditer(pages.data):
        row = pages.record_at(match.start(), table=True)
        if row is not None and len(row.values) == 12:
            yield row
    for match in _VALUE.finditer(pages.data):
        # Before the key stand the header's size, the key's type and the value's type.
        for size in range(3, 8):
            start = match.start() - size
            if start >= 0 and pages.data[start] == size:
                row = pages.record_at(start, table=False)
                if row is not None and len(row.values) == 2:
                    yield row


def _node(values: tuple[object, ...], *, whole: bool) -> Node | None:
    """A turn of the columns behind seq: id and text are needed, the rest may be doubtful."""
    node_id, parent, mode, said, text, raw, _, seed, model, stop, created = values
    try:
        own, told = rows.whole(node_id, 1, rows.MAX_ID), rows.prose(text, "a turn's text")
    except ValueError:
        return None
    try:
        if whole:
            return rows.read_node(values)
    except ValueError:
        pass  # some other column is damaged
    try:
        action = rows.read_action(mode, said)
    except ValueError:
        action = None
    return Node(
        id=own,
        parent=number(parent, rows.MAX_ID) or None,
        action=action,
        text=told,
        raw=clean(raw) if isinstance(raw, str) and whole else "",
        origin="imported",
        seed=number(seed, MAX_SEED) or None,
        model=line(model),
        stop=line(stop),
        created=line(created),
    )


def number(value: object, most: int) -> int:
    """`value` where it is an integer from 0 to `most`, else 0."""
    return value if isinstance(value, int) and 0 <= value <= most else 0


def line(value: object) -> str:
    """`value` where it is a text, made harmless and short, else ""."""
    return clean(value, newlines=False)[:200] if isinstance(value, str) else ""
