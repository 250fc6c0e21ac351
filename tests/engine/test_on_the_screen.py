"""A real GPT-2 of random weights under the real screen: stopping it, and when it breaks."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
from textual.pilot import Pilot

from dungeon.engine.base import CancelToken, PromptPart
from dungeon.engine.scripted import ScriptedEngine
from dungeon.engine.torch_engine import TorchEngine
from dungeon.engine.torch_engine.kernels import Kernels
from dungeon.session import GameSession
from dungeon.story.scenario import Scenario
from dungeon.ui.app import AppContext
from dungeon.ui.screens.play import PlayScreen
from tests.clock import waited_within
from tests.ui.support import enter, running, shown, until

LONG = Scenario(title="The Gate", opening="You stand at the gate and wait for the bell. " * 20)
LINE = "look around"


class Unread(TorchEngine):
    """Reads nothing ahead, so that a turn has a whole prompt to read."""

    def warm(self, prompt: tuple[PromptPart, ...], cancel: CancelToken) -> None:
        """Nothing."""


@pytest.fixture(params=[1, 4], ids=["one", "candidates"])
def candidates(request: pytest.FixtureRequest) -> int:
    count: int = request.param
    return count


@asynccontextmanager
async def played(
    tmp_path: Path, engine: TorchEngine, candidates: int = 1
) -> AsyncIterator[tuple[PlayScreen, Pilot[None]]]:
    options = AppContext(
        make_engine=lambda: engine,
        saves=tmp_path / "saves",
        scenario=Path("gate.yaml"),
        read_scenario=lambda path: LONG,
        list_scenarios=tuple,
        log_file=tmp_path / "dungeon.log",
        overrides={"candidates": candidates, "max_new_tokens": 60},
        animations=False,
        seed=3,
    )
    async with running(options) as (app, pilot):
        await until(pilot, lambda: isinstance(app.screen, PlayScreen) and app.engine)
        play = app.screen
        assert isinstance(play, PlayScreen)
        await until(pilot, lambda: play.phase == "idle")
        yield play, pilot


def tiny(gpt2_dir: Path) -> TorchEngine:
    engine = Unread(gpt2_dir, device="cpu", kernels=Kernels(int8=True, bf16=False))
    engine.load(lambda line: None)
    return engine


def halted(engine: TorchEngine, method: str, at: int) -> tuple[threading.Event, threading.Event]:
    """Let the network wait at its `at`-th call of `method`: (it is there, it may go on)."""
    network: Any = engine._ready()._network
    inner, calls = getattr(network, method), 0
    there, go = threading.Event(), threading.Event()

    def waiting(*args: Any, **options: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == at:
            there.set()
            go.wait(20)
        return inner(*args, **options)

    setattr(network, method, waiting)
    return there, go


@pytest.mark.parametrize(("method", "at"), [("read", 2), ("forward", 4)], ids=["prefill", "decode"])
async def test_accept_12_a_real_model_is_stopped_within_a_second(
    tmp_path: Path, gpt2_dir: Path, method: str, at: int, candidates: int
) -> None:
    engine = tiny(gpt2_dir)
    there, go = halted(engine, method, at)
    async with played(tmp_path, engine, candidates) as (play, pilot):
        await enter(pilot, LINE)
        await until(pilot, there.is_set)
        assert play.phase == "generating"
        with waited_within(1):
            await pilot.press("escape")
            go.set()
            await until(pilot, lambda: play.phase == "idle")
        # The line is back, unless the few tokens of noise happen to end a sentence: that is kept.
        tree = play.session.story.tree
        told = len(tree)
        assert told == 1 or (method == "forward" and tree.head.stop == "cancelled")
        assert play.line.value == (LINE if told == 1 else "")
        path = play.session.file.path  # type: ignore[union-attr]
        # And the next turn is told, from a cache that the stop left sound.
        await pilot.press("enter")
        await until(pilot, lambda: len(tree) > told or play.transcript.notice)
        await until(pilot, lambda: play.phase == "idle")
    again = GameSession.resume(path, ScriptedEngine(), read_only=True)
    assert [node.text for node in again.story.tree] == [node.text for node in tree]


async def test_accept_23_weights_that_are_no_number_are_told(
    tmp_path: Path, gpt2_dir: Path
) -> None:
    engine = tiny(gpt2_dir)
    weight: torch.Tensor = engine._ready()._network._last_norm[0]  # type: ignore[attr-defined]
    weight[0] = float("nan")
    async with played(tmp_path, engine) as (play, pilot):
        await enter(pilot, LINE)
        await until(pilot, lambda: "The model's output is not a number." in shown(pilot.app))
        assert "choose another model" in shown(pilot.app)
        assert play.phase == "idle"
        assert play.line.value == LINE, [n.text for n in play.session.story.tree]
        assert len(play.session.story.tree) == 1


def starved(engine: TorchEngine, fits: Callable[[int, str], bool]) -> None:
    """Let the network ask torch for more than there is, unless `fits(rows, device)`."""
    network: Any = engine._ready()._network
    inner = network.forward

    def forward(ids: torch.Tensor, cache: Any, *, writing: bool) -> torch.Tensor:
        if not fits(ids.shape[0], engine.info.device):
            torch.empty(2**50)
        result: torch.Tensor = inner(ids, cache, writing=writing)
        return result

    network.forward = forward


async def test_accept_23_too_little_memory_for_four_is_enough_for_one(
    tmp_path: Path, gpt2_dir: Path
) -> None:
    def told(folder: str) -> Any:
        return played(tmp_path / folder, engine, candidates=4)

    engine = tiny(gpt2_dir)
    async with told("whole") as (play, pilot):
        await enter(pilot, LINE)
        await until(pilot, lambda: len(play.session.story.tree) == 2)
        whole = play.session.story.tree.head.text
    engine = tiny(gpt2_dir)
    starved(engine, lambda rows, device: rows == 1)
    async with told("starved") as (play, pilot):
        await enter(pilot, LINE)
        await until(pilot, lambda: len(play.session.story.tree) == 2)
        assert play.session.story.tree.head.text == whole
        await until(pilot, lambda: "memory ran short" in shown(pilot.app))


async def test_accept_23_without_memory_the_line_comes_back(tmp_path: Path, gpt2_dir: Path) -> None:
    engine = tiny(gpt2_dir)
    starved(engine, lambda rows, device: False)
    async with played(tmp_path, engine) as (play, pilot):
        await enter(pilot, LINE)
        await until(pilot, lambda: "Memory ran out" in shown(pilot.app))
        assert play.phase == "idle"
        assert play.line.value == LINE, [n.text for n in play.session.story.tree]
        assert len(play.session.story.tree) == 1
