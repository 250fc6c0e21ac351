"""Pictures of the screens: what a change of looks must be looked at for."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from math import log
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from dungeon.authoring.new import template
from dungeon.engine.base import TokenOdds
from dungeon.engine.catalog import CATALOG
from dungeon.engine.inventory import Stock
from dungeon.engine.scripted import ScriptedEngine
from dungeon.session import GameSession
from dungeon.storage.library import DamagedSave, SaveSummary
from dungeon.ui.app import DungeonApp
from dungeon.ui.preferences import Preferences
from dungeon.ui.screens.card_editor import CardEditor
from dungeon.ui.screens.choose import ChooseScreen
from dungeon.ui.screens.play import PlayScreen
from dungeon.ui.screens.scenario_editor import ScenarioEditor
from tests.ui.support import GATE, PALACE, HeldEngine, context, enter, small, take, until

Compare = Callable[..., bool]
SMALL, LARGE = (80, 24), (120, 40)
REPLIES = [
    "The hinges complain, and a hall opens before you, long and unlit. "
    "Somewhere at its far end water drips into water.\n\n"
    '"You are late," says a voice that you know.',
    "Nobody answers. The dripping stops.",
]


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def saves(directory: Path) -> list[SaveSummary | DamagedSave]:
    when = datetime(2026, 3, 1, 20, 15, tzinfo=UTC)
    text = "The hall is long and unlit. Water drips into water."
    return [
        SaveSummary(
            Path("a.dungeon"), "a", "Ida at the Gate", "The Gate", 12, when, text, "gpt2", 9
        ),
        DamagedSave(Path("b.dungeon"), "salt-road-7f3a", "salt-road-7f3a.dungeon is cut short."),
    ]


def stocks() -> list[Stock]:
    here, speed = {"gpt2", "smollm2-135m-instruct"}, {"gpt2": 88.0}
    return [
        Stock(entry, Path("x") if name in here else None, entry.download, speed.get(name, 0.0))
        for name, entry in CATALOG.items()
    ]


def game(tmp_path: Path, engine: ScriptedEngine | None = None, **options: Any) -> DungeonApp:
    options.setdefault("list_saves", saves)
    options.setdefault("now", lambda: datetime(2026, 3, 4, 12, tzinfo=UTC))
    options.setdefault("stocks", stocks)
    return DungeonApp(context(tmp_path, engine, clock=lambda: 0.0, **options))


async def listed(pilot: Pilot[Any]) -> None:
    await until(pilot, lambda: pilot.app.title_screen.saves and pilot.app.engine)  # type: ignore[attr-defined]


async def played(pilot: Pilot[Any]) -> None:
    await until(pilot, lambda: isinstance(pilot.app.screen, PlayScreen))
    screen = pilot.app.screen
    assert isinstance(screen, PlayScreen)
    await until(pilot, lambda: screen.phase == "idle")
    await take(pilot, "push the gate open")
    await pilot.press("tab")
    await take(pilot, "Who is there?")
    # The speed of a scripted engine is the machine's.
    screen.status.speed = 31.4
    await pilot.pause()


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "120x40"])
def test_title(tmp_path: Path, snap_compare: Compare, size: tuple[int, int]) -> None:
    assert snap_compare(game(tmp_path), terminal_size=size, run_before=listed)


def test_the_first_run(tmp_path: Path, snap_compare: Compare) -> None:
    async def read(pilot: Pilot[Any]) -> None:
        await until(pilot, lambda: pilot.app.title_screen._lists.read and pilot.app.engine)  # type: ignore[attr-defined]

    app = game(tmp_path, list_saves=lambda directory: [], theme="phosphor")
    assert snap_compare(app, terminal_size=(60, 20), run_before=read)


@pytest.mark.parametrize("keys", [["s"], ["m"], ["f1"], ["x"]], ids="".join)
def test_over_the_title(tmp_path: Path, snap_compare: Compare, keys: list[str]) -> None:
    async def opened(pilot: Pilot[Any]) -> None:
        await listed(pilot)
        title = pilot.app.screen
        if keys == ["x"]:
            title.query_one("#saves").focus()
        await pilot.press(*keys)
        await until(pilot, lambda: pilot.app.screen is not title)

    app = game(tmp_path)
    if keys[-1] == "x":
        session = GameSession.new(GATE, ScriptedEngine(), saves=tmp_path / "saves", title="Ida")
        session.close()
        listed_as = saves(tmp_path)[0]
        assert isinstance(listed_as, SaveSummary)
        path = next((tmp_path / "saves").glob("*.dungeon"))
        summary = replace(listed_as, path=path)
        app = game(tmp_path, list_saves=lambda directory: [summary])
    assert snap_compare(app, terminal_size=SMALL, run_before=opened)


def test_settings_of_a_story(tmp_path: Path, snap_compare: Compare) -> None:
    async def opened(pilot: Pilot[Any]) -> None:
        await played(pilot)
        await pilot.press("ctrl+s")
        await until(pilot, lambda: not isinstance(pilot.app.screen, PlayScreen))
        await pilot.press("down", "down", "right")
        await pilot.pause()

    preferences = Preferences({"top_k": 60, "line_width": 66})
    app = game(
        tmp_path, ScriptedEngine(replies=REPLIES), scenario=Path("gate.yaml"),
        preferences=preferences, overrides={"top_k": 60},
    )  # fmt: skip
    assert snap_compare(app, terminal_size=LARGE, run_before=opened)


@pytest.mark.parametrize("theme", ["ember", "parchment"])
@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "120x40"])
def test_play(tmp_path: Path, snap_compare: Compare, size: tuple[int, int], theme: str) -> None:
    app = game(tmp_path, ScriptedEngine(replies=REPLIES), scenario=Path("gate.yaml"), theme=theme)
    assert snap_compare(app, terminal_size=size, run_before=played)


def test_setup(tmp_path: Path, snap_compare: Compare) -> None:
    async def asked(pilot: Pilot[Any]) -> None:
        await listed(pilot)
        await pilot.press("tab", "down", "enter")
        await pilot.pause()
        await pilot.press("enter")
        await pilot.pause()

    assert snap_compare(game(tmp_path), terminal_size=SMALL, run_before=asked)


def test_telling(tmp_path: Path, snap_compare: Compare) -> None:
    async def telling(pilot: Pilot[Any]) -> None:
        await until(pilot, lambda: isinstance(pilot.app.screen, PlayScreen))
        screen = pilot.app.screen
        assert isinstance(screen, PlayScreen)
        await until(pilot, lambda: screen.phase == "idle")
        await enter(pilot, "push the gate open")
        await until(pilot, lambda: screen.transcript.draft)

    engine = HeldEngine("The hinges complain, and a hall opens")
    app = game(tmp_path, engine, scenario=Path("gate.yaml"))
    assert snap_compare(app, terminal_size=SMALL, run_before=telling)


@pytest.mark.parametrize("key", ["ctrl+e", "ctrl+t", "f1"], ids=["alter", "context", "help"])
def test_over_the_play_screen(tmp_path: Path, snap_compare: Compare, key: str) -> None:
    async def opened(pilot: Pilot[Any]) -> None:
        await played(pilot)
        await pilot.press(key)
        await until(pilot, lambda: not isinstance(pilot.app.screen, PlayScreen))
        await pilot.pause()

    app = game(tmp_path, ScriptedEngine(replies=REPLIES), scenario=Path("gate.yaml"))
    assert snap_compare(app, terminal_size=SMALL, run_before=opened)


@pytest.mark.parametrize("key", ["", "enter"], ids=["list", "editor"])
def test_cards(tmp_path: Path, snap_compare: Compare, key: str) -> None:
    async def opened(pilot: Pilot[Any]) -> None:
        await until(pilot, lambda: isinstance(pilot.app.screen, PlayScreen))
        screen = pilot.app.screen
        assert isinstance(screen, PlayScreen)
        await until(pilot, lambda: screen.phase == "idle")
        while not screen.session.noticed():
            await take(pilot, "walk on")
        screen.line.value = "ask Tamsin for the queen"
        screen.status.speed = 31.4
        await pilot.press("ctrl+k")
        await until(pilot, lambda: pilot.app.screen is not screen)
        if key:
            await pilot.press(key)
            await until(pilot, lambda: isinstance(pilot.app.screen, CardEditor))
        await pilot.pause()

    app = game(tmp_path, small(), scenario=Path("gate.yaml"), read_scenario=lambda path: PALACE)
    assert snap_compare(app, terminal_size=SMALL, run_before=opened)


WORDS = [
    TokenOdds(word, log(odds), ((" lit", log(0.4)), (word, log(odds)), ("", log(0.01))))
    for word, odds in (
        ("Nobody", 0.6), (" answers", 0.3), (".", 0.9), (" The", 0.5), (" dripping", 0.004),
        (" stops", 0.03), (".", 0.08),
    )
]  # fmt: skip


class Weighing(ScriptedEngine):
    def weigh(self, *asked: object) -> tuple[TokenOdds, ...]:
        return tuple(WORDS)


@pytest.mark.parametrize(
    ("keys", "size"),
    [
        (("ctrl+pageup", "ctrl+pageup"), SMALL),
        (("ctrl+f", "h", "a", "l", "l"), SMALL),
        (("ctrl+b", "up"), SMALL),
        (("ctrl+b", "up"), (60, 20)),
        (("f17", "s"), LARGE),
        (("f17", "s"), (60, 20)),
        (("f14",), LARGE),
        (("ctrl+t", "m"), SMALL),
        (("f22",), SMALL),
    ],
    ids=["picked", "find", "tree", "tree-60", "odds", "odds-60", "choose", "budget", "replay"],
)
def test_the_tree_and_the_mind(
    tmp_path: Path, snap_compare: Compare, keys: tuple[str, ...], size: tuple[int, int]
) -> None:
    async def opened(pilot: Pilot[Any]) -> None:
        await played(pilot)
        screen = pilot.app.screen
        assert isinstance(screen, PlayScreen)
        # Another telling of the first turn, so that the story has branches.
        screen.session.name_branch(2, "The voice")
        screen.session.set_bookmark(3, True)
        screen.session.alter("The gate is locked. It was locked yesterday, too.", 2)
        screen._try(lambda: screen.session.go(3))
        if keys[0] == "f14":
            screen.line.value = "call out"
        for key in keys:
            await pilot.press(key)
            if key == "f17":
                await until(pilot, lambda: getattr(pilot.app.screen, "piece", None))
            if key == "f14":
                await until(pilot, lambda: isinstance(pilot.app.screen, ChooseScreen))
        await pilot.pause()

    engine = Weighing(replies=[*REPLIES, *REPLIES, "A dog barks behind you, twice."])
    app = game(tmp_path, engine, scenario=Path("gate.yaml"))
    assert snap_compare(app, terminal_size=size, run_before=opened)


@pytest.mark.parametrize(
    ("keys", "size"),
    [((), SMALL), ((), LARGE), (("ctrl+o",), SMALL), (("ctrl+o",), LARGE)],
    ids=["80x24", "120x40", "preview-80x24", "preview-120x40"],
)
def test_a_scenario_is_written(
    tmp_path: Path, snap_compare: Compare, keys: tuple[str, ...], size: tuple[int, int]
) -> None:
    path = tmp_path / "ferry.yaml"
    path.write_text(template("The Last Ferry").replace("rating:", "ratting: all\nrating:"))
    if keys:
        path.write_text(template("The Last Ferry"))

    async def opened(pilot: Pilot[Any]) -> None:
        await until(pilot, lambda: isinstance(pilot.app.screen, ScenarioEditor))
        screen = pilot.app.screen
        assert isinstance(screen, ScenarioEditor)
        await until(pilot, lambda: screen.current and screen.look.fields)
        await pilot.press("down", *keys)
        await until(pilot, lambda: screen.current)

    assert snap_compare(game(tmp_path, edit=path), terminal_size=size, run_before=opened)
