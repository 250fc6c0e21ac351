"""The errors that a player may see.

Each carries one sentence of what happened and one of what to do. Whoever shows it prints
both and no traceback; the log has the rest.
"""

from __future__ import annotations


class DungeonError(Exception):
    """Base of every error that is meant for the player's eyes.

    Args:
        message: What happened, one sentence.
        hint: What to do about it, one sentence; empty where nothing can be done.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".rstrip()

    def report(self) -> str:
        """All there is to say, for a terminal: on as many lines as it takes."""
        return f"{self.message}\n{self.hint}".rstrip()


class ScenarioError(DungeonError):
    """A scenario cannot be used as it is written."""


class SaveError(DungeonError):
    """A story file cannot be read or written."""


class SaveLockedError(SaveError):
    """Another process has the story open for writing."""


class NewerSaveError(SaveError):
    """A story file is of a format that only a newer version of the game knows; it is sound."""


class ModelError(DungeonError):
    """A model is unknown, missing, damaged or not allowed."""


class EngineError(DungeonError):
    """Text generation failed; the turn can be tried again."""


class TurnError(DungeonError):
    """The player asked for something that the story cannot do now (undo at the opening, ...)."""


class SettingsError(DungeonError):
    """A setting is outside its allowed range or of the wrong type."""
