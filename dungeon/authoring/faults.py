"""YAML's own errors in words for an author, at the place where the mistake was made."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import yaml

from dungeon.authoring.problem import short
from dungeon.authoring.records import GROUPS, RECORDS


@dataclass
class Fault(Exception):
    """The first thing in a file that could not be read. Lines and columns count from 0."""

    line: int
    column: int
    message: str
    fix: str = ""


_NAMES = frozenset(
    name
    for model in (
        *(one.model for one in RECORDS.values()),
        *(model for _, model in GROUPS.values()),
    )
    for name in model.model_fields
)
"""Fields that may stand within braces."""

QUOTE = "Put quotes around the whole value, or write it below as a block with `|-`."

# A value that begins with a bracket: a text such as `{name} wakes` is the usual mistake.
_OPENER = re.compile(r"\s*(?:-\s+)*(?:[\w]+:\s+)?([\[{])")

# `summary:one`: a name and its value without the blank.
_TIGHT = re.compile(r"\s*(\w+):(\S.*)")
_INDENTED = re.compile(r"(\s+)([\w ]+)")
_AFTER_QUOTE = re.compile(r"""\s*(?:-\s+)*(?:[\w]+:\s+)?(?:"[^"]*"|'(?:[^']|'')*')\s*\Z""")

_FIELD = re.compile(r"""\s*(?:-\s+)*["']?\w+["']?\s*""")
# `style: person: second`: the one field of a group in the line of its name.
_GROUP = re.compile(r"\s*(style|generation):\s+(\w+):\s+(.*\S)\s*\Z")
# A word before a colon within braces: a field's name is one, and the last word of a text another.
_LAST_WORD = re.compile(r"""["']?(\w+)["']?\Z""")
_DASH = re.compile(r"( *)-( +)(\w+)?")
# Blanks and colons that are none to YAML: pasted from a page, or typed with another keyboard.
_ODD_BLANK = re.compile(r"^(?: *|\s*(?:-\s+)*\w+:)([\u00a0\u2000-\u200a\u202f\u205f\u3000])")
_WIDE_COLON = re.compile(r"^\s*(?:-\s+)*\w+\s*(\uff1a)")
_SLASHES = re.compile(r"(?:^|[\s,])(//)")

_STARTERS = {
    "\t": ("A tab stands here; YAML indents with spaces only.", "Replace it by spaces."),
    "@": ("A value cannot begin with @.", QUOTE),
    "`": ("A value cannot begin with a backtick.", QUOTE),
    "%": ("A value cannot begin with %.", QUOTE),
    "*": ("A value that begins with * is an alias, and a scenario has none.", QUOTE),
    "&": ("A value that begins with & is an anchor, and a scenario has none.", QUOTE),
    "!": ("A value that begins with ! is a tag, and a scenario has none.", QUOTE),
    "|": ("`|` begins a block, and something else follows it on its line.", QUOTE),
    ">": ("`>` begins a block, and something else follows it on its line.", QUOTE),
}


