"""A scenario as a character card, version 2: what chat programs read."""

from __future__ import annotations

import re
from typing import Any

from dungeon import plain_json
from dungeon.authoring.importers.report import Report, count
from dungeon.story.generation import GenerationSettings
from dungeon.story.scenario import Scenario, fill

_SAID = re.compile(r'say "([^"]*)"')
_TAKEN = re.compile(r"\{\{[^{}]+\}\}|<(?:user|bot|char)>", re.IGNORECASE)


def to_card(scenario: Scenario) -> tuple[str, Report]:
    """The JSON of a character card, and what had no home in it.

    The question `name` becomes `{{user}}`; every other is answered with its default.
    """
    report = Report("a character card, version 2")
    answers = {question.key: question.fallback for question in scenario.questions}
    if "name" in answers:
        answers["name"] = "{{user}}"

    def out(text: str) -> str:
        return fill(text, answers)

    entries = [
        {
            "keys": [out(key) for key in card.keys],
            "content": out(card.text),
            "extensions": {},
            "enabled": True,
            "insertion_order": number,
            "name": out(card.name),
            "constant": card.always,
            "position": "before_char",
        }
        for number, card in enumerate(scenario.cards)
    ]
    data: dict[str, Any] = {
        "name": out(scenario.title),
        "description": out(scenario.memory),
        "personality": "",
        "scenario": "",
        "first_mes": out(scenario.opening),
        "mes_example": "\n".join(
            _example(out(example.action), out(example.text)) for example in scenario.examples
        ),
        "creator_notes": out(scenario.summary),
        "system_prompt": "",
        "post_history_instructions": out(scenario.authors_note),
        "alternate_greetings": [],
        "tags": list(scenario.tags),
        "creator": scenario.author,
        "character_version": "",
        "extensions": {},
    }
    if entries:
        data["character_book"] = {"extensions": {}, "entries": entries}
    report.keep("Title as name, memory as description, opening as first message, note, tags.")
    if entries:
        report.keep(f"{count(len(entries), 'card')}, as character book.")
    filled = [key for key in answers if key != "name"]
    if filled:
        report.lose(f"The questions {', '.join(filled)}: their defaults stand in the texts.")
    if any(question.key == "name" and question.fallback for question in scenario.questions):
        report.lose("The default of the question `name`.")
    texts = [scenario.opening, scenario.memory, scenario.authors_note, scenario.summary]
    texts += [text for card in scenario.cards for text in (card.text, *card.keys)]
    texts += [text for example in scenario.examples for text in (example.action, example.text)]
    if any(_TAKEN.search(fill(text, {})) for text in texts):
        report.lose("Text that reads as a macro (`{{char}}`, `<USER>`): there it is one.")
    if any("*" in text for text in texts):
        report.lose("Asterisks: there they mark what is done.")
    if scenario.banned:
        report.lose(f"{count(len(scenario.banned), 'banned phrase')}.")
    if scenario.generation != GenerationSettings():
        report.lose("The generation settings.")
    if any(card.priority for card in scenario.cards):
        report.lose("The priority of cards.")
    report.lose("Style and rating.")
    card = {"spec": "chara_card_v2", "spec_version": "2.0", "data": data}
    return plain_json.dump(card, indent=2) + "\n", report


def _example(action: str, text: str) -> str:
    """A sample turn as a chat has it: what is done stands between asterisks."""
    said = _SAID.fullmatch(action)
    line = f'"{said[1]}"' if said else f"*{action}*"
    return f"<START>\n{{{{user}}}}: {line}\n{{{{char}}}}: {text}"
