"""What the fields say to each other: placeholders, cards, lengths.

Works on the plain data of a file in which fields may still be missing or of the wrong type, so
that an author sees these problems together with those: what has the wrong type is passed over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from dungeon.authoring.problem import Severity, short
from dungeon.authoring.suggest import Suggester
from dungeon.story.scenario import placeholders

LONG_OPENING = 300
"""Words; beyond, the first turns already push the opening out of a small model's window."""
LONG_MEMORY = 350
"""Words; about 450 tokens, a third of the window of GPT-2 with room to spare."""

Where = tuple[str | int, ...]
# Nearly a placeholder: blanks inside the braces keep it from being one.
_LOOSE = re.compile(r"\{(?:[ \t]+([A-Za-z_]\w*)[ \t]*|([A-Za-z_]\w*)[ \t]+)\}")


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem and where to look for it.

    Attributes:
        path: The field.
        message, fix, severity: As in `Problem`.
        needle: Words inside the field at which to point; "" points at the field.
    """

    path: Where
    message: str
    fix: str
    severity: Severity = "error"
    needle: str = ""


def review(data: Mapping[str, Any], suggest: Suggester) -> Iterator[Finding]:
    """Everything that is wrong or weak between the fields of a scenario.

    Findings of one field come in the order of its text.
    """
    keys = [text for _, text in _fields(data, "questions", "key")]
    yield from _placeholders(data, keys, suggest)
    yield from _questions(data)
    yield from _cards(data)
    yield from _hero(data, keys)
    yield from _lengths(data)


# -- what is there -----------------------------------------------------------------------------


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _groups(data: Mapping[str, Any], name: str) -> Iterator[tuple[int, dict[str, Any]]]:
    listed = data.get(name)
    for index, item in enumerate(listed if isinstance(listed, list) else ()):
        if isinstance(item, dict):
            yield index, item


def _listed(value: Any) -> Iterator[tuple[int, str]]:
    for index, item in enumerate(value if isinstance(value, list) else ()):
        if isinstance(item, str):
            yield index, item


def _fields(data: Mapping[str, Any], group: str, name: str) -> Iterator[tuple[Where, str]]:
    for index, item in _groups(data, group):
        if _text(item.get(name)):
            yield (group, index, name), item[name]


def _filled(data: Mapping[str, Any]) -> Iterator[tuple[Where, str]]:
    """Each text in which answers are put for placeholders."""
    for name in ("title", "summary", "memory", "authors_note", "opening"):
        yield (name,), _text(data.get(name))
    for index, card in _groups(data, "cards"):
        yield ("cards", index, "name"), _text(card.get("name"))
        yield ("cards", index, "text"), _text(card.get("text"))
        for number, key in _listed(card.get("keys")):
            yield ("cards", index, "keys", number), key
    yield ("style", "name"), _text(_style(data).get("name"))
    yield from _fields(data, "examples", "action")
    yield from _fields(data, "examples", "text")


def _style(data: Mapping[str, Any]) -> dict[str, Any]:
    style = data.get("style")
    return style if isinstance(style, dict) else {}


def _unfilled(data: Mapping[str, Any]) -> Iterator[tuple[Where, str]]:
    """Each text in which a placeholder stays as it is written."""
    yield ("author",), _text(data.get("author"))
    for index, question in _groups(data, "questions"):
        yield ("questions", index, "ask"), _text(question.get("ask"))
        yield ("questions", index, "default"), _text(question.get("default"))
        for number, choice in _listed(question.get("choices")):
            yield ("questions", index, "choices", number), choice
    for number, phrase in _listed(data.get("banned")):
        yield ("banned", number), phrase


# -- what is wrong with it ---------------------------------------------------------------------


def _placeholders(
    data: Mapping[str, Any], keys: list[str], suggest: Suggester
) -> Iterator[Finding]:
    known = set(keys)
    for path, text in _filled(data):
        found: list[tuple[int, Finding]] = []
        for key, offset in placeholders(text):
            if key in known:
                continue
            near = suggest.nearest(key, keys)
            fix = f"Did you mean `{{{near}}}`?" if near else "Add a question with this key."
            unknown = Finding(
                path,
                f"No question has the key `{short(key)}`.",
                f"{fix} For the braces themselves write `{{{{{short(key)}}}}}`.",
                needle=f"{{{key}}}",
            )
            found.append((offset, unknown))
        for match in _LOOSE.finditer(text):
            key = match[1] or match[2]
            if key in known:
                loose = Finding(
                    path,
                    "Blanks inside the braces keep this from being replaced.",
                    f"Write `{{{short(key)}}}`.",
                    "warning",
                    match[0],
                )
                found.append((match.start(), loose))
        yield from (finding for _, finding in sorted(found, key=lambda pair: pair[0]))
    for path, text in _unfilled(data):
        for key, _ in placeholders(text):
            if key in known:
                yield Finding(
                    path,
                    f"`{{{short(key)}}}` is not replaced here.",
                    "Answers are put into title, summary, memory, authors_note, opening, cards, "
                    "examples and the style's name.",
                    "warning",
                    f"{{{key}}}",
                )


def _questions(data: Mapping[str, Any]) -> Iterator[Finding]:
    used = {key for _, text in _filled(data) for key, _ in placeholders(text)}
    seen: set[str] = set()
    for index, question in _groups(data, "questions"):
        key = _text(question.get("key"))
        path = ("questions", index, "key")
        if key and key in seen:
            yield Finding(
                path, f"Two questions have the key `{short(key)}`.", "Rename one of them."
            )
        elif key and key not in used:
            yield Finding(
                path,
                f"Nothing uses the answer `{short(key)}`.",
                f"Write `{{{short(key)}}}` into a text, or take the question out.",
                "warning",
            )
        seen.add(key)
        choices = [choice for _, choice in _listed(question.get("choices"))]
        default = _text(question.get("default"))
        if choices and default and default not in choices:
            yield Finding(
                ("questions", index, "default"),
                "The default is none of the choices.",
                f"Write one of: {short(', '.join(choices), 200)}.",
                "warning",
            )


def _cards(data: Mapping[str, Any]) -> Iterator[Finding]:
    names: set[str] = set()
    owners: dict[str, int] = {}
    for index, card in _groups(data, "cards"):
        name = _text(card.get("name"))
        path = ("cards", index, "name")
        if name and name.casefold() in names:
            yield Finding(path, f"Two cards are named `{short(name)}`.", "Rename one of them.")
        names.add(name.casefold())
        keys = card.get("keys", [])
        mute = isinstance(keys, list) and not any(re.search(r"\w", str(key)) for key in keys)
        if mute and card.get("always", False) is False:
            yield Finding(
                path,
                f"Nothing can bring the card `{short(name)}` in.",
                "Give it `keys: [...]`, or `always: true`.",
            )
        for number, key in _listed(keys):
            owner = owners.setdefault(key.casefold(), index)
            if owner != index:
                other = _text(data["cards"][owner].get("name"))
                yield Finding(
                    ("cards", index, "keys", number),
                    f"The card `{short(other)}` has the key `{short(key)}` too.",
                    "That is allowed: both come in. Take one out if it is not meant.",
                    "warning",
                )


def _hero(data: Mapping[str, Any], keys: list[str]) -> Iterator[Finding]:
    style = _style(data)
    if style.get("person") == "third" and not _text(style.get("name")) and "name" not in keys:
        yield Finding(
            ("style", "person"),
            "The third person needs somebody to tell of.",
            "Add `name: ...` to the style, or a question with the key `name`.",
            "warning",
        )


def _lengths(data: Mapping[str, Any]) -> Iterator[Finding]:
    opening = len(_text(data.get("opening")).split())
    memory = len(_text(data.get("memory")).split())
    if opening > LONG_OPENING:
        yield Finding(
            ("opening",),
            f"The opening has {opening} words.",
            f"Under {LONG_OPENING}, the player acts sooner and a small model keeps all of it.",
            "warning",
        )
    if memory > LONG_MEMORY:
        yield Finding(
            ("memory",),
            f"The memory has {memory} words, so a small window will cut its end.",
            "Put what is only sometimes needed into cards.",
            "warning",
        )
