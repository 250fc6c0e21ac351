"""Names that are made to lead somewhere else: of stories, of scenarios, of links beside them."""

from __future__ import annotations

import os
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest

from dungeon.authoring import library as scenarios
from dungeon.authoring.new import write_new
from dungeon.errors import DungeonError, SaveError, ScenarioError
from dungeon.storage import library
from dungeon.storage.library import DamagedSave, SaveSummary
from dungeon.storage.story_file import StoryFile
from dungeon.story.scenario import Scenario
from dungeon.story.story import Story, begin
from dungeon.text import clean

DEVICES = ["CON", "con", "nul.txt", "LPT1", "com9.", "AUX.dungeon", "CLOCK$"]
HOSTILE = [
    "../x", "/etc/passwd", "..", ".", "", " ", "x" * 300, "門" * 300, "dot.", "blank ", "a\nb",
    "a\0b", "café", "cafe\u0301", "C:\\x", "~", "~root", "-rf", "--help", "\u202etxt", "🗝",
    "%2e%2e", "a/b\\c", "*?<>|\"", "$(id)", "`id`", "\x1b]0;t\x07", "\udcff", *DEVICES,
]  # fmt: skip
PORTABLE = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-.")


def story(title: str) -> Story:
    opening = Scenario(title="The Gate", opening="You stand at the gate.")
    return begin(opening, title=title, seed=1, created="2026-01-01T00:00:00+00:00")


def created(saves: Path, title: str) -> Path:
    file = StoryFile.create(saves, story(title))
    file.close()
    return file.path


@pytest.mark.parametrize("title", HOSTILE)
def test_accept_30_a_story_keeps_its_title_and_stays_in_its_folder(
    title: str, tmp_path: Path
) -> None:
    saves = tmp_path / "saves"
    paths = {created(saves, title) for _ in range(2)}
    assert len(paths) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["saves"]
    for path in paths:
        assert path.parent.resolve() == saves.resolve()
        assert set(path.name) <= PORTABLE
        assert len(path.name) <= 80
        stem = path.name.split(".")[0].upper()
        assert stem not in {name.split(".")[0].upper() for name in DEVICES}
        assert path.name[0] not in ".-"
        shown = library.summarize(path).title
        assert shown == clean(title or "The Gate", newlines=False)


@pytest.mark.parametrize("title", HOSTILE)
def test_accept_30_a_new_scenario_stays_in_its_folder(title: str, tmp_path: Path) -> None:
    place = tmp_path / "mine"
    place.mkdir()
    try:
        path = write_new(title, place)
    except ScenarioError:
        # A title of nothing that can be seen.
        assert not clean(title, newlines=False).strip()
        assert list(place.iterdir()) == []
        return
    assert [entry.name for entry in tmp_path.iterdir()] == ["mine"]
    assert [entry.name for entry in place.iterdir()] == [path.name]
    assert set(path.name) <= PORTABLE
    assert len(path.name) <= 80
    assert path.stem.upper() not in {name.split(".")[0].upper() for name in DEVICES}


