"""A story whose scenario was edited or deleted after it began."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from dungeon.authoring.library import change_since, list_scenarios
from dungeon.authoring.reader import read_scenario, read_scenario_text
from dungeon.engine.base import CancelToken
from dungeon.engine.scripted import ScriptedEngine
from dungeon.session import GameSession, narrate
from dungeon.storage.story_file import StoryFile
from dungeon.story import action as actions
from dungeon.story.scenario import Scenario, Source

FERRY = """\
dungeon: 1
title: The Ferry of {name}
questions: [{key: name, ask: Who are you?, default: Ida}]
memory: "{name} has a coin."
opening: "{name} stands on the landing."
cards: [{name: Charon, keys: [ferryman], text: He wants the coin.}]
banned: [suddenly]
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The scenario in a library of its own."""
    folder = tmp_path / "scenarios"
    folder.mkdir()
    monkeypatch.setenv("DUNGEON_SCENARIOS", str(folder))
    (folder / "ferry.yaml").write_text(FERRY)
    return folder / "ferry.yaml"


def begun(file: Path, saves: Path) -> Path:
    session = GameSession.new(read_scenario(file), ScriptedEngine(), saves=saves, seed=1)
    tell(session)
    session.close()
    assert session.file is None
    return next(saves.glob("*.dungeon"))


def tell(session: GameSession) -> None:
    turn = session.begin_turn(actions.parse("wait"))
    session.commit(turn, narrate(session.engine, turn, CancelToken()))


EDITS = {
    "another memory": (lambda text: text.replace("a coin", "two coins"), "was edited"),
    "one card less": (lambda text: text.replace("cards: [", "tags: [a]\n# ["), "was edited"),
    "a temperature": (lambda text: text + "generation: {temperature: 0.7}\n", "was edited"),
    "another title": (lambda text: text.replace("The Ferry of", "Ferry of"), "not in the library"),
    "broken": (lambda text: text + "memory: a: b\n", "not in the library"),
    "a comment": (lambda text: "# mine\n" + text, ""),
}


@pytest.mark.parametrize("name", EDITS)
def test_accept_18_a_story_plays_on_when_its_scenario_is_edited(
    name: str, file: Path, tmp_path: Path
) -> None:
    path = begun(file, tmp_path / "saves")
    edit, told = EDITS[name]
    file.write_text(edit(FERRY))
    session = GameSession.resume(path, ScriptedEngine())
    changed = change_since(session.story.source, list_scenarios())
    assert (told in changed) if told else changed == ""
    assert session.story.scenario == read_scenario_text(FERRY).filled({})
    assert session.story.memory == "Ida has a coin."
    assert session.begin_turn(actions.parse("wait")).request.banned == ("suddenly",)
    session.close()


def test_accept_18_a_story_plays_on_when_its_scenario_is_deleted(
    file: Path, tmp_path: Path
) -> None:
    path = begun(file, tmp_path / "saves")
    file.unlink()
    result = subprocess.run(
        [sys.executable, "-m", "dungeon", "resume", str(path), "--plain", "--model", "scripted"],
        input="look\n/quit\n",
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert "The scenario `The Ferry of {name}` is not in the library now" in result.stderr
    story = StoryFile.open(path, read_only=True).load()
    assert [str(node.action.text) for node in story.tree.path() if node.action] == ["wait", "look"]


def test_an_unchanged_scenario_is_not_mentioned(file: Path, tmp_path: Path) -> None:
    path = begun(file, tmp_path / "saves")
    file.rename(file.with_name("renamed.yaml"))
    story = StoryFile.open(path, read_only=True).load()
    assert change_since(story.source, list_scenarios()) == ""


def test_a_story_of_before_its_source_was_kept_is_not_mentioned(file: Path, tmp_path: Path) -> None:
    path = begun(file, tmp_path / "saves")
    with sqlite3.connect(path) as db:
        db.execute("UPDATE meta SET value = '' WHERE key = 'source'")
    story = StoryFile.open(path, read_only=True).load()
    assert story.source is None
    assert change_since(story.source, []) == ""


def test_a_default_changes_no_digest() -> None:
    scenario = Scenario(title="T", opening="x")
    assert Source.of(scenario) == Source.of(replace(scenario, generation=scenario.generation))
    assert Source.of(scenario).digest != Source.of(replace(scenario, summary="s")).digest
    # What a story of today holds must be known by the games to come.
    assert Source.of(scenario).digest.startswith("18de001c086e7dbe")
