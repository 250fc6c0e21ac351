"""The fields of a scenario's text as a form lists them: names, values, help, and where they stand.

The names, the help and the allowed values are those of the format itself (`schema`), so that a
form, `dungeon schema` and the docs say the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel

from dungeon.authoring.document import Document, Node, values
from dungeon.authoring.reader import TRUE
from dungeon.authoring.records import GROUPS, RECORDS
from dungeon.authoring.schema import CardModel, ScenarioModel
from dungeon.authoring.walk import Where
from dungeon.story.generation import RANGES

Kind = Literal["line", "prose", "choice", "number", "list", "card"]

PROSE = frozenset(("summary", "memory", "authors_note", "opening", "text"))
"""Fields that hold more than a line."""


@dataclass(frozen=True, slots=True)
class FormField:
    """One row of the form.

    Attributes:
        where: Its path, as of `edit.set_value`; a card's is that of the whole card.
        label: What it is called in the file.
        part: The heading under which it stands.
        kind: How it is changed.
        value: As the file has it: text, a list of texts, a card's fields; "" where there is none.
        help: What it is for, a sentence or two.
        choices: Its allowed values; empty where anything may be written.
        line: Of the file, from 0; None where the field is not there.
    """

    where: Where
    label: str
    part: str
    kind: Kind
    value: Any
    help: str
    choices: tuple[str, ...] = ()
    line: int | None = None

    @property
    def item(self) -> tuple[str, int] | None:
        """The list and the index of the item that the field belongs to, if to one."""
        if len(self.where) > 1 and isinstance(self.where[1], int):
            return str(self.where[0]), self.where[1]
        return None

    @property
    def always(self) -> bool:
        """Whether it is a card that stands in every turn."""
        return self.kind == "card" and str(self.value.get("always", "")).lower() in TRUE


_HEAD = ("title", "summary", "author", "tags", "rating")
_TOLD = ("memory", "authors_note", "opening")


def fields_of(document: Document) -> list[FormField]:
    """Every field that a form can change, in the order of the format.

    A field whose value is of the wrong type is left out: it is mended in the text.
    """
    data = values(document.root)
    if not isinstance(data, dict):
        return []
    return [*_Fields(document, data).all()]


class _Fields:
    def __init__(self, document: Document, data: dict[str, Any]) -> None:
        self._doc = document
        self._data = data

    def all(self) -> Iterator[FormField]:
        yield from self._of(ScenarioModel, _HEAD, (), "The scenario", self._data)
        yield from self._records("questions")
        yield from self._of(ScenarioModel, _TOLD, (), "What is told", self._data)
        yield from self._records("cards")
        for name, (part, model) in GROUPS.items():
            group = self._data.get(name, "")
            if isinstance(group, dict) or group == "":
                yield from self._of(model, tuple(model.model_fields), (name,), part, group or {})
        yield from self._of(ScenarioModel, ("banned",), (), "Never written", self._data)
        yield from self._records("examples")

    def _records(self, name: str) -> Iterator[FormField]:
        record = RECORDS[name]
        items = self._data.get(name, "")
        for index, item in enumerate(items if isinstance(items, list) else ()):
            if not isinstance(item, dict):
                continue
            if record.model is CardModel:
                where: Where = (name, index)
                label = item.get("name", "")
                about = "What the narrator is told when one of its keys was just said."
                if isinstance(label, str):
                    yield FormField(
                        where, label or "(no name)", record.part, "card", item, about,
                        line=self._line(where),
                    )  # fmt: skip
            else:
                part = f"{record.part}: {index + 1}"
                names = tuple(record.model.model_fields)
                yield from self._of(record.model, names, (name, index), part, item)

    def _of(
        self,
        model: type[BaseModel],
        names: tuple[str, ...],
        path: Where,
        part: str,
        data: Mapping[str, Any],
    ) -> Iterator[FormField]:
        for name in names:
            field = model.model_fields[name]
            value = data.get(name, "")
            kind, choices = _kind(name, field.annotation)
            if not _fits(kind, value):
                continue
            where = (*path, name)
            about = field.description or ""
            if kind == "number":
                about = f"{about} {str(RANGES[name]).capitalize()}; {field.default:g} if not given."
            yield FormField(where, name, part, kind, value, about, choices, self._line(where))

    def _line(self, where: Where) -> int | None:
        node: Node = self._doc.root
        for part in where:
            node = self._doc.child(node, part)
            if node is None:
                return None
        return int(node.start_mark.line)


def _fits(kind: Kind, value: Any) -> bool:
    """Whether a value is of the type of its field, or there is none."""
    if value == "":
        return True
    if kind == "list":
        return isinstance(value, list) and all(isinstance(item, str) for item in value)
    return isinstance(value, str)


def _kind(name: str, annotation: Any) -> tuple[Kind, tuple[str, ...]]:
    """How a field of the model is changed, and its allowed values."""
    if name in RANGES:
        return "number", ()
    if get_origin(annotation) is list:
        return "list", ()
    for found in (annotation, *get_args(annotation)):
        if get_origin(found) is Literal:
            return "choice", tuple(str(choice) for choice in get_args(found))
    return ("prose" if name in PROSE else "line"), ()
