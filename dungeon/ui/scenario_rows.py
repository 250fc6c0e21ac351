"""How the fields and the problems of a scenario's file are listed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.cells import set_cell_size
from textual.content import Content
from textual.widgets.option_list import Option

from dungeon.authoring.estimate import tokens
from dungeon.ui.shown import joined, line, shown

if TYPE_CHECKING:
    from dungeon.authoring.fields import FormField
    from dungeon.authoring.problem import Problem

LABEL_CELLS = 18
MOST_SHOWN = 300
"""Characters of a value that are looked at for its row."""


def options_of(fields: Sequence[FormField]) -> tuple[list[Option], list[FormField | None]]:
    """The rows of the form, and which field each is; None for a heading."""
    options: list[Option] = []
    rows: list[FormField | None] = []
    part = ""
    for field in fields:
        if field.part != part:
            part = field.part
            options.append(Option(line(part), disabled=True))
            rows.append(None)
        options.append(Option(_field_option(field)))
        rows.append(field)
    return options, rows


def _field_option(field: FormField) -> Content:
    value = field.value
    if field.kind == "card":
        value = value.get("text", "") if isinstance(value.get("text", ""), str) else ""
    elif isinstance(value, list):
        value = ", ".join(value)
    written = line(value[:MOST_SHOWN], "$ink") if value else line("–", "$faint")
    style = "bold $primary" if field.kind == "card" else ""
    return joined(shown(set_cell_size(field.label, LABEL_CELLS), style), "  ", written)


def about_field(field: FormField) -> Content:
    """What a field is for, its values, and how much of the narrator's window it takes."""
    notes = []
    if field.choices:
        notes.append(f"One of: {', '.join(field.choices)}.")
    if field.kind == "card":
        keys = field.value.get("keys") or []
        if field.always:
            notes.append("It always stands.")
        elif isinstance(keys, list):
            called = ", ".join(str(key) for key in keys)
            notes.append(f"Its keys: {called}." if called else "It has no keys.")
    told = field.value.get("text", "") if field.kind == "card" else field.value
    if field.kind in ("card", "prose") and isinstance(told, str) and told:
        notes.append(f"About {tokens(told)} tokens.")
    return joined((field.help, "$ink"), (f" {' '.join(notes)}", "$faint"))


def problem_options(problems: Sequence[Problem]) -> list[Option]:
    """A line for each problem, or one that says that there is none."""
    if not problems:
        return [
            Option(shown("In order: there is nothing to put right.", "$success"), disabled=True)
        ]
    return [
        Option(
            joined(
                (f"{problem.line}:{problem.column}  ", "$faint"),
                line(problem.message, "$error" if problem.severity == "error" else "$warning"),
                " ",
                line(problem.fix, "$ink"),
            )
        )
        for problem in problems
    ]


def counted(problems: Sequence[Problem]) -> Content:
    """How many problems there are, for the heading."""
    errors = sum(problem.severity == "error" for problem in problems)
    warnings = len(problems) - errors
    pieces: list[tuple[str, str]] = []
    for number, what, style in ((errors, "error", "$error"), (warnings, "warning", "$warning")):
        if number:
            pieces.append((f"  {number} {what}{'s' if number > 1 else ''}", style))
    return joined(*pieces) if pieces else shown("  in order", "$success")
