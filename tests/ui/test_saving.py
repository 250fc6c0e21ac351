"""What the screen says and does when a story cannot be saved, or is open elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dungeon.engine.scripted import ScriptedEngine
from dungeon.session import GameSession
from dungeon.ui.screens.choice import ChoiceScreen
from dungeon.ui.screens.play import PlayScreen
from dungeon.ui.screens.title import TitleScreen
from tests.ui.support import GATE, context, playing, running, shown, take, toasts, until


@contextmanager
def unwritable(saves: Path) -> Iterator[None]:
    """The folder is gone and a file has its name, as when a disk is pulled out."""
    aside = saves.with_name("aside")
    saves.rename(aside)
    saves.write_text("in the way")
    try:
        yield
    finally:
        saves.unlink()
        aside.rename(saves)


async def test_accept_15_play_goes_on_unsaved_and_the_next_save_has_it_all(
    tmp_path: Path,
) -> None:
    async with playing(tmp_path, size=(120, 30)) as (screen, pilot):
        with unwritable(tmp_path / "saves"):
            await take(pilot, "go in")
            assert "NOT SAVED" in shown(pilot.app)
            assert len(toasts(pilot.app)) == 1
            await take(pilot, "go on")
            assert "turn 2" in shown(pilot.app)
            assert len(toasts(pilot.app)) == 1
        await take(pilot, "go further")
        assert "NOT SAVED" not in shown(pilot.app)
        path = screen.session.file.path  # type: ignore[union-attr]
    again = GameSession.resume(path, ScriptedEngine(), read_only=True)
    assert len(again.story.tree.path()) == 4


async def test_accept_15_leaving_unsaved_asks_first(tmp_path: Path) -> None:
    async with playing(tmp_path, size=(100, 30)) as (screen, pilot):
        with unwritable(tmp_path / "saves"):
            await take(pilot, "go in")
            for key in ("ctrl+q", "ctrl+l"):
                await pilot.press(key)
                await until(pilot, lambda: isinstance(pilot.app.screen, ChoiceScreen))
                assert "not saved" in shown(pilot.app)
                await pilot.press("enter")
                await until(pilot, lambda: pilot.app.screen is screen)
            assert pilot.app.return_code is None
        await pilot.press("ctrl+l")
        await until(pilot, lambda: isinstance(pilot.app.screen, TitleScreen))


async def test_accept_15_a_story_that_cannot_be_saved_can_be_played(tmp_path: Path) -> None:
    (tmp_path / "saves").write_text("in the way")
    options = context(tmp_path, scenario=Path("gate.yaml"))
    async with running(options, (100, 30)) as (app, pilot):
        await until(pilot, lambda: isinstance(app.screen, ChoiceScreen))
        assert "cannot be saved" in shown(app)
        await pilot.press("right", "enter")
        await until(pilot, lambda: isinstance(app.screen, PlayScreen) and app.engine)
        await take(pilot, "go in")
        assert "NOT SAVED: no file" in shown(app)
        await pilot.press("ctrl+l")
        await until(pilot, lambda: isinstance(app.screen, TitleScreen))


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[GameSession]:
    """A story that another game has open."""
    session = GameSession.new(GATE, ScriptedEngine(), saves=tmp_path / "saves", title="My Gate")
    yield session
    session.close()


async def test_accept_16_a_story_open_elsewhere_can_be_read(
    tmp_path: Path, elsewhere: GameSession
) -> None:
    path = elsewhere.file.path  # type: ignore[union-attr]
    before = path.read_bytes()
    async with running(context(tmp_path, save=path), (100, 30)) as (app, pilot):
        await until(pilot, lambda: isinstance(app.screen, ChoiceScreen))
        assert "open in another game" in shown(app)
        await pilot.press("right", "enter")
        await until(pilot, lambda: isinstance(app.screen, PlayScreen) and app.engine)
        assert "NOT SAVED: read only" in shown(app)
        await take(pilot, "go in")
        await pilot.press("ctrl+l")
        await until(pilot, lambda: isinstance(app.screen, TitleScreen))
    assert path.read_bytes() == before


async def test_accept_16_a_story_open_elsewhere_can_be_copied(
    tmp_path: Path, elsewhere: GameSession
) -> None:
    path = elsewhere.file.path  # type: ignore[union-attr]
    async with running(context(tmp_path, save=path), (100, 30)) as (app, pilot):
        await until(pilot, lambda: isinstance(app.screen, ChoiceScreen))
        await pilot.press("right", "right", "enter")
        await until(pilot, lambda: isinstance(app.screen, PlayScreen) and app.engine)
        assert "My Gate (copy)" in shown(app)
        await take(pilot, "go in")
        assert "NOT SAVED" not in shown(app)
    assert len(list((tmp_path / "saves").glob("*.dungeon"))) == 2
    assert len(elsewhere.story.tree) == 1


async def test_accept_16_a_story_open_elsewhere_can_be_left(
    tmp_path: Path, elsewhere: GameSession
) -> None:
    path = elsewhere.file.path  # type: ignore[union-attr]
    async with running(context(tmp_path, save=path), (100, 30)) as (app, pilot):
        await until(pilot, lambda: isinstance(app.screen, ChoiceScreen))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, TitleScreen))


async def test_a_damaged_save_is_told(tmp_path: Path) -> None:
    path = tmp_path / "torn.dungeon"
    path.write_bytes(b"not a story")
    async with running(context(tmp_path, save=path), (100, 30)) as (app, pilot):
        await until(pilot, lambda: isinstance(app.screen, ChoiceScreen))
        assert "The story cannot be opened" in shown(app)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, TitleScreen))
    assert path.read_bytes() == b"not a story"
