"""What the screen is given by the composition root."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import platformdirs

from dungeon.engine.base import Engine
from dungeon.engine.downloads import OnProgress
from dungeon.engine.inventory import Stock, inventory
from dungeon.errors import DungeonError
from dungeon.story.filter import WordFilter
from dungeon.story.generation import GenerationSettings
from dungeon.story.scenario import Scenario
from dungeon.ui.preferences import Look, Preferences

if TYPE_CHECKING:
    from dungeon.authoring.library import ScenarioEntry
    from dungeon.storage.library import DamagedSave, SaveSummary
    from dungeon.storage.recovery import Recovered


def default_log_file() -> Path:
    """Where the log is kept: the platform's own place for logs."""
    return platformdirs.user_log_path("dungeon") / "dungeon.log"


# Reading a library needs parsers that take a while to import, so they are imported on the
# thread that reads, not before the first screen.


def _list_scenarios() -> Sequence[ScenarioEntry]:
    from dungeon.authoring.library import list_scenarios

    return list_scenarios()


def _read_scenario(path: Path) -> Scenario:
    from dungeon.authoring.reader import read_scenario

    return read_scenario(path)


def _list_saves(directory: Path) -> Sequence[SaveSummary | DamagedSave]:
    from dungeon.storage.library import list_saves

    return list_saves(directory)


def _load_words() -> WordFilter:
    from dungeon import words

    return words.load()


def _filter_state(filter: WordFilter | None) -> str:
    from dungeon import words

    return words.state(filter)


def _delete_save(path: Path) -> None:
    from dungeon.storage.library import delete_save

    delete_save(path)


def _recover_save(path: Path, directory: Path) -> Recovered:
    from dungeon.storage.recovery import recover

    return recover(path, directory)


@dataclass(frozen=True, slots=True)
class AppContext:
    """Everything the app does not choose by itself.

    Attributes:
        make_engine: Called once on a background thread; `load` follows on the same thread.
        saves: Directory of the saves.
        scenario: Begin this one at once, without the title screen.
        save: Go on with this one at once, without the title screen.
        edit: Edit this scenario's file, and end when that is closed; no narrator is loaded.
        read_only: Whether `save` is only looked at.
        seed: Of new stories; None draws one.
        title: Of the story that `scenario` begins.
        answers: To the questions of `scenario`.
        overrides: Sampling numbers of the player's settings: they go before those of a
            scenario, and before those of a save that are not the story's own.
        commanded: Names of those that go before a story's own too.
        look: How stories are laid out, typed and read aloud at first.
        preferences: The settings as the player can change them.
        engine_of: Makes the engine of a model that is here; None where no other can be had.
        pull_model: Brings a model onto this machine, by its name.
        stocks: Every model that is known.
        theme: "ember" (dark) or "parchment" (light), or any theme of Textual's.
        animations: Whether the cursor blinks and the like; off for pictures.
        clock: Seconds, growing; what elapsed times are taken from.
        log_file: Where errors are written; never story text.
        list_scenarios: Every scenario found, broken ones included.
        read_scenario: Reads one.
        list_saves: Every save in a directory, damaged ones included.
        delete_save: Removes one save for good.
        recover_save: Writes what can be read of a damaged one into a new one in a directory.
        word_filter: Whether stories begin with the word filter on.
        load_words: Reads the filter's list.
        filter_state: The filter in words for the player.
        rating: The highest rating of scenarios that are listed at first; None lists all.
        watch: Whether the file of the scenario is watched while its story is played.
        now: The time of day; what the age of a story is counted from.
    """

    make_engine: Callable[[], Engine]
    saves: Path
    scenario: Path | None = None
    save: Path | None = None
    edit: Path | None = None
    read_only: bool = False
    seed: int | None = None
    title: str = ""
    answers: Mapping[str, str] = field(default_factory=dict)
    overrides: Mapping[str, float] = field(default_factory=dict)
    commanded: frozenset[str] = frozenset()
    look: Look = field(default_factory=Look)
    preferences: Preferences = field(default_factory=Preferences)
    engine_of: Callable[[str | None], Engine] | None = None
    pull_model: Callable[[str, OnProgress], object] | None = None
    stocks: Callable[[], Sequence[Stock]] = inventory
    theme: str | None = None
    animations: bool = True
    clock: Callable[[], float] = time.monotonic
    log_file: Path = field(default_factory=default_log_file)
    list_scenarios: Callable[[], Sequence[ScenarioEntry]] = _list_scenarios
    read_scenario: Callable[[Path], Scenario] = _read_scenario
    list_saves: Callable[[Path], Sequence[SaveSummary | DamagedSave]] = _list_saves
    delete_save: Callable[[Path], None] = _delete_save
    recover_save: Callable[[Path, Path], Recovered] = _recover_save
    word_filter: bool = False
    load_words: Callable[[], WordFilter] = _load_words
    filter_state: Callable[[WordFilter | None], str] = _filter_state
    rating: str | None = None
    watch: bool = False
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def generation_for(self, settings: GenerationSettings) -> GenerationSettings:
        """`settings` with the overrides in it.

        Raises:
            SettingsError: An override is outside its range.
        """
        return replace(settings, **self.overrides)  # type: ignore[arg-type]


T = TypeVar("T")


def listed(read: Callable[[], Sequence[T]]) -> tuple[Sequence[T], DungeonError | None]:
    """What `read` lists, or nothing and the reason."""
    try:
        return read(), None
    except DungeonError as error:
        return (), error
    except OSError as error:
        return (), DungeonError(f"A folder cannot be read: {error.strerror}.")
