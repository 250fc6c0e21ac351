"""Stories of every released format load for ever; those of the next one are made up here."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from dungeon.errors import SaveError
from dungeon.storage import database, export, library
from dungeon.storage.check import check_save
from dungeon.storage.story_file import StoryFile
from dungeon.story.story import Story
from tests.unit.test_storage import grow

FIXTURES = Path(__file__).parents[1] / "fixtures" / "stories"
NOW = database.VERSION
FORMATS = range(1, NOW + 1)


def of_format(number: int, folder: Path) -> Path:
    path = folder / f"old-{number}.dungeon"
    path.write_bytes((FIXTURES / f"format-{number}.dungeon").read_bytes())
    return path


def load(path: Path, *, read_only: bool = False) -> Story:
    file = StoryFile.open(path, read_only=read_only)
    try:
        return file.load()
    finally:
        file.close()


def contents(story: Story) -> tuple[object, ...]:
    """What both a file and an export hold."""
    tree = story.tree
    beside = (story.title, story.memory, story.authors_note, story.current_scenario())
    return list(tree), tree.head, *beside, story.automatic, story.forgotten


@pytest.mark.parametrize("number", FORMATS)
def test_accept_17_a_story_of_every_format_loads(number: int, tmp_path: Path) -> None:
    path = of_format(number, tmp_path)
    exported = (FIXTURES / f"format-{number}.json").read_text(encoding="utf-8")
    read_only = load(path, read_only=True)
    assert path.read_bytes() == (FIXTURES / f"format-{number}.dungeon").read_bytes()
    assert check_save(path).error is None
    assert isinstance(library.list_saves(tmp_path)[0], library.SaveSummary)
    story = load(path)
    told = export.from_json(exported)
    for one in (read_only, story):
        assert contents(one) == contents(told)
    # Redo, which an export does not tell.
    assert story.tree.head.id == 3
    assert story.tree.redo().text == story.tree[9].text
    grow(story, "The bell rings.")
    file = StoryFile.open(path)
    file.load()
    file.save(story)
    file.close()
    assert load(path).tree.head.text == "The bell rings."


def test_accept_17_what_format_1_did_not_know_is_as_in_a_new_story(tmp_path: Path) -> None:
    path = of_format(1, tmp_path)
    for read_only in (True, False):
        story = load(path, read_only=read_only)
        assert (story.automatic, story.forgotten, story.source) == (True, (), None)
    assert database.check_header(path) == NOW
    assert (tmp_path / "old-1.dungeon.format-1.bak").read_bytes() == (
        FIXTURES / "format-1.dungeon"
    ).read_bytes()


def test_accept_17_what_format_2_added_is_in_its_story(tmp_path: Path) -> None:
    story = load(of_format(2, tmp_path), read_only=True)
    assert (story.automatic, story.forgotten) == (False, ("the mule",))
    assert story.source is not None
    assert [card.priority for card in story.cards] == [3, 0]
    assert story.generation.repetition_slope == 0.7


@pytest.fixture
def next_format(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Dungeon that writes the format that is to come: a table more, filled from what is there."""
    added = "CREATE TABLE marks (node INTEGER PRIMARY KEY, what TEXT NOT NULL)"

    def migration(db: sqlite3.Connection) -> None:
        db.execute(added)
        db.execute("INSERT INTO marks SELECT id, origin FROM nodes")

    monkeypatch.setattr(database, "VERSION", NOW + 1)
    monkeypatch.setattr(database, "FORMER_TABLES", {**database.FORMER_TABLES, NOW: database.TABLES})
    monkeypatch.setattr(database, "TABLES", {**database.TABLES, "marks": added})
    monkeypatch.setattr(database, "MIGRATIONS", {**database.MIGRATIONS, NOW: migration})


