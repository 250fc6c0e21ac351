"""What only the finished scenario shows: placeholders, cards, lengths."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass

from dungeon.authoring.problem import Severity
from dungeon.story.scenario import Scenario, placeholders

LONG_OPENING = 300
"""Words; beyond, the first turns already push the opening out of a small model's window."""
LONG_MEMORY = 350
"""Words; about 450 tokens, a third of the window of GPT-2 with room to spare."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem and where to look for it.

    Attributes:
        path: The field.
        message, fix, severity: As in `Problem`.
        needle: Words inside the field at which to point; "" points at the field.
    """

    path: tuple[str | int, ...]
    message: str
    fix: str
    severity: Severity = "error"
    needle: str = ""


def review(scenario: Scenario) -> Iterator[Finding]:
    """Everything that is wrong or weak in a scenario whose fields are all in order."""
    yield from _blank(scenario)
    yield from _placeholders(scenario)
    yield from _questions(scenario)
    yield from _cards(scenario)
    yield from _lengths(scenario)


def _blank(scenario: Scenario) -> Iterator[Finding]:
    for name in ("title", "opening"):
        if not getattr(scenario, name).strip():
            yield Finding((name,), f"`{name}` is empty.", f"Write its text after `{name}:`.")


def _texts(scenario: Scenario) -> Iterator[tuple[tuple[str | int, ...], str]]:
    for name in ("title", "summary", "memory", "authors_note", "opening"):
        yield (name,), getattr(scenario, name)
    for index, card in enumerate(scenario.cards):
        yield ("cards", index, "name"), card.name
        yield ("cards", index, "text"), card.text
        for number, key in enumerate(card.keys):
            yield ("cards", index, "keys", number), key
    for index, example in enumerate(scenario.examples):
        yield ("examples", index, "action"), example.action
        yield ("examples", index, "text"), example.text


def _placeholders(scenario: Scenario) -> Iterator[Finding]:
    known = [question.key for question in scenario.questions]
    for path, text in _texts(scenario):
        for key, _ in placeholders(text):
            if key in known:
                continue
            near = difflib.get_close_matches(key, known, n=1)
            fix = f"Did you mean `{{{near[0]}}}`?" if near else "Add a question with this key."
            yield Finding(
                path,
                f"No question has the key `{key}`.",
                f"{fix} For the braces themselves write `{{{{{key}}}}}`.",
                needle=f"{{{key}}}",
            )


def _questions(scenario: Scenario) -> Iterator[Finding]:
    used = {key for _, text in _texts(scenario) for key, _ in placeholders(text)}
    seen: set[str] = set()
    for index, question in enumerate(scenario.questions):
        path = ("questions", index, "key")
        if question.key in seen:
            yield Finding(
                path, f"Two questions have the key `{question.key}`.", "Rename one of them."
            )
        elif question.key not in used:
            yield Finding(
                path,
                f"Nothing uses the answer `{question.key}`.",
                f"Write `{{{question.key}}}` into a text, or take the question out.",
                "warning",
            )
        seen.add(question.key)
        if question.choices and question.default and question.default not in question.choices:
            yield Finding(
                ("questions", index, "default"),
                "The default is none of the choices.",
                f"Write one of: {', '.join(question.choices)}.",
                "warning",
            )


def _cards(scenario: Scenario) -> Iterator[Finding]:
    names: set[str] = set()
    keys: dict[str, str] = {}
    for index, card in enumerate(scenario.cards):
        name = card.name.casefold()
        if name in names:
            yield Finding(
                ("cards", index, "name"),
                f"Two cards are named `{card.name}`.",
                "Rename one of them.",
            )
        names.add(name)
        if not card.always and not any(re.search(r"\w", key) for key in card.keys):
            yield Finding(
                ("cards", index, "name"),
                f"Nothing can bring the card `{card.name}` in.",
                "Give it `keys: [...]`, or `always: true`.",
            )
        for number, key in enumerate(card.keys):
            other = keys.setdefault(key.casefold(), card.name)
            if other != card.name:
                yield Finding(
                    ("cards", index, "keys", number),
                    f"The card `{other}` has the key `{key}` too.",
                    "That is allowed: both come in. Take one out if it is not meant.",
                    "warning",
                )


def _lengths(scenario: Scenario) -> Iterator[Finding]:
    opening, memory = len(scenario.opening.split()), len(scenario.memory.split())
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
