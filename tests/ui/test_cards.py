"""The cards on the screen: nothing is kept silently, and everything can be changed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from textual import events
from textual.pilot import Pilot
from textual.widgets import Checkbox, TextArea

from dungeon.engine.scripted import ScriptedEngine
from dungeon.errors import SaveError
from dungeon.session import GameSession
from dungeon.story.scenario import Card
from dungeon.story.story import Story
from dungeon.ui.screens.card_editor import CardEditor
from dungeon.ui.screens.cards import CardsScreen
from dungeon.ui.screens.choice import ChoiceScreen
from dungeon.ui.screens.play import PlayScreen
from tests.ui.support import (
    GATE,
    LAW,
    PALACE,
    PLANTED,
    QUEEN,
    HeldEngine,
    LateEngine,
    enter,
    playing,
    shown,
    small,
    take,
    toasts,
    type_text,
    until,
)


@asynccontextmanager
async def kept(
    tmp_path: Path, size: tuple[int, int] = (80, 24), **options: Any
) -> AsyncIterator[tuple[PlayScreen, Pilot[None]]]:
    """A story of which the beginning left the window."""
    options.setdefault("read_scenario", lambda path: PALACE)
    async with playing(tmp_path, small(), size, **options) as (play, pilot):
        while not play.session.noticed():
            await take(pilot, "walk on")
        yield play, pilot


async def open_cards(pilot: Pilot[Any]) -> CardsScreen:
    await pilot.press("ctrl+k")
    await until(pilot, lambda: isinstance(pilot.app.screen, CardsScreen))
    assert isinstance(pilot.app.screen, CardsScreen)
    return pilot.app.screen


async def press(pilot: Pilot[Any], key: str, kind: type) -> Any:
    """A key after which another screen is up."""
    await pilot.press(key)
    await until(pilot, lambda: isinstance(pilot.app.screen, kind))
    return pilot.app.screen


async def pick(pilot: Pilot[Any], name: str) -> None:
    screen = pilot.app.screen
    assert isinstance(screen, CardsScreen)
    rows = [row.card.name if row is not None else "" for row in screen._rows]
    screen.list.highlighted = rows.index(name)
    await pilot.pause()


def write(editor: CardEditor, **fields: str) -> None:
    for field, value in fields.items():
        if field == "text":
            editor.query_one(TextArea).text = value
        else:
            editor._input({"keys": "card-keys"}.get(field, field)).value = value


def within(screen: CardsScreen | CardEditor, selector: str = ".dialog") -> str:
    """What stands in a part of the screen, its lines joined."""
    x, y, width, height = screen.query_one(selector).content_region
    rows = [strip.crop(x, x + width).text for strip in screen._compositor.render_strips()]
    return " ".join(" ".join(rows[y : y + height]).split())


def saved(tmp_path: Path) -> Story:
    (path,) = (tmp_path / "saves").glob("*.dungeon")
    return GameSession.resume(path, ScriptedEngine(), read_only=True).story


async def test_the_player_is_told_what_a_turn_kept(tmp_path: Path) -> None:
    async with kept(tmp_path) as (play, pilot):
        names = [card.name for card in play.session.fresh()]
        assert names
        told = f"Kept in mind: {', '.join(names[:3])}"
        assert play.transcript.notice.startswith(told)
        assert f"· {told}" in " ".join(shown(pilot.app).split())
        assert "! " not in shown(pilot.app)
        await pilot.press("ctrl+z")
        assert play.transcript.notice == ""


async def test_a_reader_who_went_back_is_not_moved(tmp_path: Path) -> None:
    async with kept(tmp_path, (80, 16)) as (play, pilot):
        await pilot.press("ctrl+home")
        await pilot.pause()
        play._tell_what_was_kept()
        await pilot.pause()
        assert play.transcript.scroll_offset.y == 0
        assert play.transcript.notice


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (140, 40), (250, 80)])
async def test_all_cards_are_listed_and_those_sent_are_marked(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    async with kept(tmp_path, size) as (play, pilot):
        play.line.value = "ask Tamsin for the queen"
        screen = await open_cards(pilot)
        text = shown(pilot.app)
        for part in ("Written · 2", "Kept by itself", "/ search", "Enter Edit", "M Auto"):
            assert part in text
        # Called by the line, always there, called by the line; spoken of by nobody.
        for mark, name in (
            ("●", "Queen Maro"),
            ("●", "The law of salt"),
            ("●", "Tamsin Vole"),
            ("○", "Brass whistle"),
        ):
            await pick(pilot, name)
            assert f"{mark} {name}" in within(screen, "#cards-list")
            assert name in within(screen, "#card")
        assert {strip.cell_length for strip in pilot.app.screen._compositor.render_strips()} == {
            size[0]
        }
        await pick(pilot, "Brass whistle")
        text = within(screen, "#card")
        assert "kept by itself · called by: brass whistle, whistle · not in" in text
        assert text.endswith(PLANTED[0])


async def test_the_search_finds_names_keys_and_texts(tmp_path: Path) -> None:
    async with kept(tmp_path) as (_, pilot):
        screen = await open_cards(pilot)
        for looked_for, found in (
            ("MARO", ["Queen Maro"]),
            ("salt hand", ["The law of salt"]),
            ("clocks", ["Tamsin Vole"]),
            ("zzz", []),
        ):
            await pilot.press("slash")
            await type_text(pilot, looked_for)
            await pilot.pause()
            assert [row.card.name for row in screen._rows if row is not None] == found
            if not found:
                assert "No card has “zzz” in it." in shown(pilot.app)
                assert screen.check_action("edit", ()) is None
            await pilot.press("escape")
            assert screen.search.value == ""
        assert pilot.app.screen is screen
        await pilot.press("escape")
        assert isinstance(pilot.app.screen, PlayScreen)


async def test_a_card_is_written_saved_and_called(tmp_path: Path) -> None:
    async with playing(tmp_path) as (play, pilot):
        await open_cards(pilot)
        assert "There are no cards yet." in shown(pilot.app)
        assert "Press A to write one." in shown(pilot.app)
        await press(pilot, "a", CardEditor)
        await type_text(pilot, "Pell")
        assert "empty takes: Pell" in shown(pilot.app)
        await pilot.press("tab", "tab")
        await type_text(pilot, "Pell limps")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: isinstance(pilot.app.screen, CardsScreen))
        pell = Card("Pell", "Pell limps", ("Pell",))
        assert play.session.story.cards == (pell,)
        assert saved(tmp_path).cards == (pell,)
        assert "○ Pell" in shown(pilot.app)
        await pilot.press("escape")
        play.line.value = "follow pell"
        await open_cards(pilot)
        assert "● Pell" in shown(pilot.app)


async def test_every_field_of_a_card_is_edited(tmp_path: Path) -> None:
    async with kept(tmp_path) as (play, pilot):
        await open_cards(pilot)
        editor = await press(pilot, "enter", CardEditor)
        assert "Queen Maro counts every grain of salt." in shown(pilot.app)
        write(editor, name="Maro", keys="queen,  Maro , queen,,crown", text=" She is dead.\n")
        write(editor, priority="-4")
        editor.query_one(Checkbox).focus()
        await pilot.press("space")
        assert "✔" in shown(pilot.app)
        await pilot.press("ctrl+s")
        await until(pilot, lambda: isinstance(pilot.app.screen, CardsScreen))
        maro = Card("Maro", "She is dead.", ("queen", "Maro", "crown"), True, -4)
        assert play.session.story.cards == (maro, LAW)
        assert saved(tmp_path).cards == (maro, LAW)
        assert "priority -4" in shown(pilot.app)


async def test_an_automatic_card_that_is_edited_is_the_players(tmp_path: Path) -> None:
    async with kept(tmp_path) as (play, pilot):
        screen = await open_cards(pilot)
        await pick(pilot, "Tamsin Vole")
        editor = await press(pilot, "e", CardEditor)
        assert "The story kept this by itself." in shown(pilot.app)
        write(editor, text="Tamsin is a spy.")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: pilot.app.screen is screen)
        story = saved(tmp_path)
        assert [card.text for card in story.cards][2:] == ["Tamsin is a spy."]
        assert story.forgotten == ("tamsin vole",)
        assert "Tamsin Vole" not in [card.name for card in play.session.noticed()]
        assert screen.picked is not None
        assert (screen.picked.card.text, screen.picked.own) == ("Tamsin is a spy.", True)


@pytest.mark.parametrize("name", ["Queen Maro", "Tamsin Vole"])
async def test_forgetting_asks_first(tmp_path: Path, name: str) -> None:
    async with kept(tmp_path) as (play, pilot):
        screen = await open_cards(pilot)
        await pick(pilot, name)
        await press(pilot, "f", ChoiceScreen)
        assert name in shown(pilot.app)
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is screen)
        assert name in [entry.card.name for entry in screen._entries]
        await press(pilot, "delete", ChoiceScreen)
        await pilot.press("right", "enter")
        await until(pilot, lambda: pilot.app.screen is screen)
        assert name not in [entry.card.name for entry in screen._entries]
        assert name not in [card.name for card in play.session.noticed()]
        story = saved(tmp_path)
        assert QUEEN not in story.cards or name == "Tamsin Vole"
        assert story.forgotten == (() if name == "Queen Maro" else ("tamsin vole",))


async def test_automatic_memory_is_switched_off_and_on(tmp_path: Path) -> None:
    async with kept(tmp_path) as (play, pilot):
        await open_cards(pilot)
        await pilot.press("m")
        assert "Automatic memory is off" in shown(pilot.app)
        assert "Kept by itself" not in shown(pilot.app)
        assert not saved(tmp_path).automatic
        await pilot.press("m")
        assert "Automatic memory is on" in shown(pilot.app)
        assert "Kept by itself" in shown(pilot.app)
        assert saved(tmp_path).automatic
        assert play.session.story.cards == (QUEEN, LAW)


@pytest.mark.parametrize(
    ("fields", "wrong", "focus"),
    [
        ({"name": " "}, "needs a name and a text", "name"),
        ({"text": " \n"}, "needs a name and a text", "text"),
        ({"name": "the LAW of salt"}, "There is a card the LAW of salt already.", "name"),
        ({"priority": "10"}, "has the priority 10. Use a whole number from -9 to 9.", "priority"),
        ({"priority": "1.5"}, "'1.5' is no number. Use a whole number", "priority"),
    ],
)
async def test_what_is_wrong_is_said_and_nothing_is_lost(
    tmp_path: Path, fields: dict[str, str], wrong: str, focus: str
) -> None:
    async with playing(tmp_path, read_scenario=lambda path: PALACE) as (play, pilot):
        screen = await open_cards(pilot)
        editor = await press(pilot, "enter", CardEditor)
        write(editor, **{"text": "Long live the queen.", **fields})
        before = editor._fields
        await pilot.press("ctrl+s")
        await pilot.pause()
        assert pilot.app.screen is editor
        assert wrong in within(editor)
        assert editor.focused is not None
        assert editor.focused.id == focus
        assert editor._fields == before
        assert play.session.story.cards == (QUEEN, LAW)
        await press(pilot, "escape", ChoiceScreen)
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is editor)
        assert editor._fields == before
        await press(pilot, "escape", ChoiceScreen)
        await pilot.press("right", "enter")
        await until(pilot, lambda: pilot.app.screen is screen)
        assert play.session.story.cards == (QUEEN, LAW)


async def test_a_key_with_a_comma_in_it_survives_an_edit_of_the_text(tmp_path: Path) -> None:
    card = Card("Oath", "They swore.", ("so, help me",))
    scenario = replace(GATE, cards=(card,))
    async with playing(tmp_path, read_scenario=lambda path: scenario) as (play, pilot):
        screen = await open_cards(pilot)
        editor = await press(pilot, "enter", CardEditor)
        write(editor, text="They swore it twice.")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: pilot.app.screen is screen)
        assert play.session.story.cards == (replace(card, text="They swore it twice."),)


async def test_cards_can_be_typed_for_and_wait_for_the_narrator(tmp_path: Path) -> None:
    engine = HeldEngine()
    async with playing(tmp_path, engine) as (play, pilot):
        await enter(pilot, "go in")
        assert play.check_action("cards", ()) is None
        await pilot.press("ctrl+k")
        assert pilot.app.screen is play
        await enter(pilot, "/cards")
        assert "/cards is not possible now." in toasts(pilot.app)[-1]
        engine.release.set()
        await until(pilot, lambda: play.phase == "idle")
        await enter(pilot, "/cards")
        await until(pilot, lambda: isinstance(pilot.app.screen, CardsScreen))
        await pilot.press("ctrl+k")
        assert pilot.app.screen is play


async def test_while_the_engine_loads_the_written_cards_are_there(tmp_path: Path) -> None:
    engine = LateEngine()
    async with playing(tmp_path, engine, read_scenario=lambda path: PALACE) as (_, pilot):
        await open_cards(pilot)
        assert "○ Queen Maro" in shown(pilot.app)
        assert "once the narrator is here" in shown(pilot.app)
        engine.arrive.set()
        await until(pilot, lambda: "● The law of salt" in shown(pilot.app))


async def test_a_card_that_cannot_be_saved_is_told_at_once(tmp_path: Path) -> None:
    async with kept(tmp_path) as (play, pilot):
        assert play.session.file is not None

        def broken(story: Story) -> None:
            raise SaveError("The disk is full.", "Make room.")

        play.session.file.save = broken  # type: ignore[method-assign]
        await open_cards(pilot)
        await pilot.press("m")
        await until(pilot, lambda: toasts(pilot.app))
        assert toasts(pilot.app)[-1].startswith("The disk is full. Make room.")


async def test_the_mouse_picks_then_opens(tmp_path: Path) -> None:
    async with kept(tmp_path) as (_, pilot):
        screen = await open_cards(pilot)

        def row_of(text: str) -> tuple[int, int]:
            rows = shown(pilot.app).split("\n")
            y = next(y for y, row in enumerate(rows) if text in row)
            return rows[y].index(text) + 1, y

        await pilot.click(offset=row_of("The law of salt"))
        await pilot.pause()
        assert pilot.app.screen is screen
        assert screen.picked is not None
        assert screen.picked.card == LAW
        await pilot.click(offset=row_of("● The law of salt  "))
        await until(pilot, lambda: isinstance(pilot.app.screen, CardEditor))
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is screen)
        await pilot.click(offset=row_of("F Forget"))
        await until(pilot, lambda: isinstance(pilot.app.screen, ChoiceScreen))


@pytest.mark.parametrize("text", ["[/]", "[@click=app.quit]x[/]", "\x1b]0;t\x07\u202e[b]"])
async def test_accept_01_cards_are_shown_as_they_are_written(tmp_path: Path, text: str) -> None:
    card = Card(f"N {text}", f"T {text} {text}.", (f"k {text}",))
    scenario = replace(GATE, cards=(card,))
    as_shown = text.split("\u202e")[-1]
    async with playing(tmp_path, size=(140, 40), read_scenario=lambda path: scenario) as (
        play,
        pilot,
    ):
        screen = await open_cards(pilot)
        for part in (f"N {as_shown}", f"T {as_shown}", f"k {as_shown}"):
            assert part in shown(pilot.app)
        await press(pilot, "f", ChoiceScreen)
        assert f"N {as_shown}" in shown(pilot.app)
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is screen)
        editor = await press(pilot, "enter", CardEditor)
        assert f"N {as_shown}" in shown(pilot.app)
        editor._input("name").post_message(events.Paste(f"{text}\n{text}"))
        await pilot.pause()
        assert f"N {as_shown}{as_shown} {as_shown}" in shown(pilot.app)
        await pilot.press("ctrl+s")
        await until(pilot, lambda: pilot.app.screen is screen)
        assert play.session.story.cards[0].name == f"N {as_shown}{as_shown} {as_shown}"
        assert pilot.app.is_running
