"""Which stories are played: shipped scenarios with a script each, and passages turned to scenes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from dungeon.authoring.reader import read_scenario
from dungeon.story.facts import mentions
from dungeon.story.narrative import sentences
from dungeon.story.scenario import Scenario

HERE = Path(__file__).parent
SCENARIOS = HERE.parent.parent / "scenarios"
SETS = ("tune", "seen", "held-out")
OPENING_WORDS = 130
"""Length of a scene's opening, about."""


@dataclass(frozen=True)
class Script:
    """A story to play.

    Attributes:
        name: Of the scenario or the passage.
        scenario: Where it begins.
        lines: What the player types.
    """

    name: str
    scenario: Scenario
    lines: tuple[str, ...]


def scripts(which: str) -> list[Script]:
    """The scripts over shipped scenarios of a set in `SETS`."""
    return [
        Script(name, read_scenario(SCENARIOS / f"{name}.yaml"), tuple(lines))
        for name, lines in _written()[which].items()
    ]


def scenes(folder: Path) -> list[Script]:
    """A script over each passage (.txt) in a folder, all with the same lines."""
    lines = tuple(_written()["scenes"])
    return [
        Script(path.stem, scene(path.stem, path.read_text(encoding="utf-8")), lines)
        for path in sorted(folder.glob("*.txt"))
    ]


def scene(title: str, passage: str) -> Scenario:
    """A passage as a scenario: its first sentences, and a memory that names who is in it."""
    # A line of a few words is a heading.
    prose = [part for part in passage.split("\n\n") if len(part.split()) > 5]
    opening = ""
    for piece in sentences(" ".join(" ".join(prose).split())):
        if opening and len(opening.split()) + len(piece.split()) > OPENING_WORDS:
            break
        opening += piece
    named = [one.label for one in mentions(opening) if one.kind == "name"]
    who = list(dict.fromkeys(named))[:3]
    memory = "You have just come in, and they have not seen you yet."
    if who:
        memory = f"With you here: {_and(who)}. {memory}"
    return Scenario(title=title, opening=opening.strip(), memory=memory)


def _and(names: Sequence[str]) -> str:
    return " and ".join((", ".join(names[:-1]), names[-1])) if len(names) > 1 else names[0]


def _written() -> dict[str, dict[str, list[str]]]:
    data: dict[str, dict[str, list[str]]] = yaml.safe_load(
        (HERE / "scripts.yaml").read_text(encoding="utf-8")
    )
    return data
