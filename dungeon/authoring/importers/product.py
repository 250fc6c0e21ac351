"""What comes out of an import: the text of a scenario file, and the cards that it cannot hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from dungeon import plain_json
from dungeon.authoring.importers.placeholders import escaped
from dungeon.authoring.importers.report import Report, count
from dungeon.authoring.reader import read
from dungeon.authoring.source import MAX_BYTES
from dungeon.authoring.writer import fitting, write
from dungeon.errors import ScenarioError
from dungeon.story.scenario import Card, Example, Scenario, fill


def scenario_text(
    scenario: Scenario, report: Report, comment: str
) -> tuple[str, tuple[Card, ...], int]:
    """The text of a scenario file.

    Args:
        scenario: With however many cards.
        report: Told of the cards that a file of legal size does not hold.
        comment: Stands above the fields.

    Returns:
        The text, the cards that are not in it (those that always stand are taken first, then
        those that come first), and how many warnings `dungeon check` will give.

    Raises:
        ScenarioError: Without any card the file is still too large.
    """
    rest: tuple[Card, ...] = ()
    if fitting(scenario, comment) < len(scenario.cards):
        ranked = sorted(scenario.cards, key=lambda card: not card.always)
        most = fitting(replace(scenario, cards=tuple(ranked)), comment)
        kept, rest = {card.name for card in ranked[:most]}, tuple(ranked[most:])
        cards = tuple(card for card in scenario.cards if card.name in kept)
        scenario = replace(scenario, cards=cards)
        what = count(len(rest), "card")
        report.lose(f"{what} more than a scenario file can hold; a story can (`--as story`).")
    text = write(scenario, comment)
    if len(text.encode()) > MAX_BYTES:
        raise ScenarioError(
            f"Opening, memory and the like are more than {MAX_BYTES // 1024} KiB.",
            "Import it as a story with `--as story`, or make the file shorter.",
        )
    problems = read(text.encode(), "the import").problems
    errors = [problem for problem in problems if problem.severity == "error"]
    if errors:
        raise ScenarioError(
            f"What this file holds cannot be written as a scenario: {errors[0].message}",
            "Import it as a story with `--as story`.",
        )
    return text, rest, len(problems)


def cards_text(cards: Sequence[Card], scenario: Scenario) -> str:
    """Cards as AI Dungeon keeps them, which can be imported again; blanks as it writes them."""
    asked = {question.key: f"${{{question.ask}}}" for question in scenario.questions}
    items = [
        {
            "title": fill(card.name, asked),
            "keys": [fill(key, asked) for key in card.keys],
            "value": fill(card.text, asked),
        }
        for card in cards
    ]
    return plain_json.dump(items, indent=1) + "\n"


def literal(scenario: Scenario) -> Scenario:
    """A scenario whose blanks are filled, as a template: its braces mean themselves."""
    return replace(
        scenario,
        title=escaped(scenario.title),
        summary=escaped(scenario.summary),
        opening=escaped(scenario.opening),
        memory=escaped(scenario.memory),
        authors_note=escaped(scenario.authors_note),
        questions=(),
        cards=tuple(
            replace(
                card,
                name=escaped(card.name),
                text=escaped(card.text),
                keys=tuple(map(escaped, card.keys)),
            )
            for card in scenario.cards
        ),
        examples=tuple(
            Example(escaped(example.action), escaped(example.text)) for example in scenario.examples
        ),
    )
