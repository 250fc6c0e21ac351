"""`dungeon check`: what is wrong with scenario files, for an author or an editor."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TextIO

from dungeon.authoring.library import scenarios_in
from dungeon.authoring.problem import Problem
from dungeon.authoring.reader import check
from dungeon.errors import ScenarioError
from dungeon.text import clean


def check_files(paths: Iterable[Path], out: TextIO) -> int:
    """Write every problem of every file to `out`.

    Each problem is a line `file:line:column: message`, with the source line, a caret and the
    fix below it, indented. A warning says so and does not fail. A directory stands for the
    scenario files in it.

    Returns:
        0 where no file has an error, else 1.
    """
    failed = False
    for path in _expanded(paths):
        problems = _problems(path)
        for problem in problems:
            out.write(clean(problem.render()) + "\n")
            failed = failed or problem.severity == "error"
        if not problems:
            out.write(clean(str(path), newlines=False) + ": in order\n")
    return 1 if failed else 0


def _expanded(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        # A directory without any is left to be told of as no scenario.
        yield from scenarios_in(path) or [path]


def _problems(path: Path) -> list[Problem]:
    try:
        return check(path)
    except ScenarioError as error:
        return [Problem(str(path), 1, 1, error.message, error.hint)]