@pytest.mark.parametrize("name", HOSTILE)
def test_accept_30_a_name_that_is_asked_for_leads_nowhere_else(name: str, tmp_path: Path) -> None:
    saves = tmp_path / "saves"
    saves.mkdir()
    (tmp_path / "x.dungeon").write_bytes(b"")
    if os.sep not in name:
        with pytest.raises(DungeonError):
            library.find_save(saves, name)
    for odd in (f"../{name}", f"{name}\0"):
        with pytest.raises(DungeonError):
            library.find_save(saves, odd)


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_accept_30_both_forms_of_an_accent_find_the_same(
    form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DUNGEON_SCENARIOS", str(tmp_path))
    typed = unicodedata.normalize(form, "Café Noir")
    other = unicodedata.normalize("NFD" if form == "NFC" else "NFC", "Café Noir")
    file = tmp_path / f"{other}.yaml"
    file.write_text(f"dungeon: 1\ntitle: {other}\nopening: x\n")
    assert scenarios.find_scenario(typed) == file
    path = created(tmp_path / "saves", other)
    assert library.find_save(tmp_path / "saves", typed) == path
    # Two files whose names look the same are two scenarios, each found by its own name.
    (tmp_path / f"{typed}.yaml").write_text("dungeon: 1\ntitle: Mine\nopening: x\n")
    assert scenarios.find_scenario(typed) == tmp_path / f"{typed}.yaml"
    assert scenarios.find_scenario(other) == file


# -- links -------------------------------------------------------------------------------------


@pytest.mark.parametrize("victim_holds", [b"precious\n", b"", b"\0" * 600])
@pytest.mark.parametrize("beside", ["-journal", ".lock"])
def test_accept_30_a_link_beside_a_story_is_not_written_through(
    beside: str, victim_holds: bytes, tmp_path: Path
) -> None:
    path = created(tmp_path / "saves", "The Gate")
    victim = tmp_path / "victim"
    victim.write_bytes(victim_holds)
    path.with_name(path.name + beside).symlink_to(victim)
    with pytest.raises(SaveError):
        play_on(path)
    assert victim.read_bytes() == victim_holds


def play_on(path: Path) -> None:
    file = StoryFile.open(path)
    try:
        told = file.load()
        told.memory = "changed"
        file.save(told)
    finally:
        file.close()


@pytest.mark.parametrize("name", [".new", ".new-journal", ".backup"])
def test_accept_30_a_link_that_waits_for_a_new_story_is_not_written_through(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    saves, victim = tmp_path / "saves", tmp_path / "victim"
    saves.mkdir()
    victim.write_text("precious")
    monkeypatch.setattr("dungeon.storage.names.short_id", lambda: "aaaaaa")
    (saves / f".the-gate-aaaaaa.dungeon{name}").symlink_to(victim)
    path = created(saves, "The Gate")
    assert path.name == "the-gate-aaaaaa.dungeon"
    play_on(path)
    assert victim.read_text() == "precious"


def test_accept_30_a_link_out_of_the_folder_is_no_story(tmp_path: Path) -> None:
    saves = tmp_path / "saves"
    inside = created(saves, "Inside")
    outside = created(tmp_path / "elsewhere", "Outside")
    (saves / "link.dungeon").symlink_to(outside)
    (saves / "loop.dungeon").symlink_to(saves / "loop.dungeon")
    (saves / "same.dungeon").symlink_to(inside)
    listed = {entry.name: type(entry) for entry in library.list_saves(saves)}
    assert listed == {
        "link": DamagedSave, "loop": DamagedSave, "same": SaveSummary, inside.stem: SaveSummary,
    }  # fmt: skip
    with pytest.raises(SaveError, match="leads out"):
        library.find_save(saves, "link")
    library.delete_save(saves / "link.dungeon")
    assert outside.exists()
    assert not (saves / "link.dungeon").is_symlink()


def test_accept_30_a_dangling_link_is_no_place_for_a_new_scenario(tmp_path: Path) -> None:
    (tmp_path / "the-gate.yaml").symlink_to(tmp_path / "elsewhere.yaml")
    with pytest.raises(ScenarioError, match="there already"):
        write_new("The Gate", tmp_path)
    assert not (tmp_path / "elsewhere.yaml").exists()


def test_accept_30_from_the_command_line_to_the_file(tmp_path: Path) -> None:
    """The whole way: a title on the command line, a story, its list, its export."""
    hostile = "../../\x1b]0;owned\x07 CON.\n" + "é" * 300
    environment = {**os.environ, "DUNGEON_SAVES": str(tmp_path / "a" / "saves")}

    def dungeon(*words: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [sys.executable, "-m", "dungeon", *words],
            input=b"look\n/quit\n", capture_output=True, timeout=120, check=False, env=environment,
        )  # fmt: skip

    played = dungeon("play", "salt-road", "--plain", "--model", "scripted", "--title", hostile)
    assert played.returncode == 0, played.stderr
    (path,) = (tmp_path / "a" / "saves").iterdir()
    assert [entry.name for entry in tmp_path.iterdir()] == ["a"]
    listed = dungeon("saves")
    exported = dungeon("export", path.stem, "--format", "html")
    for said in (played, listed, exported):
        assert b"owned" not in said.stdout + said.stderr
        assert b"\x1b" not in said.stdout + said.stderr
    assert ("é" * 300).encode() in exported.stdout
