"""The play screen: every verb, by its effect on the tree and on the screen."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest

from dungeon.engine.scripted import ScriptedEngine
from dungeon.session import GameSession
from dungeon.story.action import Action, Mode
from dungeon.story.presets import PRESETS, preset_of
from dungeon.story.scenario import Style
from dungeon.ui.commands import PLAY
from dungeon.ui.screens.choice import ChoiceScreen
from dungeon.ui.screens.context import ContextScreen
from dungeon.ui.screens.editor import EditorScreen
from dungeon.ui.screens.help import HelpScreen
from dungeon.ui.screens.play import PlayScreen
from dungeon.ui.screens.title import TitleScreen
from dungeon.ui.widgets.key_bar import KeyBar
from dungeon.ui.widgets.player_input import PlayerInput
from tests.clock import PATIENCE
from tests.ui.support import (
    GATE,
    HeldEngine,
    enter,
    playing,
    shown,
    take,
    toasts,
    type_text,
    until,
)

REPLIES = ["The first hall is dark.", "The second hall is lit.", "The third hall is cold."]


def said(count: int = 3) -> ScriptedEngine:
    return ScriptedEngine(replies=REPLIES[:count])


async def test_a_line_becomes_a_turn(tmp_path: Path) -> None:
    async with playing(tmp_path, said()) as (screen, pilot):
        await type_text(pilot, "I open the gate")
        await pilot.press("enter")
        await until(pilot, lambda: len(screen.session.story.tree) == 2)
        head = screen.session.story.tree.head
        assert head.action == Action(Mode.DO, "I open the gate")
        assert head.text == REPLIES[0]
        text = shown(pilot.app)
        assert "> You open the gate." in text
        assert REPLIES[0] in text
        assert "turn 1" in text
        assert "saved" in text
        assert screen.line.value == ""


async def test_a_line_is_shown_in_the_persons_and_tense_of_the_story(tmp_path: Path) -> None:
    gate = replace(GATE, style=Style("third", "past", "Sanna", "she"))
    options = {"read_scenario": lambda path: gate}
    async with playing(tmp_path, said(), **options) as (screen, pilot):
        await take(pilot, "I open my gate")
        assert "> Sanna opened her gate." in shown(pilot.app)
        await pilot.press("ctrl+z")
        await until(pilot, lambda: len(screen.transcript.nodes) == 1)
        assert "Sanna opened" not in shown(pilot.app)


async def test_tab_changes_the_mode_and_the_mode_the_line(tmp_path: Path) -> None:
    async with playing(tmp_path, said()) as (screen, pilot):
        assert "Do ❯" in shown(pilot.app)
        await pilot.press("tab")
        assert "Say ❯" in shown(pilot.app)
        await take(pilot, "Who goes there?")
        assert screen.session.story.tree.head.action == Action(Mode.SAY, "Who goes there?")
        assert '> You say "Who goes there?"' in shown(pilot.app)
        await pilot.press("tab")
        assert "Story ❯" in shown(pilot.app)
        await take(pilot, "A bell rings.")
        assert screen.session.story.tree.head.action == Action(Mode.STORY, "A bell rings.")
        assert "│ A bell rings." in shown(pilot.app)
        await pilot.press("tab")
        assert screen.line.mode == Mode.DO
        await pilot.press("shift+tab")
        assert screen.line.mode.value == "story"


async def test_an_empty_line_lets_the_story_go_on(tmp_path: Path) -> None:
    async with playing(tmp_path, said()) as (screen, pilot):
        await take(pilot, "")
        assert screen.session.story.tree.head.action == Action(Mode.CONTINUE)
        assert REPLIES[0] in shown(pilot.app)
        assert ">" not in shown(pilot.app)


async def test_retry_tells_the_turn_again(tmp_path: Path) -> None:
    async with playing(tmp_path, said()) as (screen, pilot):
        await take(pilot, "go in")
        await pilot.press("ctrl+r")
        await until(pilot, lambda: len(screen.session.story.tree) == 3)
        tree = screen.session.story.tree
        assert [node.text for node in tree.children(1)] == REPLIES[:2]
        assert tree.head.text == REPLIES[1]
        assert REPLIES[1] in shown(pilot.app)
        assert REPLIES[0] not in shown(pilot.app)
        assert "(2 of 2)" in shown(pilot.app)


async def test_every_telling_can_be_gone_back_to(tmp_path: Path) -> None:
    async with playing(tmp_path, said(), size=(120, 30)) as (screen, pilot):
        await take(pilot, "go in")
        assert "Earlier" not in shown(pilot.app)
        await pilot.press("ctrl+r")
        await until(pilot, lambda: len(screen.session.story.tree) == 3)
        assert "^↑ Earlier" in shown(pilot.app)
        assert "Later" not in shown(pilot.app)
        await pilot.press("ctrl+up")
        assert REPLIES[0] in shown(pilot.app)
        assert REPLIES[1] not in shown(pilot.app)
        assert "(1 of 2)" in shown(pilot.app)
        await pilot.press("ctrl+up")
        assert screen.session.story.tree.head.text == REPLIES[0]
        await pilot.press("ctrl+down")
        assert screen.session.story.tree.head.text == REPLIES[1]
        assert len(screen.session.story.tree) == 3


async def test_undo_and_redo_move_along_the_path(tmp_path: Path) -> None:
    async with playing(tmp_path, said()) as (screen, pilot):
        await take(pilot, "go in")
        await take(pilot, "go on")
        await pilot.press("ctrl+z")
        assert screen.session.story.tree.head.text == REPLIES[0]
        assert REPLIES[1] not in shown(pilot.app)
        assert screen.status.context_used == screen.session.context().tokens
        await pilot.press("ctrl+z", "ctrl+z")
        assert screen.session.story.tree.head.id == 1
        assert REPLIES[0] not in shown(pilot.app)
        await pilot.press("ctrl+y", "ctrl+y")
        assert screen.session.story.tree.head.text == REPLIES[1]
        assert REPLIES[1] in shown(pilot.app)


async def test_alter_makes_a_sibling_in_the_players_words(tmp_path: Path) -> None:
    async with playing(tmp_path, said()) as (screen, pilot):
        await take(pilot, "go in")
        await pilot.press("ctrl+e")
        await until(pilot, lambda: isinstance(pilot.app.screen, EditorScreen))
        assert "Alter the turn" in shown(pilot.app)
        await type_text(pilot, " So it seems.")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: pilot.app.screen is screen)
        tree = screen.session.story.tree
        assert tree.head.text == f"{REPLIES[0]} So it seems."
        assert tree.head.origin == "altered"
        assert tree.children(1)[0].text == REPLIES[0]
        assert "So it seems." in shown(pilot.app)


async def test_an_edit_is_not_lost_by_escape(tmp_path: Path) -> None:
    async with playing(tmp_path, said()) as (screen, pilot):
        await pilot.press("ctrl+o")
        await until(pilot, lambda: isinstance(pilot.app.screen, EditorScreen))
        await type_text(pilot, " X")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, ChoiceScreen))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, EditorScreen))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, ChoiceScreen))
        await pilot.press("right", "enter")
        await until(pilot, lambda: pilot.app.screen is screen)
        assert screen.session.story.memory == "You have a key."


@pytest.mark.parametrize(
    ("key", "before", "field"),
    [("ctrl+o", "You have a key.", "memory"), ("ctrl+n", "Quiet.", "authors_note")],
)
async def test_memory_and_note_are_edited_and_saved(
    tmp_path: Path, key: str, before: str, field: str
) -> None:
    async with playing(tmp_path, said()) as (screen, pilot):
        await pilot.press(key)
        await until(pilot, lambda: isinstance(pilot.app.screen, EditorScreen))
        assert pilot.app.screen.text == before  # type: ignore[attr-defined]
        await type_text(pilot, " And a lamp.")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: pilot.app.screen is screen)
        assert getattr(screen.session.story, field) == f"{before} And a lamp."
        path = screen.session.file.path  # type: ignore[union-attr]
    again = GameSession.resume(path, ScriptedEngine())
    assert getattr(again.story, field) == f"{before} And a lamp."
    again.close()


async def test_the_context_is_shown_with_its_tokens(tmp_path: Path) -> None:
    async with playing(tmp_path, said(), size=(100, 40)) as (screen, pilot):
        await take(pilot, "go in")
        sent = screen.session.context()
        await pilot.press("ctrl+t")
        await until(pilot, lambda: isinstance(pilot.app.screen, ContextScreen))
        text = shown(pilot.app)
        assert f"{sent.tokens} of {sent.limit} tokens" in text
        assert "You have a key." in text
        assert REPLIES[0] in text
        await pilot.press("escape")
        assert pilot.app.screen is screen


async def test_the_budget_moves_while_the_memory_is_changed_in_place(tmp_path: Path) -> None:
    async with playing(tmp_path, said(), size=(100, 40)) as (screen, pilot):
        before = screen.session.context().tokens
        await pilot.press("ctrl+t")
        await until(pilot, lambda: isinstance(pilot.app.screen, ContextScreen))
        context = pilot.app.screen
        assert f"{before} of" in shown(pilot.app)
        await pilot.press("m")
        await type_text(pilot, " A lamp.")
        more = screen.session.trial(Action(Mode.CONTINUE), "You have a key. A lamp.", "Quiet.")
        assert more.tokens > before
        await until(pilot, lambda: f"{more.tokens} of" in shown(pilot.app))
        # Not kept after all.
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, ChoiceScreen))
        await pilot.press("right", "enter")
        await until(pilot, lambda: pilot.app.screen is context)
        await until(pilot, lambda: f"{before} of" in shown(pilot.app))
        assert screen.session.story.memory == "You have a key."
        await pilot.press("n")
        await type_text(pilot, " Slow.")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "Quiet. Slow." in shown(pilot.app))
        assert screen.session.story.authors_note == "Quiet. Slow."
        assert screen.session.saved
        await pilot.press("escape")
        assert pilot.app.screen is screen


async def test_help_names_every_key(tmp_path: Path) -> None:
    async with playing(tmp_path, said(), size=(100, 90)) as (_, pilot):
        await pilot.press("f1")
        await until(pilot, lambda: isinstance(pilot.app.screen, HelpScreen))
        text = shown(pilot.app)
        for command in PLAY:
            assert command.shown_key in text
            assert " ".join(command.help.split()[:4]) in text


async def test_leaving_saves_and_shows_the_title(tmp_path: Path) -> None:
    async with playing(tmp_path, said()) as (screen, pilot):
        await take(pilot, "go in")
        path = screen.session.file.path  # type: ignore[union-attr]
        await pilot.press("ctrl+l")
        await until(pilot, lambda: isinstance(pilot.app.screen, TitleScreen))
        assert screen.session.file is None
    again = GameSession.resume(path, ScriptedEngine())
    assert again.story.tree.head.text == REPLIES[0]
    again.close()


async def test_quitting_in_mid_turn_leaves_at_once(tmp_path: Path) -> None:
    engine = HeldEngine()
    async with playing(tmp_path, engine) as (screen, pilot):
        await enter(pilot, "go in")
        await until(pilot, lambda: screen.transcript.draft)
        await pilot.press("ctrl+q")
        assert pilot.app.return_code == 0
        began = time.monotonic()
    assert time.monotonic() - began < PATIENCE * 0.5
    assert screen.session.file is None
    assert len(screen.session.story.tree) == 1


async def test_lines_typed_before_come_back(tmp_path: Path) -> None:
    async with playing(tmp_path, said()) as (screen, pilot):
        await take(pilot, "go in")
        await pilot.press("tab")
        await take(pilot, "Hello")
        await type_text(pilot, "half")
        await pilot.press("up")
        assert (screen.line.mode, screen.line.value) == (Mode.SAY, "Hello")
        await pilot.press("up")
        assert (screen.line.mode, screen.line.value) == (Mode.DO, "go in")
        await pilot.press("up")
        assert screen.line.value == "go in"
        await pilot.press("down", "down")
        assert screen.line.value == "half"


async def test_typing_survives_a_turn(tmp_path: Path) -> None:
    engine = HeldEngine()
    async with playing(tmp_path, engine) as (screen, pilot):
        await enter(pilot, "go in")
        await until(pilot, lambda: screen.phase == "generating")
        await type_text(pilot, "then wait")
        await pilot.press("enter")
        assert "Esc stops it" in toasts(pilot.app)[0]
        engine.release.set()
        await until(pilot, lambda: screen.phase == "idle")
        assert screen.line.value == "then wait"
        assert len(screen.session.story.tree) == 2


async def test_a_command_can_be_typed(tmp_path: Path) -> None:
    async with playing(tmp_path, said()) as (screen, pilot):
        await take(pilot, "go in")
        await enter(pilot, "/undo")
        await until(pilot, lambda: screen.session.story.tree.head.id == 1)
        assert screen.line.value == ""
        await enter(pilot, "/undo")
        assert "not possible now" in toasts(pilot.app)[-1]
        await enter(pilot, "/help")
        await until(pilot, lambda: isinstance(pilot.app.screen, HelpScreen))


IDLE_AT_OPENING = {"retry": False, "undo": False, "redo": False, "alter": False, "stop": False}


async def test_a_preset_is_chosen_or_typed_and_saved(tmp_path: Path) -> None:
    async with playing(tmp_path, said()) as (screen, pilot):
        await pilot.press("f12")
        await until(pilot, lambda: isinstance(pilot.app.screen, ChoiceScreen))
        for name, preset in PRESETS.items():
            await until(pilot, lambda: f"{name}: {preset.about[:20]}" in shown(pilot.app))  # noqa: B023
        await pilot.press("right", "enter")
        await until(pilot, lambda: pilot.app.screen is screen)
        assert preset_of(screen.session.story.generation) == "lively"
        await enter(pilot, "/preset calm")
        assert preset_of(screen.session.story.generation) == "lively"
        screen.line.value = ""
        await enter(pilot, "/preset wild")
        await until(pilot, lambda: preset_of(screen.session.story.generation) == "wild")
        assert screen.session.saved
        assert len(screen.session.story.tree) == 1


async def test_what_is_impossible_is_greyed_out(tmp_path: Path) -> None:
    engine = HeldEngine()
    async with playing(tmp_path, engine) as (screen, pilot):
        for action, possible in IDLE_AT_OPENING.items():
            assert (screen.check_action(action, ()) is True) is possible, action
        for key in ("ctrl+r", "ctrl+z", "ctrl+y", "ctrl+e", "escape"):
            await pilot.press(key)
        assert pilot.app.screen is screen
        assert len(screen.session.story.tree) == 1
        await enter(pilot, "go in")
        await until(pilot, lambda: screen.phase == "generating")
        allowed = {c.action for c in PLAY if screen.check_action(c.action, ()) is True}
        assert allowed == {"stop", "context", "find", "copy", "watch", "help", "leave", "quit"}
        for key in ("ctrl+r", "ctrl+z", "ctrl+e", "ctrl+o"):
            await pilot.press(key)
        assert pilot.app.screen is screen
        assert engine.calls == 1
        engine.release.set()
        await until(pilot, lambda: screen.phase == "idle")
        assert screen.check_action("retry", ()) is True
        assert screen.check_action("redo", ()) is None


@pytest.mark.parametrize("width", [80, 120])
async def test_the_key_bar_fits(tmp_path: Path, width: int) -> None:
    async with playing(tmp_path, said(), size=(width, 24)) as (screen, pilot):
        await take(pilot, "go in")
        bar = screen.query_one(KeyBar).render().plain
        assert len(bar) <= width - 2
        for word in ("Retry", "Undo", "Redo", "Alter", "Note", "Help", "Quit"):
            assert word in bar


async def test_a_key_can_be_clicked(tmp_path: Path) -> None:
    async with playing(tmp_path, said()) as (screen, pilot):
        await take(pilot, "go in")
        bar = screen.query_one(KeyBar)
        at = bar.render().plain.index("Undo") + 1
        await pilot.click(KeyBar, offset=(at + 1, 0))
        await until(pilot, lambda: screen.session.story.tree.head.id == 1)


async def test_the_line_keeps_the_focus(tmp_path: Path) -> None:
    async with playing(tmp_path, said()) as (screen, pilot):
        await pilot.click("#transcript")
        await type_text(pilot, "still here")
        assert screen.line.value == "still here"
        assert isinstance(screen.focused, PlayerInput)


async def test_the_palette_offers_what_is_possible(tmp_path: Path) -> None:
    async with playing(tmp_path, said(), size=(100, 50)) as (screen, pilot):
        await take(pilot, "go in")
        await pilot.press("ctrl+p")
        await until(pilot, lambda: "Tells the turn again" in shown(pilot.app))
        assert "Puts back" not in shown(pilot.app)
        await type_text(pilot, "undo")
        await until(pilot, lambda: "Tells the turn again" not in shown(pilot.app))
        await pilot.press("enter")
        await until(pilot, lambda: screen.session.story.tree.head.id == 1)
        assert isinstance(pilot.app.screen, PlayScreen)


async def test_resize_keeps_everything_in_place(tmp_path: Path) -> None:
    async with playing(tmp_path, said(), size=(120, 40)) as (screen, pilot):
        await take(pilot, "go in")
        await pilot.resize_terminal(40, 12)
        await pilot.pause()
        assert REPLIES[0] in shown(pilot.app)
        assert "Do ❯" in shown(pilot.app)
        await pilot.resize_terminal(20, 6)
        await pilot.resize_terminal(120, 40)
        await pilot.pause()
        assert "You stand at the gate." in shown(pilot.app)
        assert screen.phase == "idle"
