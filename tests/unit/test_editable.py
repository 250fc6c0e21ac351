"""A scenario's file while it is edited: what the form shows, and how it is saved."""

from __future__ import annotations

from pathlib import Path

import pytest

from dungeon.authoring import editable, library
from dungeon.authoring.editable import EditedFile, look_over, own_copy
from dungeon.authoring.new import template
from dungeon.authoring.schema import ScenarioModel
from dungeon.errors import ScenarioError

FERRY = template("The Last Ferry")


def test_the_form_lists_every_field_of_the_format_with_its_help() -> None:
    look = look_over(FERRY, "x.yaml")
    rows = {field.where: field for field in look.fields}
    top = {str(where[0]) for where in rows} | {"dungeon", "examples"}
    assert top == set(ScenarioModel.model_fields)
    assert all(field.help for field in look.fields)
    assert rows[("rating",)].choices == ("everyone", "teen", "mature")
    assert rows[("style", "person")].kind == "choice"
    assert rows[("tags",)].value == ["fantasy"]
    assert rows[("questions", 1, "choices")].kind == "list"
    assert "from 0 to 2; 0.5 if not given" in rows[("generation", "temperature")].help
    card = rows[("cards", 0)]
    assert (card.kind, card.label, card.item) == ("card", "Mother Heron", ("cards", 0))
    assert FERRY.split("\n")[card.line or 0] == "  - name: Mother Heron"


def test_what_is_of_the_wrong_type_is_left_to_the_text() -> None:
    look = look_over("title: [a]\ntags: x\ncards: y\nstyle: 4\nopening: O\n", "x.yaml")
    wheres = {field.where[0] for field in look.fields}
    assert "opening" in wheres
    assert not wheres & {"title", "tags", "cards", "style"}
    assert look.problems
    for text in ("- a", "", "title: [", "\x00"):
        assert look_over(text, "x.yaml").fields == ()
        assert look_over(text, "x.yaml").problems


def test_a_file_keeps_its_line_ends_and_its_mark(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_bytes("\ufefftitle: T\r\nopening: O\r\n".encode())
    file = EditedFile(path)
    assert file.text == "title: T\nopening: O\n"
    file.save("title: Ü\nopening: O\n")
    assert path.read_bytes() == "\ufefftitle: Ü\r\nopening: O\r\n".encode()
    assert not file.moved_on()
    path.write_text("title: Theirs\n")
    assert file.moved_on()
    file.reload()
    assert file.text == "title: Theirs\n"
    path.unlink()
    assert file.moved_on()
    file.save("title: Again\n")
    assert path.read_text() == "title: Again\n"


def test_what_nobody_can_see_is_taken_out_and_that_is_known(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text("title: A\u202eB\n", "utf-8")
    file = EditedFile(path)
    assert file.altered
    assert file.text == "title: AB\n"
    file.save(file.text)
    assert not file.altered


def test_what_cannot_be_opened_or_saved_is_told_and_the_file_stays(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_bytes(b"title: caf\xe9\n")
    with pytest.raises(ScenarioError, match="cannot be edited"):
        EditedFile(path)
    path.write_text("title: T\n")
    file = EditedFile(path)
    with pytest.raises(ScenarioError, match="larger than 256 KiB"):
        file.save("x" * 300_000)
    assert path.read_text() == "title: T\n"
    file.path = tmp_path / "gone" / "x.yaml"
    with pytest.raises(ScenarioError, match="cannot be written"):
        file.save("title: U\n")


def test_a_scenario_that_ships_is_copied_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(editable, "own_scenarios", lambda: tmp_path / "own")
    salt = library.find_scenario("salt-road")
    assert library.ships(salt)
    copy = own_copy(salt)
    assert copy == tmp_path / "own" / "salt-road.yaml"
    assert not library.ships(copy)
    copy.write_text("title: Mine\n")
    assert own_copy(salt).read_text() == "title: Mine\n"
