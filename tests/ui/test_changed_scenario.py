"""A scenario that is edited or deleted after a story began: the story plays on, and says so."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from dungeon.engine.scripted import ScriptedEngine
from dungeon.session import GameSession
from dungeon.story.scenario import digest
from dungeon.ui.screens.play import PlayScreen
from tests.ui.support import ENTRIES, GATE, context, running, shown, take, toasts, until

ROOT = Path(__file__).parents[2]
DUNGEON = (sys.executable, "-m", "dungeon")
FILE = """dungeon: 1
title: The Toll House
summary: A bridge that wants paying.
opening: You are {name}, and the bridge is shut.
questions:
  - {key: name, ask: What is your name?, default: Ansel}
memory: The toll is one secret.
"""


def test_a_digest_tells_any_change_and_nothing_else() -> None:
    assert digest(GATE) == digest(replace(GATE))
    changed = {
        digest(GATE),
        digest(replace(GATE, memory="You have no key.")),
        digest(replace(GATE, banned=("suddenly",))),
        digest(replace(GATE, generation=replace(GATE.generation, temperature=0.7))),
        digest(replace(GATE, style=replace(GATE.style, person="third"))),
    }
    assert len(changed) == 5


@pytest.mark.parametrize(
    ("now", "told"),
    [
        (ENTRIES, ""),
        ((replace(ENTRIES[0], scenario=replace(GATE, memory="No key.")),), "was changed"),
        ((replace(ENTRIES[0], scenario=None),), "no longer in the library"),
        ((), "no longer in the library"),
    ],
    ids=["as it was", "edited", "broken", "deleted"],
)
@pytest.mark.parametrize("at_once", [True, False], ids=["at once", "from the title"])
async def test_accept_18_the_story_plays_on_and_the_screen_says_what_changed(
    tmp_path: Path, now: tuple[object, ...], told: str, at_once: bool
) -> None:
    session = GameSession.new(GATE, ScriptedEngine(), saves=tmp_path / "saves", source="gate")
    path = session.file.path  # type: ignore[union-attr]
    session.close()
    start = {"save": path} if at_once else {}
    options = context(tmp_path, list_scenarios=lambda: now, **start)
    async with running(options, (120, 30)) as (app, pilot):
        await until(pilot, lambda: app.title_screen.saves)
        if not at_once:
            await until(pilot, lambda: app.engine)
            await pilot.press("c")
        await until(pilot, lambda: isinstance(app.screen, PlayScreen) and app.engine)
        said = [toast for toast in toasts(app) if "scenario gate" in toast]
        assert [told in toast for toast in said] == ([True] if told else [])
        await take(pilot, "go in")
        assert "NOT SAVED" not in shown(app)
    again = GameSession.resume(path, ScriptedEngine(), read_only=True).story
    assert (again.scenario, len(again.tree)) == (GATE, 2)


async def test_a_story_begun_from_the_title_knows_its_scenario(tmp_path: Path) -> None:
    async with running(context(tmp_path), (100, 30)) as (app, pilot):
        await until(pilot, lambda: app.title_screen.scenarios and app.engine)
        await pilot.press("n", "enter")
        await until(pilot, lambda: isinstance(app.screen, PlayScreen))
        story = app.screen.session.story  # type: ignore[attr-defined]
        assert (story.source, story.source_digest) == ("gate", digest(GATE))


def dungeon(home: Path, *words: str, said: str = "/quit\n") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*DUNGEON, "--saves", str(home / "saves"), *words, "--plain", "--model", "scripted"],
        input=said,
        cwd=ROOT,
        env={"PATH": "", "DUNGEON_SCENARIOS": str(home), "HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_accept_18_a_real_file_is_edited_and_deleted(tmp_path: Path) -> None:
    file = tmp_path / "toll-house.yaml"
    file.write_text(FILE)
    begun = dungeon(tmp_path, "play", "toll-house", "--answer", "name=Ida", said="look\n/quit\n")
    assert begun.returncode == 0, begun.stderr
    same = dungeon(tmp_path, "resume", "The Toll House")
    assert "was changed" not in same.stderr
    file.write_text(FILE.replace("one secret", "two secrets"))
    edited = dungeon(tmp_path, "resume", "The Toll House", said="look again\n/quit\n")
    assert edited.returncode == 0
    assert "The scenario toll-house was changed; this story goes on with it as" in edited.stderr
    file.unlink()
    deleted = dungeon(tmp_path, "resume", "The Toll House", said="look once more\n/quit\n")
    assert deleted.returncode == 0
    assert "no longer in the library" in deleted.stderr
    (path,) = (tmp_path / "saves").glob("*.dungeon")
    story = GameSession.resume(path, ScriptedEngine(), read_only=True).story
    assert story.memory == "The toll is one secret."
    assert len(story.tree) == 4


def test_a_file_outside_the_library_leaves_no_trace_of_where_it_was(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    file = tmp_path / "elsewhere" / "mine.yaml"
    file.write_text(FILE)
    dungeon(tmp_path, "play", str(file))
    (path,) = (tmp_path / "saves").glob("*.dungeon")
    story = GameSession.resume(path, ScriptedEngine(), read_only=True).story
    assert story.source == story.source_digest == ""
    assert b"elsewhere" not in path.read_bytes()
