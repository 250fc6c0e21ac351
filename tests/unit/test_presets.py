"""Sampling numbers by name: in a scenario, in the settings, on a story."""

from __future__ import annotations

from pathlib import Path

import pytest

from dungeon import settings
from dungeon.authoring.reader import read
from dungeon.authoring.schema import json_schema
from dungeon.errors import SettingsError
from dungeon.story.generation import RANGES, GenerationSettings
from dungeon.story.presets import PRESETS, applied, preset_of, spoken

GATE = "dungeon: 1\ntitle: The Gate\nopening: You stand there.\n"


@pytest.fixture(autouse=True)
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "settings.yaml"
    monkeypatch.setenv("DUNGEON_SETTINGS", str(path))
    return path


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_is_allowed_and_known_again(name: str) -> None:
    made = applied(name, GenerationSettings(max_new_tokens=60, candidates=2, top_k=3))
    assert preset_of(made) == name
    assert (made.max_new_tokens, made.candidates) == (60, 2)
    assert PRESETS[name].numbers().keys() == RANGES.keys() - {"max_new_tokens", "candidates"}
    assert PRESETS[name].about.endswith(".")


def test_one_preset_undoes_another() -> None:
    base = GenerationSettings(no_repeat_ngram=5, typical_p=0.5)
    assert applied("steady", applied("wild", base)) == applied("steady", base)
    assert preset_of(base) == ""


def test_an_unknown_preset_is_told_with_those_there_are() -> None:
    with pytest.raises(SettingsError, match="calm") as refused:
        applied("calm", GenerationSettings())
    assert spoken() in refused.value.hint


def test_a_scenarios_numbers_go_before_its_preset() -> None:
    source = GATE + "generation: {preset: wild, max_new_tokens: 60, top_k: 7}\n"
    reading = read(source.encode(), "x.yaml")
    assert reading.problems == ()
    assert reading.scenario is not None
    wanted = PRESETS["wild"].numbers() | {"max_new_tokens": 60, "top_k": 7}
    assert reading.scenario.generation == GenerationSettings(**wanted)


def test_a_misspelt_preset_is_shown_with_the_right_one() -> None:
    reading = read((GATE + "generation: {preset: livly}\n").encode(), "x.yaml")
    (problem,) = reading.problems
    assert "`livly`" in problem.message
    assert "lively" in problem.fix
    assert (problem.line, problem.column) == (4, 22)


def test_editors_are_offered_the_presets() -> None:
    field = json_schema()["$defs"]["GenerationModel"]["properties"]["preset"]
    assert {"enum": [*PRESETS], "type": "string"} in field["anyOf"]


def test_a_source_closer_to_the_player_goes_first_with_its_preset(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write_text("preset: steady\ntemperature: 0.5\ncandidates: 2\n")
    found = settings.load().generation()
    assert found == PRESETS["steady"].numbers() | {"temperature": 0.5, "candidates": 2}
    monkeypatch.setenv("DUNGEON_PRESET", "wild")
    monkeypatch.setenv("DUNGEON_TOP_K", "9")
    found = settings.load().generation()
    assert found == PRESETS["wild"].numbers() | {"top_k": 9, "candidates": 2}
    found = settings.load(preset="lively").generation()
    assert found == PRESETS["lively"].numbers() | {"candidates": 2}


def test_a_misspelt_preset_in_the_settings_is_a_clean_error(file: Path) -> None:
    file.write_text("preset: calm\n")
    with pytest.raises(SettingsError, match="preset is 'calm'") as refused:
        settings.load()
    assert "lively" in refused.value.hint
