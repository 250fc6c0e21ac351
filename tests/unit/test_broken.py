"""Broken scenario files: the exact report each gets, and that its advice mends the file.

The files and reports stand in `broken.yaml`, which says how it is read.
"""

from __future__ import annotations

import codecs
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from dungeon.authoring.reader import read

SMALLEST = "dungeon: 1\ntitle: T\nopening: You wait.\n"
TABLE: list[dict[str, Any]] = yaml.load(
    Path(__file__).with_name("broken.yaml").read_bytes(),
    Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader),
)


def source_of(entry: dict[str, Any]) -> bytes:
    if "bytes" in entry:
        data, _ = codecs.escape_decode(entry["bytes"].encode())
        return data
    text = entry["file"] if "file" in entry else f"{SMALLEST}{entry['more']}\n"
    return text.encode()


def mended(entry: dict[str, Any]) -> bytes:
    if "mended" in entry:
        return entry["mended"].encode()
    lines = source_of(entry).decode().split("\n")
    for number, line in entry["mend"].items():
        assert lines[number - 1] != line
        lines[number - 1] = line
    return "\n".join(lines).encode()


MENDED = [entry for entry in TABLE if "mend" in entry or "mended" in entry]
"""Those whose advice can be followed to the letter."""


def test_the_table_is_large_and_its_names_differ() -> None:
    assert len(TABLE) >= 130
    assert len(MENDED) >= 130
    assert len({entry["name"] for entry in TABLE}) == len(TABLE)


@pytest.mark.parametrize("entry", TABLE, ids=lambda entry: entry["name"].replace(" ", "-"))
def test_accept_05_06_20_21_a_broken_file_gets_its_report(entry: dict[str, Any]) -> None:
    reading = read(source_of(entry), "x.yaml")
    errors = [problem for problem in reading.problems if problem.severity == "error"]
    assert "\n".join(problem.render() for problem in errors) == entry["report"]
    assert reading.scenario is None
    assert all(problem.fix for problem in errors)


@pytest.mark.parametrize("entry", MENDED, ids=lambda entry: entry["name"].replace(" ", "-"))
def test_what_the_report_says_mends_the_file(entry: dict[str, Any]) -> None:
    for problem in read(source_of(entry), "x.yaml").problems:
        # The mend is what was advised, not something else that helps.
        for word in re.findall(r"Did you mean `([^`]+)`", problem.fix):
            assert word in mended(entry).decode()
    reading = read(mended(entry), "x.yaml")
    assert [str(problem) for problem in reading.problems if problem.severity == "error"] == []
    assert reading.scenario is not None
