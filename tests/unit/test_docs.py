"""docs/scenarios.md: its samples are in order, and it names every field."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dungeon.authoring.reader import read
from dungeon.authoring.schema import json_schema

TEXT = (Path(__file__).parents[2] / "docs" / "scenarios.md").read_text()
BLOCKS = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)
FRAME = {
    "dungeon": "dungeon: 1\n",
    "title": "title: T\n",
    "opening": "opening: You, {name}, wait.\n",
    "questions": "questions: [{key: name, ask: Who?}, {key: calling, ask: What?}]\n",
}


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.split(":")[0].strip())
def test_each_sample_reads_as_a_part_of_a_scenario(block: str) -> None:
    fields = set(re.findall(r"^(\w+):", block, re.MULTILINE))
    frame = "".join(text for name, text in FRAME.items() if name not in fields)
    errors = [p for p in read((frame + block).encode(), "x").problems if p.severity == "error"]
    assert [str(problem) for problem in errors] == []


def test_every_field_is_told_of() -> None:
    schema = json_schema()
    for part in (schema, *schema["$defs"].values()):
        for name in part["properties"]:
            assert re.search(rf"`{name}\b|\b{name}:", TEXT), name
