"""Output that nobody reads, that has no room, or that is not there at all."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dungeon.storage import library

DUNGEON = [sys.executable, "-m", "dungeon", "--model", "scripted"]
FULL = Path("/dev/full")
GATE = "dungeon: 1\ntitle: Gate\nopening: You stand at a gate.\n"

pytestmark = pytest.mark.skipif(os.name == "nt", reason="streams are closed by a shell")


def shell(
    tmp_path: Path, line: str, typed: str = "", buffered: bool = True
) -> subprocess.CompletedProcess[str]:
    """Run a command line in which `$D` is the game; `gate.yaml` and `saves` stand there."""
    (tmp_path / "gate.yaml").write_text(GATE)
    env = os.environ | {
        "D": " ".join(DUNGEON),
        "DUNGEON_SAVES": str(tmp_path / "saves"),
        "XDG_STATE_HOME": str(tmp_path / "state"),
        "PYTHONUNBUFFERED": "" if buffered else "1",
    }
    return subprocess.run(
        ["bash", "-c", f"set -o pipefail; {line}"], cwd=tmp_path, env=env, input=typed, text=True,
        capture_output=True, timeout=120, check=False,
    )  # fmt: skip


@pytest.mark.skipif(not FULL.exists(), reason="no /dev/full here")
@pytest.mark.parametrize("buffered", [True, False])
@pytest.mark.parametrize("command", ["list", "schema", "check gate.yaml"])
def test_no_room_for_the_output_is_told_in_one_line(
    tmp_path: Path, command: str, buffered: bool
) -> None:
    done = shell(tmp_path, f"$D {command} > /dev/full", buffered=buffered)
    assert done.returncode == 1
    assert done.stderr == (
        "dungeon: What was asked for cannot be written: No space left on device.\n"
        "Send it somewhere else, or free some space.\n"
    )


@pytest.mark.parametrize("command", ["list", "schema", "check gate.yaml"])
@pytest.mark.parametrize("buffered", [True, False])
def test_a_reader_that_goes_away_is_no_error(tmp_path: Path, command: str, buffered: bool) -> None:
    done = shell(tmp_path, f"$D {command} | head -1", buffered=buffered)
    assert (done.returncode, done.stderr) == (0, "")
    assert shell(tmp_path, f"$D {command} | true", buffered=buffered).stderr == ""


def test_without_streams_a_story_is_played_and_stays_whole(tmp_path: Path) -> None:
    assert shell(tmp_path, "$D check gate.yaml >&- 2>&-").returncode == 0
    done = shell(tmp_path, "$D play gate.yaml --plain >&- 2>&-", "look around\nwait\n")
    assert done.returncode == 0
    (path,) = (tmp_path / "saves").glob("*.dungeon")
    assert len(library.load_save(path).tree.path()) == 3
    assert shell(tmp_path, "$D play gate.yaml --plain <&-").returncode == 0


@pytest.mark.skipif(not FULL.exists(), reason="no /dev/full here")
def test_a_game_whose_output_has_no_room_keeps_its_story(tmp_path: Path) -> None:
    done = shell(tmp_path, "$D play gate.yaml --plain > /dev/full", "look around\n")
    assert done.returncode == 1
    assert "cannot be written: No space left on device" in done.stderr
    assert "something went wrong" not in done.stderr
    (path,) = (tmp_path / "saves").glob("*.dungeon")
    assert library.load_save(path).tree.root.text == "You stand at a gate."
