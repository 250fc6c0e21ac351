"""The text of a scenario file with the places of everything in it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, NamedTuple

import yaml

from dungeon.authoring.source import decode, parse, split_lines
from dungeon.text import clean

Node = Any
"""A node of PyYAML: `start_mark`, `end_mark`, `value`, and the style in which it is written."""

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_COMMENT = re.compile(r"(?:(?<=\s)|(?<=\A))#[^\n]*", re.MULTILINE)


class Splice(NamedTuple):
    """Put `text` in the place of the characters from `start` to `end`."""

    start: int
    end: int
    text: str


class Document:
    """A text and its nodes.

    Args:
        text: As `source.decode` gives it.

    Attributes:
        text: The same.
        root: Its topmost node.

    Raises:
        Fault: It cannot be read.
    """

    def __init__(self, text: str) -> None:
        self.text = decode(text.encode("utf-8", "surrogatepass"))
        # What the reader refuses (aliases, tags, too deep, too many) never gets to `compose`.
        parse(self.text)
        self.root: Node = yaml.compose(self.text, Loader=_Loader)
        self._lines = [0]
        for line in split_lines(self.text):
            self._lines.append(self._lines[-1] + len(line) + 1)

    def offset(self, mark: Any) -> int:
        """Where a mark of PyYAML stands in the text."""
        return int(min(self._lines[mark.line] + mark.column, len(self.text)))

    def start(self, node: Node) -> int:
        """Where a node begins."""
        return self.offset(node.start_mark)

    def last(self, node: Node) -> int:
        """Where a node ends: behind its last character that is no blank."""
        if isinstance(node, yaml.ScalarNode) or node.flow_style:
            start, end = self.start(node), self.offset(node.end_mark)
            if isinstance(node, yaml.ScalarNode) and node.style in ("|", ">"):
                # The marks of a block take the empty lines below it in.
                return start + len(self.text[start:end].rstrip())
            return end
        child = node.value[-1]
        return self.last(child[1] if isinstance(child, tuple) else child)

    def line_start(self, at: int) -> int:
        """Where the line of a place begins."""
        return self.text.rfind("\n", 0, at) + 1

    def line_end(self, at: int) -> int:
        """Where the line of a place ends, before its line break."""
        found = self.text.find("\n", at)
        return len(self.text) if found < 0 else found

    def dash(self, items: Node, index: int) -> int:
        """Where the dash of an item stands, in a list with a line for each."""
        if not index:
            return self.start(items)
        pattern = re.compile(rf"^ {{{items.start_mark.column}}}-(?=\s|\Z)", re.MULTILINE)
        found = pattern.search(self.text, self.last(items.value[index - 1]))
        return found.end() - 1 if found else self.start(items.value[index])

    def child(self, parent: Node, part: str | int) -> Node:
        """A field of a group or an item of a list, or None; of a name twice the first."""
        if isinstance(parent, yaml.SequenceNode) and isinstance(part, int):
            return parent.value[part] if 0 <= part < len(parent.value) else None
        if isinstance(parent, yaml.MappingNode):
            return next((node for key, node in parent.value if key.value == part), None)
        return None

    def comments(self, node: Node) -> list[str]:
        """The comments inside a node, in order."""
        start, end = self.start(node), self.last(node)
        inside = self.text[start:end]
        for scalar in _scalars(node):
            first, last = self.start(scalar) - start, self.last(scalar) - start
            inside = inside[:first] + "x" * (last - first) + inside[last:]
        return [match[0] for match in _COMMENT.finditer(inside)]

    def spliced(self, splices: Iterable[Splice]) -> str:
        """The text with pieces of it replaced; of two at one place the first stands first."""
        pieces = []
        at = 0
        for start, end, new in sorted(splices, key=lambda one: one[:2]):
            pieces += [self.text[at:start], new]
            at = end
        return "".join([*pieces, self.text[at:]])


def _scalars(node: Node) -> Iterable[Node]:
    if isinstance(node, yaml.ScalarNode):
        yield node
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _scalars(item)
    else:
        for key, value in node.value:
            yield from _scalars(key)
            yield from _scalars(value)


def values(node: Node) -> Any:
    """The texts of a node in lists and dicts, as the reader sees them."""
    if isinstance(node, yaml.ScalarNode):
        return clean(node.value).strip()
    if isinstance(node, yaml.SequenceNode):
        return [values(item) for item in node.value]
    found: dict[str, Any] = {}
    for key, value in node.value:
        found.setdefault(str(key.value), values(value))
    return found
