"""pydantic's errors in words for an author: what is wrong with a field, and what to write."""

from __future__ import annotations

from collections.abc import Container
from typing import Any

from pydantic import BaseModel

from dungeon.authoring.problem import short
from dungeon.authoring.records import GROUPS, RECORDS
from dungeon.authoring.schema import ScenarioModel
from dungeon.authoring.suggest import Suggester
from dungeon.authoring.walk import Where
from dungeon.story.generation import RANGES
from dungeon.story.scenario import MAX_PRIORITY

_MODELS: dict[tuple[str, ...], type[BaseModel]] = {
    (): ScenarioModel,
    **{(name,): record.model for name, record in RECORDS.items()},
    **{(name,): model for name, (_, model) in GROUPS.items()},
}
# What other programs call it; the nearest word would often be another field.
_ELSEWHERE = {
    "opening": "prompt intro introduction start first_mes first_message scene story text",
    "memory": "context plot_essentials essentials background persona",
    "authors_note": "note an author_note anote author's_note",
    "cards": "world_info worldinfo wi lorebook lore entries story_cards characters",
    "summary": "description desc about blurb",
    "title": "name",
    "rating": "nsfw",
    "banned": "bad_words banned_words stop_words",
    "examples": "mes_example sample samples example_dialogue",
    "questions": "placeholders variables",
    "generation": "settings parameters sampling",
}
_HERE = {other: name for name, others in _ELSEWHERE.items() for other in others.split()}


def known(where: Where) -> list[str]:
    """The fields that may stand beside the one at `where`."""
    model = _MODELS.get(tuple(part for part in where[:-1] if isinstance(part, str)))
    return list(model.model_fields) if model else []


def unknown_field(where: Where, there: Container[str], suggest: Suggester) -> tuple[str, str]:
    """What to say of a field that does not exist.

    Args:
        where: The field.
        there: The names of those beside it: such a one was meant only where it is nearly the same.
        suggest: Finds what was.
    """
    name, beside = str(where[-1]), known(where)
    if name == "<<":
        return "`<<` merges fields in YAML, and a scenario has no such thing.", "Write them out."
    if name not in beside and (seen := short(name)) in beside:
        return (
            f"A character that nobody can see stands in the name `{seen}`.",
            f"Write `{seen}` anew.",
        )
    absent = [other for other in beside if other not in there]
    near = suggest.nearest(name, beside, cutoff=0.8) or suggest.nearest(name, absent)
    if near is None and len(where) == 1:
        near = _HERE.get(name.casefold().replace(" ", "_").replace("-", "_"))
    if near is not None:
        fix = f"Did you mean `{near}`?"
    elif home := next((g[0] for g, m in _MODELS.items() if g and name in m.model_fields), None):
        fix = f"It belongs to {home}: indent it as deep as the fields of those."
        if home not in RECORDS:
            fix = f"It belongs below `{home}:`, indented."
    else:
        fix = f"Known here: {', '.join(beside)}."
    return f"There is no field `{short(name)}`.", fix


def missing_field(where: Where, empty: bool, comment: bool = False) -> tuple[str, str]:
    """What to say of a field that must be there.

    Args:
        where: The field.
        empty: Whether its name is there.
        comment: Whether a comment stands in the place of the value.
    """
    name = where[-1]
    if comment:
        return f"`{name}` is empty: what follows # is a comment.", "Put quotes around the text."
    if empty:
        return f"`{name}` is empty.", f"Write its text after `{name}:`."
    group = str(where[0])
    one = RECORDS[group].one if group in RECORDS else group
    inside = "The scenario" if len(where) == 1 else f"This {one}"
    return f"{inside} has no `{name}`.", f"Add `{name}: {'1' if where == ('dungeon',) else '...'}`."


