"""`dungeon check`: what is wrong with scenario files, for an author or an editor."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from dungeon.authoring.library import scenarios_in
from dungeon.authoring.problem import Problem
from dungeon.authoring.reader import check
from dungeon.errors import ScenarioError
from dungeon.text import clean


@dataclass(frozen=True, slots=True)
class Checked:
    """A file that was looked over, and all that was found in it."""

    path: Path
    problems: tuple[Problem, ...]


def check_files(
    paths: Iterable[Path], out: TextIO, *, as_json: bool = False, strict: bool = False
) -> int:
    """Write every problem of every file to `out`.

    Each problem is a line `file:line:column: message`, with the source line, a caret and the
    fix below it, indented; on a terminal in colours. A directory stands for the scenario files
    in it.

    Args:
        paths: Files and directories.
        out: Where to write.
        as_json: Write one JSON list of problems instead, for other programs.
        strict: Let a warning fail as an error does.

    Returns:
        The exit code: 0, or 1 where a file has an error, or, if `strict`, a warning.
    """
    checked = looked_over(paths)
    if as_json:
        found = [problem for file in checked for problem in file.problems]
        json.dump([as_data(problem) for problem in found], out, indent=2)
        out.write("\n")
    else:
        found = _report(checked, out)
    return int(any(strict or problem.severity == "error" for problem in found))


def looked_over(paths: Iterable[Path]) -> Iterator[Checked]:
    """Each file of `paths` with its problems; of a directory, the scenario files in it."""
    for given in paths:
        found = scenarios_in(given)
        if not found and given.is_dir():
            message = "There is no scenario file in this directory."
            fix = "Scenario files end in .yaml or .yml."
            yield Checked(given, (Problem(str(given), 1, 1, message, fix),))
            continue
        for path in found or [given]:
            yield Checked(path, _problems(path))


def as_data(problem: Problem) -> dict[str, Any]:
    """A problem as plain data: `line` and `column` count from 1, in characters."""
    return {
        "file": problem.file,
        "line": problem.line,
        "column": problem.column,
        "severity": problem.severity,
        "message": clean(problem.message, newlines=False),
        "fix": clean(problem.fix),
    }


def _report(checked: Iterable[Checked], out: TextIO) -> list[Problem]:
    write = _writer(out)
    files = 0
    found: list[Problem] = []
    for file in checked:
        files += 1
        for problem in file.problems:
            write(problem.render(), problem.severity)
        if not file.problems:
            write(clean(str(file.path), newlines=False) + ": in order", "")
        found.extend(file.problems)
    if files > 1:
        errors = sum(problem.severity == "error" for problem in found)
        warnings = _several(len(found) - errors, "warning")
        write(f"{files} files: {_several(errors, 'error')}, {warnings}", "")
    return found


def _several(number: int, what: str) -> str:
    return f"{number or 'no'} {what}{'s' if number != 1 else ''}"


def _writer(out: TextIO) -> Callable[[str, str], object]:
    if out.isatty():
        # Rich is only loaded where somebody sees its colours.
        from dungeon.authoring.paint import Painter

        return Painter(out)
    return lambda text, severity: out.write(clean(text) + "\n")


def _problems(path: Path) -> tuple[Problem, ...]:
    try:
        return tuple(check(path))
    except ScenarioError as error:
        return (Problem(str(path), 1, 1, error.message, error.hint),)
