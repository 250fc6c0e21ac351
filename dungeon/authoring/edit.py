"""Changing one value in the text of a scenario file; all else stays as its author wrote it.

The text is spliced, not written anew: what is outside the value that changes (comments, order,
blank lines, widths, the author's way with quotes) is the same characters as before. A library that
writes the whole file from a tree keeps comments too, but sets indentation, quotes and line breaks
of everything by its own rules.

Nothing is returned before it was read again: the new value is there, every other value is as it
was, or the change is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any

import yaml

from dungeon.authoring.document import Document, Node, Splice, values
from dungeon.authoring.faults import Fault
from dungeon.authoring.schema import ScenarioModel
from dungeon.authoring.source import MAX_BYTES
from dungeon.authoring.styles import WIDTH, Place, Value, Written, inline, ways
from dungeon.authoring.walk import Where
from dungeon.errors import ScenarioError
from dungeon.text import clean

_LEVELS = 5
"""More than `styles.ways` has."""
_HEADER = re.compile(r"[|>][-+0-9]*")
_ORDER = list(ScenarioModel.model_fields)
_BY_HAND = "Change it in the text itself."


def set_value(text: str, where: Where, value: Value) -> str:
    """The text of a file with one field changed; a field that is not there is added.

    Args:
        text: Of the file, as `source.decode` gives it.
        where: The field: `("memory",)`, `("cards", 2, "keys")`, `("style", "person")`.
        value: None leaves the name and takes its value away, which is as if it were not there.

    Raises:
        ScenarioError: The text cannot be read, or has no such place.
    """

    def change(document: Document, level: int) -> list[Splice]:
        return _Editor(document, level).put(where, value)

    def expected(data: Any) -> None:
        parent = data
        for part in where[:-1]:
            if isinstance(parent, dict) and parent.get(part, "") == "":
                parent[part] = {}
            parent = parent[part]
        if value is not None or where[-1] in parent:
            parent[where[-1]] = _normal(value)

    return _changed(text, change, expected)


def add_item(text: str, name: str, fields: Mapping[str, Value]) -> str:
    """The text of a file with another item at the end of the list `name`, of cards for example.

    Raises:
        ScenarioError: The text cannot be read, or `name` is no list in it.
    """

    def change(document: Document, level: int) -> list[Splice]:
        return _Editor(document, level).add(name, fields)

    def expected(data: Any) -> None:
        items = data.get(name, "")
        data[name] = [*(items or []), _normal(fields)]

    return _changed(text, change, expected)


def remove_item(text: str, name: str, index: int) -> str:
    """The text of a file without one item of a list; comments in it go, those around it stay.

    Raises:
        ScenarioError: The text cannot be read, or there is no such item.
    """

    def change(document: Document, level: int) -> list[Splice]:
        return _Editor(document, level).remove(name, index)

    def expected(data: Any) -> None:
        del data[name][index]

    return _changed(text, change, expected)


def _normal(value: Value) -> Any:
    """A value as the reader will find it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return clean(value).strip()
    if isinstance(value, Mapping):
        return {name: _normal(item) for name, item in value.items()}
    return [_normal(item) for item in value]


