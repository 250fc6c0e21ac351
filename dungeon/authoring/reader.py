"""Scenario files, read whole: a scenario, or everything that is wrong with the file.

    bytes -> text -> marked tree (`source`) -> plain data -> pydantic model (`schema`)
                                             + what the fields say to each other (`review`)

The first two stages stop at the first fault; from there on every problem is reported at once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from dungeon.authoring.faults import Fault
from dungeon.authoring.lint import lint
from dungeon.authoring.problem import Problem, ScenarioProblems, Severity, short
from dungeon.authoring.review import review
from dungeon.authoring.schema import (
    CardModel,
    ExampleModel,
    GenerationModel,
    QuestionModel,
    ScenarioModel,
    StyleModel,
)
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
from dungeon.story.scenario import MAX_PRIORITY, RANGES, Scenario, from_data
from dungeon.text import clean

_MODELS: dict[tuple[str, ...], type[BaseModel]] = {
    (): ScenarioModel,
    ("questions",): QuestionModel,
    ("cards",): CardModel,
    ("examples",): ExampleModel,
    ("style",): StyleModel,
    ("generation",): GenerationModel,
}
_TRUE = frozenset(("true", "yes", "on"))
_FALSE = frozenset(("false", "no", "off"))
_FLAGS = frozenset(("always",))
MAX_PROBLEMS = 100
"""Most problems told of one file; nobody reads more, and a file can hold tens of thousands."""
Path_ = tuple[str | int, ...]


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
        self.marks: dict[Path_, Mark] = {}
        self.ends: dict[Path_, Mark] = {}
        self.keys: dict[Path_, Mark] = {}

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
        path: Path_ | None = None
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
        pattern = _whole(needle)
        for number in range(start.line, min(end.line + 1, len(self.lines))):
            column = start.column if number == start.line else 0
            stop = end.column if number == end.line else len(self.lines[number])
            found = pattern.search(self.lines[number], column, stop)
            if found is not None:
                return Mark(number, found.start())
        return None

    def _mark(self, where: Path_) -> Mark:
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

    def _data(self, tree: Tree, path: Path_) -> Any:
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
            if empty and name in _known((*path, name)):
                # `memory:` with nothing after it is a field left out.
                del data[name]
        return data

    def _scalar(self, tree: Scalar, path: Path_) -> Any:
        self.ends[path] = tree.end
        text = clean(tree.text)
        if path[:1] != ("generation",):
            # Blanks around a number in quotes are a slip that its author should know of.
            text = text.strip()
        if path and path[-1] in _FLAGS and text.lower() in _TRUE | _FALSE:
            return text.lower() in _TRUE
        return text

    # -- pydantic's errors in words --------------------------------------------------------------

    def _explain(self, kind: str, where: Path_, context: dict[str, Any], data: Any) -> None:
        name = _field(where)
        value = _at(data, where)
        mark = self._mark(where)
        if kind == "extra_forbidden":
            known = _known(where)
            near = self.suggest.nearest(str(where[-1]), known)
            fix = f"Did you mean `{near}`?" if near else f"Known here: {', '.join(known)}."
            self.add(self.keys.get(where, mark), f"There is no field `{short(where[-1])}`.", fix)
        elif kind == "missing":
            if where in self.keys:
                self.add(
                    self.keys[where], f"`{name}` is empty.", f"Write its text after `{name}:`."
                )
            else:
                inside = "The scenario" if len(where) == 1 else f"This part of {where[0]}"
                self.add(
                    self._near(where[:-1]),
                    f"{inside} has no `{where[-1]}`.",
                    f"Add `{where[-1]}: {'1' if where == ('dungeon',) else '...'}`.",
                )
        elif kind == "string_too_short":
            self.add(mark, f"`{name}` is empty.", "Write some text or take the line out.")
        elif kind == "literal_error":
            allowed = [option.strip(" '") for option in str(context["expected"]).split(" or ")]
            allowed = [option.strip(" '") for part in allowed for option in part.split(", ")]
            near = self.suggest.nearest(str(value), allowed, cutoff=0.4)
            fix = f"Did you mean `{near}`?" if near else f"Write one of: {', '.join(allowed)}."
            self.add(mark, f"`{short(value)}` is no {name}.", fix)
        elif kind == "string_pattern_mismatch":
            self.add(
                mark,
                f"`{short(value)}` cannot be the name of an answer.",
                "Use small letters, digits and _, and begin with a letter.",
            )
        elif where and where[0] == "generation" and len(where) == 2 and where[1] in RANGES:
            self.add(
                mark,
                f"`{short(value)}` is not allowed for {name}.",
                f"Write {RANGES[str(where[1])]}.",
            )
        else:
            self.add(mark, *_wrong_type(kind, name, value))

    def _near(self, where: Path_) -> Mark:
        while where:
            if where in self.marks:
                return self.marks[where]
            where = where[:-1]
        return Mark(0, 0)


def _whole(needle: str) -> re.Pattern[str]:
    """Finds `needle`; where it begins or ends with a letter, no longer word."""
    before = r"(?<!\w)" if needle[:1].isalnum() else ""
    after = r"(?!\w)" if needle[-1:].isalnum() else ""
    return re.compile(before + re.escape(needle) + after)


def _wrong_type(kind: str, name: str, value: Any) -> tuple[str, str]:
    if kind == "string_type":
        if isinstance(value, dict) and len(value) == 1:
            only = next(iter(value))
            return (
                f"`{name}` should be text, but `{short(only)}: ` makes it a field.",
                "Put quotes around the whole line.",
            )
        what = "a list" if isinstance(value, list) else "a group of fields"
        return f"`{name}` should be text, and this is {what}.", "Write text, in quotes if need be."
    if kind == "list_type":
        written = short(value) if isinstance(value, str) else "..."
        return (
            f"`{name}` should be a list.",
            f"Write `[{written}]`, or one item a line, each after `- `.",
        )
    if kind in ("model_type", "model_attributes_type", "dict_type"):
        return f"`{name}` should be a group of fields.", "Write `name: value` lines below it."
    if name == "priority":
        written = short(value) if isinstance(value, str) else "this"
        return (
            f"`{written}` is not allowed for priority.",
            f"Write a whole number from -{MAX_PRIORITY} to {MAX_PRIORITY}.",
        )
    if kind.startswith("bool"):
        return f"`{name}` is neither true nor false.", "Write true or false."
    return f"`{name}` cannot be used as it is written.", "See docs/writing-scenarios.md."


def _field(where: Path_) -> str:
    names = [part for part in where if isinstance(part, str)]
    if not names:
        return "scenario"
    return f"an item of {names[-1]}" if isinstance(where[-1], int) else names[-1]


def _known(where: Path_) -> list[str]:
    group = tuple(part for part in where[:-1] if isinstance(part, str))
    model = _MODELS.get(group)
    return list(model.model_fields) if model else []


def _at(data: Any, where: Path_) -> Any:
    for part in where:
        try:
            data = data[part]
        except (KeyError, IndexError, TypeError):
            return None
    return data
