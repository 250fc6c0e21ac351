"""What the tests of the screen share: a scenario, engines that can be held, ways to look."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from textual.message import Message
from textual.pilot import Pilot

from dungeon.authoring.problem import Problem
from dungeon.engine.base import CancelToken, Finished, GenerationRequest, ModelInfo, Timing
from dungeon.engine.scripted import ScriptedEngine
from dungeon.story.scenario import Card, Question, Scenario
from dungeon.ui.app import AppContext, DungeonApp
from dungeon.ui.screens.play import PlayScreen

GATE = Scenario(
    title="The Gate",
    opening="You stand at the gate.",
    summary="A gate, and who comes through it.",
    author="Ida Vane",
    tags=("mystery",),
    memory="You have a key.",
    authors_note="Quiet.",
)
ROAD = Scenario(
    title="The Salt Road",
    opening="You are {name}, a {calling}, and the road is white.",
    summary="A caravan, a river without a ferry, and a queen who counts every grain.",
    author="Ida Vane",
    tags=("fantasy", "mystery"),
    questions=(
        Question("name", "What is your name?", "Ansel"),
        Question("calling", "What are you?", choices=("smuggler", "knight", "scholar")),
    ),
)

QUEEN = Card("Queen Maro", "Queen Maro counts every grain of salt.", ("queen", "maro"))
LAW = Card("The law of salt", "Who steals salt loses a hand.", always=True, priority=3)
PALACE = replace(GATE, cards=(QUEEN, LAW))
# Said first, so that it leaves a small window first.
PLANTED = (
    "You find a brass whistle on a bootlace.",
    "She bows. Her name is Tamsin Vole, and she mends clocks.",
)
IDLE = tuple(
    f"The {a} moves along the {b} and a {c} comes down the road. Nobody {d}, and you keep on."
    for a, b, c, d in zip(
        "wind fog snow frost dust".split(),
        "wall bank hedge field roofs".split(),
        "cart dog rider priest drum".split(),
        "speaks sings laughs stops looks".split(),
        strict=True,
    )
)


@dataclass(frozen=True)
class Entry:
    """As the library's own entries."""

    name: str
    path: Path
    scenario: Scenario | None
    problems: tuple[Problem, ...] = ()


ENTRIES = (
    Entry("gate", Path("gate.yaml"), GATE),
    Entry("road", Path("road.yaml"), ROAD),
    Entry(
        "torn",
        Path("torn.yaml"),
        None,
        (
            Problem("torn.yaml", 2, 1, "The summary is long.", severity="warning"),
            Problem(
                "torn.yaml",
                3,
                1,
                "memmory is not a field.",
                "Did you mean memory?",
                source="memmory: x",
            ),
            Problem("torn.yaml", 9, 1, "opening is missing.", "Write one."),
        ),
    ),
)


class HeldEngine(ScriptedEngine):
    """Says the first part of a reply and holds until it is released or cancelled."""

    def __init__(self, said: str = "The gate opens. Behind it", **options: Any) -> None:
        super().__init__(**options)
        self.said = said
        self.release = threading.Event()
        self.calls = 0

    def generate(
        self, request: GenerationRequest, cancel: CancelToken, on_text: Callable[[str], None]
    ) -> Finished:
        self.calls += 1
        if self.said:
            on_text(self.said)
        while not self.release.wait(0.002):
            if cancel.cancelled:
                return Finished(self.said, "cancelled")
        return Finished(f"{self.said} is a hall.", "end", Timing(50, 0, 8, 0.1, 0.3))


class LateEngine(ScriptedEngine):
    """Loads only when it is told to."""

    def __init__(self, error: Exception | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.arrive = threading.Event()
        self.error = error

    def load(self, progress: Callable[[str], None]) -> None:
        progress("reading weights")
        self.arrive.wait(30)
        if self.error is not None:
            error, self.error = self.error, None
            raise error


def small(*replies: str) -> ScriptedEngine:
    """An engine with so small a window that the first turns soon leave it."""
    return ScriptedEngine(ModelInfo("scripted", 400), replies=replies or (*PLANTED, *IDLE))


def context(tmp_path: Path, engine: ScriptedEngine | None = None, **options: Any) -> AppContext:
    """A context with the library above, saves in a directory of the test, no blinking."""
    options.setdefault("list_scenarios", lambda: ENTRIES)
    options.setdefault("read_scenario", lambda path: GATE)
    options.setdefault("seed", 7)
    return AppContext(
        make_engine=lambda: engine or ScriptedEngine(),
        saves=tmp_path / "saves",
        log_file=tmp_path / "dungeon.log",
        animations=False,
        **options,
    )


Hook = Callable[[Message], None]


@asynccontextmanager
async def running(
    options: AppContext, size: tuple[int, int] = (80, 24), hook: Hook | None = None
) -> AsyncIterator[tuple[DungeonApp, Pilot[None]]]:
    """The app on a screen of that size."""
    app = DungeonApp(options)
    async with app.run_test(size=size, message_hook=hook, notifications=True) as pilot:
        await pilot.pause()
        yield app, pilot


@asynccontextmanager
async def playing(
    tmp_path: Path,
    engine: ScriptedEngine | None = None,
    size: tuple[int, int] = (80, 24),
    hook: Hook | None = None,
    **options: Any,
) -> AsyncIterator[tuple[PlayScreen, Pilot[None]]]:
    """The play screen, at the opening of `GATE`, ready."""
    options.setdefault("scenario", Path("gate.yaml"))
    async with running(context(tmp_path, engine, **options), size, hook) as (app, pilot):
        await until(pilot, lambda: isinstance(app.screen, PlayScreen))
        screen = app.screen
        assert isinstance(screen, PlayScreen)
        if not isinstance(engine, LateEngine):
            await until(pilot, lambda: screen.phase == "idle")
        yield screen, pilot


async def until(pilot: Pilot[Any], true: Callable[[], object], seconds: float = 15) -> None:
    """Let the app run until something holds."""
    for _ in range(int(seconds / 0.01)):
        if true():
            await pilot.pause()
            return
        await pilot.pause(0.01)
    raise AssertionError(f"did not happen in {seconds} s; the screen:\n{shown(pilot.app)}")


async def enter(pilot: Pilot[Any], text: str) -> None:
    """Put a line into the input and send it."""
    screen = pilot.app.screen
    assert isinstance(screen, PlayScreen)
    screen.line.value = text
    await pilot.press("enter")
    await pilot.pause()


async def take(pilot: Pilot[Any], text: str = "look around") -> None:
    """A whole turn."""
    screen = pilot.app.screen
    assert isinstance(screen, PlayScreen)
    before = len(screen.session.story.tree)
    await enter(pilot, text)
    await until(pilot, lambda: screen.phase == "idle" and len(screen.session.story.tree) > before)


async def type_text(pilot: Pilot[Any], text: str) -> None:
    """Key by key."""
    await pilot.press(*("space" if letter == " " else letter for letter in text))


def shown(app: Any) -> str:
    """What stands on the screen."""
    return "\n".join(strip.text.rstrip() for strip in app.screen._compositor.render_strips())


def toasts(app: Any) -> list[str]:
    """What was said in toasts that still stand."""
    return [notification.message for notification in app._notifications]
