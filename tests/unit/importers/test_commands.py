"""`dungeon import` and `dungeon export` as they are typed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dungeon import cli
from dungeon.authoring.reader import check, read_scenario
from dungeon.storage.story_file import StoryFile
from dungeon.story.story import Story
from tests.unit.importers import samples


def nothing(*_: object) -> None:
    raise AssertionError("no model is needed for this")


def run(*words: object) -> int:
    return cli.run([str(word) for word in words], cli.Tools(nothing, nothing, nothing))  # type: ignore[arg-type]


def load(path: Path) -> Story:
    file = StoryFile.open(path, read_only=True)
    try:
        return file.load()
    finally:
        file.close()


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DUNGEON_SAVES", str(tmp_path / "saves"))


def put(name: str, data: bytes) -> Path:
    path = Path(name)
    path.write_bytes(data)
    return path


def test_a_scenario_is_written_beside_and_a_story_among_the_saves(
    capsys: pytest.CaptureFixture[str],
) -> None:
    # The ending lies: what counts is what is inside.
    assert run("import", put("a.txt", samples.AID_SCENARIO)) == 0
    assert read_scenario(Path("the-ford.yaml")).title == "The Ford"
    assert not [p for p in check(Path("the-ford.yaml")) if p.severity == "error"]
    told = capsys.readouterr()
    assert told.out == ""
    assert "Wrote the-ford.yaml." in told.err
    assert "This is an AI Dungeon scenario.\nCarried over:\n" in told.err
    assert "No home here:\n  1 branch" in told.err

    assert run("import", put("b.png", samples.KOBOLD_ZIP)) == 0
    (path,) = Path("saves").glob("*.dungeon")
    story = load(path)
    assert [node.text for node in story.tree.path()][1:] == ["Something knocks back."]
    assert {node.origin for node in story.tree} == {"imported"}
    assert len(story.tree) == 4


def test_either_can_be_made_of_any_file() -> None:
    assert run("import", put("k.json", samples.KOBOLD_V1), "--as", "scenario", "-o", "k.yaml") == 0
    assert read_scenario(Path("k.yaml")).opening == "You stand in a cellar."
    assert run("import", put("c.json", samples.CARD_V2), "--as", "story", "-o", "c.dungeon") == 0
    assert load(Path("c.dungeon")).memory.startswith("Mira keeps bees. Robin is her tenant.")


def test_nothing_is_ever_written_over(capsys: pytest.CaptureFixture[str]) -> None:
    source = put("a.json", samples.AETHER)
    Path("kiln.yaml").write_text("mine")
    assert run("import", source) == 1
    assert "kiln.yaml is there already." in capsys.readouterr().err
    assert Path("kiln.yaml").read_text() == "mine"
    Path("s.dungeon").write_text("mine")
    assert run("import", put("k.json", samples.KOBOLD_V1), "-o", "s.dungeon") == 1
    assert Path("s.dungeon").read_text() == "mine"
    assert not list(Path("saves").glob("*.dungeon"))


def test_a_file_of_many_fills_a_folder() -> None:
    assert run("import", put("s.yaml", samples.AID2_STORIES), "-o", "out") == 0
    assert sorted(path.name for path in Path("out").iterdir()) == [
        "marsh-abbot.yaml", "marsh-eeler.yaml",
    ]  # fmt: skip
    again = put("two.json", samples.dump([json.loads(samples.AID_ADVENTURES)["stories"][0]] * 2))
    assert run("import", again) == 0
    assert len(list(Path("saves").glob("*.dungeon"))) == 2


def test_the_seed_decides_what_a_grammar_leaves_to_chance() -> None:
    source = put("g.json", samples.TRACERY)
    for folder, seed in (("a", 5), ("b", 5), ("c", 6), ("d", 7), ("e", 8)):
        assert run("import", source, "--seed", seed, "-o", f"{folder}/") == 0
    texts = [Path(f"{folder}/hermit.yaml").read_text() for folder in "abcde"]
    assert texts[0] == texts[1]
    assert len(set(texts)) > 1


def test_cards_that_a_scenario_cannot_hold_are_written_beside_it() -> None:
    cards = [{"keys": f"k{n}", "value": "word " * 400, "title": f"Card {n}"} for n in range(200)]
    assert run("import", put("many.json", samples.dump(cards))) == 0
    kept = read_scenario(Path("many.yaml")).cards
    rest = json.loads(Path("many.cards.json").read_text())
    assert [*(card.name for card in kept), *(item["title"] for item in rest)] == [
        f"Card {n}" for n in range(200)
    ]
    assert run("import", "many.cards.json", "-o", "more.yaml") == 0


def test_an_export_of_our_own_comes_back_whole() -> None:
    assert run("import", put("k.json", samples.KOBOLD_V1), "-o", "a.dungeon") == 0
    assert run("export", "a.dungeon", "--format", "json", "-o", "a.json") == 0
    assert run("import", "a.json", "-o", "b.dungeon") == 0
    one, two = load(Path("a.dungeon")), load(Path("b.dungeon"))
    assert list(one.tree) == list(two.tree)
    assert one.tree.head == two.tree.head
    assert (one.memory, one.cards, one.title) == (two.memory, two.cards, two.title)
    assert run("import", "a.json", "--as", "scenario", "-o", "a.yaml") == 0
    assert read_scenario(Path("a.yaml")).memory == "It is dark."


def test_export_tells_a_story_from_a_scenario(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("import", put("k.json", samples.KOBOLD_V2)) == 0
    (path,) = Path("saves").glob("*.dungeon")
    assert run("export", path.stem, "--format", "kobold", "-o", "out.json") == 0
    assert json.loads(Path("out.json").read_text())["prompt"] == "You stand in a cellar."
    assert run("export", "salt-road", "--format", "novelai", "-o", "s.scenario") == 0
    assert json.loads(Path("s.scenario").read_text())["title"] == "The Salt Road"
    assert run("export", "salt-road", "--format", "card", "-o", "s.json") == 0
    capsys.readouterr()
    assert run("export", "salt-road", "--format", "kobold") == 1
    assert capsys.readouterr().err == (
        "dungeon: salt-road is a scenario.\nUse --format novelai or card for a scenario.\n"
    )
    assert run("export", path.stem, "--format", "card") == 1
    assert "is a story.\nUse --format md, txt" in capsys.readouterr().err


def test_a_folder_stands_for_the_one_save_in_it(capsys: pytest.CaptureFixture[str]) -> None:
    Path("clover").mkdir()
    put("clover/save.json", samples.CLOVER_SAVE)
    assert run("import", "clover", "-o", "c.dungeon") == 0
    put("clover/other.json", samples.CLOVER_SAVE)
    assert run("import", "clover") == 1
    assert "Name one of: other.json, save.json." in capsys.readouterr().err


@pytest.mark.parametrize("name", ["missing.json", "/dev/zero", "."])
def test_what_cannot_be_read_is_told(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("import", name) == 1
    told = capsys.readouterr().err
    assert told.startswith("dungeon: ")
    assert "Traceback" not in told
