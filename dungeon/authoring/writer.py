"""A scenario as the text of a file: readable YAML that reads back as the same scenario.

Fields stand in the order of the format, those at their default are left out, prose is folded
below its name, and short lists stand in one line.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, fields
from functools import lru_cache
from typing import Any

import yaml

from dungeon.authoring.source import MAX_BYTES, MAX_EVENTS
from dungeon.story.generation import GenerationSettings
from dungeon.story.scenario import Card, Example, Question, Scenario, Style
from dungeon.text import clean

WIDTH = 100
"""Columns after which prose is folded, as in the scenarios that ship."""

_LINES = ("title", "summary", "author")
_FRAME_EVENTS = 200
"""Room kept for the events of all that is no list of records, among `MAX_EVENTS`."""


class _Prose(str):
    """Text that stands as a block below its name."""


class _Inline(list[str]):
    """A list that stands in one line."""


class _Group(dict[str, Any]):
    """Fields that stand in one line."""


class _Dumper(yaml.SafeDumper):
    """PyYAML's own emitter with our choice of styles."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Indent the items of a list below its name."""
        super().increase_indent(flow, False)


def _prose(dumper: _Dumper, text: _Prose) -> yaml.Node:
    lines = text.split("\n")
    wide = any(len(line) > WIDTH - 10 for line in lines)
    # In a folded block a line that begins with a blank is not folded, and neither are those
    # around it: such a text is clearer as it stands.
    folded = wide and not any(line.startswith(" ") for line in lines)
    plain = not wide and dumper.analyze_scalar(str(text)).allow_block_plain
    style = None if plain else ">" if folded else "|"
    return dumper.represent_scalar("tag:yaml.org,2002:str", str(text), style=style)


_Dumper.add_representer(_Prose, _prose)
_Dumper.add_representer(
    _Inline,
    lambda dumper, items: dumper.represent_sequence(
        "tag:yaml.org,2002:seq", list(items), flow_style=True
    ),
)
_Dumper.add_representer(
    _Group,
    lambda dumper, items: dumper.represent_mapping(
        "tag:yaml.org,2002:map", dict(items), flow_style=True
    ),
)


def write(scenario: Scenario, comment: str = "") -> str:
    """The text of a scenario file.

    Args:
        scenario: Its texts cleaned and without blanks at their ends, as the reader gives them.
        comment: Lines for the author that stand above the fields.

    Returns:
        YAML of format 1; `reader.read_scenario_text` gives the scenario back. It may be larger
        than a scenario file is allowed to be: `fitting` tells how many cards a file holds.
    """
    frame = _frame(scenario, comment)
    cards = (_card(card) for card in scenario.cards)
    return _joined(*frame, cards)


def fitting(scenario: Scenario, comment: str = "") -> int:
    """How many of the cards, from the first, a file of legal size holds with all the rest.

    0 also where the rest alone is too large.
    """
    before, after = _frame(scenario, comment)
    size = len((before + after).encode()) + len("cards:\n")
    events = _FRAME_EVENTS + _events(scenario)
    for number, card in enumerate(scenario.cards):
        size += len(_card(card).encode())
        events += 10 + len(card.keys)
        if size > MAX_BYTES or events > MAX_EVENTS:
            return number
    return len(scenario.cards)


def _events(scenario: Scenario) -> int:
    """The events of YAML in the lists other than the cards."""
    lists = (scenario.tags, scenario.banned)
    asked = sum(12 + len(question.choices) for question in scenario.questions)
    return asked + 6 * len(scenario.examples) + sum(len(items) for items in lists)


def _joined(before: str, after: str, cards: Iterable[str]) -> str:
    written = "".join(cards)
    return before + (f"cards:\n{written}" if written else "") + after


def _frame(scenario: Scenario, comment: str) -> tuple[str, str]:
    """What stands before the cards, and what stands after them."""
    before: dict[str, Any] = {"dungeon": 1}
    for name in _LINES:
        text = getattr(scenario, name)
        if text or name == "title":
            before[name] = _Prose(text) if name == "summary" else text
    if scenario.tags:
        before["tags"] = _Inline(scenario.tags)
    before["rating"] = scenario.rating
    if scenario.questions:
        before["questions"] = [_question(question) for question in scenario.questions]
    for name in ("memory", "authors_note"):
        if getattr(scenario, name):
            before[name] = _Prose(getattr(scenario, name))
    before["opening"] = _Prose(scenario.opening)

    after: dict[str, Any] = {"style": _Group(_changed(scenario.style, keep=("person", "tense")))}
    generation = _changed(scenario.generation)
    if generation:
        after["generation"] = _Group(generation)
    if scenario.banned:
        after["banned"] = _Inline(scenario.banned)
    if scenario.examples:
        after["examples"] = [_example(example) for example in scenario.examples]
    head = "".join(f"# {clean(line)}".rstrip() + "\n" for line in comment.splitlines())
    return head + _dump(before), _dump(after)


def _changed(record: Style | GenerationSettings, keep: Sequence[str] = ()) -> dict[str, Any]:
    """The fields of `record` that are not at their default, and those to `keep`."""
    usual = type(record)()
    values = asdict(record)
    return {
        field.name: values[field.name]
        for field in fields(record)
        if field.name in keep or values[field.name] != getattr(usual, field.name)
    }


def _question(question: Question) -> dict[str, Any]:
    data: dict[str, Any] = {"key": question.key, "ask": question.ask}
    if question.default:
        data["default"] = question.default
    if question.choices:
        data["choices"] = _Inline(question.choices)
    return data


def _example(example: Example) -> dict[str, Any]:
    return {"action": example.action, "text": _Prose(example.text)}


@lru_cache(maxsize=4096)
def _card(card: Card) -> str:
    data: dict[str, Any] = {"name": card.name}
    if card.keys:
        data["keys"] = _Inline(card.keys)
    if card.always:
        data["always"] = True
    data["text"] = _Prose(card.text)
    # One card at a time, so that their size can be known before all are written; kept, for what
    # was measured is what will be written.
    return _dump({"cards": [data]}).removeprefix("cards:\n")


def _dump(data: dict[str, Any]) -> str:
    text: str = yaml.dump(
        data,
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        # A line is broken behind the word that reaches this far.
        width=WIDTH - 8,
        default_flow_style=False,
    )
    return text
