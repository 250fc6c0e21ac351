"""Files that are made to hurt are refused in little time and memory, each in its own process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

# Imports the reader once. Then for each file a forked process prints the file's name, the error,
# and how much time and memory reading took; how a process ended that could not is told for it.
READ = """
import json, os, resource, sys, time
from pathlib import Path
from dungeon.authoring.reader import read_scenario
from dungeon.errors import ScenarioError

def read(path):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.process_time()
    said = ""
    try:
        read_scenario(path)
    except ScenarioError as error:
        for problem in getattr(error, "problems", ()):
            problem.render()
        said = str(error).replace("\\n", " ")[:300]
    seconds = time.process_time() - started
    return said, seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before

for name in sys.argv[1:]:
    child = os.fork()
    if child == 0:
        print(json.dumps([name, *read(Path(name))]), flush=True)
        os._exit(0)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code:
        print(json.dumps([name, f"reading ended with {code}", 1000.0, 0]), flush=True)
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


def read(*paths: Path) -> dict[str, tuple[str, float, int]]:
    """What came of each file, by its name: the error, seconds, kilobytes."""
    result = subprocess.run(
        [sys.executable, "-c", READ, *map(str, paths)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert result.returncode == 0, result.stderr[-2000:]
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert len(lines) == len(paths), result.stderr[-2000:]
    return {Path(name).stem: tuple(figures) for name, *figures in lines}


@pytest.fixture(scope="module")
def refused(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, float, int]]:
    """What came of every bomb, of a device and of a pipe."""
    folder = tmp_path_factory.mktemp("bombs")
    paths = [folder / f"{name}.yaml" for name in BOMBS]
    for path in paths:
        path.write_text(BOMBS[path.stem])
    os.mkfifo(folder / "fifo.yaml")
    return read(*paths, Path("/dev/zero"), folder / "fifo.yaml")


@pytest.mark.parametrize("name", BOMBS)
def test_accept_28_bombs_are_refused_in_no_time(
    name: str, refused: dict[str, tuple[str, float, int]]
) -> None:
    said, seconds, kilobytes = refused[name]
    if name not in ("long-quote", "braces"):
        assert said
    # Half a second is promised; a busy machine gets four times that.
    assert seconds < 2, said
    assert kilobytes < 50_000


@pytest.mark.parametrize("name", ["zero", "fifo"])
def test_accept_28_devices_and_pipes_are_refused(
    name: str, refused: dict[str, tuple[str, float, int]]
) -> None:
    said, seconds, _ = refused[name]
    assert "not an ordinary file" in said
    assert seconds < 2


def test_accept_29_a_tag_runs_nothing(tmp_path: Path) -> None:
    path = tmp_path / "tag.yaml"
    mark = tmp_path / "ran"
    path.write_text(HEAD + f'summary: !!python/object/apply:os.system ["touch {mark}"]\n')
    said, _, _ = read(path)["tag"]
    assert "tag" in said
    assert not mark.exists()
