"""The player's settings while the game runs: what is set for all stories, and changing it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


def _forgotten(name: str, value: object) -> None:
    """Keeps nothing: the change holds until the player leaves."""


@dataclass(frozen=True, slots=True)
class Look:
    """How stories are laid out, typed and read aloud.

    Attributes:
        line_width: Widest line of prose, in cells; 60 to 75 reads best (Bringhurst 1992).
        margin: Least free cells on both sides.
        pace: How fast a turn is typed, in words a minute; 0 shows all that was told at once.
        reduced_motion: Whether nothing blinks, spins or glides.
        read_aloud: Whether a voice of the system reads each turn.
    """

    line_width: int = 72
    margin: int = 0
    pace: int = 0
    reduced_motion: bool = False
    read_aloud: bool = False


@dataclass
class Preferences:
    """What is set for all stories; changes are kept by `keep`.

    Attributes:
        values: By the names of `dungeon.settings.Settings`; what is not set is missing.
        keep: Writes one down, or takes it out where its value is None; may raise `DungeonError`.
    """

    values: Mapping[str, object] = field(default_factory=dict)
    keep: Callable[[str, object], None] = _forgotten

    def put(self, name: str, value: object) -> None:
        """Set one, or take it out where `value` is None. It holds even where it is not kept.

        Raises:
            DungeonError: It could not be written down.
        """
        rest = {key: old for key, old in self.values.items() if key != name}
        self.values = rest if value is None else {**rest, name: value}
        self.keep(name, value)
