"""The JSON Schema: the shipped scenarios are valid by it, and the file beside them is the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from dungeon.authoring.new import template
from dungeon.authoring.schema import json_schema
from dungeon.story.presets import PRESETS

ROOT = Path(__file__).parents[2] / "scenarios"
SHIPPED = sorted(ROOT.glob("*.yaml"))
SCHEMA = json_schema()
VALIDATOR = Draft202012Validator(SCHEMA)


def loaded(text: str) -> Any:
    return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def parts() -> list[tuple[str, dict[str, Any]]]:
    groups = {"Scenario": SCHEMA, **SCHEMA["$defs"]}
    return [
        (f"{group}.{name}", field)
        for group, part in groups.items()
        for name, field in part["properties"].items()
    ]


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_the_file_beside_the_scenarios_is_what_the_command_prints() -> None:
    assert json.loads((ROOT / "scenario.schema.json").read_text()) == SCHEMA, (
        "dungeon schema > scenarios/scenario.schema.json"
    )


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_what_ships_is_valid_and_tells_editors_of_the_schema(path: Path) -> None:
    text = path.read_text()
    assert text.startswith("# yaml-language-server: $schema=scenario.schema.json\n")
    assert [error.message for error in VALIDATOR.iter_errors(loaded(text))] == []


def test_a_new_file_is_valid() -> None:
    assert VALIDATOR.is_valid(loaded(template("1984", "horror")))


@pytest.mark.parametrize(
    "more",
    ["memory:", "title: 1984", "tags: [1, two, true]", "memory: no", "generation: {top_p: 1}"],
)
def test_what_the_reader_takes_is_no_mistake_in_an_editor(more: str) -> None:
    assert VALIDATOR.is_valid({"dungeon": 1, "title": "T", "opening": "You wait.", **loaded(more)})


@pytest.mark.parametrize(
    "more",
    [
        "memmory: x",
        "tags: fantasy",
        "rating: adult",
        "opening:",
        "style: {person: fourth}",
        "generation: {top_p: 5}",
        "generation: {preset: loud}",
        "questions: [{key: Name, ask: Who?}]",
        "cards: [{name: A}]",
        "dungeon: 2",
    ],
)
def test_what_the_reader_refuses_is_a_mistake_there_too(more: str) -> None:
    data = {"dungeon": 1, "title": "T", "opening": "You wait.", **loaded(more)}
    assert not VALIDATOR.is_valid(data)


@pytest.mark.parametrize(("name", "field"), parts(), ids=lambda value: str(value)[:40])
def test_every_field_says_what_it_is_and_how_it_looks(name: str, field: dict[str, Any]) -> None:
    assert field["description"].rstrip()[-1] in ".1", name
    lists = ("Scenario.questions", "Scenario.cards", "Scenario.examples")
    assert "examples" in field or "default" in field or name in lists
    resolved = VALIDATOR.evolve(schema={**field, "$defs": SCHEMA["$defs"]})
    for example in field.get("examples", ()):
        assert resolved.is_valid(example), example


def test_every_preset_is_offered() -> None:
    preset = SCHEMA["$defs"]["GenerationModel"]["properties"]["preset"]
    assert preset["anyOf"][0]["enum"] == list(PRESETS)
