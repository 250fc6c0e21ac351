"""What the fields say to each other: placeholders, questions, cards.

Works on the plain data of a file in which fields may still be missing or of the wrong type, so
that an author sees these problems together with those: what has the wrong type is passed over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import fields as dataclass_fields
from typing import Any

from dungeon.authoring.problem import short
from dungeon.authoring.suggest import Suggester
from dungeon.authoring.walk import (
    Finding,
    fields,
    filled,
    groups,
    listed,
    style,
    text_of,
    unfilled,
)
from dungeon.story.scenario import Card, placeholders

_CARD = frozenset(field.name for field in dataclass_fields(Card))
# Nearly a placeholder: blanks inside the braces keep it from being one.
_LOOSE = re.compile(r"\{(?:[ \t]+([A-Za-z_]\w*)[ \t]*|([A-Za-z_]\w*)[ \t]+)\}")


def review(data: Mapping[str, Any], suggest: Suggester) -> Iterator[Finding]:
    """Everything that is wrong between the fields of a scenario, and what was surely not meant.

    What is merely weak is told by `lint`.

    Findings of one field come in the order of its text.
    """
    keys = [text for _, text in fields(data, "questions", "key")]
    yield from _placeholders(data, keys, suggest)
    yield from _questions(data)
    yield from _cards(data)
    yield from _hero(data, keys)


def _placeholders(
    data: Mapping[str, Any], keys: list[str], suggest: Suggester
) -> Iterator[Finding]:
    known = set(keys)
    for path, text in filled(data):
        if "{" not in text:
            continue
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
    for path, text in unfilled(data):
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
    used = {key for _, text in filled(data) for key, _ in placeholders(text)}
    seen: set[str] = set()
    for index, question in groups(data, "questions"):
        key = text_of(question.get("key"))
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
        choices = [choice for _, choice in listed(question.get("choices"))]
        default = text_of(question.get("default"))
        if choices and default and default not in choices:
            yield Finding(
                ("questions", index, "default"),
                "The default is none of the choices.",
                f"Write one of: {short(', '.join(choices), 200)}.",
                "warning",
            )


def _cards(data: Mapping[str, Any]) -> Iterator[Finding]:
    names: set[str] = set()
    for index, card in groups(data, "cards"):
        name = text_of(card.get("name"))
        path = ("cards", index, "name")
        if name and name.casefold() in names:
            yield Finding(path, f"Two cards are named `{short(name)}`.", "Rename one of them.")
        names.add(name.casefold())
        keys = card.get("keys", [])
        mute = isinstance(keys, list) and not any(re.search(r"\w", str(key)) for key in keys)
        # A misspelt `keys` is told of already.
        if mute and card.get("always", False) is False and card.keys() <= _CARD:
            yield Finding(
                path,
                f"Nothing can bring the card `{short(name)}` in.",
                "Give it `keys: [...]`, or `always: true`.",
            )


def _hero(data: Mapping[str, Any], keys: list[str]) -> Iterator[Finding]:
    told = style(data)
    if told.get("person") == "third" and not text_of(told.get("name")) and "name" not in keys:
        yield Finding(
            ("style", "person"),
            "The third person needs somebody to tell of.",
            "Add `name: ...` to the style, or a question with the key `name`.",
            "warning",
        )
