"""A library full of broken files, in front of the real program."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.unit.test_broken import TABLE, source_of
from tests.unit.test_reader import GOOD


def dungeon(place: Path, *words: str) -> subprocess.CompletedProcess[str]:
    result = subprocess.run(
        [sys.executable, "-m", "dungeon", *words],
        input="look\n/quit\n",
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={
            **os.environ,
            "DUNGEON_SCENARIOS": str(place / "library"),
            "DUNGEON_SAVES": str(place / "saves"),
        },
    )
    assert "Traceback" not in result.stderr
    return result


def test_accept_05_06_20_21_the_others_are_listed_and_play(tmp_path: Path) -> None:
    library = tmp_path / "library"
    library.mkdir()
    sources = {f"broken-{number:02}": source_of(entry) for number, entry in enumerate(TABLE)}
    for name, source in sources.items():
        (library / f"{name}.yaml").write_bytes(source)
    os.mkfifo(library / "pipe.yaml")
    (library / "device.yaml").symlink_to("/dev/zero")
    (library / "folder.yaml").mkdir()
    (library / "bom.yaml").write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    before = {path.name: path.read_bytes() for path in library.glob("b*.yaml")}

    listed = dungeon(tmp_path, "list", "--json")
    assert listed.returncode == 0
    entries = {entry["name"]: entry for entry in json.loads(listed.stdout)}
    assert {*sources, "pipe", "device", "folder", "bom", "salt-road"} <= set(entries)
    assert all(entries[name]["problems"] for name in (*sources, "pipe", "device", "folder"))
    assert entries["bom"]["title"] == "The Gate"

    played = dungeon(tmp_path, "play", "bom", "--plain", "--model", "scripted")
    assert played.returncode == 0, played.stderr
    assert "You are Ansel. You stand at the gate." in played.stdout

    refused = dungeon(tmp_path, "play", "broken-00", "--plain", "--model", "scripted")
    assert refused.returncode == 1
    assert "broken-00.yaml:4:11: A second `: ` stands in this value" in refused.stderr
    assert "summary: a: b: c\n" in refused.stderr
    assert f"\n{' ' * 14}^\n" in refused.stderr
    assert len(list((tmp_path / "saves").glob("*.dungeon"))) == 1
    assert {path.name: path.read_bytes() for path in library.glob("b*.yaml")} == before
