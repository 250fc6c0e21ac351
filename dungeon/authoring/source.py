"""From bytes to a tree of marked text: the stages before a scenario's fields are looked at.

Nothing here trusts the file. It is a regular one, of bounded size, UTF-8; its YAML is read
event by event, with no aliases, anchors or tags, to a bounded depth and number of nodes, and
every scalar stays the text that was written (`NO`, `1.10` and `12:30` are text). The first
fault ends the reading: what follows it cannot be told apart from it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from dungeon.authoring.faults import Fault, translate
from dungeon.errors import ScenarioError
from dungeon.files import OddFileError, read_ordinary
from dungeon.text import clean

MAX_BYTES = 256 * 1024
MAX_DEPTH = 32
MAX_EVENTS = 20_000

# What YAML 1.1 takes for the end of a line; its marks count by these.
_BREAKS = re.compile("\r\n|[\r\x85\u2028\u2029]")
# The complement of YAML 1.1's printable characters (section 5.1), line ends aside.
_UNPRINTABLE = re.compile("[^\t\n\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

# The C parser is some twenty times faster; both give the same events and marks.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Mark(NamedTuple):
    """A place in the file; both count from 0."""

    line: int
    column: int


@dataclass(slots=True)
class Scalar:
    """Text as written, and where it ends.

    `plain` is unquoted: then an empty one means "nothing here".
    """

    text: str
    mark: Mark
    end: Mark
    plain: bool


@dataclass(slots=True)
class Sequence:
    """A list."""

    mark: Mark
    items: list[Tree] = field(default_factory=list)


@dataclass(slots=True)
class Mapping:
    """Named values, in order; names may stand twice, which the reader reports."""

    mark: Mark
    entries: list[tuple[Scalar, Tree]] = field(default_factory=list)


Tree = Scalar | Sequence | Mapping


def read_bytes(path: Path, most: int = MAX_BYTES) -> bytes:
    """The bytes of a scenario file, or of another that may have up to `most` bytes.

    Raises:
        ScenarioError: It is missing, no regular file, or too large.
    """
    name = clean(str(path), newlines=False)
    try:
        return read_ordinary(path, most)
    except OddFileError as error:
        what = "A scenario is a few pages of text, in a file that ends in .yaml."
        if most != MAX_BYTES:
            what = "No file of this kind is like that; is it the right one?"
        raise ScenarioError(f"{name} cannot be read: {error}.", what) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "that is no file name"
        raise ScenarioError(
            f"{name} cannot be read: {reason}.",
            "Check the name with `dungeon list`." if most == MAX_BYTES else "Check the name.",
        ) from None


def decode(data: bytes) -> str:
    """The text of a file's bytes, without a byte-order mark, line ends as `\\n`.

    Raises:
        Fault: It is not UTF-8, or holds a character that no text file has.
    """
    # YAML begins with an ASCII character, so a zero beside it is half of one in UTF-16.
    if data[:2] in (b"\xff\xfe", b"\xfe\xff") or (len(data) > 3 and data[:4].count(0) == 2):
        raise Fault(0, 0, "The file is saved as UTF-16.", "Save it as UTF-8.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line, column = _place(data[: error.start].decode("utf-8", "replace"))
        raise Fault(
            line,
            column,
            f"The byte 0x{data[error.start]:02x} is not UTF-8.",
            "Save the file as UTF-8 (it may be in Windows-1252 or Latin-1).",
        ) from None
    text = _BREAKS.sub("\n", text)
    odd = _UNPRINTABLE.search(text)
    if odd is not None:
        raise Fault(
            *_place(text[: odd.start()]),
            f"There is a {_kind(odd[0])} here (U+{ord(odd[0]):04X}).",
            "Delete it; an editor that shows invisible characters helps.",
        )
    return text


def split_lines(text: str) -> list[str]:
    """The lines of a text, broken where the parser's marks count a new one."""
    return _BREAKS.sub("\n", text).split("\n")


def _kind(character: str) -> str:
    return "control character" if character < "\xa0" else "character that no text has"


def _place(before: str) -> tuple[int, int]:
    return before.count("\n"), len(before) - (before.rfind("\n") + 1)


