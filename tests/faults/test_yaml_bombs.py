"""Files that are made to hurt are refused in little time and memory, each in its own process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

# Prints the error, then how much time and memory reading took beyond what importing did.
READ = """
import resource, sys, time
from pathlib import Path
from dungeon.authoring.reader import read_scenario
from dungeon.errors import ScenarioError
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
started = time.process_time()
try:
    read_scenario(Path(sys.argv[1]))
except ScenarioError as error:
    for problem in getattr(error, "problems", ()):
        problem.render()
    print(str(error).replace("\\n", " ")[:300])
print(time.process_time() - started)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""

HEAD = "dungeon: 1\ntitle: T\nopening: x\n"
BOMBS = {
    "alias": HEAD + "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n",
    "merge": HEAD + "k0: &m0 {a: b}\n" + "".join(
        f"k{i}: &m{i}\n  <<: [{', '.join([f'*m{i - 1}'] * 9)}]\n" for i in range(1, 12)
    ),
    "recursive": HEAD + "tags: &a [*a]\n",
    "deep-flow": HEAD + "tags: " + "[" * 100_000,
    "deep-map": HEAD + "style: " + "{a: " * 60_000,
    "deep-block": HEAD + "\n".join(" " * i + "- a:" for i in range(700)),
    "many": HEAD + "tags: [" + "a, " * 80_000 + "a]",
    "long-key": HEAD + "a" * 200_000 + ": x",
    "long-quote": HEAD + 'summary: "' + "\\x41" * 60_000,
    "commas": HEAD + "tags: [" + "," * 200_000,
    "questions": HEAD + "? " * 100_000,
    "dashes": HEAD + "tags:\n  " + "- " * 100_000,
    "ten-megabytes": HEAD + "summary: " + "a" * 10_000_000,
    "placeholders": HEAD + "memory: |\n" + "".join(f"  {{a{i}}}\n" for i in range(24_000)),
    "escaped-placeholders": HEAD + 'memory: "' + "\\x7bq}\n  " * 25_000 + '"',
    "unknown": HEAD + "style: {" + "".join(f"b{i}: é, " for i in range(6_000)) + "}",
    "twice": HEAD + "style: {" + "a: b, " * 6_000 + "}",
    "questions-and-cards": HEAD
    + "questions:\n" + "".join(f"  - {{key: k{i}, ask: x}}\n" for i in range(2_000))
    + "cards:\n" + "".join(f"  - {{name: n{i}, text: '{{z{i}}}'}}\n" for i in range(2_000)),
    "braces": HEAD + "memory: '" + "{" * 200_000 + "'",
}  # fmt: skip


def read(path: Path) -> tuple[str, float, int]:
    result = subprocess.run(
        [sys.executable, "-c", READ, str(path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 0, result.stderr[-2000:]
    *said, seconds, kilobytes = result.stdout.splitlines()
    return " ".join(said), float(seconds), int(kilobytes)


@pytest.mark.parametrize("name", BOMBS)
def test_accept_28_bombs_are_refused_in_no_time(name: str, tmp_path: Path) -> None:
    path = tmp_path / f"{name}.yaml"
    path.write_text(BOMBS[name])
    said, seconds, kilobytes = read(path)
    if name not in ("long-quote", "braces"):
        assert said
    # Half a second is promised; a busy machine gets four times that.
    assert seconds < 2
    assert kilobytes < 50_000


@pytest.mark.parametrize("name", ["/dev/zero", "fifo"])
def test_accept_28_devices_and_pipes_are_refused(name: str, tmp_path: Path) -> None:
    path = Path(name)
    if name == "fifo":
        path = tmp_path / "fifo.yaml"
        os.mkfifo(path)
    said, seconds, _ = read(path)
    assert "not an ordinary file" in said
    assert seconds < 2


def test_accept_29_a_tag_runs_nothing(tmp_path: Path) -> None:
    path = tmp_path / "tag.yaml"
    mark = tmp_path / "ran"
    path.write_text(HEAD + f'summary: !!python/object/apply:os.system ["touch {mark}"]\n')
    said, _, _ = read(path)
    assert "tag" in said
    assert not mark.exists()
