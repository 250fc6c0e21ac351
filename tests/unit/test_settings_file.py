"""Changing a line of the settings file: all else stays as it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from dungeon import settings, settings_file
from dungeon.errors import SettingsError


@pytest.fixture(autouse=True)
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "conf" / "settings.yaml"
    monkeypatch.setenv("DUNGEON_SETTINGS", str(path))
    for name in settings.Settings.model_fields:
        monkeypatch.delenv(f"DUNGEON_{name.upper()}", raising=False)
    return path


MINE = """\
# How I play.
model: gpt2   # the old one
temperature: "0.5"

# Easy on the eyes
theme: parchment
"""


@pytest.mark.parametrize(
    ("name", "value", "before", "after"),
    [
        ("temperature", 0.75, 'temperature: "0.5"', "temperature: 0.75"),
        ("model", "distilgpt2", "model: gpt2 ", "model: distilgpt2 "),
        ("theme", None, "theme: parchment\n", ""),
        ("pace", 250, "parchment\n", "parchment\npace: 250\n"),
        ("read_aloud", True, "parchment\n", "parchment\nread_aloud: true\n"),
        ("theme", "a: b # c", "theme: parchment", 'theme: "a: b # c"'),
        (
            "saves",
            "C:\\Stories \u00e9",
            "parchment\n",
            'parchment\nsaves: "C:\\\\Stories \u00e9"\n',
        ),
        ("theme", "null", "theme: parchment", 'theme: "null"'),
    ],
)
def test_one_line_is_changed_and_comments_stay(
    file: Path, name: str, value: object, before: str, after: str
) -> None:
    file.parent.mkdir()
    file.write_text(MINE, encoding="utf-8")
    settings_file.change(name, value)
    assert file.read_text(encoding="utf-8") == MINE.replace(before, after, 1)
    written = None if value is None else str(value).lower() if value is True else str(value)
    assert settings_file.read(file).get(name) == written


def test_a_file_is_made_where_there_is_none(file: Path) -> None:
    settings_file.change("theme", None)
    settings_file.change("line_width", 60)
    assert file.read_text() == "line_width: 60\n"
    assert settings.load().line_width == 60


@pytest.mark.parametrize(
    "text", ["{model: gpt2, theme: ember}\n", "theme: >\n  ember\nmodel: gpt2"]
)
def test_a_file_in_a_form_of_its_own_keeps_its_values(file: Path, text: str) -> None:
    file.parent.mkdir()
    file.write_text(text)
    settings_file.change("theme", "phosphor")
    settings_file.change("pace", 100)
    assert settings_file.read(file) == {"model": "gpt2", "theme": "phosphor", "pace": "100"}


def test_a_file_that_cannot_be_read_is_left_alone(file: Path) -> None:
    file.parent.mkdir()
    file.write_text("- a list\n")
    with pytest.raises(SettingsError, match="cannot be changed") as refused:
        settings_file.change("theme", "ember")
    assert "until you leave" in refused.value.hint
    assert file.read_text() == "- a list\n"