@pytest.mark.usefixtures("next_format")
def test_accept_17_a_backup_comes_before_the_change_of_format(tmp_path: Path) -> None:
    path = of_format(NOW, tmp_path)
    before = path.read_bytes()
    old = contents(load(path, read_only=True))
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
    assert contents(load(path)) == old
    assert database.check_header(path) == NOW + 1
    backup = tmp_path / f"old-{NOW}.dungeon.format-{NOW}.bak"
    assert backup.read_bytes() == before
    assert backup.stat().st_mode & 0o777 == 0o600
    # A second time there is nothing to do, and no second backup.
    changed = path.read_bytes()
    assert contents(load(path)) == old
    assert path.read_bytes() == changed
    assert sorted(p.name for p in tmp_path.iterdir()) == [path.name, backup.name]


@pytest.mark.usefixtures("next_format")
def test_accept_17_a_change_of_format_that_fails_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = of_format(NOW, tmp_path)
    before = path.read_bytes()
    steps = 0

    def breaking(db: sqlite3.Connection) -> None:
        nonlocal steps
        steps += 1
        db.execute("CREATE TABLE marks (node INTEGER PRIMARY KEY, what TEXT NOT NULL)")
        # Reading tries it on a copy in memory first; it is the file's own turn that breaks.
        if steps == 2:
            db.execute("DELETE FROM nodes")
            raise sqlite3.OperationalError("no more room")

    monkeypatch.setattr(database, "MIGRATIONS", {NOW: breaking})
    with pytest.raises(SaveError):
        StoryFile.open(path)
    assert steps == 2
    assert path.read_bytes() == before
    backup = tmp_path / f"old-{NOW}.dungeon.format-{NOW}.bak"
    assert backup.read_bytes() == before
    assert {p.name for p in tmp_path.iterdir()} == {path.name, backup.name}


@pytest.mark.usefixtures("next_format")
def test_accept_17_no_change_of_format_without_a_backup(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = of_format(NOW, tmp_path)
    before = path.read_bytes()

    def full(*args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("dungeon.storage.story_file.shutil.copyfile", full)
    with pytest.raises(SaveError, match="disk is full"):
        StoryFile.open(path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


@pytest.mark.usefixtures("next_format")
def test_accept_17_a_crash_in_the_change_of_format_is_rolled_back(tmp_path: Path) -> None:
    path = of_format(NOW, tmp_path)
    old = contents(load(path, read_only=True))
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA cache_size = 1")
    db.execute("BEGIN")
    db.execute(f"PRAGMA user_version = {NOW + 1}")
    db.execute("UPDATE nodes SET text = 'half done ' || seq || hex(zeroblob(3000))")
    # As a crash leaves it: pages are written, the first one too, and the journal is there.
    crashed = tmp_path / "crashed.dungeon"
    data = bytearray(path.read_bytes())
    data[60:64] = (NOW + 1).to_bytes(4, "big")
    crashed.write_bytes(data)
    journal = Path(f"{path}-journal").read_bytes()
    db.close()
    Path(f"{crashed}-journal").write_bytes(journal)
    assert b"half done" in data
    assert database.check_header(crashed) == NOW + 1
    assert contents(load(crashed, read_only=True)) == old
    assert check_save(crashed).error is None
    assert contents(load(crashed)) == old
    assert (tmp_path / f"crashed.dungeon.format-{NOW}.bak").exists()


def test_accept_17_a_format_that_is_to_come_is_left_alone(tmp_path: Path) -> None:
    path = of_format(NOW, tmp_path)
    db = sqlite3.connect(path)
    db.execute(f"PRAGMA user_version = {database.VERSION + 1}")
    db.execute("CREATE TABLE marks (node INTEGER PRIMARY KEY)")
    db.close()
    before = path.read_bytes()
    for attempt in (
        lambda: StoryFile.open(path),
        lambda: StoryFile.open(path, read_only=True),
        lambda: library.rename_title(path, "Mine"),
    ):
        with pytest.raises(SaveError, match=r"newer Dungeon .* Update Dungeon"):
            attempt()
    error = check_save(path).error
    assert error is not None
    assert "newer" in error.message
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
