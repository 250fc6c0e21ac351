"""Settings: file under environment under command line, and what is refused."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from dungeon import settings, settings_file
from dungeon.cli.common import settings_of
from dungeon.errors import SettingsError
from dungeon.story.generation import GenerationSettings


@pytest.fixture(autouse=True)
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "settings.yaml"
    monkeypatch.setenv("DUNGEON_SETTINGS", str(path))
    for name in settings.Settings.model_fields:
        monkeypatch.delenv(f"DUNGEON_{name.upper()}", raising=False)
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
    ("data", "told"),
    [
        (b"?", "There is no setting named ''"),
        (b'theme: "\\UFFFFFFFF"', "(escape|character)"),
        (b"theme: &a [*a]", "line 1"),
        (b"theme: &a b\nmodel: *a\n", "an anchor or a tag stands in line 1"),
        (b"theme: !!python/object/apply:os.system [id]", "line 1"),
        (b"theme: !!str x", "an anchor or a tag stands in line 1"),
        (b"theme: " + b"[" * 60_000, "line 1 is not a `name: value` line"),
        (b"{a: " * 16_000, "line 1 is not a `name: value` line"),
        (b"top_k: 1\nmodel: a\ntop_k: 2\n", "top_k stands in line 3 and in line 1"),
        (b"model: a\n---\nmodel: b\n", "a second document begins in line 2"),
        (b"model: a: b\n", r"line 1, column 9"),
        (b"model: caf\xe9\n", "not UTF-8"),
        ("model: x".encode("utf-16"), "not UTF-8"),
        (b"model: a\x00b", "(line|character)"),
        (b"# " + b"x" * 70_000, "larger than 64 KiB"),
        (b"just words", "line 1 is not a `name: value` line"),
    ],
)
@pytest.mark.parametrize("loader", ["CSafeLoader", "SafeLoader"])
def test_accept_22_a_settings_file_made_to_hurt_is_a_clean_error(
    loader: str, file: Path, data: bytes, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings_file, "_Loader", getattr(yaml, loader, yaml.SafeLoader))
    file.write_bytes(data)
    with pytest.raises(SettingsError, match=told) as refused:
        settings.load()
    assert refused.value.hint
    assert "\n" not in refused.value.message
    assert len(refused.value.message) < 400


@pytest.mark.parametrize("data", [b"", b"# nothing\n", b"---\n", b"\xef\xbb\xbf# a\r\n", b"model:"])
def test_an_empty_file_sets_nothing(file: Path, data: bytes) -> None:
    file.write_bytes(data)
    assert settings.load() == settings.Settings()


def test_accept_19_text_in_the_settings_stays_as_written(file: Path) -> None:
    for written in ("NO", "1.10", "010", "12:30", "2024-01-01", "0x1F", "'~'", '"null"'):
        file.write_text(f"model: {written}\n")
        assert settings.load().model == written.strip("'\"")
    file.write_text("top_k: 010\n")
    assert settings.load().top_k == 10


@pytest.mark.parametrize("kind", ["pipe", "device", "folder", "loop"])
def test_what_is_no_file_is_not_waited_for(file: Path, kind: str) -> None:
    if kind == "pipe":
        os.mkfifo(file)
    elif kind == "folder":
        file.mkdir()
    else:
        file.symlink_to("/dev/zero" if kind == "device" else file)
    with pytest.raises(SettingsError, match="cannot be read"):
        settings.load()


OUT_OF_RANGE = [
    ("temperature", "-1", "a number from 0 to 2"),
    ("temperature", "nan", "a number from 0 to 2"),
    ("temperature", ".inf", "a number from 0 to 2"),
    ("temperature", '"0.8 "', "a number from 0 to 2"),
    ("temperature", "true", "a number from 0 to 2"),
    ("top_k", "-1", "a whole number from 0 to 1000"),
    ("top_k", "1_0", "a whole number from 0 to 1000"),
    ("top_k", "9" * 5000, "a whole number from 0 to 1000"),
    ("top_p", "5", "a number from 0.01 to 1"),
    ("max_new_tokens", "100000", "a whole number from 1 to 512"),
    ("candidates", "9", "a whole number from 0 to 8"),
    ("min_p", "-0.1", "a number from 0 to 1"),
]


@pytest.mark.parametrize(("name", "value", "allowed"), OUT_OF_RANGE)
@pytest.mark.parametrize("source", ["file", "environment"])
def test_accept_22_a_number_out_of_range_names_its_place(
    name: str, value: str, allowed: str, source: str, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if source == "file":
        file.write_text(f"{name}: {value}\n")
    else:
        monkeypatch.setenv(f"DUNGEON_{name.upper()}", value.strip('"'))
    with pytest.raises(SettingsError, match=name) as refused:
        settings_of(argparse.Namespace())
    place = str(file) if source == "file" else f"DUNGEON_{name.upper()} in the environment"
    assert place in refused.value.hint
    assert allowed in refused.value.hint
    assert len(str(refused.value)) < 500


@pytest.mark.parametrize(
    ("command", "value"),
    [("play gate", "100000"), ("play gate --plain", "0"), ("resume gate", "-5")],
)
def test_accept_22_the_command_line_is_refused_before_anything_begins(
    command: str, value: str, tmp_path: Path
) -> None:
    said = dungeon(*command.split(), "--max-new-tokens", value, home=tmp_path)
    assert said.returncode == 1
    assert f"max_new_tokens is {value}, which is not allowed." in said.stderr
    assert "Use a whole number from 1 to 512." in said.stderr
    assert "--max-new-tokens on the command line" in said.stderr
    assert not (tmp_path / "saves").exists()


def test_accept_22_greedy_plays_and_is_the_same_twice(tmp_path: Path) -> None:
    told = []
    for name in ("one", "two"):
        said = dungeon(
            *("play", "salt-road", "--plain", "--model", "scripted", "--seed", "1"),
            home=tmp_path / name,
            lines="look\n/quit\n",
            DUNGEON_TEMPERATURE="0",
        )
        assert said.returncode == 0, said.stderr
        told.append(said.stdout)
    assert told[0] == told[1] != ""


def dungeon(
    *words: str, home: Path, lines: str = "", **environment: str
) -> subprocess.CompletedProcess[str]:
    """The real program, its saves in `home`."""
    return subprocess.run(
        [sys.executable, "-m", "dungeon", *words],
        input=lines,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "DUNGEON_SAVES": str(home / "saves"), **environment},
    )


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


def test_accept_22_yes_is_no_number() -> None:
    """Files and variables give text; the program itself may give anything."""
    with pytest.raises(SettingsError):
        settings.load(temperature=True)


def test_accept_22_temperature_zero_is_allowed() -> None:
    assert GenerationSettings(temperature=0).temperature == 0
