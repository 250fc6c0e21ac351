"""A turn and its messages: one end for every beginning, and nothing of the player's lost."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from textual.message import Message

from dungeon.engine.base import CancelToken, Finished, GenerationRequest, ModelInfo
from dungeon.engine.scripted import ScriptedEngine
from dungeon.errors import EngineError, ModelError
from dungeon.session import MAX_ATTEMPTS, Narration
from dungeon.story.action import Mode
from dungeon.ui.messages import (
    DraftChanged,
    TurnCancelled,
    TurnFailed,
    TurnFinished,
    TurnMessage,
)
from dungeon.ui.screens.choice import ChoiceScreen
from tests.ui.support import (
    HeldEngine,
    LateEngine,
    enter,
    playing,
    shown,
    take,
    toasts,
    type_text,
    until,
)

ENDS = (TurnFinished, TurnCancelled, TurnFailed)


class Heard:
    """Every message about a turn, once, in order."""

    def __init__(self) -> None:
        self.messages: list[TurnMessage] = []

    def __call__(self, message: Message) -> None:
        if isinstance(message, TurnMessage) and all(message is not m for m in self.messages):
            self.messages.append(message)

    @property
    def ends(self) -> list[TurnMessage]:
        return [message for message in self.messages if isinstance(message, ENDS)]


@pytest.mark.parametrize(
    ("replies", "end"),
    [
        (["The hall is dark."], TurnFinished),
        ([EngineError("Out of memory.", "Ask for less.")], TurnFailed),
        ([ValueError("a bug")], TurnFailed),
        (["", " \n ", "�", '"'], TurnFailed),
    ],
    ids=["told", "engine error", "bug", "nothing usable"],
)
async def test_every_turn_has_one_end(
    tmp_path: Path, replies: list[str | BaseException], end: type[TurnMessage]
) -> None:
    heard = Heard()
    async with playing(tmp_path, ScriptedEngine(replies=replies), hook=heard) as (screen, pilot):
        await enter(pilot, "go in")
        await until(pilot, lambda: heard.ends)
        await until(pilot, lambda: screen.phase == "idle")
        await pilot.pause(0.05)
        assert [type(message) for message in heard.ends] == [end]
        told = 2 if end is TurnFinished else 1
        assert len(screen.session.story.tree) == told
        assert screen.session.turn is None
        assert screen.line.value == ("" if end is TurnFinished else "go in")


async def test_a_failure_says_why_and_the_next_turn_clears_it(tmp_path: Path) -> None:
    engine = ScriptedEngine(replies=[EngineError("Out of memory.", "Ask for less.")])
    async with playing(tmp_path, engine) as (screen, pilot):
        await enter(pilot, "go in")
        await until(pilot, lambda: "! Out of memory. Ask for less." in shown(pilot.app))
        await take(pilot, "go on")
        assert "Out of memory" not in shown(pilot.app)
        assert screen.phase == "idle"


async def test_accept_13_odd_output_saves_no_blank_turn(tmp_path: Path) -> None:
    odd = ["", "   \n\n ", "<|endoftext|>", "���", '"']
    async with playing(tmp_path, ScriptedEngine(replies=odd[:MAX_ATTEMPTS])) as (screen, pilot):
        await enter(pilot, "go in")
        await until(pilot, lambda: "found no words" in shown(pilot.app))
        assert len(screen.session.story.tree) == 1
        assert screen.line.value == "go in"


async def test_accept_12_stop_keeps_the_whole_sentences(tmp_path: Path) -> None:
    heard = Heard()
    async with playing(tmp_path, HeldEngine("The gate opens. Behind it"), hook=heard) as (
        screen,
        pilot,
    ):
        await enter(pilot, "go in")
        await until(pilot, lambda: "Behind it" in shown(pilot.app))
        await pilot.press("escape")
        await until(pilot, lambda: screen.phase == "idle", seconds=1)
        head = screen.session.story.tree.head
        assert (head.text, head.stop) == ("The gate opens.", "cancelled")
        assert [type(message) for message in heard.ends] == [TurnFinished]


@pytest.mark.parametrize("said", ["", "You walk down the"], ids=["nothing", "half a sentence"])
async def test_accept_12_stop_before_a_sentence_gives_the_line_back(
    tmp_path: Path, said: str
) -> None:
    heard = Heard()
    async with playing(tmp_path, HeldEngine(said), hook=heard) as (screen, pilot):
        await pilot.press("tab")
        await enter(pilot, "Who is there?")
        await until(pilot, lambda: screen.phase == "generating")
        await pilot.press("tab")
        await pilot.press("escape")
        await until(pilot, lambda: screen.phase == "idle", seconds=1)
        assert (screen.line.mode, screen.line.value) == (Mode.SAY, "Who is there?")
        assert len(screen.session.story.tree) == 1
        assert ">" not in shown(pilot.app)
        assert [type(message) for message in heard.ends] == [TurnCancelled]


async def test_a_line_that_comes_back_does_not_overwrite_a_new_one(tmp_path: Path) -> None:
    async with playing(tmp_path, HeldEngine("")) as (screen, pilot):
        await enter(pilot, "go in")
        await until(pilot, lambda: screen.phase == "generating")
        await type_text(pilot, "wait")
        await pilot.press("escape")
        await until(pilot, lambda: screen.phase == "idle")
        assert screen.line.value == "wait"
        await pilot.press("up")
        assert screen.line.value == "go in"


async def test_a_cancelled_retry_leaves_the_turn_as_it_was(tmp_path: Path) -> None:
    engine = HeldEngine("The gate opens. Behind it")
    async with playing(tmp_path, engine) as (screen, pilot):
        engine.release.set()
        await take(pilot, "go in")
        engine.release.clear()
        engine.said = ""
        before = screen.session.story.tree.head
        await pilot.press("ctrl+r")
        await until(pilot, lambda: screen.phase == "generating")
        assert before.text not in shown(pilot.app)
        await pilot.press("escape")
        await until(pilot, lambda: screen.phase == "idle")
        assert screen.session.story.tree.head is before
        assert before.text in shown(pilot.app)
        assert screen.line.value == ""


async def test_late_messages_are_dropped(tmp_path: Path) -> None:
    engine = HeldEngine("The gate opens.")
    async with playing(tmp_path, engine) as (screen, pilot):
        await enter(pilot, "go in")
        await until(pilot, lambda: screen.phase == "generating")
        current = screen.session.turn
        assert current is not None
        late = current.serial - 1
        screen.post_message(DraftChanged(late, "A ghost."))
        screen.post_message(TurnFinished(late, Narration("A ghost.", "A ghost.", "end", 1)))
        screen.post_message(TurnFailed(late, EngineError("A ghost.")))
        screen.post_message(TurnCancelled(late))
        await pilot.pause(0.05)
        assert screen.phase == "generating"
        assert "ghost" not in shown(pilot.app)
        engine.release.set()
        await until(pilot, lambda: screen.phase == "idle")
        screen.post_message(TurnFinished(current.serial, Narration("A ghost.", "", "end", 1)))
        await pilot.pause(0.05)
        assert len(screen.session.story.tree) == 2


def test_drafts_coalesce_within_a_turn_only() -> None:
    assert DraftChanged(1, "a b").can_replace(DraftChanged(1, "a"))
    assert not DraftChanged(2, "a").can_replace(DraftChanged(1, "a"))
    assert not TurnCancelled(1).can_replace(DraftChanged(1, "a"))


async def test_drafts_are_shown_as_they_come(tmp_path: Path) -> None:
    class Drip(ScriptedEngine):
        step = threading.Semaphore(0)

        def generate(
            self, request: GenerationRequest, cancel: CancelToken, on_text: Callable[[str], None]
        ) -> Finished:
            for text in ("A door", "A door opens", "A door opens."):
                on_text(text)
                self.step.acquire(timeout=10)
            return Finished(text, "end")

    engine = Drip()
    async with playing(tmp_path, engine) as (screen, pilot):
        await enter(pilot, "wait")
        await until(pilot, lambda: "A door▌" in shown(pilot.app))
        engine.step.release()
        await until(pilot, lambda: "A door opens▌" in shown(pilot.app))
        engine.step.release()
        engine.step.release()
        await until(pilot, lambda: screen.phase == "idle")
        assert "A door opens." in shown(pilot.app)
        assert "▌" not in shown(pilot.app)


# -- before there is an engine -----------------------------------------------------------------


async def test_a_line_waits_for_the_narrator(tmp_path: Path) -> None:
    engine = LateEngine(replies=["The hall is dark."])
    async with playing(tmp_path, engine) as (screen, pilot):
        await until(pilot, lambda: "reading weights" in shown(pilot.app))
        assert "You stand at the gate." in shown(pilot.app)
        await enter(pilot, "I go in")
        text = shown(pilot.app)
        assert "> You go in." in text
        assert "as soon as the narrator is ready" in text
        assert screen.line.value == ""
        engine.arrive.set()
        await until(pilot, lambda: len(screen.session.story.tree) == 2)
        await until(pilot, lambda: "The hall is dark." in shown(pilot.app))
        assert screen.phase == "idle"


async def test_a_waiting_line_can_be_taken_back(tmp_path: Path) -> None:
    engine = LateEngine()
    async with playing(tmp_path, engine) as (screen, pilot):
        await enter(pilot, "I go in")
        await pilot.press("escape")
        assert screen.line.value == "I go in"
        assert ">" not in shown(pilot.app)
        engine.arrive.set()
        await until(pilot, lambda: screen.phase == "idle")
        assert len(screen.session.story.tree) == 1


async def test_the_story_can_be_changed_while_the_engine_loads(tmp_path: Path) -> None:
    engine = LateEngine()
    async with playing(tmp_path, engine) as (screen, pilot):
        await pilot.press("ctrl+o")
        await type_text(pilot, " And a lamp.")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: screen.session.story.memory == "You have a key. And a lamp.")
        assert screen.check_action("retry", ()) is None
        engine.arrive.set()


async def test_an_engine_that_fails_can_be_tried_again(tmp_path: Path) -> None:
    engine = LateEngine(ModelError("The weights are damaged.", "Fetch them again."))
    async with playing(tmp_path, engine) as (screen, pilot):
        await enter(pilot, "I go in")
        engine.arrive.set()
        await until(pilot, lambda: isinstance(pilot.app.screen, ChoiceScreen))
        assert "The weights are damaged." in shown(pilot.app)
        assert "Fetch them again." in shown(pilot.app)
        assert screen.phase == "failed"
        assert screen.line.value == "I go in"
        await pilot.press("enter")
        await pilot.press("enter")
        assert "no narrator" in toasts(pilot.app)[-1]
        assert "no narrator" in shown(pilot.app)
        screen.app.engine_error = None  # type: ignore[attr-defined]


async def test_trying_again_loads_the_engine(tmp_path: Path) -> None:
    engine = LateEngine(ModelError("The weights are damaged."))
    async with playing(tmp_path, engine) as (screen, pilot):
        engine.arrive.set()
        await until(pilot, lambda: isinstance(pilot.app.screen, ChoiceScreen))
        await pilot.press("right", "enter")
        await until(pilot, lambda: screen.phase == "idle")
        await take(pilot, "go in")
        assert len(screen.session.story.tree) == 2


async def test_an_unexpected_error_in_loading_is_told(tmp_path: Path) -> None:
    engine = LateEngine(RuntimeError("deep inside"))
    async with playing(tmp_path, engine) as (_, pilot):
        engine.arrive.set()
        await until(pilot, lambda: isinstance(pilot.app.screen, ChoiceScreen))
        assert "could not be loaded" in shown(pilot.app)
        assert "deep inside" not in shown(pilot.app)


async def test_the_status_line_tells_speed_and_context(tmp_path: Path) -> None:
    engine = HeldEngine(info=ModelInfo("tiny", 256, dtype="int8"))
    engine.release.set()
    async with playing(tmp_path, engine, size=(100, 24)) as (screen, pilot):
        assert "● ready  tiny int8" in shown(pilot.app)
        await take(pilot, "go in")
        text = shown(pilot.app)
        assert "35 tok/s" in text
        assert f"{screen.status.context_used}/" in text
        assert "saved" in text
