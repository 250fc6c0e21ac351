"""A scenario as a NovelAI `.scenario`, version 3."""

from __future__ import annotations

import hashlib
import re
from dataclasses import fields, replace
from typing import Any

from dungeon import plain_json
from dungeon.authoring.importers.report import Report, count
from dungeon.story.generation import GenerationSettings
from dungeon.story.scenario import Card, Scenario, fill

_OTHERS = re.compile(r"([$%])(?=\{\{)")

# Our numbers that NovelAI counts in the same way, and its names for them.
_NUMBERS = {
    "temperature": "temperature",
    "max_new_tokens": "max_length",
    "top_k": "top_k",
    "top_p": "top_p",
    "min_p": "min_p",
}


def to_novelai(scenario: Scenario) -> tuple[str, Report]:
    """The text of a `.scenario` file, and what had no home in it."""
    report = Report("a NovelAI scenario")
    answers = {question.key: f"${{{question.key}}}" for question in scenario.questions}
    mistaken = 0

    def out(text: str) -> str:
        nonlocal mistaken
        text, found = _OTHERS.subn(r"\1 ", text)
        mistaken += found
        return fill(text, answers)

    note = out(scenario.authors_note)
    # Importers, ours among them, take the brackets off that NovelAI's authors put around a note.
    note = f"[{note}]" if note.startswith("[") and note.endswith("]") else note
    data: dict[str, Any] = {
        "scenarioVersion": 3,
        "title": out(scenario.title),
        "description": out(scenario.summary),
        "prompt": out(scenario.opening),
        "tags": list(scenario.tags),
        "context": [
            {"text": out(scenario.memory), "contextConfig": _config(800, 0, 0)},
            {"text": note, "contextConfig": _config(-400, 2048, -4)},
        ],
        "ephemeralContext": [],
        "placeholders": [
            {
                "order": number,
                "key": question.key,
                "description": question.ask,
                "defaultValue": question.fallback,
                "longDescription": "",
            }
            for number, question in enumerate(scenario.questions, 1)
        ],
        "settings": _settings(scenario.generation),
        "lorebook": {
            "lorebookVersion": 5,
            "entries": [_entry(replace(card, name=out(card.name), text=out(card.text),
                                       keys=tuple(map(out, card.keys))), number)
                        for number, card in enumerate(scenario.cards)],
            "settings": {"orderByKeyLocations": False},
            "categories": [],
        },
        "author": scenario.author,
        "storyContextConfig": _config(0, 512, -1) | {"allowInsertionInside": True},
        "contextDefaults": {"ephemeralDefaults": [], "loreDefaults": []},
        "phraseBiasGroups": [],
        "bannedSequenceGroups": [{"sequences": list(scenario.banned), "enabled": True}],
    }  # fmt: skip
    report.keep("Title, summary, author, tags, opening, memory, author's note, banned phrases.")
    if scenario.cards:
        report.keep(f"{count(len(scenario.cards), 'card')}, as lorebook.")
    if scenario.questions:
        report.keep(f"{count(len(scenario.questions), 'question')}, as placeholders.")
    _tell(scenario, mistaken, report)
    return plain_json.dump(data, indent=2) + "\n", report


def _config(priority: int, reserved: int, position: int) -> dict[str, Any]:
    """Where NovelAI puts a text: its own defaults for this kind."""
    return {
        "prefix": "",
        "suffix": "\n",
        "tokenBudget": 2048,
        "reservedTokens": reserved,
        "budgetPriority": priority,
        "trimDirection": "trimBottom",
        "insertionType": "newline",
        "maximumTrimType": "sentence",
        "insertionPosition": position,
    }


def _entry(card: Card, number: int) -> dict[str, Any]:
    # The editor wants an id that is its own; the same scenario gives the same.
    name = f"{number}:{card.name}".encode()
    return {
        "text": card.text,
        "contextConfig": _config(400, 0, -1),
        "displayName": card.name,
        "id": hashlib.blake2b(name, digest_size=16).hexdigest(),
        "keys": list(card.keys),
        "searchRange": 1000,
        "enabled": True,
        "forceActivation": card.always,
        "keyRelative": False,
        "nonStoryActivatable": False,
        "category": "",
        "loreBiasGroups": [],
    }


def _settings(generation: GenerationSettings) -> dict[str, Any]:
    return {
        "parameters": {
            **{theirs: getattr(generation, ours) for ours, theirs in _NUMBERS.items()},
            "min_length": 1,
        },
        "trimResponses": True,
        "banBrackets": True,
        "prefix": "vanilla",
    }


def _tell(scenario: Scenario, mistaken: int, report: Report) -> None:
    listed = [question.key for question in scenario.questions if question.choices]
    if listed:
        report.lose(f"The choices of {', '.join(listed)}: a placeholder has a default only.")
    if scenario.examples:
        report.lose(f"{count(len(scenario.examples), 'sample turn')}.")
    if scenario.rating != "everyone":
        report.lose(f"The rating, {scenario.rating}.")
    report.lose(
        "The style: person and tense are told again from the opening, name and pronoun are not."
    )
    usual = GenerationSettings()
    for field in fields(usual):
        changed = getattr(scenario.generation, field.name) != getattr(usual, field.name)
        if changed and field.name not in _NUMBERS:
            report.lose(f"`{field.name}`, which NovelAI counts in another way or not at all.")
    if any(card.priority for card in scenario.cards):
        report.lose("The priority of cards.")
    if mistaken:
        report.lose("A blank parts `$` or `%` from a brace, else it would be a placeholder.")
