"""Which settings hold, where each comes from, and setting them for one story or for all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace

from dungeon.session import GameSession
from dungeon.story.generation import RANGES, GenerationSettings
from dungeon.story.presets import PRESETS, preset_of
from dungeon.ui.fields import Field
from dungeon.ui.preferences import Preferences

PRESET_NUMBERS = frozenset(next(iter(PRESETS.values())).numbers())


def overrides_of(preferences: Preferences) -> dict[str, float]:
    """The sampling numbers that are set for all stories, those of a preset among them."""
    values = preferences.values
    preset = PRESETS.get(str(values.get("preset", "")))
    numbers = {} if preset is None else preset.numbers()
    return {**numbers, **{name: values[name] for name in RANGES if name in values}}


class Settled:
    """The settings as they stand.

    Args:
        preferences: For all stories.
        session: The story that is open, no turn under way; None on the title.
    """

    def __init__(self, preferences: Preferences, session: GameSession | None = None) -> None:
        self.preferences = preferences
        self.session = session

    def value(self, field: Field) -> object:
        """What holds; the field's default where nothing is set, which may be ""."""
        if field.story and self.session is not None:
            generation = self.session.story.generation
            return (
                preset_of(generation) if field.name == "preset" else getattr(generation, field.name)
            )
        values: Mapping[str, object] = self.preferences.values
        if field.name in RANGES:
            values = overrides_of(self.preferences)
        return values.get(field.name, field.default)

    def origin(self, field: Field) -> str:
        """Where the value comes from, in two words or three; "" where nothing is set."""
        values = self.preferences.values
        story = self.session.story if field.story and self.session is not None else None
        names = PRESET_NUMBERS if field.name == "preset" else {field.name}
        if story is not None and names & set(story.own):
            return "this story"
        if field.name in values:
            return "all stories"
        if field.name in RANGES and field.name in overrides_of(self.preferences):
            return f"preset {values['preset']}"
        return "the scenario" if story is not None else ""

    def start(self, field: Field) -> object:
        """What Left and Right begin from."""
        value = self.value(field)
        unset = value == "" and field.name in RANGES
        return getattr(GenerationSettings(), field.name) if unset else value

    def put(self, field: Field, value: object, *, for_story: bool) -> None:
        """Set one, for this story or for all; None takes it back to what else would hold.

        What is set for all holds in the open story too, which has none of its own from then on.

        Raises:
            DungeonError: The value is refused, or holds but could not be written down.
        """
        names = PRESET_NUMBERS if field.name == "preset" else frozenset({field.name})
        if for_story and field.story and self.session is not None:
            self._put_in_story(field, value, names)
            return
        try:
            if field.name == "preset":
                # Numbers of their own would go before it.
                for name in sorted(names & self.preferences.values.keys()):
                    self.preferences.put(name, None)
            self.preferences.put(field.name, value)
        finally:
            if field.story and self.session is not None:
                self._renew(self.session, set(self.session.story.own) - names)

    def _put_in_story(self, field: Field, value: object, names: frozenset[str]) -> None:
        session = self.session
        assert session is not None
        own = set(session.story.own)
        if value is None:
            self._renew(session, own - names)
            return
        numbers = PRESETS[str(value)].numbers() if field.name == "preset" else {field.name: value}
        generation = replace(session.story.generation, **numbers)
        session.set_generation(generation, own | names)

    def _renew(self, session: GameSession, own: set[str]) -> None:
        """Take every number that is not the story's own from where it now comes."""
        story = session.story
        kept = {name: value for name, value in asdict(story.generation).items() if name in own}
        numbers = {**overrides_of(self.preferences), **kept}
        session.set_generation(replace(story.scenario.generation, **numbers), own)
