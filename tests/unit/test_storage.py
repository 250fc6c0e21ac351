"""Story files: round trips, damage, newer formats, names on disk, the library."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dungeon.errors import SaveError
from dungeon.storage import database, library, names
from dungeon.storage.library import DamagedSave, SaveSummary
from dungeon.storage.recovery import recover
from dungeon.storage.story_file import StoryFile, publish
from dungeon.story.action import Action, Mode
from dungeon.story.generation import GenerationSettings
from dungeon.story.scenario import Card, Scenario
from dungeon.story.story import Story, begin
from dungeon.story.tree import Node
from dungeon.text import clean

SCENARIO = Scenario(
    title="The Gate",
    opening="You stand at the gate.",
    memory="The gate is old.",
    cards=(Card("Keeper", "He counts waves.", ("keeper",)),),
)


def new_story(title: str = "") -> Story:
    return begin(SCENARIO, title=title, seed=7, created="2026-01-01T00:00:00+00:00")


def grow(story: Story, text: str = "You wait.", line: str = "wait") -> None:
    tree = story.tree
    tree.add(Node(tree.next_id, tree.head.id, Action(Mode.DO, line), text, seed=2**62))


@pytest.fixture
def played(tmp_path: Path) -> Path:
    """The file of a story of some turns."""
    story = new_story()
    file = StoryFile.create(tmp_path, story)
    for index in range(12):
        grow(story, f"You see thing {index}. " * 20)
    story.tree.undo()
    file.save(story)
    file.close()
    return file.path


def load(path: Path) -> Story:
    file = StoryFile.open(path, read_only=True)
    try:
        return file.load()
    finally:
        file.close()


# What comes to a story has passed the sanitiser; an action stands on one line.
Texts = (st.text(max_size=60) | st.just("葛\U000e0100城さん")).map(
    lambda text: clean(text, newlines=False)
)
Steps = st.lists(
    st.tuples(st.sampled_from(["turn", "retry", "undo", "redo", "go", "reload"]), Texts,
              st.integers(0, 50)),
    max_size=25,
)  # fmt: skip


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=Steps)
def test_accept_11_36_a_reload_at_any_point_changes_nothing(
    tmp_path: Path, steps: list[tuple[str, str, int]]
) -> None:
    directory = tmp_path / os.urandom(6).hex()
    story = new_story()
    file = StoryFile.create(directory, story)
    for verb, text, pick in steps:
        tree = story.tree
        if verb == "turn":
            grow(story, text, text)
        elif verb == "retry" and tree.head.parent:
            tree.add(Node(tree.next_id, tree.head.parent, tree.head.action, text))
        elif verb == "undo" and tree.can_undo:
            tree.undo()
        elif verb == "redo" and tree.can_redo:
            tree.redo()
        elif verb == "go":
            tree.go(pick % (tree.next_id - 1) + 1)
        story.memory = text
        file.save(story)
        if verb == "reload":
            file.close()
            file = StoryFile.open(file.path)
            again = file.load()
            assert list(again.tree) == list(story.tree)
            assert again.tree.head == story.tree.head
            assert again.tree.chosen == story.tree.chosen
            assert (again.memory, again.cards, again.scenario) == (
                story.memory, story.cards, story.scenario
            )  # fmt: skip
            story = again
    file.close()
    assert list(load(file.path).tree) == list(story.tree)


def test_a_turn_writes_little_however_long_the_story(tmp_path: Path) -> None:
    story = new_story()
    for _ in range(5000):
        grow(story)
    file = StoryFile.create(tmp_path, story)
    writes: list[str] = []
    connection = file._connected()
    connection.set_trace_callback(writes.append)
    grow(story)
    file.save(story)
    connection.set_trace_callback(None)
    assert 2 <= len(writes) <= 12, writes
    file.close()
    assert len(load(file.path).tree) == 5002


def test_files_are_private(tmp_path: Path) -> None:
    file = StoryFile.create(tmp_path / "new" / "saves", new_story())
    file.close()
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.path.parent.stat().st_mode) == 0o700
    assert [p.name for p in file.path.parent.iterdir()] == [file.path.name]


def test_accept_09_a_file_cut_at_any_byte_is_told_and_untouched(
    played: Path, tmp_path: Path
) -> None:
    whole = played.read_bytes()
    cuts = [0, 1, 15, 16, 99, 100, 1000, *range(4096, len(whole), 1777), len(whole) - 1]
    for size in cuts:
        broken = tmp_path / "cut" / f"{size}.dungeon"
        broken.parent.mkdir(exist_ok=True)
        broken.write_bytes(whole[:size])
        with pytest.raises(SaveError):
            load(broken)
        with pytest.raises(SaveError):
            StoryFile.open(broken)
        assert broken.read_bytes() == whole[:size]
    assert {type(entry) for entry in library.list_saves(tmp_path / "cut")} == {DamagedSave}


def test_accept_09_a_flipped_byte_never_gives_another_exception(
    played: Path, tmp_path: Path
) -> None:
    whole = played.read_bytes()
    broken = tmp_path / "flip" / "x.dungeon"
    broken.parent.mkdir()
    told = 0
    for place in range(0, len(whole), max(1, len(whole) // 150)):
        data = bytearray(whole)
        data[place] ^= 0x5A
        broken.write_bytes(data)
        try:
            load(broken)
        except SaveError:
            told += 1
        assert broken.read_bytes() == bytes(data)
        library.list_saves(broken.parent)
    assert told > 10


@pytest.mark.parametrize("data", [b"", b"\x89PNG\r\n\x1a\n" + b"\0" * 500, b"SQLite format 3\0"])
def test_accept_09_what_is_no_story_is_told(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "x.dungeon"
    path.write_bytes(data)
    with pytest.raises(SaveError) as told:
        load(path)
    assert told.value.hint
    assert isinstance(library.list_saves(tmp_path)[0], DamagedSave)


def test_accept_17_a_newer_format_is_refused_with_its_bytes_untouched(played: Path) -> None:
    db = sqlite3.connect(played)
    db.execute("PRAGMA user_version = 99")
    db.close()
    before = played.read_bytes()
    with pytest.raises(SaveError, match="newer"):
        StoryFile.open(played)
    assert played.read_bytes() == before
    (listed,) = library.list_saves(played.parent)
    # It is sound: nothing is to be recovered.
    assert isinstance(listed, DamagedSave)
    assert not listed.mendable


@pytest.mark.parametrize("missing", [1, 100, 4095])
def test_accept_09_a_file_without_its_last_bytes_is_not_sound(played: Path, missing: int) -> None:
    played.write_bytes(played.read_bytes()[:-missing])
    with pytest.raises(SaveError, match="its end is missing"):
        StoryFile.open(played)
    (listed,) = library.list_saves(played.parent)
    assert isinstance(listed, DamagedSave)
    assert listed.mendable
    assert recover(played, played.parent / "new").salvage.turns


@pytest.mark.parametrize("version", range(1, database.VERSION + 1))
def test_a_database_with_somebody_elses_trigger_is_refused(played: Path, version: int) -> None:
    db = sqlite3.connect(played)
    db.execute(f"PRAGMA user_version = {version}")
    db.execute("CREATE TRIGGER t AFTER INSERT ON nodes BEGIN DELETE FROM nodes; END")
    db.commit()
    db.close()
    with pytest.raises(SaveError, match="tables"):
        StoryFile.open(played)
    assert isinstance(library.list_saves(played.parent)[0], DamagedSave)


def test_a_story_from_before_a_setting_takes_its_default(played: Path) -> None:
    old = '{"temperature": 0.5, "top_p": 0.9, "top_k": 40, "repetition_penalty": 1.1}'
    db = sqlite3.connect(played)
    db.execute("UPDATE meta SET value = ? WHERE key = 'generation'", (old,))
    db.commit()
    db.close()
    assert load(played).generation == GenerationSettings(temperature=0.5, repetition_penalty=1.1)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE nodes SET parent = 5 WHERE id = 3",
        "UPDATE nodes SET parent = NULL",
        "UPDATE nodes SET text = x'00ff'",
        "UPDATE nodes SET origin = 'stolen'",
        "UPDATE nodes SET mode = 'fly'",
        "UPDATE nodes SET seed = 'abc' WHERE id = 2",
        "UPDATE meta SET value = 99 WHERE key = 'head'",
        "UPDATE meta SET value = 'x' WHERE key = 'head'",
        "UPDATE meta SET value = '[[' WHERE key = 'scenario'",
        "UPDATE meta SET value = '{}' WHERE key = 'scenario'",
        "UPDATE meta SET value = '{\"temperature\": NaN}' WHERE key = 'generation'",
        "UPDATE meta SET value = 5 WHERE key = 'title'",
        "DELETE FROM meta WHERE key = 'memory'",
        "DELETE FROM nodes WHERE id = 1",
        "UPDATE chosen SET child = 999",
        "UPDATE meta SET value = '" + "[" * 5000 + "' WHERE key = 'cards'",
        # Read twice, a key that stands twice could mean two things.
        'UPDATE meta SET value = replace(value, \'"title":\', \'"title":"x","title":\')'
        " WHERE key = 'scenario'",
        "UPDATE meta SET value = replace(value, ':40', ':' || '"
        + "9" * 5000
        + "') WHERE key = 'generation'",
        "UPDATE meta SET value = '{\"title\": 5}' WHERE key = 'source'",
    ],
)
def test_accept_31_odd_contents_are_a_clean_error(change: str, played: Path) -> None:
    db = sqlite3.connect(played)
    db.execute(change)
    db.commit()
    db.close()
    with pytest.raises(SaveError, match="damaged"):
        load(played)
    library.list_saves(played.parent)


def test_a_file_damaged_while_it_is_open_costs_no_more_than_the_save(played: Path) -> None:
    file = StoryFile.open(played)
    story = file.load()
    whole = played.read_bytes()
    # SQLite quotes this name in its message, which then is no UTF-8.
    played.write_bytes(whole.replace(b"tablenodesnodes", b"tablenod\xff\xffnodes"))
    grow(story)
    with pytest.raises(SaveError, match="damaged"):
        file.save(story)
    played.write_bytes(whole)
    file.save(story)
    file.close()
    assert list(load(played).tree) == list(story.tree)


def test_escape_sequences_in_a_file_are_gone_when_it_is_read(played: Path) -> None:
    db = sqlite3.connect(played)
    db.execute("UPDATE nodes SET text = 'a' || char(27) || ']52;c;x' || char(7) || 'b'")
    db.commit()
    db.close()
    assert {node.text for node in load(played).tree} == {"ab"}


# -- names -------------------------------------------------------------------------------------

HOSTILE = ["../x", "/etc/passwd", "..", "", "x" * 300, "CON", "nul.txt", "dot.", "a\nb", "a\0b",
           "café", "cafe\u0301", "C:\\x", "~", "-rf", "\u202etxt", "🗝", "%2e%2e"]  # fmt: skip


@pytest.mark.parametrize("title", HOSTILE)
def test_accept_30_a_title_never_leaves_the_folder(title: str, tmp_path: Path) -> None:
    saves = tmp_path / "saves"
    story = new_story(title)
    first, second = StoryFile.create(saves, story), StoryFile.create(saves, new_story(title))
    first.close()
    second.close()
    assert first.path != second.path
    assert {p.resolve().parent for p in saves.iterdir()} == {saves.resolve()}
    assert [p.name for p in tmp_path.iterdir()] == ["saves"]
    assert all(len(p.name) < 100 and p.name.isascii() for p in saves.iterdir())


@pytest.mark.parametrize("title", ["CON", "nul", "LPT1", "com9", "Aux?"])
def test_accept_30_no_slug_is_a_device(title: str) -> None:
    """Windows opens the printer for lpt1.md, and an export has no letters of chance in its name."""
    assert names.slug(title) == f"story-{title.lower().strip('?')}"


def test_accept_30_both_forms_of_an_accent_give_one_slug() -> None:
    assert names.slug("café") == names.slug("cafe\u0301") == "cafe"


def test_accept_10_deleting_takes_one_story_and_not_an_open_one(tmp_path: Path) -> None:
    first, second = StoryFile.create(tmp_path, new_story()), StoryFile.create(tmp_path, new_story())
    second.close()
    with pytest.raises(SaveError):
        library.delete_save(first.path)
    library.delete_save(second.path)
    assert [p for p in tmp_path.iterdir() if p.suffix == ".dungeon"] == [first.path]
    first.close()


def test_accept_10_a_name_that_is_taken_is_never_taken_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = iter(["aaaaaa", "aaaaaa", "aaaaaa", "bbbbbb"])
    monkeypatch.setattr(names, "short_id", lambda: next(drawn))
    first, second = StoryFile.create(tmp_path, new_story()), StoryFile.create(tmp_path, new_story())
    assert {first.path.name, second.path.name} == {
        "the-gate-aaaaaa.dungeon", "the-gate-bbbbbb.dungeon",
    }  # fmt: skip
    first.close()
    second.close()


def test_accept_10_a_name_that_is_taken_at_the_last_moment_stays_as_it_is(tmp_path: Path) -> None:
    draft, path = tmp_path / "draft", tmp_path / "x.dungeon"
    draft.write_bytes(b"new")
    path.write_bytes(b"somebody else's")
    with pytest.raises(FileExistsError):
        publish(draft, path)
    assert path.read_bytes() == b"somebody else's"


def test_finding_a_story(tmp_path: Path) -> None:
    for title in ("The Gate", "The Garden", "Salt"):
        StoryFile.create(tmp_path, new_story(title)).close()
    salt = library.find_save(tmp_path, "salt")
    assert library.find_save(tmp_path, salt) == library.find_save(tmp_path, salt.stem) == salt
    assert library.find_save(tmp_path, "THE GATE").stem.startswith("the-gate")
    for odd in ("the g", "slat", "", "\0", "../salt", "x" * 5000):
        with pytest.raises(SaveError):
            library.find_save(tmp_path, odd)


def test_the_newest_story_is_listed_first_with_its_last_words(tmp_path: Path) -> None:
    old, new = new_story("Old"), new_story("New")
    StoryFile.create(tmp_path, old).close()
    file = StoryFile.create(tmp_path, new)
    grow(new, "A bell rings.")
    file.save(new)
    listed = {entry.title: entry for entry in library.list_saves(tmp_path)
              if isinstance(entry, SaveSummary)}  # fmt: skip
    assert (listed["New"].turns, listed["New"].last_text) == (1, "A bell rings.")
    assert (listed["Old"].turns, listed["Old"].scenario) == (0, "The Gate")
    file.close()


def test_renaming_keeps_the_file(played: Path) -> None:
    library.rename_title(played, "Another [bold]name[/]")
    assert load(played).title == "Another [bold]name[/]"


def test_a_link_out_of_the_folder_is_no_story(played: Path, tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    shutil.copy(played, tmp_path / "outside.dungeon")
    (inside / "link.dungeon").symlink_to(tmp_path / "outside.dungeon")
    assert isinstance(library.list_saves(inside)[0], DamagedSave)
