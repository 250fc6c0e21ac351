"""`dungeon try`: a scenario that plays by itself, and the report on it."""

from __future__ import annotations

from pathlib import Path

import pytest

from dungeon import cli
from dungeon.engine.scripted import ScriptedEngine
from dungeon.errors import EngineError
from dungeon.story.action import Mode
from dungeon.story.scenario import Card, Question, Scenario, Style
from dungeon.trial.play import action_of, try_out, usual_lines
from dungeon.trial.report import report

GATE = Scenario(
    title="The [Gate]",
    opening="You stand at the gate, {name}.",
    memory="Maro keeps the gate.",
    questions=(Question("name", "Who?", "Ada"),),
    cards=(
        Card("Maro", "Maro has one eye.", ("maro",)),
        Card("The law", "Nobody passes at night.", always=True),
        Card("The well|", "The well is dry.", ("well",)),
        Card("The hoard", "Gold and more gold. " * 200, ("gate",)),
    ),
)
TOLD = ("Maro looks at you.", "I laugh. No.", "The hinges creak.")


def test_the_usual_lines_ask_about_each_card_that_wants_it() -> None:
    lines = list(usual_lines(GATE.cards, 8))
    assert len(lines) == 8
    assert [line for line in lines if line.startswith("ask")] == [
        "ask about Maro",
        "ask about the well|",
        "ask about the hoard",
        "ask about Maro",
    ]
    assert list(usual_lines((), 3)) == ["look around", "", ""]


@pytest.mark.parametrize(
    ("line", "mode", "text"),
    [
        ("open the gate", Mode.DO, "open the gate"),
        ("/do open it", Mode.DO, "open it"),
        ("/say Hello", Mode.SAY, "Hello"),
        ('"Hello"', Mode.SAY, '"Hello"'),
        ("/story Night falls.", Mode.STORY, "Night falls."),
        ("", Mode.CONTINUE, ""),
        ("/continue", Mode.CONTINUE, ""),
    ],
)
def test_lines_are_read_as_in_the_game(line: str, mode: Mode, text: str) -> None:
    action = action_of(line)
    assert (action.mode, action.text) == (mode, text)


def test_the_report_has_the_story_the_figures_the_room_and_the_cards() -> None:
    engine = ScriptedEngine(replies=(*TOLD, EngineError("The engine broke.")))
    done: list[int] = []
    trial = try_out(
        GATE,
        engine,
        ["knock", "/say Who is there?", "", "wait"],
        seed=3,
        answers={"name": "Bo"},
        progress=lambda number, all_: done.append(number),
    )
    assert done == [0, 1, 2, 3]
    assert [turn.text for turn in trial.turns][::3] == ["Maro looks at you.", ""]
    text = report(trial)
    assert text.startswith("# Trial of The \\[Gate\\]\n\n4 turns with scripted, seed 3.\n")
    assert "You stand at the gate, Bo." in text
    assert '> You say "Who is there?"' in text
    assert "*The engine broke.*" in text
    assert "| turns in which something was told | 3 of 4 |" in text
    assert "| narrator without “I” | 67 % |" in text
    assert "| The law | always | turns 1-4 |" in text
    assert "| Maro | maro | turns 2-4 |" in text
    assert "| The well\\| | well | never |" in text
    assert "The well\\|: never called." in text
    assert "The hoard: called, but other cards took the room." in text
    assert "| card The hoard | turns 1-3 |" in text
    assert "*Cards: Maro, The law.*" in text
    first = trial.turns[0].context
    assert f" | {first.tokens} | {first.limit} |" in text


def test_a_story_in_the_first_person_may_say_i() -> None:
    scenario = Scenario("Ice", "I wake.", style=Style(person="first"))
    trial = try_out(scenario, ScriptedEngine(replies=["I get up."]), [""], seed=1)
    assert "without “I”" not in report(trial)
    assert "The scenario has none." in report(trial)


def test_the_command_writes_the_same_report_for_the_same_seed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tools = cli.Tools(lambda name: ScriptedEngine(), lambda name: None, lambda args: 0)
    path, lines = tmp_path / "gate.yaml", tmp_path / "lines.txt"
    path.write_text("dungeon: 1\ntitle: Gate\nopening: You wait.\n")
    lines.write_text("look\n\n/say Hi\n")
    out = tmp_path / "report.md"
    try_it = ["--model", "scripted", "try", str(path), "--actions", str(lines)]
    assert cli.run([*try_it, "-o", str(out), "--turns", "4"], tools) == 0
    assert "> You look." in out.read_text()
    assert "### Turn 4" in out.read_text()
    assert "turn 4 of 4" in capsys.readouterr().err
    told = out.read_text().partition("## The story")[2]
    assert cli.run([*try_it, "--turns", "4"], tools) == 0
    assert capsys.readouterr().out.partition("## The story")[2] == told
    lines.write_text("\n")
    assert cli.run(try_it, tools) == 1
    assert "holds no action" in capsys.readouterr().err
