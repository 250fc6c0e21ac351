"""Scenario files made of sound pieces, and the same with one thing wrong: told, at its line.

DUNGEON_EXAMPLES sets how many files of each kind are made (15 by default).
"""

from __future__ import annotations

import json
import os

from hypothesis import given, settings
from hypothesis import strategies as st

from dungeon.authoring.reader import read
from dungeon.story.generation import RANGES
from dungeon.text import clean

FEW = int(os.environ.get("DUNGEON_EXAMPLES", "15"))
PROSE = st.text(
    st.characters(exclude_categories=["C"], exclude_characters="{}\u2028\u2029"), max_size=30
).filter(lambda text: clean(text).strip())
NAMES = st.text("abcdefgh", min_size=1, max_size=8)


@st.composite
def numbers(draw: st.DrawFn) -> tuple[str, ...]:
    name = draw(st.sampled_from(sorted(RANGES)))
    allowed = RANGES[name]
    if allowed.whole:
        return "generation:", f"  {name}: {draw(st.integers(int(allowed.low), int(allowed.high)))}"
    return "generation:", f"  {name}: {draw(st.floats(allowed.low, allowed.high)):.4f}"


def text(name: str) -> st.SearchStrategy[tuple[str, ...]]:
    """A field of prose: quoted, or a block."""
    quoted = PROSE.map(lambda words: (f"{name}: {json.dumps(words, ensure_ascii=False)}",))
    # Beyond the first plane JSON's escapes are pairs of surrogates, which YAML does not know.
    basic = PROSE.filter(lambda words: max(words) < "\U00010000")
    escaped = basic.map(lambda words: (f"{name}: {json.dumps(words)}",))
    block = st.lists(NAMES, min_size=1, max_size=3).map(
        lambda lines: (f"{name}: |-", *(f"  {line}" for line in lines))
    )
    return quoted | escaped | block


def cards(names: set[str]) -> tuple[str, ...]:
    items = (f"  - {{name: {name}, keys: [{name}], text: about {name}}}" for name in sorted(names))
    return "cards:", *items


def listed(field: str, items: list[str]) -> tuple[str, ...]:
    return field, *(f"  - {item}" for item in items)


OPTIONAL = {
    "summary": text("summary"),
    "author": text("author"),
    "memory": text("memory"),
    "authors_note": text("authors_note"),
    "rating": st.sampled_from([("rating: teen",), ("rating: everyone",)]),
    "tags": st.lists(NAMES, min_size=1, max_size=3).map(lambda items: listed("tags:", items)),
    "banned": st.lists(NAMES, min_size=1, max_size=3).map(lambda items: listed("banned:", items)),
    "cards": st.sets(NAMES, min_size=1, max_size=3).map(cards),
    "generation": numbers(),
    "style": st.sampled_from([("style: {person: first}",), ("style:", "  tense: past")]),
}


@st.composite
def files(draw: st.DrawFn) -> list[tuple[str, ...]]:
    """The fields of a sound file, in any order, each as its lines."""
    chosen = draw(st.sets(st.sampled_from(sorted(OPTIONAL)), max_size=6))
    fields = [draw(OPTIONAL[name]) for name in sorted(chosen)]
    fields += [("dungeon: 1",), draw(text("title")), draw(text("opening"))]
    return list(draw(st.permutations(fields)))


def written(fields: list[tuple[str, ...]]) -> bytes:
    return "".join(f"{line}\n" for field in fields for line in field).encode()


def line_of(fields: list[tuple[str, ...]], index: int) -> int:
    return 1 + sum(map(len, fields[:index]))


@settings(max_examples=FEW, deadline=None)
@given(files())
def test_sound_pieces_make_a_sound_file(fields: list[tuple[str, ...]]) -> None:
    reading = read(written(fields), "x.yaml")
    assert [str(p) for p in reading.problems if p.severity == "error"] == []
    assert reading.scenario is not None


WRONG = {
    "an unknown field": (("memmory: x",), "There is no field `memmory`."),
    "a list for text": (("summary: [a, b]",), "`summary` should be text, and this is a list."),
    "a group for text": (("author: {a: b, c: d}",), "`author` should be text, and this is a group"),
    "text for a list": (("tags: a, b",), "`tags` should be a list."),
    "a word for a number": (("generation: {top_k: many}",), "`many` is not allowed for top_k."),
    "a number too large": (("generation: {top_p: 5}",), "`5` is not allowed for top_p."),
    "a word that is none": (("rating: adult",), "`adult` is no rating."),
    "a card that nothing brings in": (("cards: [{name: A, text: b}]",), "Nothing can bring the"),
    "a placeholder of no question": (('memory: "{who} waits"',), "No question has the key `who`."),
    "a second colon": (("summary: a: b",), "A second `: ` stands in this value"),
    "an alias": (("summary: *a",), "`*a` is an alias"),
    "an anchor": (("summary: &a b",), "`&a` is an anchor"),
    "a tag": (("summary: !!python/object:os.system x",), "A value that begins with ! is a tag"),
    "a reserved mark": (("summary: @a",), "A value cannot begin with @."),
    "a backtick": (("summary: `a`",), "A value cannot begin with a backtick."),
    "an escape that is none": (('summary: "\\q"',), "A backslash in double quotes"),
    "a tab": (("tags:", "\t- a"), "A tab stands here"),
}


@settings(max_examples=2 * FEW, deadline=None)
@given(files(), st.sampled_from(sorted(WRONG)), st.data())
def test_accept_05_06_one_wrong_thing_is_told_at_its_line(
    fields: list[tuple[str, ...]], what: str, data: st.DataObject
) -> None:
    lines, message = WRONG[what]
    name = lines[0].split(":")[0]
    fields = [field for field in fields if not field[0].startswith(f"{name}:")]
    index = data.draw(st.integers(0, len(fields)))
    fields.insert(index, lines)
    found = [p for p in read(written(fields), "x.yaml").problems if p.severity == "error"]
    assert len(found) == 1, [str(problem) for problem in found]
    assert found[0].message.startswith(message)
    assert found[0].line == line_of(fields, index) + len(lines) - 1
    assert found[0].fix


@settings(max_examples=FEW, deadline=None)
@given(files(), st.data())
def test_accept_20_a_field_that_stands_twice_names_both_lines(
    fields: list[tuple[str, ...]], data: st.DataObject
) -> None:
    first = data.draw(st.integers(0, len(fields) - 1))
    second = data.draw(st.integers(first + 1, len(fields)))
    fields.insert(second, fields[first])
    (found,) = (p for p in read(written(fields), "x.yaml").problems if p.severity == "error")
    name = fields[first][0].split(":")[0]
    told = f"`{name}` stands here a second time; the first is in line {line_of(fields, first)}."
    assert found.message == told
    assert found.line == line_of(fields, second)


@settings(max_examples=FEW, deadline=None)
@given(files(), st.sampled_from(["title", "opening", "dungeon"]))
def test_accept_06_a_missing_field_is_told(fields: list[tuple[str, ...]], name: str) -> None:
    fields = [field for field in fields if not field[0].startswith(f"{name}:")]
    (found,) = (p for p in read(written(fields), "x.yaml").problems if p.severity == "error")
    assert found.message == f"The scenario has no `{name}`."
