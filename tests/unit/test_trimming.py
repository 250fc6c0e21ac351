"""What models really wrote, and what an editor would leave of it.

`trimming.yaml` holds the raw text, the player's line, what was said before, whether the model
ended by itself, and the narrative expected, written by hand.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from dungeon.story.narrative import trim

CASES: list[dict[str, Any]] = yaml.load(
    Path(__file__).with_name("trimming.yaml").read_text(encoding="utf-8"), yaml.CSafeLoader
)


@pytest.mark.parametrize("case", [pytest.param(case, id=case["name"]) for case in CASES])
def test_real_output(case: dict[str, Any]) -> None:
    told = trim(
        case["raw"],
        said=case.get("said", ()),
        player_line=case.get("line", ""),
        complete=case.get("complete", False),
    )
    assert told == case["expected"], case["why"]
    assert trim(told) == told


def test_there_are_enough_and_each_is_another() -> None:
    assert len({case["name"] for case in CASES}) == len(CASES) >= 80
    assert len({case["raw"] for case in CASES}) == len(CASES)