def translate(error: yaml.YAMLError, text: str) -> Fault:
    """The fault behind an error of PyYAML or libyaml.

    Args:
        error: As raised while parsing `text`.
        text: The whole file.
    """
    problem = str(getattr(error, "problem", None) or getattr(error, "reason", "") or "")
    context = str(getattr(error, "context", None) or "")
    at = getattr(error, "problem_mark", None)
    since = getattr(error, "context_mark", None)
    if at is None and since is None:
        return _unreadable(error, text)
    line, column = _clamped(at or since, text)
    lines = text.split("\n")
    here = lines[line][column : column + 1] if line < len(lines) else ""

    if "quoted scalar" in context:
        line, column = _clamped(since or at, text)
        if "escape" in problem or "hexadecimal" in problem or "Unicode" in problem:
            line, column = _clamped(at or since, text)
            return Fault(
                line,
                column,
                "A backslash in double quotes begins an escape, and this one does not exist.",
                "Use single quotes, or write the backslash twice.",
            )
        return _open_quote(line, column, lines)
    odd = _odd_sign(lines, line)
    if odd is not None:
        return odd
    if "flow" in context:
        return _in_brackets(line, column, here, *_clamped(since or at, text), lines)
    if "mapping values are not allowed" in problem:
        return _second_colon(line, column, lines[line])
    if "block scalar" in context and (tab := _tab_in_indent(lines, line)) is not None:
        return Fault(*tab, *_STARTERS["\t"])
    if "alias" in context or "anchor" in context or "tag" in context or "block scalar" in context:
        line, column = _clamped(since or at, text)
        sign = lines[line][column : column + 1]
        if sign in _STARTERS:
            return Fault(line, column, *_STARTERS[sign])
    if "directive" in context or "directive" in problem:
        return Fault(line, 0, *_STARTERS["%"])
    tab = _tab_in_indent(lines, line)
    if tab is not None:
        return Fault(*tab, *_STARTERS["\t"])
    if lines[line].startswith("```"):
        fix = "Take it out, and so the line that closes it."
        return Fault(line, 0, "This line is Markdown's, not YAML's.", fix)
    if "cannot start any token" in problem and here in _STARTERS:
        return Fault(line, column, *_STARTERS[here])
    if "could not find expected ':'" in problem:
        line, column = _clamped(since or at, text)
        tight = _TIGHT.match(lines[line])
        if tight is not None:
            return Fault(
                line,
                tight.end(1),
                "There is no blank behind this colon.",
                f"Write `{short(tight[1].strip())}: {short(tight[2])}`.",
            )
        return Fault(
            line,
            column,
            "This line is no field: it has no `: ` after a name.",
            "Write `name: value`, or indent the line if it belongs to the text above.",
        )
    if _AFTER_QUOTE.match(lines[line][:column]) if line < len(lines) else None:
        return Fault(
            line,
            column,
            "More stands behind the mark that closes the quoted text.",
            "Put the whole value in quotes of the other kind; within single quotes, write an "
            "apostrophe twice.",
        )
    quoted = _quote_closed_too_late(text, line, column)
    if quoted is not None:
        return quoted
    if line and lines[line - 1].rstrip() == "...":
        return Fault(line - 1, 0, "This line ends the file, and more follows.", "Take it out.")
    if here == ":" and not lines[line][:column].strip(" -"):
        return Fault(line, column, "No name stands before this colon.", "Write `name: value`.")
    if here in ("]", "}"):
        fix = "Take it out; if it is meant as text, put quotes around the value."
        return Fault(line, column, f"This `{here}` closes nothing.", fix)
    opener = _OPENER.match(lines[line]) if line < len(lines) else None
    if opener is not None and opener.start(1) < column:
        return _bracket(line, opener.start(1), opener[1])
    return _below_a_dash(line, column, lines) or Fault(
        line,
        column,
        "The indentation or the punctuation does not fit what stands above.",
        "Fields of one group begin in one column; list items begin with `- `.",
    )


def _second_colon(line: int, column: int, text: str) -> Fault:
    indented = _INDENTED.match(text)
    if indented is not None and indented.end(2) == column:
        return Fault(
            line,
            indented.start(2),
            "This line is indented, so it goes on with the value above, and its `: ` breaks it.",
            "Begin a field in the column of the other fields; if it is text, put quotes around "
            "the whole value.",
        )
    message = "A second `: ` stands in this value, so YAML takes it for another field."
    group = _GROUP.match(text)
    fix = f"Write `{group[1]}: {{{group[2]}: {short(group[3])}}}`." if group is not None else QUOTE
    return Fault(line, column, message, fix)


def _in_brackets(
    line: int, column: int, here: str, since_line: int, since_column: int, lines: list[str]
) -> Fault:
    """What is wrong between brackets that open at `since` and were read as far as `here`."""
    for number in range(max(since_line, line - 1), line + 1):
        slashes = _SLASHES.search(lines[number])
        if slashes is not None:
            fix = "Write # in its place, or take the comment out."
            return Fault(number, slashes.start(1), "`//` begins no comment in YAML.", fix)
    opens_line = _FIELD.fullmatch(lines[line][:column])
    if here == ":" and not (opens_line and line > since_line):
        word = _LAST_WORD.search(lines[line][:column])
        if word is not None and word[1] in _NAMES and not opens_line:
            fix = f"Write `, {word[1]}:`, or put quotes around the whole value."
            return Fault(line, word.start(), f"A comma is missing before `{word[1]}`.", fix)
        return _second_colon(line, column, lines[line])
    opener = lines[since_line][since_column : since_column + 1]
    if opener == ",":
        return Fault(since_line, since_column, "This comma is one too many.", "Take it out.")
    return _bracket(since_line, since_column, opener)


