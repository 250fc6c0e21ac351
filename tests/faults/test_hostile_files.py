"""Every reader before files that are made to hurt: its own error, little time, little memory."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.hostile import KINDS

# Half a second is promised; a busy machine gets four times that. What is read whole before it is
# refused (an export may have 50 MB) takes its own size.
LARGE = {"almost too many items": 150_000, "sixty megabytes": 60_000}
SOUND = {"eight gigabytes of holes"}
"""What can be read: SQLite looks at no page behind those that the header names."""
SECONDS, KILOBYTES = 2.0, 50_000


@pytest.mark.parametrize("kind", KINDS)
def test_accept_24_28_31_32_files_made_to_hurt_are_refused(kind: str, tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "tests.faults.hostile", kind, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert result.returncode == 0, result.stderr[-3000:]
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert len(lines) >= 12
    for name, error, said, seconds, kilobytes in lines:
        assert error == ("" if name in SOUND else "DungeonError"), (name, error, said)
        assert len(said) < 500, (name, said)
        assert "\n" not in said, (name, said)
        assert seconds < SECONDS * (2 if name in LARGE else 1), (name, seconds)
        assert kilobytes < LARGE.get(name, KILOBYTES), (name, kilobytes)
