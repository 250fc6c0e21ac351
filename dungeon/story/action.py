"""What the player did: a mode and a line, and how it stands in the story."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Mode(StrEnum):
    """How a player's line is meant."""

    DO = "do"
    SAY = "say"
    STORY = "story"
    CONTINUE = "continue"


@dataclass(frozen=True, slots=True)
class Action:
    """A player's line.

    Attributes:
        mode: How it is meant.
        text: As typed, on one line (several for `STORY`); "" for `CONTINUE`.
    """

    mode: Mode
    text: str = ""