def parse(text: str) -> Tree:
    """The tree of a YAML document.

    Raises:
        Fault: The first thing that cannot be read, in words for an author.
    """
    try:
        tree = _Builder(text).build()
    except yaml.YAMLError as error:
        raise translate(error, text) from None
    except (ValueError, OverflowError, RecursionError):
        # PyYAML lets a few of its own through on escapes such as "\UFFFFFFFF".
        raise Fault(
            0, 0, "The file holds an escape that is no character.", "Write the character itself."
        ) from None
    if tree is None:
        raise Fault(0, 0, "The file is empty.", "Begin with `dungeon: 1` and `title: ...`.")
    return tree


_NODES = frozenset((yaml.ScalarEvent, yaml.SequenceStartEvent, yaml.MappingStartEvent))
_ENDS = frozenset((yaml.SequenceEndEvent, yaml.MappingEndEvent))


class _Builder:
    def __init__(self, text: str) -> None:
        self._text = text
        self._stack: list[Sequence | Mapping] = []
        self._keys: list[Scalar | None] = []
        self._root: Tree | None = None

    def build(self) -> Tree | None:
        documents = 0
        # One look at the type of each of up to `MAX_EVENTS` is what reading a file costs most.
        for event in self._events():
            kind = type(event)
            if kind in _NODES:
                if event.anchor is not None or event.tag is not None:
                    self._refuse(event)
                self._open(event, kind)
            elif kind in _ENDS:
                self._stack.pop()
                self._keys.pop()
            elif kind is yaml.AliasEvent:
                raise _fault(
                    event,
                    f"`*{event.anchor}` is an alias, and a scenario has none.",
                    "Write out what it stands for; if the text should begin with *, put it in "
                    "quotes.",
                )
            elif kind is yaml.DocumentStartEvent:
                documents += 1
                if documents > 1:
                    raise _fault(
                        event, "A second document begins here.", "Take out the line `---`."
                    )
        return self._root

    def _events(self) -> Iterator[Any]:
        loader = _Loader(self._text)
        try:
            for _ in range(MAX_EVENTS):
                event = loader.get_event()
                if type(event) is yaml.StreamEndEvent:
                    return
                yield event
            raise _fault(event, "The file has too many parts.", "Split it in two scenarios.")
        finally:
            loader.dispose()

    @staticmethod
    def _refuse(event: Any) -> None:
        if event.anchor is not None:
            raise _fault(
                event,
                f"`&{event.anchor}` is an anchor, and a scenario has none.",
                "Take it out; if the text should begin with &, put it in quotes.",
            )
        if event.tag is not None and event.tag != "!":
            raise _fault(
                event,
                "A value that begins with ! is a tag, and a scenario has none.",
                "Take it out; if the text should begin with !, put it in quotes.",
            )

    def _open(self, event: Any, kind: type[Any]) -> None:
        """Put the node that begins with `event` where it belongs."""
        mark = _mark(event.start_mark)
        tree: Tree
        if kind is yaml.ScalarEvent:
            tree = Scalar(event.value, mark, _mark(event.end_mark), not event.style)
        else:
            tree = Sequence(mark) if kind is yaml.SequenceStartEvent else Mapping(mark)
        stack = self._stack
        if not stack:
            self._root = tree
        elif isinstance(parent := stack[-1], Sequence):
            parent.items.append(tree)
        elif (key := self._keys[-1]) is not None:
            parent.entries.append((key, tree))
            self._keys[-1] = None
        elif isinstance(tree, Scalar):
            self._keys[-1] = tree
        else:
            raise _fault(
                event,
                "A list or a group of fields stands where a field's name should.",
                "If the text should begin with [ or {, put it in quotes.",
            )
        if not isinstance(tree, Scalar):
            stack.append(tree)
            self._keys.append(None)
            if len(stack) > MAX_DEPTH:
                raise _fault(
                    event,
                    f"Things stand inside each other more than {MAX_DEPTH} deep.",
                    "If the text should begin with [ or {, put it in quotes.",
                )


def _mark(mark: Any) -> Mark:
    return Mark(mark.line, mark.column)


def _fault(event: Any, message: str, fix: str) -> Fault:
    return Fault(event.start_mark.line, event.start_mark.column, message, fix)