def wrong_value(
    kind: str, where: Where, context: dict[str, Any], value: Any, suggest: Suggester
) -> tuple[str, str]:
    """What to say of a value that a field cannot have.

    Args:
        kind: pydantic's name of the error.
        where: The field.
        context: What pydantic knows besides.
        value: As it was written.
        suggest: Finds what was meant.
    """
    name = _field(where)
    if kind == "string_too_short":
        return f"{name} is empty.", "Write some text or take the line out."
    if kind == "literal_error":
        allowed = [option.strip(" '") for option in str(context["expected"]).split(" or ")]
        allowed = [option.strip(" '") for part in allowed for option in part.split(", ")]
        near = suggest.nearest(str(value), allowed, cutoff=0.4)
        fix = f"Did you mean `{near}`?" if near else f"Write one of: {', '.join(allowed)}."
        return f"`{short(value)}` is no {where[-1]}.", fix
    if kind == "string_pattern_mismatch":
        return (
            f"`{short(value)}` cannot be the name of an answer.",
            "Use small letters, digits and _, and begin with a letter.",
        )
    if where[0] == "generation" and len(where) == 2 and where[1] in RANGES:
        allowed_range = f"Write {RANGES[str(where[1])]}"
        if not isinstance(value, str):
            what = "A list" if isinstance(value, list) else "A group of fields"
            return f"{what} is not allowed for {where[1]}.", f"{allowed_range}."
        point = ", with a point instead of the comma" if "," in value else ""
        return f"`{short(value)}` is not allowed for {where[1]}.", f"{allowed_range}{point}."
    if where[-1] == "priority":
        written = short(value) if isinstance(value, str) else "this"
        return (
            f"`{written}` is not allowed for priority.",
            f"Write a whole number from -{MAX_PRIORITY} to {MAX_PRIORITY}.",
        )
    if kind.startswith("bool"):
        return f"{name} is neither true nor false.", "Write true or false."
    return _wrong_type(kind, where, name, value)


def _wrong_type(kind: str, where: Where, name: str, value: Any) -> tuple[str, str]:
    if kind == "string_type":
        if isinstance(value, dict) and len(value) == 1:
            only = next(iter(value))
            return (
                f"{name} should be text, but `{short(only)}: ` makes it a field.",
                "Put quotes around the whole value.",
            )
        if not isinstance(value, list):
            message = f"{name} should be text, and this is a group of fields."
            return message, "Write text, in quotes if need be."
        message = f"{name} should be text, and this is a list."
        if isinstance(where[-1], int):
            return message, "Put its items into the list itself, one by one."
        return message, f"Write `{where[-1]}: |-`, and the lines below it without dashes."
    if kind == "list_type":
        record = RECORDS.get(str(where[-1]))
        if record is not None:
            first = next(iter(record.model.model_fields))
            return f"{name} should be a list.", f"Begin each with `- {first}: ...`."
        written = short(value) if isinstance(value, str) else "..."
        return (
            f"{name} should be a list.",
            f"Write `[{written}]`, or one item a line, each after `- `.",
        )
    if kind in ("model_type", "model_attributes_type", "dict_type"):
        # A file that holds no fields at all is told of before.
        model = _MODELS[tuple(part for part in where if isinstance(part, str))]
        needed = [name for name, field in model.model_fields.items() if field.is_required()]
        fields = [f"{name}: ..." for name in needed or known((*where, ""))[:1]]
        if "keys" in model.model_fields:
            fields.insert(1, "keys: [...]")
        shown = f"{{{', '.join(fields)}}}"
        fix = (
            f"Write `- {shown}`."
            if isinstance(where[-1], int)
            else f"Write `{where[-1]}: {shown}`."
        )
        return f"{name} should be a group of fields.", fix
    return f"{name} cannot be used as it is written.", "See docs/scenarios.md."


def _field(where: Where) -> str:
    names = [part for part in where if isinstance(part, str)]
    return f"An item of `{names[-1]}`" if isinstance(where[-1], int) else f"`{names[-1]}`"
