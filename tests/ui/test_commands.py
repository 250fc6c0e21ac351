"""Every key of every screen says what it does, and every action is in the palette."""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path

import pytest
from textual.binding import Binding
from textual.dom import DOMNode
from textual.events import Key
from textual.screen import Screen

import dungeon.ui
from dungeon.ui.commands import PLAY, TYPED, Command
from dungeon.ui.modal import Palette
from dungeon.ui.palette import Commands, bindings_of
from dungeon.ui.screens.help import HelpScreen, row
from dungeon.ui.screens.tree import TreeScreen
from tests.ui.support import playing, take, until


def ours() -> list[type[DOMNode]]:
    """Every screen and widget of the game that has keys."""
    for module in pkgutil.walk_packages(dungeon.ui.__path__, "dungeon.ui."):
        importlib.import_module(module.name)
    found: list[type[DOMNode]] = []
    waiting: list[type[DOMNode]] = [DOMNode]
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        if kind.__module__.startswith("dungeon.") and vars(kind).get("BINDINGS"):
            found.append(kind)
    return sorted(set(found), key=lambda kind: kind.__name__)


@pytest.mark.parametrize("kind", ours(), ids=lambda kind: kind.__name__)
def test_every_key_says_what_it_does(kind: type[DOMNode]) -> None:
    for binding in kind.BINDINGS:
        assert isinstance(binding, Binding)
        if not binding.system:
            assert binding.description, binding
            assert binding.tooltip, f"{binding.key} of {kind.__name__} has no help"


def test_no_key_of_a_screen_means_two_things_and_no_name_is_typed_for_two() -> None:
    for kind in ours():
        if issubclass(kind, Screen):
            keys = [key for one in bindings_of(kind) for key in one.key.split(",")]
            # Escape stops the narrator, and lets go of a turn where there is nothing to stop.
            twice = {key for key in keys if keys.count(key) > 1} - {"escape"}
            assert not twice, f"{kind.__name__}: {twice}"
    assert len(TYPED) == len(PLAY)


@pytest.mark.parametrize("command", PLAY, ids=lambda command: command.action)
def test_every_key_of_the_story_reaches_it_through_a_plain_terminal(command: Command) -> None:
    """xterm's and tmux's answer to "where is the cursor?" looks like their Shift+F3."""
    assert not set(command.keys) & {"f15", "shift+f3"}
    keys, about = row(command)
    assert len(set(keys.split())) == len(keys.split())
    assert about == command.help


async def test_every_possible_action_is_in_the_palette(tmp_path: Path) -> None:
    async with playing(tmp_path) as (screen, pilot):
        await take(pilot, "go in")
        await pilot.press("ctrl+b")
        await until(pilot, lambda: isinstance(pilot.app.screen, TreeScreen))
        for shown in (screen, pilot.app.screen):
            palette = Commands(shown)
            said = {about for _, about, _ in palette._entries()}
            for binding in bindings_of(type(shown)):
                if shown.check_action(binding.action.partition("(")[0], ()) is True:
                    assert binding.tooltip in said, binding


async def test_keys_that_come_in_a_heap_close_each_screen_once(tmp_path: Path) -> None:
    """What a busy machine makes of a player who is in a hurry."""
    async with playing(tmp_path) as (screen, pilot):
        await pilot.press("ctrl+p")
        palette = pilot.app.screen
        assert isinstance(palette, Palette)
        await pilot.press("f1")
        assert isinstance(pilot.app.screen, HelpScreen)
        # It lies under another one: nothing is closed, and there is no second one.
        palette.dismiss()
        await pilot.press("ctrl+p")
        assert pilot.app.screen_stack[-2:] == [palette, pilot.app.screen]
        await pilot.press("escape")
        assert pilot.app.screen is palette
        palette.dismiss()
        palette.dismiss()
        await until(pilot, lambda: pilot.app.screen is screen)
        for key in ("ctrl+o", "escape", "escape", "ctrl+p", "escape", "escape"):
            pilot.app.post_message(Key(key, None))
        await until(pilot, lambda: pilot.app.screen is screen)
        await pilot.press("x")
        assert screen.line.value == "x"
