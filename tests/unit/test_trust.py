"""docs/trust.md tells the truth: its tests and mutants exist, and every row has both."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tools.mutants.runner import ROOT, Mutant, every_mutant

ROWS = range(1, 37)
LINE = re.compile(r"^\| (\d+) \| .+ \| `(test_accept_\w+)` \| (\d\d .+) \|$", re.MULTILINE)
TABLE = LINE.findall((ROOT / "docs" / "trust.md").read_text(encoding="utf-8"))
MUTANTS = every_mutant()


def test_every_row_has_a_test_that_exists() -> None:
    tests = {
        name
        for path in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"def (test_accept_\w+)\(", path.read_text(encoding="utf-8"))
    }
    assert [int(row) for row, _, _ in TABLE] == list(ROWS)
    for row, test, _ in TABLE:
        assert test in tests
        assert f"{int(row):02}" in test.split("_")


def test_every_row_has_a_mutant_that_exists() -> None:
    names = {mutant.name for mutant in MUTANTS}
    for row, _, mutant in TABLE:
        assert mutant in names
        assert mutant.startswith(f"{int(row):02} ")


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mutant_takes_out_what_is_there(mutant: Mutant) -> None:
    assert (ROOT / mutant.file).read_text(encoding="utf-8").count(mutant.old) == 1
    assert mutant.old != mutant.new
    assert all(Path(ROOT, name).exists() for name in mutant.tests if name.startswith("tests/"))
