"""New scenario files: in order as they are written, and never over another."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from dungeon.authoring.new import GENRES, template, write_new
from dungeon.authoring.reader import check, read, read_scenario
from dungeon.authoring.schema import json_schema, write_schema
from dungeon.errors import ScenarioError


@pytest.mark.parametrize("genre", GENRES)
def test_a_new_file_has_no_problem(genre: str, tmp_path: Path) -> None:
    path = write_new("The Last Ferry", tmp_path / "mine", genre)
    assert path == tmp_path / "mine" / "the-last-ferry.yaml"
    assert check(path) == []
    scenario = read_scenario(path)
    assert scenario.tags == (genre,)
    assert "Robin" in scenario.filled({}).memory
    assert "{" not in scenario.filled({}).opening
    assert "\n" not in scenario.opening
    assert [card.always for card in scenario.cards] == [False, True]


@pytest.mark.parametrize(
    "title",
    [
        "a: b",
        '"quoted" \\ and #',
        "[/]",
        "{name}",
        "@x",
        "ノ門 👩\u200d👧",
        "- x",
        "yes",
        "x" * 500,
    ],
)
def test_any_title_stays_as_typed(title: str, tmp_path: Path) -> None:
    scenario = read_scenario(write_new(title, tmp_path))
    shown = scenario.filled({"name": "Wrong"}).title
    assert shown == title if len(title) <= 120 else len(shown) == 120


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("../../etc/passwd", "etc-passwd.yaml"),
        ("/abs/olute", "abs-olute.yaml"),
        ("..", "scenario.yaml"),
        ("CON", "scenario-con.yaml"),
        ("lpt1.", "scenario-lpt1.yaml"),
        ("Cafe\u0301 Noir", "cafe-noir.yaml"),
        ("Caf\u00e9 Noir", "cafe-noir.yaml"),
        ("a\nb", "a-b.yaml"),
        ("門", "scenario.yaml"),
    ],
)
def test_accept_30_the_file_stays_in_its_directory(title: str, name: str, tmp_path: Path) -> None:
    assert write_new(title, tmp_path) == tmp_path / name
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_file_that_is_there_is_never_written_over(tmp_path: Path) -> None:
    (tmp_path / "the-gate.yaml").write_text("mine")
    with pytest.raises(ScenarioError, match="there already"):
        write_new("The Gate", tmp_path)
    assert (tmp_path / "the-gate.yaml").read_text() == "mine"


def test_what_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ScenarioError, match="cannot be written"):
        write_new("The Gate", tmp_path / "file")
    with pytest.raises(ScenarioError, match="Did you mean horror"):
        template("The Gate", "horor")
    for title in ("", "  ", "\x1b[2J", "\ufffe"):
        with pytest.raises(ScenarioError, match="title"):
            template(title)


def test_the_schema_is_written_as_json() -> None:
    out = io.StringIO()
    assert write_schema(out) == 0
    assert json.loads(out.getvalue()) == json_schema()


def test_the_commented_fields_are_right_too() -> None:
    source = template("The Gate").replace("# generation:", "generation:").replace("#   ", "  ")
    reading = read(source.encode(), "x.yaml")
    assert reading.problems == ()
    assert reading.scenario is not None
    assert reading.scenario.generation.max_new_tokens == 80
