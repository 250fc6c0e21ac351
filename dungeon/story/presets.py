"""Sampling numbers that suit each other, by name.

A preset sets everything that decides how words are drawn, so that one undoes another, and
leaves the length of a turn and the number of candidates alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from dungeon.errors import SettingsError
from dungeon.story.generation import GenerationSettings


@dataclass(frozen=True, slots=True)
class Preset:
    """One of them; attributes but `about` as `GenerationSettings`.

    Attributes:
        about: One sentence for the player.
    """

    about: str
    temperature: float
    top_p: float
    top_k: int
    min_p: float
    repetition_penalty: float
    repetition_range: int = 200
    repetition_slope: float = 0.7
    no_repeat_ngram: int = 0
    typical_p: float = 1.0

    def numbers(self) -> dict[str, Any]:
        """The sampling numbers by name."""
        names = (name for name in self.__slots__ if name != "about")
        return {name: getattr(self, name) for name in names}


PRESETS: Mapping[str, Preset] = {
    "steady": Preset(
        "Keeps to what is at hand; tells the same again a little sooner.",
        temperature=0.4, top_p=0.9, top_k=40, min_p=0.1, repetition_penalty=1.15,
    ),
    "lively": Preset(
        "New turns and plain sense in balance.",
        temperature=0.75, top_p=0.95, top_k=60, min_p=0.1, repetition_penalty=1.15,
    ),
    "wild": Preset(
        "Surprises often, and loses the thread now and then.",
        temperature=1.2, top_p=1.0, top_k=200, min_p=0.08, repetition_penalty=1.05,
    ),
}  # fmt: skip


def numbers_of(name: str) -> dict[str, Any]:
    """The numbers of the preset `name`.

    Raises:
        SettingsError: There is none of that name.
    """
    if name not in PRESETS:
        raise SettingsError(f"There is no preset named {name!r}.", f"Use {spoken()}.")
    return PRESETS[name].numbers()


def applied(name: str, generation: GenerationSettings) -> GenerationSettings:
    """`generation` with the numbers of the preset `name`.

    Raises:
        SettingsError: There is none of that name.
    """
    return replace(generation, **numbers_of(name))


def preset_of(generation: GenerationSettings) -> str:
    """The name of the preset whose numbers these are; "" for none."""
    for name, preset in PRESETS.items():
        if (
            preset.numbers().items()
            <= {n: getattr(generation, n) for n in preset.numbers()}.items()
        ):
            return name
    return ""


def spoken() -> str:
    """All names, for a sentence."""
    *names, last = PRESETS
    return f"{', '.join(names)} or {last}"
