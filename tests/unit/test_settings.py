"""Settings: file under environment under command line, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from dungeon import settings
from dungeon.errors import SettingsError
from dungeon.story.scenario import GenerationSettings


@pytest.fixture(autouse=True)
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "settings.yaml"
    monkeypatch.setenv("DUNGEON_SETTINGS", str(path))
    for name in ("DUNGEON_MODEL", "DUNGEON_SAVES"):
        monkeypatch.delenv(name, raising=False)
    return path


def test_without_a_file_all_is_as_the_story_says() -> None:
    assert settings.load().generation() == {}
    assert settings.load().model is None


def test_command_line_over_environment_over_file(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write_text("model: gpt2\nsaves: /a\ntemperature: 0.5\n")
    assert (settings.load().model, settings.load().saves) == ("gpt2", Path("/a"))
    monkeypatch.setenv("DUNGEON_MODEL", "distilgpt2")
    assert settings.load().model == "distilgpt2"
    assert settings.load(model="gpt2-xl", saves=None).model == "gpt2-xl"
    assert settings.load().generation() == {"temperature": 0.5}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("colour: red\n", "colour"),
        ("temperature: hot\n", "temperature"),
        ("a: b: c\n", "cannot be read"),
        ("- a\n", "cannot be"),
        ("model: [a\n", "cannot be read"),
    ],
)
def test_a_bad_file_is_a_clean_error(file: Path, text: str, told: str) -> None:
    file.write_text(text)
    with pytest.raises(SettingsError, match=told):
        settings.load()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("temperature", -1.0),
        ("temperature", float("nan")),
        ("temperature", "0.8 "),
        ("temperature", True),
        ("top_k", -1),
        ("top_k", 1.5),
        ("top_p", 5.0),
        ("top_p", 0.0),
        ("repetition_penalty", 0.5),
        ("max_new_tokens", 100_000),
        ("max_new_tokens", 0),
        ("repetition_range", -1),
        ("repetition_range", 2.5),
        ("repetition_slope", float("inf")),
        ("repetition_slope", -0.1),
        ("no_repeat_ngram", 100),
        ("no_repeat_ngram", True),
        ("typical_p", 0.0),
        ("typical_p", 1.1),
    ],
)
def test_accept_22_numbers_out_of_range_are_refused(name: str, value: object) -> None:
    with pytest.raises(SettingsError, match=name) as refused:
        GenerationSettings(**{name: value})  # type: ignore[arg-type]
    assert "from" in refused.value.hint


def test_accept_22_temperature_zero_is_allowed() -> None:
    assert GenerationSettings(temperature=0).temperature == 0
