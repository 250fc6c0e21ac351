"""A fault at the n-th file operation of a save, and of all else; see `tests.faults.nth`.

DUNGEON_FAULT_STEP=1 takes every operation with every kind of fault; by default each kind takes
every eighth, beginning at another one.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.nth import compiler

STEP = os.environ.get("DUNGEON_FAULT_STEP", "8")
ROOT = Path(__file__).parents[2]

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="the library is for Linux and glibc"),
    pytest.mark.skipif(compiler() is None, reason="no C compiler to build the library with"),
]


def test_accept_33_after_any_fault_the_story_is_the_old_or_the_new() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.nth", "--step", STEP],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    works, operations, *_ = done.stdout.splitlines()
    for work in ("Create", "Save", "Migrate", "Export", "Copy", "Recover"):
        assert f"{work} " in works
    for operation in ("open", "write", "fsync", "link", "unlink", "killed"):
        assert re.search(rf"\b{operation} \d+", operations), operations
