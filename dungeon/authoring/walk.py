"""Walking the plain data of a scenario file, in which anything may be missing or of a wrong type.

What has the wrong type is passed over: its own error says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from dungeon.authoring.problem import Severity

Where = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem and where to look for it.

    Attributes:
        path: The field.
        message, fix, severity: As in `Problem`.
        needle: Words inside the field at which to point; "" points at the field.
        nth: Which of several such, from 0; a needle that begins and ends with a letter is found
            as a whole word. Without it, the first after what was pointed at before.
    """

    path: Where
    message: str
    fix: str
    severity: Severity = "error"
    needle: str = ""
    nth: int | None = None


def find_whole(text: str, needle: str, start: int = 0, stop: int | None = None) -> int:
    """Where `needle` stands in `text`, not as a part of a longer word; -1 where it does not.

    No pattern: one would have to be compiled for each of thousands of needles.
    """
    stop = len(text) if stop is None else stop
    at = text.find(needle, start, stop)
    while at >= 0:
        end = at + len(needle)
        inside = at > 0 and needle[:1].isalnum() and text[at - 1].isalnum()
        if not inside and not (needle[-1:].isalnum() and text[end : end + 1].isalnum()):
            return at
        at = text.find(needle, at + 1, stop)
    return -1


def text_of(value: Any) -> str:
    """The value where it is text, else nothing."""
    return value if isinstance(value, str) else ""


def groups(data: Mapping[str, Any], name: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """The groups of fields in the list `name`, each with its index."""
    found = data.get(name)
    for index, item in enumerate(found if isinstance(found, list) else ()):
        if isinstance(item, dict):
            yield index, item


def listed(value: Any) -> Iterator[tuple[int, str]]:
    """The texts in a list, each with its index."""
    for index, item in enumerate(value if isinstance(value, list) else ()):
        if isinstance(item, str):
            yield index, item


def fields(data: Mapping[str, Any], group: str, name: str) -> Iterator[tuple[Where, str]]:
    """The field `name` of each group in the list `group`, where it is a text."""
    for index, item in groups(data, group):
        if text_of(item.get(name)):
            yield (group, index, name), item[name]


def filled(data: Mapping[str, Any]) -> Iterator[tuple[Where, str]]:
    """Each text in which answers are put for placeholders."""
    for name in ("title", "summary", "memory", "authors_note", "opening"):
        yield (name,), text_of(data.get(name))
    for index, card in groups(data, "cards"):
        yield ("cards", index, "name"), text_of(card.get("name"))
        yield ("cards", index, "text"), text_of(card.get("text"))
        for number, key in listed(card.get("keys")):
            yield ("cards", index, "keys", number), key
    yield ("style", "name"), text_of(style(data).get("name"))
    yield from fields(data, "examples", "action")
    yield from fields(data, "examples", "text")


def style(data: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of `style`."""
    found = data.get("style")
    return found if isinstance(found, dict) else {}


def unfilled(data: Mapping[str, Any]) -> Iterator[tuple[Where, str]]:
    """Each text in which a placeholder stays as it is written."""
    yield ("author",), text_of(data.get("author"))
    for index, question in groups(data, "questions"):
        yield ("questions", index, "ask"), text_of(question.get("ask"))
        yield ("questions", index, "default"), text_of(question.get("default"))
        for number, choice in listed(question.get("choices")):
            yield ("questions", index, "choices", number), choice
    for number, phrase in listed(data.get("banned")):
        yield ("banned", number), phrase
