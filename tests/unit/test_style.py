"""A story told of Sanna, in the past: what is shown, prompted, exported, kept and checked."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from dungeon.authoring.reader import read, read_scenario_text
from dungeon.engine.scripted import ScriptedEngine
from dungeon.errors import ScenarioError
from dungeon.plain import PlainGame
from dungeon.session import GameSession
from dungeon.storage.book import to_book
from dungeon.storage.export import from_json, to_json, to_markdown, to_text
from dungeon.story.action import parse
from dungeon.story.form import narrator
from dungeon.story.scenario import Example, Question, Scenario, Style, from_data, to_data
from tests.unit.test_context import CHATML, SHAPES, build
from tests.unit.test_session import session_path

SCENARIO = Scenario(
    title="The Winter Guest",
    opening="{name} stood at the door.",
    questions=(Question("name", "What is she called?", "Sanna"),),
    style=Style("third", "past", pronoun="she"),
    examples=(Example("lift my lamp", "The light fell on wet boots."),),
)
LINE = "> Sanna opened her door."
REPLY = "Sanna opened her door. Snow came in. What do you do?"


def played(saves: Path | None = None) -> tuple[GameSession, str]:
    session = GameSession.new(SCENARIO, ScriptedEngine(replies=[REPLY]), saves=saves, seed=3)
    story = io.StringIO()
    PlainGame(session, io.StringIO("I open my door\n"), story, io.StringIO()).run()
    return session, story.getvalue()


def test_the_line_is_shown_and_its_echo_is_not() -> None:
    _, text = played()
    assert text == f"Sanna stood at the door.\n\n{LINE}\n\nSnow came in.\n\n"


@pytest.mark.parametrize("shape", SHAPES)
def test_the_line_is_prompted(shape: object) -> None:
    session, _ = played()
    prompt = "".join(
        part.text
        for part in build(session.story, "and I sat down", shape).parts  # type: ignore[arg-type]
    )
    assert LINE.removeprefix("> ") in prompt
    assert "And Sanna sat down." in prompt
    if shape in (SHAPES[0], SHAPES[-1]):
        assert "> Sanna lifted her lamp." in prompt
    if getattr(shape, "chat", None) == CHATML and shape is not SHAPES[3]:
        assert "in the third person, about Sanna, past tense" in prompt


def test_the_line_is_exported() -> None:
    session, _ = played()
    for export in (to_text, to_markdown, to_book):
        assert LINE.removeprefix("> ") in export(session.story)
    assert from_json(to_json(session.story)).style == session.story.style


def test_the_name_is_kept_with_the_story(tmp_path: Path) -> None:
    session, _ = played(tmp_path)
    session.close()
    again = GameSession.resume(session_path(tmp_path), ScriptedEngine())
    assert again.story.style == Style("third", "past", "Sanna", "she")
    again.close()


def test_the_narrator_is_told_the_style() -> None:
    assert "in the second person, present tense." in narrator(Style())
    assert "in the first person, past tense." in narrator(Style("first", "past"))


def test_the_name_is_the_styles_own_or_the_answer() -> None:
    assert SCENARIO.filled({"name": "Ida"}).style.name == "Ida"
    assert SCENARIO.filled({}).style.name == "Sanna"
    named = Scenario(
        "T", "O", questions=SCENARIO.questions, style=Style("third", name="old {name}")
    )
    assert named.filled({"name": "Ida"}).style.name == "old Ida"
    assert Scenario("T", "O", style=Style("third")).filled({}).style.name == ""


def test_a_story_from_before_there_were_names_loads_unchanged() -> None:
    data = to_data(Scenario("T", "O"))
    assert data["style"] == {"person": "second", "tense": "present"}
    assert from_data(json.loads(json.dumps(data))) == Scenario("T", "O")
    old = {"title": "T", "opening": "O", "style": {"person": "third", "tense": "past"}}
    assert from_data(old).style == Style("third", "past")


@pytest.mark.parametrize("field", ["person", "tense", "pronoun"])
def test_a_style_that_is_none_is_refused(field: str) -> None:
    with pytest.raises(ScenarioError, match=field):
        from_data({"title": "T", "opening": "O", "style": {field: "fourth"}})


def source(style: str, more: str = "") -> bytes:
    return f"dungeon: 1\ntitle: T\nopening: Sanna waits.\nstyle: {style}\n{more}".encode()


def test_the_fields_are_read() -> None:
    text = source("{person: third, name: Sanna, pronoun: she}")
    assert read_scenario_text(text).style == Style("third", "present", "Sanna", "she")
    assert not read(text, "x.yaml").problems


def test_a_pronoun_that_is_none_is_told_with_its_place() -> None:
    problem = read(source("{person: third, name: Sanna, pronoun: shee}"), "x.yaml").problems[0]
    assert (problem.line, problem.column) == (4, 46)
    assert "Did you mean `she`?" in problem.render()


def test_the_third_person_wants_a_name() -> None:
    problems = read(source("{person: third}"), "x.yaml").problems
    assert [p.severity for p in problems] == ["warning"]
    assert "The third person needs somebody to tell of" in str(problems[0])
    asked = "questions: [{key: name, ask: Who?}]\nmemory: '{name}'"
    assert not read(source("{person: third}", asked), "x.yaml").problems
    used = "questions: [{key: who, ask: Who?}]"
    assert not read(source("{person: third, name: '{who}'}", used), "x.yaml").problems


def test_a_name_of_an_unknown_answer_is_an_error() -> None:
    problem = read(source("{person: third, name: '{nmae}'}"), "x.yaml").problems[0]
    assert "No question has the key `nmae`" in str(problem)


def test_speech_is_in_the_style_too() -> None:
    session, _ = played()
    turn = session.begin_turn(parse('"Who is there?"'))
    prompt = "".join(part.text for part in turn.context.parts)
    assert '> Sanna said "Who is there?"' in prompt
    session.abort(turn)
