"""What is wrong with a scenario file, where, and how to put it right."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from dungeon.errors import ScenarioError
from dungeon.text import clean, shorten

BEFORE = 60
"""Most characters of the source line that are shown before the place."""
SHOWN = 100
"""Most characters of the source line that are shown."""

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to put right.

    Attributes:
        file: As the author named it.
        line: From 1.
        column: From 1, in characters.
        message: What is wrong, one sentence.
        fix: What to write instead, one sentence; "" where there is nothing to say.
        severity: A scenario with an error cannot be played; one with warnings can.
        source: The line as it stands in the file.
    """

    file: str
    line: int
    column: int
    message: str
    fix: str = ""
    severity: Severity = "error"
    source: str = ""

    def __str__(self) -> str:
        kind = "warning: " if self.severity == "warning" else ""
        place = f"{self.file}:{self.line}:{self.column}"
        return clean(f"{place}: {kind}{self.message}", newlines=False)

    def render(self, most_before: int = BEFORE, most: int = SHOWN) -> str:
        """The problem with its source line, a caret below the place, and the fix.

        Args:
            most_before: Most characters of the source line that are shown before the place.
            most: Most characters of it that are shown.
        """
        lines = [str(self)]
        if self.source.strip():
            # A long line is shown around the place, and cut first: cleaning it would take time.
            start = max(0, self.column - 1 - most_before)
            before = clean(self.source[start : self.column - 1] + "|", newlines=False)[:-1]
            after = clean(self.source[self.column - 1 : start + most], newlines=False)
            lines.append(f"    {before}{after}")
            lines.append(f"    {' ' * _width(before)}^")
        if self.fix:
            lines.append(f"    {clean(self.fix)}")
        return "\n".join(lines)


class ScenarioProblems(ScenarioError):
    """A scenario file that cannot be used, with everything that is wrong with it.

    Attributes:
        problems: All of them, in the order of the file.
    """

    def __init__(self, problems: Sequence[Problem]) -> None:
        errors = [problem for problem in problems if problem.severity == "error"]
        first = errors[0]
        more = f" ({len(errors) - 1} more)" if len(errors) > 1 else ""
        super().__init__(f"{first}{more}", first.fix or "Run `dungeon check` on the file.")
        self.problems = tuple(problems)

    def report(self) -> str:
        """Every error with its line and a caret; warnings wait until the scenario can be read."""
        errors = [problem for problem in self.problems if problem.severity == "error"]
        count = "an error" if len(errors) == 1 else f"{len(errors)} errors"
        head = f"The scenario has {count} and cannot be played yet."
        return "\n".join([head, *(problem.render() for problem in errors)])


def short(value: object, length: int = 40) -> str:
    """What an author wrote, fit to be quoted in a message: one line, clean, cut to `length`."""
    # The cut before the cleaning keeps it cheap; some room is left for what cleaning takes.
    return shorten(str(value)[: 10 * length], length)


def _width(text: str) -> int:
    """Columns that `text` takes on a terminal."""
    wide = sum(unicodedata.east_asian_width(character) in "WF" for character in text)
    marks = sum(unicodedata.combining(character) != 0 for character in text)
    return len(text) + wide - marks
