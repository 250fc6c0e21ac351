"""The player's own settings: defaults, then the file, then the environment, then the command line.

The file is `settings.yaml` in the platform's configuration directory; the environment's names
are the fields' with `DUNGEON_` in front (`DUNGEON_MODEL=gpt2`). A setting that a story has of
its own (its scenario's temperature, say) is only overridden by one that is set here.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Literal

import platformdirs
import yaml
from pydantic import ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    YamlConfigSettingsSource,
)

from dungeon.errors import SettingsError

APP = "dungeon"


def settings_file() -> Path:
    """Where the settings are read from: `DUNGEON_SETTINGS`, else the platform's place."""
    named = os.environ.get("DUNGEON_SETTINGS")
    return Path(named) if named else platformdirs.user_config_path(APP) / "settings.yaml"


class Settings(BaseSettings):
    """What a player may set once for every story. None means: as the story says."""

    model_config = SettingsConfigDict(env_prefix="DUNGEON_", extra="forbid")

    model: str | None = None
    """Name of a model in the catalogue, or a directory; None chooses by itself."""
    saves: Path | None = None
    """Where stories are kept."""
    theme: str | None = None
    """Name of the screen's theme."""
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

    def generation(self) -> dict[str, Any]:
        """The sampling numbers that are set, by name."""
        names = (
            "temperature",
            "top_p",
            "top_k",
            "repetition_penalty",
            "max_new_tokens",
            "candidates",
            "min_p",
        )
        return {name: getattr(self, name) for name in names if getattr(self, name) is not None}

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
        file = YamlConfigSettingsSource(settings_cls, yaml_file=settings_file())
        return init_settings, env_settings, file


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
        name = ".".join(str(part) for part in first["loc"]) or "a setting"
        if first["type"] == "extra_forbidden":
            raise SettingsError(
                f"There is no setting named {name!r}.", f"Known are: {', '.join(_names())}."
            ) from None
        raise SettingsError(
            f"The setting {name} is {first['input']!r}, which cannot be used.",
            f"{first['msg']}. Look into {settings_file()} and the environment.",
        ) from None
    except (yaml.YAMLError, OSError, UnicodeError, TypeError, ValueError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise SettingsError(
            f"The settings in {settings_file()} cannot be read: {reason}.",
            "Mend the file or delete it.",
        ) from None


def _names() -> list[str]:
    return sorted(Settings.model_fields)
