"""A story as a KoboldAI save, version 1: the form that every KoboldAI and KoboldCpp reads."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from dungeon import plain_json
from dungeon.authoring.importers.report import Report, count
from dungeon.story.action import as_line, as_narrative
from dungeon.story.generation import GenerationSettings
from dungeon.story.scenario import Card, Style
from dungeon.story.story import Story
from dungeon.story.tree import Node

_NUMBERS = {
    "temperature": "temperature",
    "top_p": "top_p",
    "top_k": "top_k",
    "min_p": "min_p",
    "repetition_penalty": "rep_pen",
    "max_new_tokens": "max_length",
}
"""Our sampling numbers that KoboldAI counts in the same way, and its names for them."""


def to_kobold(story: Story) -> tuple[str, Report]:
    """The JSON of a save, and what had no home in it.

    A turn is two pieces, the player's line (`> You ...`) and what came of it. Its other versions
    are the alternatives of the piece in which they differ; of what went on from those, nothing
    can be kept.
    """
    report = Report("a KoboldAI story")
    pieces: list[str] = []
    others: dict[int, list[str]] = {}
    kept = 1
    path = story.tree.path()
    style = story.current_scenario().style
    for node in path[1:]:
        first = len(pieces)
        pieces += _pieces(node, style)
        for sibling in story.tree.siblings(node.id):
            if sibling.id == node.id:
                continue
            same = _line(sibling, style) == _line(node, style) and node.text and sibling.text
            place = len(pieces) - 1 if same else first
            other = _told(sibling) if same else _whole(sibling, style)
            others.setdefault(place, []).append(other)
            kept += 1
        kept += 1
    for child in story.tree.children(path[-1].id):
        others.setdefault(len(pieces), []).append(_whole(child, style))
        kept += 1
    data = {
        "gamestarted": True,
        "story_name": story.title,
        "prompt": path[0].text,
        "memory": story.memory,
        "authorsnote": story.authors_note,
        "anotetemplate": "[Author's note: <|>]",
        "actions": pieces,
        "actions_metadata": _metadata(pieces, others),
        "worldinfo": [_info(card) for card in story.cards],
        "wifolders_d": {},
        "wifolders_l": [],
        "savedsettings": {
            theirs: getattr(story.generation, ours) for ours, theirs in _NUMBERS.items()
        },
    }
    _tell(story, kept, report)
    return plain_json.dump(data, indent=1) + "\n", report


def _pieces(node: Node, style: Style) -> list[str]:
    line, told = _line(node, style), _told(node)
    return [piece for piece in (line, told) if piece] or ["\n"]


def _line(node: Node, style: Style) -> str:
    line, own = as_line(node.action, style), as_narrative(node.action)
    return f"\n\n{line}\n" if line else f"\n\n{own}\n" if own else ""


def _told(node: Node) -> str:
    # A piece that came from a KoboldAI save goes back as it was, with its blanks.
    if node.origin == "imported" and node.raw.strip() == node.text:
        return node.raw
    return f"\n\n{node.text}" if node.text else ""


def _whole(node: Node, style: Style) -> str:
    return _line(node, style) + _told(node)


def _metadata(pieces: list[str], others: dict[int, list[str]]) -> dict[str, Any]:
    """An entry for every piece: readers number them anew where one is missing."""
    count_ = max([len(pieces), *(number + 1 for number in others)])
    return {
        str(number): {
            "Selected Text": pieces[number] if number < len(pieces) else "",
            "Alternative Text": [
                {"Text": text, "Pinned": False, "Previous Selection": False, "Edited": False}
                for text in others.get(number, ())
            ],
        }
        for number in range(count_)
    }


def _info(card: Card) -> dict[str, Any]:
    return {
        "key": ", ".join(card.keys),
        "keysecondary": "",
        "content": card.text,
        "comment": card.name,
        "folder": None,
        "selective": False,
        "constant": card.always,
    }


def _tell(story: Story, kept: int, report: Report) -> None:
    turns = len(story.tree.path()) - 1
    report.keep(f"The story on the screen, with {count(turns, 'turn')} after its opening.")
    report.keep("Memory, author's note, cards, sampling.")
    beside = kept - turns - 1
    if beside:
        report.keep(f"{count(beside, 'other version')} of turns, as alternatives.")
    gone = len(story.tree) - kept
    if gone:
        report.lose(f"{count(gone, 'turn')} on other branches, further on than their first.")
    report.lose("The player's lines as typed: they stand as they are told.")
    own = sum(bool(as_narrative(node.action)) for node in story.tree.path())
    if own:
        what = count(own, "sentence")
        report.lose(f"{what} that the player wrote into the story: they are turns of their own.")
    if any("," in key for card in story.cards for key in card.keys):
        report.lose("Keys with a comma in them: KoboldAI takes them for several.")
    report.lose("Seeds, models, times, and what models wrote before it was trimmed.")
    report.lose(
        "Of the scenario: its title, summary, author, tags, rating, questions, style, sample "
        "turns, banned phrases, and how its texts were before the player changed them."
    )
    _tell_settings(story, report)


def _tell_settings(story: Story, report: Report) -> None:
    usual = GenerationSettings()
    for field in fields(usual):
        changed = getattr(story.generation, field.name) != getattr(usual, field.name)
        if changed and field.name not in _NUMBERS:
            report.lose(f"`{field.name}`, which KoboldAI counts in another way or not at all.")
    if story.own:
        report.lose("Which numbers were chosen for this story alone.")
    if any(card.priority for card in story.cards):
        report.lose("The priority of cards.")
    if story.marks:
        report.lose("Bookmarks, and the names of branches.")
    if not story.automatic or story.forgotten:
        report.lose("Whether automatic memory is on, and which of its cards were thrown away.")
