"""Where models are kept."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

from dungeon.files import typed_path


def models_dir() -> Path:
    """Where models are kept: DUNGEON_MODELS, else the platform's data directory."""
    named = os.environ.get("DUNGEON_MODELS")
    if named:
        return typed_path(named)
    return Path(platformdirs.user_data_dir("dungeon", appauthor=False)) / "models"


def taught_dir() -> Path:
    """Where the models are kept that the player trained, a folder for each."""
    return models_dir() / "trained"
