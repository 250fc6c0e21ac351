"""The lists and groups of a scenario whose parts have fields, and what they are called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from dungeon.authoring.schema import (
    CardModel,
    ExampleModel,
    GenerationModel,
    QuestionModel,
    StyleModel,
)


@dataclass(frozen=True, slots=True)
class Record:
    """What the items of a list are made of.

    Attributes:
        part: The heading of the list.
        one: What one item is called.
        model: Its fields.
        new: One as it is added, to be written over.
    """

    part: str
    one: str
    model: type[BaseModel]
    new: Mapping[str, Any]


RECORDS: Mapping[str, Record] = {
    "questions": Record(
        "Questions", "question", QuestionModel, {"key": "answer", "ask": "What do you answer?"}
    ),
    "cards": Record("Cards", "card", CardModel, {"name": "", "text": ""}),
    "examples": Record(
        "Sample turns", "sample turn", ExampleModel,
        {"action": "look around", "text": "You look around."},
    ),
}  # fmt: skip
"""The lists of a scenario whose items have fields."""

GROUPS: Mapping[str, tuple[str, type[BaseModel]]] = {
    "style": ("Person and tense", StyleModel),
    "generation": ("How words are drawn", GenerationModel),
}
"""The fields of a scenario that are groups of fields: the heading of each, and what is in it."""
