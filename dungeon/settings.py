"""The player's own settings: defaults, then the file, then the environment, then the command line.

The file is `settings.yaml` in the platform's configuration directory; the environment's names
are the fields' with `DUNGEON_` in front (`DUNGEON_MODEL=gpt2`). A setting that a story has of
its own (its scenario's temperature, say) is only overridden by one that is set here.

Values stay the text that was written (`model: NO` is a model named NO), as they do in the
environment.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import SecretStr, ValidationError, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from dungeon.errors import SettingsError
from dungeon.settings_file import read, settings_file
from dungeon.story.generation import RANGES, Range
from dungeon.story.presets import PRESETS
from dungeon.text import shorten

LIMITS: Mapping[str, Range] = {
    **RANGES,
    "line_width": Range(30, 160, whole=True),
    "margin": Range(0, 40, whole=True),
    "pace": Range(0, 2000, whole=True),
}
"""What every setting that is a number may be."""


class Settings(BaseSettings):
    """What a player may set once for every story. None means: as the story says."""

    model_config = SettingsConfigDict(env_prefix="DUNGEON_", env_ignore_empty=True, extra="forbid")

    model: str | None = None
    """Name of a model in the catalogue, or a directory; None chooses by itself."""
    engine: Literal["local", "remote"] | None = None
    """Who runs the model: this machine, or the server at `url`; None is this machine."""
    url: str | None = None
    """Of the server that `engine: remote` asks."""
    remote_key: SecretStr | None = None
    """What that server wants to see; from a file only if nobody else can read the file."""
    saves: Path | None = None
    """Where stories are kept."""
    theme: str | None = None
    """Name of the screen's theme."""
    line_width: int | None = None
    """Widest line of a story, in columns."""
    margin: int | None = None
    """Columns left free on both sides of a story at least."""
    pace: int | None = None
    """How fast a turn is typed, in words a minute; 0 shows words as soon as they are told."""
    reduced_motion: bool = False
    """Whether nothing blinks, spins or glides."""
    read_aloud: bool = False
    """Whether a voice of the system reads each turn."""
    preset: Literal[*PRESETS] | None = None  # type: ignore[valid-type]
    """Sampling numbers that suit each other; each source's own numbers go before its preset."""
    word_filter: bool = False
    """Whether the narrator is kept from words of the player's list; see `dungeon.words`."""
    rating: Literal["everyone", "teen", "mature"] | None = None
    """The highest rating of scenarios that are listed; None lists all."""
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    repetition_penalty: float | None = None
    max_new_tokens: int | None = None
    candidates: int | None = None
    min_p: float | None = None
    repetition_range: int | None = None
    repetition_slope: float | None = None
    no_repeat_ngram: int | None = None
    typical_p: float | None = None

    def generation(self) -> dict[str, Any]:
        """The sampling numbers that are set, by name."""
        return {name: getattr(self, name) for name in RANGES if getattr(self, name) is not None}

    @field_validator(*LIMITS, mode="before")
    @classmethod
    def _written_as_a_number(cls, value: object) -> object:
        # pydantic takes True for 1, "0.8 " for 0.8 and "1_0" for 10; nobody means that.
        if isinstance(value, bool):
            raise ValueError("It is no number")
        if isinstance(value, str) and (value != value.strip() or "_" in value):
            raise ValueError("It is no number as it is written")
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Command line over environment over file; no `.env`, no secrets directory."""
        path = settings_file()
        content = read(path)
        if content.get("remote_key") is not None:
            _refuse_shared(path)
        file = InitSettingsSource(settings_cls, content)
        # Each by itself: a preset on the command line goes before a number in the file.
        return tuple(
            _Expanded(settings_cls, source) for source in (init_settings, env_settings, file)
        )


class _Expanded(PydanticBaseSettingsSource):
    """A source with the numbers of its preset, where it names one."""

    def __init__(self, settings: type[BaseSettings], source: PydanticBaseSettingsSource) -> None:
        super().__init__(settings)
        self._source = source

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """As the source has it."""
        return self._source.get_field_value(field, field_name)

    def __call__(self) -> dict[str, Any]:
        """Preset first, then what the source says itself."""
        found = self._source()
        preset = found.get("preset")
        if not isinstance(preset, str) or preset not in PRESETS:
            return found
        return {**PRESETS[preset].numbers(), **found}


class UnusableError(SettingsError):
    """The value of a setting is of the wrong type.

    Attributes:
        name: Of the setting.
        value: As it was given.
        place: Where it stands, in words.
    """

    def __init__(self, name: str, value: object, what: str, place: str) -> None:
        super().__init__(
            f"The setting {name} is {shorten(repr(value), 60)}, which cannot be used.",
            f"{what} It stands in {place}.",
        )
        self.name, self.value, self.place = name, value, place


def load(**command_line: Any) -> Settings:
    """The settings in force.

    Args:
        command_line: Values given on the command line; None counts as not given.

    Raises:
        SettingsError: The file cannot be read, or a value is of the wrong type.
    """
    given = {name: value for name, value in command_line.items() if value is not None}
    try:
        return Settings(**given)
    except ValidationError as error:
        first = error.errors()[0]
        name = shorten(".".join(str(part) for part in first["loc"]), 60)
        if first["type"] == "extra_forbidden":
            raise SettingsError(
                f"There is no setting named {name!r}.", f"Known are: {', '.join(_names())}."
            ) from None
        what = first["msg"].removeprefix("Value error, ")
        raise UnusableError(name, first["input"], f"{what}.", place_of(name, given)) from None
    except (OSError, ValueError, TypeError) as error:
        reason = str(getattr(error, "strerror", None) or error) or type(error).__name__
        raise SettingsError(
            f"The settings in {settings_file()} cannot be read: {shorten(reason, 200)}.",
            "Mend the file or delete it.",
        ) from None


def place_of(name: str, command_line: Mapping[str, object]) -> str:
    """Where the value of a setting comes from, in words; `command_line` as given to `load`."""
    if command_line.get(name) is not None:
        return f"--{name.replace('_', '-')} on the command line"
    variable = f"DUNGEON_{name.upper()}"
    if variable in os.environ:
        return f"{variable} in the environment"
    return f"the file {settings_file()}"


def _names() -> list[str]:
    return sorted(Settings.model_fields)


def _refuse_shared(path: Path) -> None:
    """Refuse a file with a key in it that others can read; Windows has no such bits.

    Raises:
        ValueError: They can.
    """
    if os.name == "posix" and path.stat().st_mode & 0o077:
        raise ValueError("it holds remote_key, and others can read it: chmod 600 makes it yours")
