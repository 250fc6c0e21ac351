"""The scenarios that can be played: those that ship, and the player's own."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from dungeon.authoring.problem import Problem, short
from dungeon.authoring.reader import read
from dungeon.authoring.source import read_bytes
from dungeon.authoring.suggest import Suggester
from dungeon.errors import ScenarioError
from dungeon.files import typed_path
from dungeon.story.scenario import Scenario, Source
from dungeon.text import clean

SUFFIXES = (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class ScenarioEntry:
    """A scenario file in the library.

    Attributes:
        name: As typed after `dungeon play`: the file's name without its ending, cleaned.
        path: The file.
        scenario: What it holds; None where it cannot be read.
        problems: Why it cannot, or what is weak in it.
    """

    name: str
    path: Path
    scenario: Scenario | None
    problems: tuple[Problem, ...] = ()


def own_scenarios() -> Path:
    """The folder of the player's own scenarios; it need not be there."""
    return platformdirs.user_data_path("dungeon") / "scenarios"


def scenario_dirs() -> list[Path]:
    """Where scenarios are looked for; of two with one name the first is taken.

    `DUNGEON_SCENARIOS` (several, as in PATH), the player's own, then those that ship.
    """
    named = os.environ.get("DUNGEON_SCENARIOS", "")
    return [
        *(typed_path(part) for part in named.split(os.pathsep) if part),
        own_scenarios(),
        *_shipped_dirs(),
    ]


def _shipped_dirs() -> list[Path]:
    package = Path(__file__).resolve().parents[1]
    directories = [package / "scenarios"]
    # Beside an installed package lies what other packages installed.
    if (package.parent / "pyproject.toml").is_file():
        directories.append(package.parent / "scenarios")
    return directories


def ships(path: Path) -> bool:
    """Whether a file is one of the game's own scenarios, which an update writes anew."""
    return path.resolve().parent in _shipped_dirs()


def scenarios_in(directory: Path) -> list[Path]:
    """The scenario files of a directory, by name; none where it cannot be read."""
    try:
        paths = sorted(directory.iterdir())
    except (OSError, ValueError):
        # Most of the library's directories are not there on most machines.
        return []
    return [
        path for path in paths if path.suffix.lower() in SUFFIXES and not path.name.startswith(".")
    ]


def _files() -> dict[str, Path]:
    files: dict[str, Path] = {}
    for directory in scenario_dirs():
        for path in scenarios_in(directory):
            files.setdefault(clean(path.stem, newlines=False), path)
    return files


def list_scenarios() -> list[ScenarioEntry]:
    """Every scenario in the library, by title; one that cannot be read is listed too."""
    entries = [_entry(name, path) for name, path in _files().items()]
    return sorted(entries, key=lambda entry: (_title(entry).casefold(), entry.name))


def _entry(name: str, path: Path) -> ScenarioEntry:
    try:
        reading = read(read_bytes(path), str(path))
    except ScenarioError as error:
        problem = Problem(str(path), 1, 1, error.message, error.hint)
        return ScenarioEntry(name, path, None, (problem,))
    return ScenarioEntry(name, path, reading.scenario, reading.problems)


def _title(entry: ScenarioEntry) -> str:
    return entry.scenario.title if entry.scenario else entry.name


def change_since(source: Source | None, entries: Iterable[ScenarioEntry]) -> str:
    """What became of the scenario that a story began from, as a sentence; "" if it is as it was.

    Args:
        source: Of the story.
        entries: Those of the library, as of `list_scenarios`.
    """
    if source is None:
        return ""
    scenarios = [entry.scenario for entry in entries if entry.scenario is not None]
    if any(Source.of(scenario) == source for scenario in scenarios):
        return ""
    title = short(source.title, 60)
    if any(scenario.title == source.title for scenario in scenarios):
        return f"The scenario `{title}` was edited since; this story goes on as it began."
    return f"The scenario `{title}` is not in the library now; this story has its own copy."


def find_scenario(name_or_path: str | Path) -> Path:
    """The file of a scenario: a name in the library, or a file.

    Raises:
        ScenarioError: There is neither; the hint names the nearest.
    """
    text = str(name_or_path)
    files = _files()
    if text in files:
        return files[text]
    # An accent typed in one way, and written in the file's name in the other.
    composed = unicodedata.normalize("NFC", text)
    for name, found in files.items():
        if unicodedata.normalize("NFC", name) == composed:
            return found
    path = typed_path(text)
    if path.suffix.lower() in SUFFIXES or os.sep in text or "/" in text:
        try:
            there = path.exists() and not path.is_dir()
        except (OSError, ValueError):
            there = False
        if there:
            return path
    near = Suggester().nearest(path.stem, files, cutoff=0.5)
    hint = f"Did you mean {near}?" if near else "`dungeon list` shows what there is."
    raise ScenarioError(f"There is no scenario `{short(text, 80)}`.", hint)
