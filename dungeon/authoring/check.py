"""`dungeon check`: what is wrong with scenario files, for an author or an editor."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TextIO

from dungeon.authoring.problem import Problem
from dungeon.authoring.reader import check
from dungeon.errors import ScenarioError


def check_files(paths: Iterable[Path], out: TextIO) -> int:
    """Write every problem of every file to `out`.

    Each problem is a line `file:line:column: message`, with the source line, a caret and the
    fix below it, indented. A warning says so and does not fail.

    Returns:
        0 where no file has an error, else 1.
    """
    failed = False
    for path in paths:
        try:
            problems = check(path)
        except ScenarioError as error:
            problems = [Problem(str(path), 1, 1, error.message, error.hint)]
        for problem in problems:
            out.write(problem.render() + "\n")
            failed = failed or problem.severity == "error"
        if not problems:
            out.write(f"{path}: in order\n")
    return 1 if failed else 0
