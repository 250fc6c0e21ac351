"""A second process that looks at story files: one word of request a line, one word of answer.

open PATH   "locked" or the state of the story, opened for writing and closed again
read PATH   the state of the story, opened for reading only
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from dungeon.errors import SaveError, SaveLockedError
from dungeon.storage.story_file import StoryFile
from tests.faults.kill import state_of

ROOT = Path(__file__).parents[2]


class Witness:
    """That process, seen from a test."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.witness"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, verb: str, path: Path) -> str:
        """Its answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{verb} {path}\n")
        self._process.stdin.flush()
        return self._process.stdout.readline().strip()

    def close(self) -> None:
        """End it."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(10)
        assert self._process.stdout is not None
        self._process.stdout.close()


def answer(verb: str, path: Path) -> str:
    try:
        file = StoryFile.open(path, read_only=verb == "read")
        try:
            return state_of(file.load())
        finally:
            file.close()
    except SaveLockedError:
        return "locked"
    except SaveError as error:
        return f"error: {error}"


if __name__ == "__main__":
    for request in sys.stdin:
        verb, _, name = request.rstrip("\n").partition(" ")
        print(answer(verb, Path(name)), flush=True)
