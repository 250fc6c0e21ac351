"""One value changed in a scenario's text: all else stays as it was written."""

from __future__ import annotations

import difflib
import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dungeon.authoring.document import Document, values
from dungeon.authoring.edit import add_item, remove_item, set_value
from dungeon.authoring.new import template
from dungeon.authoring.reader import read_scenario_text
from dungeon.errors import ScenarioError
from dungeon.text import clean

SHIPPED = sorted((Path(__file__).parents[2] / "scenarios").glob("*.yaml"))
EXAMPLES = int(os.environ.get("DUNGEON_EXAMPLES", "30"))
FERRY = template("The Last Ferry")


def changed(before: str, after: str) -> list[str]:
    """The lines that differ, as a diff marks them."""
    lines = difflib.ndiff(before.split("\n"), after.split("\n"))
    return [line for line in lines if line[:1] in "+-"]


def keys_of(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every field, in the order of the file."""
    found: list[tuple[Any, ...]] = []
    items = node.items() if isinstance(node, dict) else enumerate(node)
    for name, item in items:
        found.append((*path, name))
        if isinstance(item, dict | list):
            found += keys_of(item, (*path, name))
    return found


# -- what a change looks like ------------------------------------------------------------------

CASES: dict[str, tuple[str, tuple[str | int, ...], Any, str]] = {
    "plain": ("title: A # why", ("title",), "B", "title: B # why"),
    "a colon": ("title: A # why", ("title",), "B: c", 'title: "B: c" # why'),
    "quotes as they were": ("title: 'A'", ("title",), "it's", "title: 'it''s'"),
    "a word that means something": ("title: A", ("title",), "No", 'title: "No"'),
    "nothing there": ("author: # who?\ntitle: A", ("author",), "Me", "author: Me # who?\ntitle: A"),
    "no text at all": ("author: Me # who?", ("author",), "", 'author: "" # who?'),
    "two lines": ("memory: A # why\ntitle: T", ("memory",), "B\nC",
                  "memory: |- # why\n  B\n  C\ntitle: T"),
    "a block": ("memory: |- # why\n    A\n    B\n\n# on\ntitle: T", ("memory",), "C\n\nD",
                "memory: |- # why\n    C\n\n    D\n\n# on\ntitle: T"),
    "folded as wide as it was": (
        "memory: >-\n  one two three four five six seven eight nine\n  ten eleven\n",
        ("memory",), "one two three four five six seven eight nine ten\nend",
        "memory: >-\n  one two three four five six seven eight nine\n  ten\n\n  end\n",
    ),
    "too long for a line": ("memory: |-\n  A\n", ("memory",), f"{'long ' * 25}end\nB",
                            f"memory: >-\n  {'long ' * 18}long\n  {'long ' * 6}end\n\n  B\n"),
    "inside braces": ("style: {person: first} # s", ("style", "person"), "third",
                      "style: {person: third} # s"),
    "a new one inside braces": ("style: {person: first}", ("style", "tense"), "past",
                                "style: {person: first, tense: past}"),
    "a group that was not there": ("title: T\nopening: O", ("style", "tense"), "past",
                                   "title: T\nopening: O\nstyle: {tense: past}"),
    "a field in its place": ("title: T # t\n\n# first\nopening: O", ("memory",), "M",
                             "title: T # t\nmemory: M\n\n# first\nopening: O"),
    "taken away": ("generation:\n  top_k: 4 # few", ("generation", "top_k"), None,
                   "generation:\n  top_k:  # few"),
    "a list in brackets": ("tags: [a, b] # t", ("tags",), ["a", "c, d"], 'tags: [a, "c, d"] # t'),
    "a comment in brackets": ("tags: [a, # one\n  b]", ("tags",), ["c"], "# one\ntags: [c]"),
    "a list of lines": ("tags:\n  - a # one\n  - b # two\n  - c", ("tags",), ["a", "x", "c", "d"],
                        "tags:\n  - a # one\n  - x # two\n  - c\n  - d"),
    "fewer lines": ("tags:\n- a # one\n- b\n- c # three", ("tags",), ["a"],
                    "tags:\n- a # one\n # three"),
    "a dash in a comment": ("tags:\n- # a-b\n  a\n- b - c", ("tags",), [], "tags:\n# a-b\n"),
    "a block among lines": ("tags:\n  - |- # one\n    a\n  - b", ("tags",), ["b"],
                            "tags:\n  # one\n  - b"),
    "lines in front": ("tags:\n  - c\n", ("tags",), ["a", "c"], "tags:\n  - a\n  - c\n"),
    "a flag": ("cards:\n- name: A", ("cards", 0, "always"), True,
               "cards:\n- name: A\n  always: true"),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_only_the_value_changes(name: str) -> None:
    before, where, value, after = CASES[name]
    assert set_value(before, where, value) == after


def test_items_come_and_go_and_the_comments_around_them_stay() -> None:
    card = {"name": "Oda", "keys": ["oda", "ferry"], "text": "She rows.\nAlways."}
    after = add_item(FERRY, "cards", card)
    assert changed(FERRY, after) == [
        "+   - name: Oda", "+     keys: [oda, ferry]", "+     text: |-", "+       She rows.",
        "+       Always.",
    ]  # fmt: skip
    assert read_scenario_text(after).cards[-1].text == "She rows.\nAlways."
    assert remove_item(after, "cards", 2) == FERRY
    none = remove_item(remove_item(FERRY, "cards", 0), "cards", 0)
    assert read_scenario_text(none).cards == ()
    assert add_item("title: T\ncards: [] # none yet\nbanned: []", "cards", {"name": "A"}) == (
        "title: T\ncards: # none yet\n  - name: A\nbanned: []"
    )
    assert add_item("title: T", "examples", {"action": "look", "text": "A: b"}) == (
        'title: T\nexamples:\n  - action: look\n    text: "A: b"'
    )
    flow = "cards: [{name: A}, {name: B}]"
    assert add_item(flow, "cards", {"name": "C"}) == "cards: [{name: A}, {name: B}, {name: C}]"
    assert remove_item(flow, "cards", 0) == "cards: [{name: B}]"
    assert remove_item(flow, "cards", 1) == "cards: [{name: A}]"


@pytest.mark.parametrize("path", SHIPPED[::4], ids=lambda path: path.stem)
def test_what_ships_can_be_changed_and_changed_back(path: Path) -> None:
    text = path.read_text("utf-8")
    scenario = read_scenario_text(text)
    other = set_value(text, ("cards", 1, "text"), "Something else.")
    assert read_scenario_text(other).cards[1].text == "Something else."
    # Folded at the author's own width, the old words stand in the old lines.
    again = set_value(other, ("cards", 1, "text"), scenario.cards[1].text)
    assert read_scenario_text(again) == scenario
    kept = [line for line in changed(text, other) if line.startswith("+")]
    assert kept == ["+       Something else."]


@pytest.mark.parametrize(
    ("text", "where", "value"),
    [
        ("title: [", ("title",), "A"),
        ("- a", ("title",), "A"),
        ("title: {a: b}", ("title",), "A"),
        ("cards: [{name: A}]", ("cards", 3, "name"), "A"),
        ("cards: none", ("cards", 0, "name"), "A"),
        ("title: T", ("title",), "x" * 300_000),
        ("title: T", ("title",), "\ufffe"),
    ],
    ids=["torn", "a list", "a group", "no such card", "no card at all", "too large", "no text"],
)
def test_what_cannot_be_changed_is_told(text: str, where: Any, value: str) -> None:
    with pytest.raises(ScenarioError) as told:
        set_value(text, where, value)
    assert told.value.hint


# -- any field of any file ---------------------------------------------------------------------

Words = st.text(
    st.one_of(
        st.sampled_from(" \n\n:#-?,[]{}&*!|>'\"%@`~\\.0129yesnoNOtruenull"),
        st.characters(exclude_categories=["Cs"], exclude_characters="\ufffe\uffff"),
    ),
    max_size=120,
).map(lambda text: clean(text).strip())
Prose = st.lists(st.sampled_from("the lamp of a ferry: 'no' #4 - it".split()), min_size=1,
                 max_size=60).map(" ".join)  # fmt: skip
Text = st.one_of(Words.filter(bool), Prose)


class Scribe:
    """Writes values in one of the author's ways, with a numbered comment wherever one may be."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.comments = 0

    def comment(self) -> str:
        """Behind a value; "" for none."""
        if not self.draw(st.booleans()):
            return ""
        self.comments += 1
        return f"  # zz{self.comments}."

    def above(self, indent: str) -> str:
        return f"{indent}{self.comment().strip()}\n"

    def quoted(self, text: str) -> str:
        return json.dumps(text, ensure_ascii=False)

    def text(self, name: str, text: str, indent: str) -> str:
        if self.draw(st.booleans()) or not text.replace("\n", "").strip() or "\n " in text:
            return f"{name}: {self.quoted(text)}{self.comment()}\n"
        lines = [f"{indent}   {line}".rstrip(" ") + "\n" for line in text.split("\n")]
        return f"{name}: |-{self.comment()}\n{''.join(lines)}"

    def list(self, name: str, items: list[str], indent: str) -> str:
        way = self.draw(st.sampled_from(["flow", "lines", "long"]))
        if way == "flow" or not items:
            return f"{name}: [{', '.join(map(self.quoted, items))}]{self.comment()}\n"
        if way == "long":
            inside = "".join(f"\n{indent}    {self.quoted(i)},{self.comment()}" for i in items)
            return f"{name}: [{inside}\n{indent}  ]\n"
        lines = (f"{indent}  - {self.quoted(item)}{self.comment()}\n" for item in items)
        return f"{name}:{self.comment()}\n{''.join(lines)}"


@st.composite
def files(draw: st.DrawFn) -> tuple[str, int]:
    """A file, and how many comments it has."""
    scribe = Scribe(draw)
    parts = []
    for name in draw(st.permutations(["title", "memory", "opening", "tags", "cards", "style"])):
        parts.append(scribe.above(""))
        if name == "tags":
            parts.append(scribe.list("tags", draw(st.lists(Text, max_size=4)), ""))
        elif name == "style":
            parts.append(f"style: {{person: first, tense: past}}{scribe.comment()}\n")
        elif name == "cards":
            parts.append(f"cards:{scribe.comment()}\n")
            for _ in range(draw(st.integers(1, 3))):
                parts.append("  - " + scribe.text("name", draw(Text), "    "))
                parts.append("    " + scribe.list("keys", draw(st.lists(Text, max_size=3)), "    "))
                parts.append(scribe.above("    "))
                parts.append("    " + scribe.text("text", draw(Text), "    "))
        else:
            parts.append(scribe.text(name, draw(Text), ""))
    return "".join(parts), scribe.comments


WHERES = st.sampled_from(
    [("title",), ("memory",), ("opening",), ("author",), ("tags",), ("cards", 0, "name"),
     ("cards", 0, "keys"), ("cards", 0, "text"), ("style", "tense"), ("style", "name")]
)  # fmt: skip


@settings(max_examples=EXAMPLES, deadline=None)
@given(files(), WHERES, st.data())
def test_any_change_keeps_comments_and_order_and_every_other_value(
    file: tuple[str, int], where: tuple[Any, ...], data: st.DataObject
) -> None:
    before, comments = file
    many = where[-1] in ("tags", "keys")
    value = data.draw(st.lists(Text, max_size=4) if many else st.one_of(Words, Prose))
    after = set_value(before, where, value)
    old, new = values(Document(before).root), values(Document(after).root)
    for number in range(1, comments + 1):
        assert f"# zz{number}." in after
        assert f"zz{number}." not in json.dumps(new)
    names = [key for key in keys_of(old) if key[: len(where)] != where]
    assert [key for key in keys_of(new) if key[: len(where)] != where] == names
    parent = new
    expected = old
    for part in where[:-1]:
        parent, expected = parent[part], expected[part]
    assert parent.pop(where[-1]) in ((value, "") if value == [] else (value,))
    expected.pop(where[-1], None)
    assert new == old