def _cleaned(value: Value) -> Any:
    """As `_normal`, with flags and what is nothing as they are, so that they are written so."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, Mapping):
        return {name: _cleaned(item) for name, item in value.items()}
    return _normal(value)


def _same(found: Any, expected: Any) -> bool:
    """Whether two trees of values are the same; a list without items may be nothing at all."""
    if isinstance(found, dict) and isinstance(expected, dict):
        return found.keys() == expected.keys() and all(
            _same(found[name], expected[name]) for name in found
        )
    if isinstance(found, list) and isinstance(expected, list) and found:
        return len(found) == len(expected) and all(map(_same, found, expected))
    return found == expected or (found in ("", []) and expected in ("", []))


def _changed(
    text: str,
    change: Callable[[Document, int], list[Splice]],
    expected: Callable[[Any], None],
) -> str:
    try:
        document = Document(text)
        wanted = values(document.root)
        expected(wanted)
    except Fault as fault:
        raise ScenarioError(f"Line {fault.line + 1}: {fault.message}", fault.fix) from None
    except (KeyError, IndexError, TypeError, AttributeError):
        raise ScenarioError("The file has no such field to change.", _BY_HAND) from None
    for level in range(_LEVELS):
        new = document.spliced(change(document, level))
        if len(new.encode("utf-8", "surrogatepass")) > MAX_BYTES:
            raise ScenarioError(
                "The file would be larger than a scenario may be.", "Shorten something first."
            )
        try:
            if _same(values(Document(new).root), wanted):
                return new
        except Fault:
            continue
    raise ScenarioError("This cannot be changed from here.", _BY_HAND)


class _Editor:
    """Finds what to splice; `level` is which way of writing texts is taken."""

    def __init__(self, document: Document, level: int) -> None:
        self._doc = document
        self._level = level
        if not isinstance(document.root, yaml.MappingNode):
            raise ScenarioError("The file is not a set of fields.", "Begin with `title: A name`.")

    # -- one field -----------------------------------------------------------------------------

    def put(self, where: Where, value: Value) -> list[Splice]:
        value = _cleaned(value)
        parent: Node = self._doc.root
        flow = False
        for depth, part in enumerate(where):
            flow = flow or bool(parent.flow_style)
            node = self._doc.child(parent, part)
            if node is None and value is None:
                return []
            if node is None:
                return self._insert(parent, where[depth:], value, flow)
            if isinstance(node, yaml.ScalarNode) and depth + 1 < len(where):
                # `style:` with nothing after it.
                return self._write(node, parent, _nested(where[depth + 1 :], value), flow)
            if depth + 1 == len(where):
                return self._write(node, parent, value, flow)
            parent = node
        raise ScenarioError("The file has no such field to change.", _BY_HAND)

    def _write(self, node: Node, parent: Node, value: Value, flow: bool) -> list[Splice]:
        """Put `value` in the place of a node."""
        doc = self._doc
        start, end = doc.start(node), doc.last(node)
        if not isinstance(node, yaml.ScalarNode):
            if isinstance(node, yaml.SequenceNode) and _is_list(value):
                items = list(value)  # type: ignore[arg-type]
                if not node.flow_style:
                    return self._items(node, items)
                return [*self._rescued(node), Splice(start, end, inline(items, self._level))]
            raise ScenarioError("This is a list or a group of fields in the file.", _BY_HAND)
        tail = self._tail(node)
        written = self._written(value, self._place(node, parent, flow, start))
        if written.body:
            if tail or node.style in ("|", ">"):
                return [Splice(start, end, f"{written.head}{tail}\n{written.body}")]
            stop = doc.line_end(end)
            if doc.text[end:stop].strip()[:1] in ("", "#"):
                head = self._spaced(start, written.head)
                return [Splice(start, end, head), Splice(stop, stop, f"\n{written.body}")]
            written = Written(inline(value, self._level))
        if value is None and not (tail or doc.text[end : doc.line_end(end)].strip()):
            start = len(doc.text[:start].rstrip(" "))
        return [Splice(start, end, self._spaced(start, written.head + tail))]

    def _tail(self, node: Node) -> str:
        """What stands behind the mark of a block: a comment."""
        if node.style not in ("|", ">"):
            return ""
        start = self._doc.start(node)
        return _HEADER.sub("", self._doc.text[start : self._doc.line_end(start)], count=1)

    def _spaced(self, start: int, head: str) -> str:
        """`head` with a blank before it where it would stand right behind a colon."""
        return f" {head}" if head and self._doc.text[start - 1 : start] == ":" else head

    def _place(self, node: Node, parent: Node, flow: bool, start: int) -> Place:
        doc = self._doc
        indent, width = parent.start_mark.column + 2, WIDTH
        style = node.style or ""
        if style in ("|", ">"):
            lines = [line for line in doc.text[start : doc.last(node)].split("\n")[1:] if line]
            if lines:
                indent = len(lines[0]) - len(lines[0].lstrip(" "))
            longest = max(map(len, lines), default=WIDTH)
            width = longest if len(lines) > 1 else max(WIDTH, longest)
        return Place(node.start_mark.column, indent, flow, style, width)

    def _written(self, value: Value, place: Place) -> Written:
        if isinstance(value, str):
            found = list(ways(value, place))
            return found[min(self._level, len(found) - 1)]
        return Written(inline(value, self._level))

    # -- a field that is not there -------------------------------------------------------------

    def _insert(self, parent: Node, where: Where, value: Any, flow: bool) -> list[Splice]:
        if not isinstance(parent, yaml.MappingNode) or not isinstance(where[0], str):
            raise ScenarioError("The file has no such field to change.", _BY_HAND)
        doc, name = self._doc, where[0]
        value = _nested(where[1:], value)
        if flow:
            field = f"{name}: {inline(value, self._level)}"
            if not parent.value:
                at = doc.start(parent) + 1
                return [Splice(at, at, field)]
            at = doc.last(parent.value[-1][1])
            return [Splice(at, at, f", {field}")]
        column = parent.start_mark.column
        at = doc.line_end(doc.last(self._before(parent, name)))
        place = Place(column + len(name) + 2, column + 2)
        return [Splice(at, at, "\n" + _field(column, name, self._written(value, place)))]

    def _before(self, parent: Node, name: str) -> Node:
        """The value after which a new field `name` stands: as the format orders them."""
        found: Node = parent.value[0][1]
        if parent is not self._doc.root or name not in _ORDER:
            return parent.value[-1][1]
        for key, node in parent.value:
            if key.value in _ORDER and _ORDER.index(key.value) < _ORDER.index(name):
                found = node
        return found

    # -- lists ---------------------------------------------------------------------------------

    def _items(self, node: Node, items: Sequence[str]) -> list[Splice]:
        """Make the texts of a list with a line for each these, line by line."""
        if any(not isinstance(item, yaml.ScalarNode) for item in node.value):
            raise ScenarioError("Not every item of the list is text.", _BY_HAND)
        before = [clean(item.value).strip() for item in node.value]
        splices: list[Splice] = []
        for _, i, j, k, m in SequenceMatcher(None, before, items, autojunk=False).get_opcodes():
            if before[i:j] == list(items[k:m]):
                continue
            kept = min(j - i, m - k)
            for old, new in zip(node.value[i : i + kept], items[k : k + kept], strict=True):
                splices += self._write(old, node, new, False)
            for index in range(i + kept, j):
                splices.append(self._without(node, index))
            if items[k + kept : m]:
                splices.append(self._lines(node, i + kept, items[k + kept : m]))
        return splices

    def _lines(self, node: Node, index: int, items: Sequence[str]) -> Splice:
        """New lines before the item `index` of a list."""
        dash = " " * node.start_mark.column + "- "
        lines = [dash + inline(item, self._level) for item in items]
        if index:
            at = self._doc.line_end(self._doc.last(node.value[index - 1]))
            return Splice(at, at, "\n" + "\n".join(lines))
        at = self._doc.line_start(self._doc.start(node))
        return Splice(at, at, "\n".join(lines) + "\n")

    def _without(self, node: Node, index: int) -> Splice:
        """Take an item out of a list, with its line where nothing else stands there."""
        doc, item = self._doc, node.value[index]
        start, end = doc.dash(node, index), doc.last(item)
        stop = doc.line_end(end)
        # Comments stay where they were: behind the dash, behind a block's mark, behind the item.
        inside = f"{doc.text[start + 1 : doc.start(item)]}\n{self._tail(item)}"
        comments = [line.strip() for line in inside.split("\n") if line.strip()]
        if comments or doc.text[end:stop].strip():
            indent = " " * node.start_mark.column
            return Splice(start, end, f"\n{indent}".join(comments))
        return Splice(doc.line_start(start), min(stop + 1, len(doc.text)), "")

    def _rescued(self, node: Node) -> list[Splice]:
        """The comments inside a list in brackets, put on lines of their own above it."""
        comments = self._doc.comments(node)
        if not comments:
            return []
        at = self._doc.line_start(self._doc.start(node))
        line = self._doc.text[at : self._doc.line_end(at)]
        indent = line[: len(line) - len(line.lstrip(" "))]
        return [Splice(at, at, "".join(f"{indent}{comment}\n" for comment in comments))]

    # -- items with fields ---------------------------------------------------------------------

    def add(self, name: str, fields: Mapping[str, Value]) -> list[Splice]:
        doc = self._doc
        fields = _cleaned(fields)
        node = doc.child(doc.root, name)
        if doc.root.flow_style:
            return self._insert(doc.root, (name,), [fields], True)
        if node is None:
            at = doc.line_end(doc.last(self._before(doc.root, name)))
            indent = " " * doc.root.start_mark.column
            item = self._record(fields, doc.root.start_mark.column + 2)
            return [Splice(at, at, f"\n{indent}{name}:\n{item}")]
        if isinstance(node, yaml.MappingNode) or (isinstance(node, yaml.ScalarNode) and node.value):
            raise ScenarioError(f"`{name}` is no list in the file.", _BY_HAND)
        if node.value and node.flow_style:
            at = doc.last(node.value[-1])
            return [Splice(at, at, f", {inline(fields, self._level)}")]
        if node.value:
            at = doc.line_end(doc.last(node.value[-1]))
            return [Splice(at, at, "\n" + self._record(fields, node.start_mark.column))]
        # `cards: []`, or nothing after the colon; a comment behind it stays there.
        end = doc.last(node)
        at = doc.line_end(end)
        item = self._record(fields, doc.root.start_mark.column + 2)
        start = len(doc.text[: doc.start(node)].rstrip(" "))
        return [*self._rescued(node), Splice(start, end, ""), Splice(at, at, f"\n{item}")]

    def _record(self, fields: Mapping[str, Value], column: int) -> str:
        """An item of a list, a line or a block for each field."""
        lines = []
        for name, value in fields.items():
            place = Place(column + len(name) + 4, column + 4)
            lines.append(_field(column + 2, name, self._written(value, place)))
        text = "\n".join(lines)
        return " " * column + "- " + text[column + 2 :]

    def remove(self, name: str, index: int) -> list[Splice]:
        doc = self._doc
        node = doc.child(doc.root, name)
        if not isinstance(node, yaml.SequenceNode) or not 0 <= index < len(node.value):
            raise ScenarioError("There is no such item in the file.", _BY_HAND)
        item = node.value[index]
        if not node.flow_style:
            start, end = doc.line_start(doc.dash(node, index)), doc.line_end(doc.last(item))
            return [Splice(start, min(end + 1, len(doc.text)), "")]
        if index:
            return [Splice(doc.last(node.value[index - 1]), doc.last(item), "")]
        after = node.value[1:2]
        return [Splice(doc.start(item), doc.start(after[0]) if after else doc.last(item), "")]


def _nested(where: Where, value: Value) -> Value:
    for part in reversed(where):
        value = {str(part): value}
    return value


def _is_list(value: Value) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _field(column: int, name: str, written: Written) -> str:
    line = f"{' ' * column}{name}: {written.head}".rstrip(" ")
    return f"{line}\n{written.body}" if written.body else line
