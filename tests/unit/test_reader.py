"""Broken scenario files and the reports they get: line, column, what is wrong, what to do."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dungeon.authoring import library
from dungeon.authoring.check import check_files
from dungeon.authoring.problem import Problem, ScenarioProblems
from dungeon.authoring.reader import MAX_PROBLEMS, read, read_scenario, read_scenario_text
from dungeon.authoring.schema import json_schema
from dungeon.errors import ScenarioError
from dungeon.story.scenario import Card, Scenario, from_data, to_data

GOOD = """\
dungeon: 1
title: The Gate
questions:
  - {key: name, ask: "What is your name?", default: Ansel}
memory: |-
  {name} has a key.
opening: |-
  You are {name}. You stand at the gate.
cards:
  - name: Queen Maro
    keys: [queen, maro]
    text: She has one eye.
generation: {temperature: 0.9, max_new_tokens: 60}
"""


def errors(source: str | bytes) -> list[Problem]:
    data = source.encode() if isinstance(source, str) else source
    return [p for p in read(data, "x.yaml").problems if p.severity == "error"]


def test_a_good_file_is_read_whole() -> None:
    scenario = read_scenario_text(GOOD)
    assert scenario.title == "The Gate"
    assert scenario.cards == (Card("Queen Maro", "She has one eye.", ("queen", "maro")),)
    assert scenario.generation.temperature == 0.9
    assert scenario.filled({}).opening == "You are Ansel. You stand at the gate."
    assert from_data(to_data(scenario)) == scenario


def put(line: str) -> str:
    """A minimal file with `line` as its fourth."""
    return f"dungeon: 1\ntitle: T\nopening: You wait.\n{line}\n"


def test_accept_06_every_problem_is_told_at_once() -> None:
    source = put(
        "memmory: x\nrating: adult\ngeneration: {top_p: 5}\ncards: [{name: A}]\n"
        "memory: You are {nmae}.\nquestions: [{key: name, ask: x}]"
    )
    found = read(source.encode(), "x.yaml").problems
    assert [(p.line, p.column, p.message.split()[0], p.severity) for p in found] == [
        (4, 1, "There", "error"),
        (5, 9, "`adult`", "error"),
        (6, 21, "`5`", "error"),
        (7, 9, "This", "error"),
        (7, 16, "Nothing", "error"),
        (8, 17, "No", "error"),
        (9, 19, "Nothing", "warning"),
    ]


def test_each_placeholder_is_found_where_it_stands() -> None:
    source = put("memory: |\n  {a} { name } {a}\n  {b} and {a}\nquestions: [{key: name, ask: x}]")
    found = read(source.encode(), "x.yaml").problems
    assert [(p.line, p.column) for p in found if p.line < 7] == [
        (5, 3),
        (5, 7),
        (5, 16),
        (6, 3),
        (6, 11),
    ]


def test_of_very_many_problems_the_first_are_told() -> None:
    lines = "".join(f"  {{a{number}}}\n" for number in range(20_000))
    found = errors(put("memory: |\n" + lines))
    assert len(found) == MAX_PROBLEMS + 1
    assert (found[0].line, found[99].line) == (5, 104)
    # One more: the warning that the memory is long is among those that are left out.
    assert found[-1].message == f"There are {20_001 - MAX_PROBLEMS} more problems."


def test_an_error_below_many_warnings_still_counts() -> None:
    questions = "".join(f"  - {{key: k{number}, ask: x}}\n" for number in range(300))
    found = errors(put(f"questions:\n{questions}rating: adult"))
    assert [problem.message for problem in found] == ["`adult` is no rating."]


def test_the_caret_stands_below_the_place() -> None:
    problem = errors(put("style: {person: secnd}"))[0]
    assert problem.render().split("\n") == [
        "x.yaml:4:17: `secnd` is no person.",
        "    style: {person: secnd}",
        "                    ^",
        "    Did you mean `second`?",
    ]


def test_the_caret_knows_wide_characters() -> None:
    problem = errors('dungeon: 1\ntitle: T\nopening: x\nstyle: {"人": x}\n')[0]
    assert problem.render().split("\n")[2] == "            ^"


def test_a_long_line_is_shown_around_the_place() -> None:
    problem = errors(put("style: {person: second, " + " " * 500 + "tense: pats}"))[0]
    _, shown, caret, _ = problem.render().split("\n")
    assert len(shown) <= 104
    assert shown[caret.index("^") :] == "pats}"


def test_accept_19_text_stays_as_written() -> None:
    words = ["NO", "on", "1.10", "010", "12:30", "2024-01-01", "null", "~", "0x1F", "1e3", ".inf"]
    source = put("tags: [" + ", ".join(words) + "]\nauthor: NO\nsummary: 1.10")
    scenario = read_scenario_text(source)
    assert scenario.tags == tuple(words)
    assert (scenario.author, scenario.summary) == ("NO", "1.10")


def test_accept_21_bom_and_crlf_are_fine() -> None:
    data = b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode()
    assert read_scenario_text(data) == read_scenario_text(GOOD)


@pytest.mark.parametrize("written", ['"0.8 "', "' 1'", "1_0", "1 0", "true", "0x1", ".8e", "1e999"])
def test_accept_22_a_number_is_written_as_one(written: str) -> None:
    (problem,) = errors(put(f"generation: {{temperature: {written}}}"))
    assert problem.message.endswith("is not allowed for temperature.")
    assert (problem.line, problem.column) == (4, 27)
    assert problem.fix == "Write a number from 0 to 2."


def test_accept_22_zero_is_allowed() -> None:
    scenario = read_scenario_text(put("generation: {temperature: 0, top_k: 0, top_p: '0.5'}"))
    assert (scenario.generation.temperature, scenario.generation.top_p) == (0, 0.5)


def test_accept_27_text_passes_the_sanitiser() -> None:
    scenario = read_scenario_text(put('summary: "a\\u202eb\\e[2Jc\\u200bd"\nauthor: שלום'))
    assert (scenario.summary, scenario.author) == ("abcd", "שלום")


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("questions: [{key: name, ask: x}]", "Nothing uses the answer `name`"),
        ("cards:\n  - {name: A, text: a, keys: [x]}\n  - {name: B, text: b, keys: [X]}", "has the"),
        ("memory: " + "word " * 400, "The memory takes about 400 tokens"),
        ("questions: [{key: n, ask: x, default: c, choices: [a, b]}]\nmemory: '{n}'",
         "The default is none"),
        ("questions: [{key: n, ask: x}]\nmemory: '{n} { n}'", "Blanks inside the braces"),
        ("questions: [{key: n, ask: x}, {key: m, ask: 'And {n}?'}]\nmemory: '{n} {m}'",
         "`{n}` is not replaced here"),
    ],
)  # fmt: skip
def test_warnings_do_not_stop_a_scenario(more: str, message: str) -> None:
    reading = read(put(more).encode(), "x.yaml")
    assert reading.scenario is not None
    assert [p.severity for p in reading.problems] == ["warning"]
    assert message in str(reading.problems[0])


# -- files -------------------------------------------------------------------------------------


def test_check_tells_and_fails(tmp_path: Path) -> None:
    good, bad, gone = tmp_path / "good.yaml", tmp_path / "bad.yaml", tmp_path / "gone.yaml"
    good.write_text(GOOD)
    bad.write_text(put("memmory: x"))
    out = io.StringIO()
    assert check_files([good], out) == 0
    assert check_files([good, bad, gone], out) == 1
    assert f"{bad}:4:1: There is no field `memmory`." in out.getvalue()
    assert "Did you mean `memory`?" in out.getvalue()
    assert f"{gone}:1:1: " in out.getvalue()


def test_accept_05_a_broken_file_is_listed_and_the_others_play(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine.yaml").write_text(GOOD)
    (tmp_path / "broken.yaml").write_text("title: a: b")
    (tmp_path / "notes.txt").write_text("no scenario")
    monkeypatch.setattr(library, "scenario_dirs", lambda: [tmp_path])
    entries = {entry.name: entry for entry in library.list_scenarios()}
    assert set(entries) == {"mine", "broken"}
    assert entries["broken"].scenario is None
    assert entries["broken"].problems[0].line == 1
    assert isinstance(entries["mine"].scenario, Scenario)
    assert library.find_scenario("mine") == tmp_path / "mine.yaml"
    assert library.find_scenario(tmp_path / "mine.yaml") == tmp_path / "mine.yaml"
    with pytest.raises(ScenarioError, match="mine"):
        library.find_scenario("mnie")
    for odd in ("", "a\x00b.yaml", "../" * 5, "x" * 300 + ".yaml"):
        with pytest.raises(ScenarioError):
            library.find_scenario(odd)


def test_accept_26_names_of_files_are_cleaned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hostile = os.fsencode(tmp_path) + b"/a\x1b]0;t\x07b\xff.yaml"
    Path(os.fsdecode(hostile)).write_text(GOOD)
    monkeypatch.setenv("DUNGEON_SCENARIOS", str(tmp_path))
    names = [entry.name for entry in library.list_scenarios()]
    assert "ab\ufffd" in names
    assert library.find_scenario("ab\ufffd") == Path(os.fsdecode(hostile))
    out = io.StringIO()
    assert check_files([Path(os.fsdecode(hostile)), Path("gone\x1b[2J\udcff.yaml")], out) == 1
    assert "\x1b" not in out.getvalue()
    out.getvalue().encode()


def test_a_user_that_does_not_exist_is_no_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUNGEON_SCENARIOS", "~nosuchuser/stories")
    library.list_scenarios()
    with pytest.raises(ScenarioError):
        library.find_scenario("~nosuchuser/story.yaml")


def test_check_takes_a_directory(tmp_path: Path) -> None:
    (tmp_path / "good.yaml").write_text(GOOD)
    (tmp_path / "notes.txt").write_text("no scenario")
    out = io.StringIO()
    assert check_files([tmp_path], out) == 0
    assert out.getvalue() == f"{tmp_path / 'good.yaml'}: in order\n"
    (tmp_path / "good.yaml").unlink()
    assert check_files([tmp_path], out) == 1


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo.yaml")
    (tmp_path / "big.yaml").write_bytes(b"a" * 300_000)
    for name in ("fifo.yaml", "big.yaml", "gone.yaml", "."):
        with pytest.raises(ScenarioError):
            read_scenario(tmp_path / name)
    with pytest.raises(ScenarioError):
        read_scenario(Path("/dev/zero"))


def test_the_scenarios_that_ship_are_in_order() -> None:
    root = Path(__file__).parents[2] / "scenarios"
    paths = sorted(root.glob("*.yaml"))
    assert paths
    for path in paths:
        reading = read(read_bytes_of(path), str(path))
        assert reading.problems == (), [str(problem) for problem in reading.problems]
        assert reading.scenario is not None


def read_bytes_of(path: Path) -> bytes:
    return path.read_bytes()


def test_the_schema_describes_every_field() -> None:
    schema = json_schema()
    assert schema["properties"]["dungeon"]["const"] == 1
    assert set(schema["required"]) == {"dungeon", "title", "opening"}
    assert schema["additionalProperties"] is False


# -- nothing else comes out --------------------------------------------------------------------

FEW = int(os.environ.get("DUNGEON_EXAMPLES", "15"))
SNIPPETS = st.sampled_from(
    ["\n", "  ", "\t", "- ", ": ", "[", "]", "{", "}", '"', "'", "*a", "&a", "!!x", "|", ">", "#",
     "---", "...", "%", "@", "`", "?", ",", "\\x", "\u202e", "\x1b", "<<: ", "\\", "1", "name"]
)  # fmt: skip


@settings(max_examples=8 * FEW, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(GOOD)), SNIPPETS, st.integers(0, 12)), max_size=8))
def test_accept_29_mutations_give_only_scenario_errors(
    changes: list[tuple[int, str, int]],
) -> None:
    source = GOOD
    for place, snippet, cut in changes:
        source = source[:place] + snippet + source[place + cut :]
    try:
        scenario = read_scenario_text(source)
    except ScenarioProblems as error:
        problems, scenario = error.problems, None
    else:
        problems = ()
    assert all(1 <= p.line <= source.count("\n") + 1 and p.render() for p in problems)
    assert problems if scenario is None else from_data(to_data(scenario)) == scenario


@settings(max_examples=4 * FEW, deadline=None)
@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda t: t.encode("utf-8", "replace")))
def test_accept_29_any_bytes_give_only_scenario_errors(data: bytes) -> None:
    assert read(data, "x").problems or read(data, "x").scenario is not None
