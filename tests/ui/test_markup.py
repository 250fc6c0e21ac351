"""No widget takes a string that Textual would read as markup, and no terminal a raw one."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import dungeon
import dungeon.ui

FILES = sorted(Path(dungeon.ui.__file__).parent.rglob("*.py"))

TAKES_MARKUP = {"Static", "Label", "Button", "Option", "Checkbox", "RadioButton", "Collapsible"}
"""Classes whose first argument is read as markup when it is a string."""
METHODS = {"notify", "update", "set_tooltip", "add_option"}
"""Methods of the same kind."""
PROPERTIES = {"border_title", "border_subtitle", "tooltip", "label"}
"""Attributes of the same kind."""
SAFE = {"Content", "shown", "line", "joined", "Text"}
"""What makes a string harmless."""


def problems(source: str) -> list[str]:
    """Line and reason of everything that could let markup in."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            name = _name(node.func)
            if name in TAKES_MARKUP and not _plain(node):
                found.append(f"{node.lineno}: {name} takes a string with markup on")
            if name == "notify" and not _markup_off(node):
                found.append(f"{node.lineno}: notify without markup=False")
            if name in METHODS - {"notify"} and node.args and _bare(node.args[0]):
                found.append(f"{node.lineno}: {name} takes a string")
            if name in {"from_markup", "escape"}:
                found.append(f"{node.lineno}: {name} reads markup")
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                risky = isinstance(target, ast.Attribute) and target.attr in PROPERTIES
                if risky and _bare(node.value):
                    found.append(f"{node.lineno}: {target.attr} is set to a string")  # type: ignore[attr-defined]
    return found


def _name(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def _markup_off(call: ast.Call) -> bool:
    return any(
        keyword.arg == "markup"
        and isinstance(keyword.value, ast.Constant)
        and keyword.value.value is False
        for keyword in call.keywords
    )


def _plain(call: ast.Call) -> bool:
    return _markup_off(call) or not call.args or not _bare(call.args[0])


def _bare(value: ast.expr) -> bool:
    """Whether the value may be a `str`: anything but a call that makes content."""
    if isinstance(value, ast.Call):
        name = _name(value.func)
        return not (
            name in SAFE
            or name.endswith(("_details", "_option", "_segment", "_keys", "_heading"))
            or (name in {"join", "assemble", "stylize", "styled"} and "Content" in ast.dump(value))
        )
    return not isinstance(value, ast.Name) or value.id not in {"prompt", "content"}


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_no_string_is_read_as_markup(path: Path) -> None:
    assert problems(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "line",
    [
        'Static("x")',
        "Static(title)",
        'Static(f"{title}")',
        "Button(title)",
        "Option(title)",
        "self.notify(title)",
        "self.notify(title, markup=True)",
        "widget.update(title)",
        "widget.border_title = title",
        "Content.from_markup(title)",
    ],
)
def test_the_test_finds_what_it_looks_for(line: str) -> None:
    assert problems(line)


# -- without a screen ------------------------------------------------------------------------

WRITERS = [
    path
    for path in sorted(Path(dungeon.__file__).parent.rglob("*.py"))
    if "torch_engine" not in path.parts
]
STREAMS = {"stdout", "stderr", "story", "notices", "out"}
"""Names of what leads to a terminal."""


def unclean(source: str) -> list[str]:
    """Line and reason of everything that writes to a terminal without `clean`."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        written = _name(node.func) == "print" or (
            isinstance(node.func, ast.Attribute)
            and node.func.attr == "write"
            and _last_name(node.func.value) in STREAMS
        )
        if written and not _cleaned(node.args[0]):
            found.append(f"{node.lineno}: written without clean")
    return found


def _last_name(value: ast.expr) -> str:
    return value.attr if isinstance(value, ast.Attribute) else _name(value)


def _cleaned(value: ast.expr) -> bool:
    if isinstance(value, ast.BinOp):
        return _cleaned(value.left) and _cleaned(value.right)
    if isinstance(value, ast.Call):
        return _name(value.func) == "clean"
    return isinstance(value, ast.Constant)


@pytest.mark.parametrize("path", WRITERS, ids=[path.stem for path in WRITERS])
def test_nothing_is_written_without_the_sanitiser(path: Path) -> None:
    assert unclean(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "line",
    [
        "print(title)",
        'print(f"{title}")',
        "sys.stdout.write(text)",
        "self.story.write(text)",
        'out.write(text + "\\n")',
        "print(clean(title) + title, file=sys.stderr)",
    ],
)
def test_the_other_test_finds_what_it_looks_for(line: str) -> None:
    assert unclean(line)


def test_what_is_cleaned_may_be_written() -> None:
    assert not unclean('print(clean(f"{title}"), end="")\nout.write(clean(text) + "\\n")')
