"""kill -9 at random moments, and the lock of a player who is gone; see `tests.faults.kill`.

DUNGEON_KILL_RUNS sets how many players are killed (200 by default).
"""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dungeon.errors import SaveLockedError
from dungeon.storage import library
from dungeon.storage.story_file import StoryFile
from tests.faults.kill import fork_player

RUNS = int(os.environ.get("DUNGEON_KILL_RUNS", "200"))
ROOT = Path(__file__).parents[2]
DUNGEON = (sys.executable, "-m", "dungeon")

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and kill -9")


def test_accept_03_11_nothing_acknowledged_is_ever_lost_to_a_kill(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.faults.kill", "--folder", str(tmp_path)]
    done = subprocess.run(
        [*command, "--runs", str(RUNS)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60 + RUNS,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    found = re.match(r"(\d+) kills \((.*)\); (\d+) saves acknowledged; .* 0 lost$", done.stdout)
    assert found, done.stdout
    assert int(found[1]) == RUNS
    # They died in the midst of it, and not before they played.
    assert "saving" in found[2]
    assert int(found[3]) > RUNS / 2


@pytest.fixture
def other(tmp_path: Path) -> Iterator[tuple[Path, int]]:
    """A file that another process has open, and that process."""
    child, reader = fork_player(tmp_path, random.Random(0), rest=True)
    try:
        said = b""
        while b"saved" not in said:
            more = os.read(reader, 100)
            assert more, f"the player ended by itself: {said!r}"
            said += more
        (path,) = tmp_path.glob("[!.]*.dungeon")
        yield path, child
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(reader)


def test_accept_16_the_second_process_is_told_who_has_the_story(other: tuple[Path, int]) -> None:
    path, child = other
    before = path.read_bytes()
    with pytest.raises(SaveLockedError, match=rf"process {child}\).*or for reading only"):
        StoryFile.open(path)
    for change in (library.delete_save, lambda p: library.rename_title(p, "Mine")):
        with pytest.raises(SaveLockedError):
            change(path)
    only_read = StoryFile.open(path, read_only=True)
    assert only_read.load().title == "The Gate"
    only_read.close()
    assert path.read_bytes() == before
    os.kill(child, signal.SIGKILL)
    os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
    StoryFile.open(path).close()


@pytest.mark.parametrize("options", [[], ["--read-only"]])
def test_accept_16_the_command_line_is_told_too(
    other: tuple[Path, int], options: list[str]
) -> None:
    path, child = other
    done = subprocess.run(
        [*DUNGEON, "resume", str(path), "--plain", *options, "--model", "scripted"],
        input="look around\n/quit\n",
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if options:
        assert done.returncode == 0, done.stderr
        assert "You stand at the gate." in done.stdout
        assert "open for reading only" in done.stderr
    else:
        assert done.returncode == 1
        assert f"is open in another game (process {child})" in done.stderr
        assert "open a copy or for reading only" in done.stderr
        assert "Traceback" not in done.stderr
