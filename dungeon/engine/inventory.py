"""What is known of every model here: whether it is on this machine, its size, its speed."""

from __future__ import annotations

import json
import logging
import os
from dataclasses import dataclass
from pathlib import Path

from dungeon.engine import store, trained
from dungeon.engine.catalog import CATALOG, Entry, own

log = logging.getLogger(__name__)

SPEEDS = "speeds.json"
WEIGHT = 0.3
"""How much the newest measurement counts in the running average."""


@dataclass(frozen=True, slots=True)
class Stock:
    """A model that can be named.

    Attributes:
        entry: Its entry.
        path: Where it lies; None where it is not on this machine.
        size: In bytes: on this machine, else of the download.
        speed: Tokens a second, measured in stories told here; 0 where none was.
    """

    entry: Entry
    path: Path | None
    size: int
    speed: float


def inventory() -> list[Stock]:
    """Every model of the catalogue and the player's own, those on this machine first."""
    speeds = read_speeds()
    stocks = []
    for entry in [*CATALOG.values(), *own()]:
        found = store.installed(entry.name)
        path = found.path if found is not None else None
        size = entry.download if path is None else _size(path)
        stocks.append(Stock(entry, path, size, speeds.get(entry.name, 0.0)))
    return sorted(stocks, key=lambda stock: stock.path is None)


def _size(directory: Path) -> int:
    try:
        return sum(path.stat().st_size for path in directory.iterdir() if path.is_file())
    except OSError:
        return 0


def read_speeds() -> dict[str, float]:
    """Tokens a second by model; what cannot be read counts as not measured."""
    try:
        data = json.loads((store.models_dir() / SPEEDS).read_text(encoding="utf-8"))
        return {str(name): float(speed) for name, speed in data.items() if float(speed) > 0}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def note_speed(name: str, speed: float) -> None:
    """Remember how fast a model told a turn, in tokens a second, as a running average.

    A failure is logged and no more: the number is a courtesy.
    """
    if speed <= 0 or not (name in CATALOG or trained.find(name)):
        return
    speeds = read_speeds()
    before = speeds.get(name, speed)
    speeds[name] = round(before + WEIGHT * (speed - before), 1)
    file = store.models_dir() / SPEEDS
    draft = file.with_name(f"{SPEEDS}.{os.getpid()}")
    try:
        draft.write_text(json.dumps(speeds), encoding="utf-8")
        draft.replace(file)
    except OSError as error:
        log.warning("the speed of %s is not remembered: %s", name, error)
