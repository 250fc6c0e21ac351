"""What is legal in a scenario but weak, and what `dungeon check` makes of it."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from dungeon.authoring.check import check_files
from dungeon.authoring.estimate import tokens
from dungeon.authoring.problem import Problem
from dungeon.authoring.reader import read, read_scenario

ROOT = Path(__file__).parents[2] / "scenarios"
WORDS = "The ferry keeps to the far bank. "


def put(more: str, opening: str = "You wait.") -> str:
    """A smallest file with `more` from its fourth line on."""
    return f"dungeon: 1\ntitle: T\nopening: {opening}\n{more}\n"


def warnings(source: str) -> list[Problem]:
    reading = read(source.encode(), "x.yaml")
    assert reading.scenario is not None, [str(problem) for problem in reading.problems]
    return list(reading.problems)


WEAK = [
    ("", """'"I know," she says. I wait for her.'""", 3, 31, "and the opening says `I`"),
    ("", "He walks to the door and opens it.", 3, 10, "second person, and the opening says `He`"),
    ("style: {person: first}", "You wait, and I thank you.", 3, 10, "the opening says `You`"),
    ("style: {person: third, name: Ada}", "Ada waits. I know.", 3, 21, "the opening says `I`"),
    ("", "You wait. " + "It rains. " * 150, 3, 10, "The opening has 302 words"),
    (f"memory: {WORDS * 50}", "", 4, 9, "takes about 400 tokens; a window of 1024 has 314"),
    (f"memory: {WORDS * 34}\ngeneration: {{max_new_tokens: 300}}", "", 4, 9, "has 241 for it"),
    (f"authors_note: {WORDS * 20}", "", 4, 15, "The author's note takes about 160 tokens"),
    (f"cards:\n  - {{name: A, keys: [x], text: {WORDS * 40}}}", "", 5, 32, "about 320 tokens"),
    (f"memory: {WORDS * 20}\ncards:\n  - {{name: A, always: true, text: {WORDS * 20}}}", "", 6, 35,
     "beside the memory a window of 1024 has 154 left"),
    ("questions:\n  - {key: n, ask: Who?, choices: [Bo, bo]}\nmemory: '{n}'", "", 5, 39,
     "The choice `bo` is offered twice"),
    ("cards:\n  - {name: A, text: b, keys: [door]}\n  - {name: B, text: c, keys: [Door]}", "",
     6, 31, "The card `A` has the key `Door` too"),
    ("cards:\n  - {name: A, text: b, keys: [door, the]}", "", 5, 37, "`the` stands in nearly"),
    ("cards:\n  - {name: A, text: b, keys: [door, '?!']}", "", 5, 37, "`?!` holds no word"),
    ("cards:\n  - {name: A, text: b, keys: [what he did to me]}", "", 5, 31, "A key of 5 words"),
    ("cards:\n  - {name: A, text: b, keys: [x], always: true}", "", 5, 30, "needs no keys"),
    ("banned: [suddenly, wait]", "", 4, 20, "The narrator may never write `wait`"),
    ("examples:\n  - {action: look, text: You look}", "", 5, 26, "ends within a sentence"),
]  # fmt: skip


@pytest.mark.parametrize(("more", "opening", "line", "column", "message"), WEAK)
def test_accept_06_what_is_weak_is_told_with_its_place_and_a_fix(
    more: str, opening: str, line: int, column: int, message: str
) -> None:
    (problem,) = warnings(put(more, opening or "You wait."))
    assert message in problem.message
    assert (problem.line, problem.column) == (line, column)
    assert problem.severity == "warning"
    assert problem.fix


@pytest.mark.parametrize(
    ("more", "opening"),
    [
        ("", "The caravan halts at dusk."),
        ("", "門の前に立っている。"),
        ("", "'\"I am late,\" he says. You nod.'"),
        ("style: {person: first}", "'\"You are late,\" he says. I nod.'"),
        ("style: {person: third, name: Ada}", "'\"I see you,\" says Ada.'"),
        ("banned: [ait, wai]", ""),
        ("examples:\n  - {action: look, text: 'You ask. \"Why?\"'}", ""),
        ("cards:\n  - {name: A, text: b, keys: [door, the door, 王]}", ""),
    ],
)
def test_what_is_well_written_is_left_alone(more: str, opening: str) -> None:
    assert warnings(put(more, opening or "You wait.")) == []


def test_the_place_of_a_word_is_found_below_equal_ones_in_speech() -> None:
    opening = '>-\n  "I, I and I!" he cries.\n  The rain stops, and I go.'
    (problem,) = warnings(put("", opening))
    assert (problem.line, problem.column) == (5, 23)


@pytest.mark.parametrize(
    ("name", "memory", "opening"),
    # Tokens of GPT-2's own tokenizer.
    [("salt-road", 162, 211), ("one-too-many", 95, 254), ("winter-guest", 156, 256)],
)
def test_tokens_are_estimated_within_a_tenth(name: str, memory: int, opening: int) -> None:
    scenario = read_scenario(ROOT / f"{name}.yaml")
    assert tokens(scenario.memory) == pytest.approx(memory, rel=0.1)
    assert tokens(scenario.opening) == pytest.approx(opening, rel=0.1)


# -- the command -------------------------------------------------------------------------------


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_check_writes_json_colours_and_what_there_is_of_a_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    (tmp_path / "weak.yaml").write_text(put("banned: [wait]"))
    (tmp_path / "wrong.yml").write_text(put("memmory: \x1b[2J[bold]"))
    (tmp_path / "notes.txt").write_text("no scenario")
    (tmp_path / "empty").mkdir()
    weak = tmp_path / "weak.yaml"

    out = io.StringIO()
    assert check_files([weak], out) == 0
    assert check_files([weak], out, strict=True) == 1
    assert check_files([tmp_path], out) == 1
    assert out.getvalue().endswith("2 files: 1 error, 1 warning\n")
    assert "\x1b" not in out.getvalue()

    out = io.StringIO()
    assert check_files([weak, tmp_path / "empty"], out, as_json=True) == 1
    told, empty = json.loads(out.getvalue())
    assert told == {
        "file": str(weak),
        "line": 4,
        "column": 10,
        "severity": "warning",
        "message": "The narrator may never write `wait`, and the opening does.",
        "fix": "Take it out of one of the two: a model goes on as the opening sounds.",
    }
    assert empty["message"] == "There is no scenario file in this directory."

    terminal = Terminal()
    assert check_files([tmp_path], terminal) == 1
    painted = terminal.getvalue()
    assert "\x1b[1;33m" in painted
    assert "\x1b[1;31m" in painted
    assert "\x1b[2J" not in painted
    # A long path is not wrapped: an editor finds the place by its line.
    assert f"{weak}:4:10: warning" in painted