def _bracket(line: int, column: int, opener: str) -> Fault:
    kind, closer = ("list", "]") if opener == "[" else ("group of fields", "}")
    return Fault(
        line,
        column,
        f"`{opener}` begins a {kind} that is never closed with `{closer}`, or more follows it.",
        f"Close it with `{closer}`; if it is meant as text, put quotes around the value.",
    )


def _open_quote(line: int, column: int, lines: list[str]) -> Fault:
    fix = "Add the closing mark."
    if lines[line][column : column + 1] == "'":
        fix = (
            "Add the closing mark; if it is an apostrophe, put double quotes around the whole text."
        )
    return Fault(line, column, "This quotation mark is never closed.", fix)


def _quote_closed_too_late(text: str, line: int, column: int) -> Fault | None:
    """A quoted text over several lines that ends right before the place: an older mark is open."""
    last: Any = None
    try:
        for token in yaml.scan(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
            at = (token.start_mark.line, token.start_mark.column)
            if at >= (line, column):
                break
            last = token
    except yaml.YAMLError:
        pass
    if not isinstance(last, yaml.ScalarToken) or last.style not in ("'", '"'):
        return None
    start, end = last.start_mark, last.end_mark
    between = text.split("\n")[line][end.column : column]
    if start.line == end.line or end.line != line or between.strip():
        return None
    return Fault(
        start.line,
        start.column,
        f"The quotation mark that closes this one stands only in line {line + 1}.",
        "Add a closing mark where the text ends.",
    )


def _odd_sign(lines: list[str], line: int) -> Fault | None:
    for number in (line, line - 1):
        if not 0 <= number < len(lines):
            continue
        blank = _ODD_BLANK.search(lines[number])
        if blank is not None:
            sign = f"U+{ord(blank[1]):04X}"
            message = f"This blank ({sign}) is none to YAML."
            return Fault(number, blank.start(1), message, "Type a common one in its place.")
        colon = _WIDE_COLON.match(lines[number])
        if colon is not None:
            message = "This colon (U+FF1A) is none to YAML."
            return Fault(number, colon.start(1), message, "Write `: ` in its place.")
    return None


def _below_a_dash(line: int, column: int, lines: list[str]) -> Fault | None:
    """A line that stands neither among the fields of the item above nor among the items."""
    indent = len(lines[line]) - len(lines[line].lstrip(" "))
    if indent != column:
        return None
    for number in range(line - 1, -1, -1):
        dash = _DASH.match(lines[number])
        if dash is None:
            continue
        if lines[line].startswith("- ", indent):
            return Fault(
                line,
                column,
                "This `-` is not below those of the items above.",
                f"Put it into column {len(dash[1]) + 1}, as in line {number + 1}.",
            )
        inside = dash.end(2)
        if len(dash[1]) <= indent < inside and dash[3]:
            return Fault(
                line,
                column,
                f"This line is not indented as deep as the item of line {number + 1}.",
                f"Put {inside} blanks before it, so that it begins below `{short(dash[3])}`.",
            )
        return None
    return None


def _tab_in_indent(lines: list[str], line: int) -> tuple[int, int] | None:
    for number in (line, line - 1):
        if 0 <= number < len(lines):
            indent = lines[number][: len(lines[number]) - len(lines[number].lstrip())]
            if "\t" in indent:
                return number, indent.index("\t")
    return None


def _clamped(mark: Any, text: str) -> tuple[int, int]:
    """The mark, moved back from beyond the last line onto it."""
    last = text.count("\n") - (1 if text.endswith("\n") else 0)
    if mark.line > last >= 0:
        return last, len(text.split("\n")[last])
    return mark.line, mark.column


def _unreadable(error: yaml.YAMLError, text: str) -> Fault:
    where = getattr(error, "position", None)
    line, column = 0, 0
    if isinstance(where, int) and 0 <= where <= len(text):
        before = text[:where]
        line, column = before.count("\n"), len(before) - (before.rfind("\n") + 1)
    return Fault(
        line,
        column,
        "The file is no YAML from here on.",
        "See docs/scenarios.md for the form.",
    )
