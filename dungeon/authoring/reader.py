"""Scenario files, read whole: a scenario, or everything that is wrong with the file.

    bytes -> text -> marked tree (`source`) -> plain data -> pydantic model (`schema`)
                                             + what the fields say to each other (`review`)

The first two stages stop at the first fault; from there on every problem is reported at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from dungeon.authoring.explain import known, missing_field, unknown_field, wrong_value
from dungeon.authoring.faults import Fault
from dungeon.authoring.lint import lint
from dungeon.authoring.problem import Problem, ScenarioProblems, Severity, short
from dungeon.authoring.review import review
from dungeon.authoring.schema import ScenarioModel
from dungeon.authoring.source import (
    Mapping,
    Mark,
    Scalar,
    Sequence,
    Tree,
    decode,
    parse,
    read_bytes,
    split_lines,
)
from dungeon.authoring.suggest import Suggester
from dungeon.authoring.walk import Where, find_whole
from dungeon.story.scenario import Scenario, from_data
from dungeon.text import clean

TRUE = frozenset(("true", "yes", "on"))
"""How a flag that is set may be written, folded."""
_FALSE = frozenset(("false", "no", "off"))
_FLAGS = frozenset(("always",))
MAX_PROBLEMS = 100
"""Most problems told of one file; nobody reads more, and a file can hold tens of thousands."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What came of reading a file.

    Attributes:
        scenario: The scenario; None where there are errors.
        problems: Errors and warnings, in the order of the file.
    """

    scenario: Scenario | None
    problems: tuple[Problem, ...]


def read_scenario(path: Path) -> Scenario:
    """The scenario in a file.

    Raises:
        ScenarioError: It cannot be read; `ScenarioProblems` where the reasons have places.
    """
    return _or_raise(read(read_bytes(path), str(path)))


def read_scenario_text(source: str | bytes, name: str = "scenario") -> Scenario:
    """The scenario in a text; `name` stands for the file in problems.

    Raises:
        ScenarioProblems: It has errors.
    """
    data = source.encode("utf-8", "surrogatepass") if isinstance(source, str) else source
    return _or_raise(read(data, name))


def _or_raise(reading: Reading) -> Scenario:
    if reading.scenario is None:
        raise ScenarioProblems(reading.problems)
    return reading.scenario


def check(path: Path) -> list[Problem]:
    """Everything that is wrong or weak in a file.

    Raises:
        ScenarioError: It is missing, no regular file, or too large.
    """
    return list(read(read_bytes(path), str(path)).problems)


def read(data: bytes, name: str) -> Reading:
    """Read the bytes of a file called `name`. Total: every fault becomes a problem."""
    lines: list[str] = []
    try:
        text = decode(data)
        lines = text.split("\n")
        tree = parse(text)
    except Fault as fault:
        lines = lines or split_lines(data.decode("utf-8", "replace"))
        return Reading(None, (_problem(name, lines, fault),))
    reader = _Reader(name, lines)
    scenario = reader.scenario(tree)
    return Reading(scenario, _bounded(reader.problems))


def _bounded(problems: list[Problem]) -> tuple[Problem, ...]:
    """The problems in the order of the file; of very many, the first, errors before warnings."""
    # False sorts before True.
    ranked = sorted(problems, key=lambda p: (p.severity != "error", p.line, p.column))
    told = sorted(ranked[:MAX_PROBLEMS], key=lambda p: (p.line, p.column))
    rest = ranked[MAX_PROBLEMS:]
    if rest:
        last = told[-1]
        message = f"There are {len(rest)} more problems."
        fix = "Put these right first."
        told.append(Problem(last.file, last.line, last.column, message, fix, rest[0].severity))
    return tuple(told)


def _problem(name: str, lines: list[str], fault: Fault, severity: Severity = "error") -> Problem:
    source = lines[fault.line] if fault.line < len(lines) else ""
    return Problem(
        name, fault.line + 1, fault.column + 1, fault.message, fault.fix, severity, source
    )


class _Reader:
    def __init__(self, name: str, lines: list[str]) -> None:
        self.name = name
        self.lines = lines
        self.problems: list[Problem] = []
        self.suggest = Suggester()
        self.marks: dict[Where, Mark] = {}
        self.ends: dict[Where, Mark] = {}
        self.keys: dict[Where, Mark] = {}

    def add(self, mark: Mark, message: str, fix: str = "", severity: Severity = "error") -> None:
        fault = Fault(mark.line, mark.column, message, fix)
        self.problems.append(_problem(self.name, self.lines, fault, severity))

    # -- tree to data ------------------------------------------------------------------------

    def scenario(self, tree: Tree) -> Scenario | None:
        if not isinstance(tree, Mapping):
            self.add(tree.mark, "The file is not a set of fields.", "Begin with `title: A name`.")
            return None
        data = self._data(tree, ())
        if not isinstance(data.get("dungeon", "1"), str) or data.get("dungeon", "1") != "1":
            self._version(data["dungeon"])
            return None
        model: ScenarioModel | None = None
        try:
            model = ScenarioModel.model_validate(data)
        except ValidationError as error:
            for item in error.errors(include_url=False, include_input=False):
                self._explain(item["type"], item["loc"], item.get("ctx", {}), data)
        self._review(data)
        if model is None or any(problem.severity == "error" for problem in self.problems):
            return None
        return from_data(model.model_dump(exclude={"dungeon": True, "generation": {"preset"}}))

    def _review(self, data: dict[str, Any]) -> None:
        # Findings of one field come in order, so each is looked for where the last one ended.
        path: Where | None = None
        place = Mark(0, 0)
        for found in chain(review(data, self.suggest), lint(data)):
            if found.path != path or found.nth is not None:
                path, place = found.path, self._mark(found.path)
            for _ in range(found.nth or 0):
                before = self._find(found.needle, place, self.ends.get(path))
                place = Mark(before.line, before.column + 1) if before else place
            at = self._find(found.needle, place, self.ends.get(path)) if found.needle else None
            if at is not None:
                place = Mark(at.line, at.column + 1)
            elif found.needle and path in self.ends:
                # Written with escapes or over two lines: the field itself is near enough.
                place = self.ends[path]
            self.add(at or self._mark(path), found.message, found.fix, found.severity)

    def _find(self, needle: str, start: Mark, end: Mark | None) -> Mark | None:
        """Where `needle` stands in the file between two places; blocks have no marks inside."""
        if end is None:
            return None
        for number in range(start.line, min(end.line + 1, len(self.lines))):
            column = start.column if number == start.line else 0
            stop = end.column if number == end.line else len(self.lines[number])
            found = find_whole(self.lines[number], needle, column, stop)
            if found >= 0:
                return Mark(number, found)
        return None

    def _mark(self, where: Where) -> Mark:
        return self.marks.get(where) or self.keys.get(where) or self._near(where)

    def _version(self, written: object) -> None:
        mark = self.marks[("dungeon",)]
        if (
            isinstance(written, str)
            and written.isascii()
            and written.isdigit()
            and int(written[:9]) > 1
        ):
            self.add(
                mark,
                f"This is format {written[:9]}, and this version of Dungeon reads format 1.",
                "Update Dungeon, or write the scenario in format 1.",
            )
        else:
            self.add(mark, "The format's version must be 1.", "Write `dungeon: 1`.")

    def _data(self, tree: Tree, path: Where) -> Any:
        self.marks[path] = tree.mark
        if isinstance(tree, Scalar):
            return self._scalar(tree, path)
        if isinstance(tree, Sequence):
            return [self._data(item, (*path, index)) for index, item in enumerate(tree.items)]
        data: dict[str, Any] = {}
        first: dict[str, Mark] = {}
        for key, value in tree.entries:
            name = key.text
            if name in first:
                self.add(
                    key.mark,
                    f"`{short(name)}` stands here a second time; the first is in line "
                    f"{first[name].line + 1}.",
                    "Keep one of the two.",
                )
                continue
            first[name] = key.mark
            self.keys[(*path, name)] = key.mark
            data[name] = self._data(value, (*path, name))
            empty = isinstance(value, Scalar) and value.plain and value.text == ""
            if empty and name in known((*path, name)):
                # `memory:` with nothing after it is a field left out.
                del data[name]
        return data

    def _scalar(self, tree: Scalar, path: Where) -> Any:
        self.ends[path] = tree.end
        text = clean(tree.text)
        if path[:1] != ("generation",):
            # Blanks around a number in quotes are a slip that its author should know of.
            text = text.strip()
        if path and path[-1] in _FLAGS and text.lower() in TRUE | _FALSE:
            return text.lower() in TRUE
        return text

    # -- what pydantic found ---------------------------------------------------------------------

    def _explain(self, kind: str, where: Where, context: dict[str, Any], data: Any) -> None:
        if kind == "extra_forbidden":
            mark = self.keys.get(where) or self._mark(where)
            self.add(mark, *unknown_field(where, _at(data, where[:-1]), self.suggest))
        elif kind == "missing":
            empty = self.keys.get(where)
            comment = empty is not None and self.lines[empty.line][empty.column :].partition(":")[
                2
            ].lstrip().startswith("#")
            mark = empty or self._near(where[:-1])
            self.add(mark, *missing_field(where, empty is not None, comment))
        else:
            found = wrong_value(kind, where, context, _at(data, where), self.suggest)
            self.add(self._mark(where), *found)

    def _near(self, where: Where) -> Mark:
        while where:
            if where in self.marks:
                return self.marks[where]
            where = where[:-1]
        return Mark(0, 0)


def _at(data: Any, where: Where) -> Any:
    for part in where:
        try:
            data = data[part]
        except (KeyError, IndexError, TypeError):
            return None
    return data
