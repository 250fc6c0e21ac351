"""The game that is played, and what is noted of it."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from textual.pilot import Pilot

from dungeon.authoring.reader import read_scenario
from dungeon.engine.scripted import ScriptedEngine
from dungeon.session import GameSession
from dungeon.ui.app import AppContext, DungeonApp
from dungeon.ui.screens.play import PlayScreen

SCENARIO = Path(__file__).parents[2] / "scenarios" / "salt-road.yaml"
LINES = (
    "look around",
    "ask the boy about the letter",
    "lead the mule to the river",
    "wait until the captain has gone by",
    "hide the salt under the straw",
    "",
)
EVERY = 100
"""Turns between two samples, and as many are in a median."""
OTHER_VERBS_EVERY = 50


@dataclass(frozen=True)
class Sample:
    """How things stood after a turn: memory and file in megabytes, the rest counted."""

    turn: int
    memory: float
    file: float
    widgets: int
    laid_out: int
    """Turns that the screen holds as lines."""


@dataclass
class Soak:
    """What a long game left: its file, samples, and the milliseconds of each turn."""

    path: Path
    samples: list[Sample] = field(default_factory=list)
    times: list[float] = field(default_factory=list)

    def memory_at(self, turn: int) -> float:
        """Memory at the sample nearest to `turn`, in megabytes."""
        return min(self.samples, key=lambda sample: abs(sample.turn - turn)).memory

    def median_at(self, turn: int) -> float:
        """Median of the last turns up to `turn`, in milliseconds."""
        return statistics.median(self.times[max(0, turn - EVERY) : turn])


def memory() -> float:
    """What the process holds in memory now, in megabytes (Linux's resident set)."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


async def play(folder: Path, turns: int, progress: Callable[[int, int], None]) -> Soak:
    """Play that many turns, each typed, told, saved and drawn; undo and the rest in between."""
    app = DungeonApp(
        AppContext(
            make_engine=ScriptedEngine,
            saves=folder,
            scenario=SCENARIO,
            answers={question.key: "" for question in read_scenario(SCENARIO).questions},
            seed=1,
            list_scenarios=tuple,
            log_file=folder / "dungeon.log",
        )
    )
    async with app.run_test(size=(100, 30)) as pilot:
        while not (isinstance(app.screen, PlayScreen) and app.screen.phase == "idle"):
            await pilot.pause(0.01)
        screen = app.screen
        assert screen.session.file is not None
        soak = Soak(screen.session.file.path)
        for turn in range(1, turns + 1):
            soak.times.append(await _turn(screen, pilot, LINES[turn % len(LINES)]))
            if turn % OTHER_VERBS_EVERY == 0:
                await _other_verbs(screen, pilot)
            if turn % EVERY == 0 or turn == turns:
                soak.samples.append(
                    Sample(
                        turn,
                        memory(),
                        soak.path.stat().st_size / 1e6,
                        len(screen.query("*")),
                        screen.transcript.laid_out,
                    )
                )
            progress(turn, turns)
    return soak


async def _turn(screen: PlayScreen, pilot: Pilot[None], line: str) -> float:
    """One turn, from Enter to the state in which the next can be typed.

    In milliseconds of the processor's, all threads together: the clock on the wall would tell
    more of what else the machine does.
    """
    path = len(screen.session.story.tree.path())
    screen.line.value = line
    began = time.process_time()
    await pilot.press("enter")
    while screen.phase != "idle" or len(screen.transcript.nodes) == path:
        await pilot.pause(0.001)
    await pilot.pause()
    return (time.process_time() - began) * 1000


async def _other_verbs(screen: PlayScreen, pilot: Pilot[None]) -> None:
    """A little of everything else; the path is as long after it as before."""
    await pilot.press("ctrl+z")
    await pilot.press("ctrl+y")
    await pilot.press("ctrl+t")
    await pilot.press("escape")
    await pilot.press("pageup", "pagedown")
    await pilot.press("ctrl+end")


def reload_seconds(path: Path) -> tuple[float, int]:
    """How long opening the story takes, and how many turns it has."""
    began = time.perf_counter()
    session = GameSession.resume(path, ScriptedEngine())
    seconds = time.perf_counter() - began
    turns = len(session.story.tree.path()) - 1
    session.close()
    return seconds, turns
