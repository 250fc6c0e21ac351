"""Damaged stories: what can be read comes back in a new file, and the old one is untouched."""

from __future__ import annotations

import json
import random
import sqlite3
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dungeon import cli
from dungeon.errors import DungeonError, SaveError
from dungeon.storage.check import check_save, check_saves
from dungeon.storage.pages import Pages
from dungeon.storage.recovery import LOST_OPENING, recover, salvage_bytes
from dungeon.storage.story_file import StoryFile
from dungeon.story.action import Action, Mode
from dungeon.story.scenario import Card, Scenario
from dungeon.story.story import Story, begin
from dungeon.story.tree import Node
from tests.faults.works import TOOLS

PAGE = 4096
SCENARIO = Scenario(
    title="The Gate",
    opening="You stand at the gate.",
    memory="The gate is old. " * 200,
    cards=(Card("Keeper", "He counts waves. " * 50, ("keeper",)),),
)


def long_story(turns: int = 40) -> Story:
    """With a branch, and a turn that needs pages of its own."""
    story = begin(SCENARIO, title="The Gate of Ida", seed=7, created="2026-01-01T00:00:00+00:00")
    tree = story.tree
    for at in range(turns):
        parent = tree.head.parent if at % 7 == 3 and tree.head.parent else tree.head.id
        text = f"You see thing {at}. " * (700 if at == 20 else 15)
        said = Action(Mode.DO, f"look at {at}")
        tree.add(Node(tree.next_id, parent, said, text, raw=text[:40], seed=at, model="m"))
    tree.undo()
    return story


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    story = long_story()
    file = StoryFile.create(tmp_path_factory.mktemp("whole"), story)
    file.close()
    return file.path.read_bytes()


def turns_on(data: bytes) -> dict[int, set[int]]:
    """For each page of a sound file, the turns of which something lies on it."""
    tree = {node.id: node for node in long_story().tree}
    pages: dict[int, set[int]] = {}
    for node_id, node in tree.items():
        # Each piece of a long text is somewhere; a short turn is where its record is.
        for piece in {node.text[i : i + 40] for i in range(0, len(node.text), 400)} | {node.text}:
            at = data.find(piece.encode())
            while at >= 0 and len(piece) > 20:
                pages.setdefault(at // PAGE, set()).add(node_id)
                at = data.find(piece.encode(), at + 1)
    return pages


def salvaged(data: bytes) -> Story:
    salvage = salvage_bytes(data, "x")
    assert salvage is not None
    return salvage.story


def test_a_sound_file_comes_back_as_it_was(whole: bytes) -> None:
    salvage = salvage_bytes(whole, "x")
    assert salvage is not None
    was, story = long_story(), salvage.story
    assert list(story.tree) == list(was.tree)
    assert (story.tree.head, story.tree.chosen) == (was.tree.head, was.tree.chosen)
    assert (story.scenario, story.cards, story.memory) == (was.scenario, was.cards, was.memory)
    assert (salvage.turns, salvage.lost, salvage.notes) == (40, 0, ())
    assert story.title == "The Gate of Ida (recovered)"


@pytest.mark.parametrize("fill", ["zeros", "noise"])
def test_accept_09_a_lost_page_costs_only_what_is_on_it(fill: str, whole: bytes) -> None:
    chance = random.Random(1)
    was = {node.id: node for node in long_story().tree}
    on = turns_on(whole)
    assert len(on) > 5
    for page in range(len(whole) // PAGE):
        data = bytearray(whole)
        data[page * PAGE : (page + 1) * PAGE] = (
            bytes(PAGE) if fill == "zeros" else chance.randbytes(PAGE)
        )
        salvage = salvage_bytes(bytes(data), "x")
        assert salvage is not None
        there = {node.id: node for node in salvage.story.tree}
        for node_id in was.keys() - on.get(page, set()):
            assert there[node_id].text == was[node_id].text, f"page {page}, turn {node_id}"
            assert there[node_id].action == was[node_id].action
        missing = {node_id for node_id in was if node_id not in there}
        assert salvage.lost == len(missing)
        assert salvage.turns == len(was) - len(missing) - 1
        if missing:
            assert salvage.notes or max(missing) == max(was)


def test_accept_09_a_flipped_byte_costs_one_turn_at_most(whole: bytes) -> None:
    chance = random.Random(2)
    was = {node.id: node for node in long_story().tree}
    for _ in range(150):
        data = bytearray(whole)
        place = chance.randrange(len(data))
        data[place] ^= chance.randrange(1, 256)
        there = {node.id: node.text for node in salvaged(bytes(data)).tree}
        lost = [i for i, node in was.items() if there.get(i) != node.text]
        assert len(lost) <= 1, f"byte {place}: {lost}"


def test_accept_09_a_file_cut_anywhere_gives_what_is_before_the_cut(whole: bytes) -> None:
    on = turns_on(whole)
    was = {node.id: node for node in long_story().tree}
    for size in range(0, len(whole), 1009):
        salvage = salvage_bytes(whole[:size], "x")
        there = {node.id: node.text for node in salvage.story.tree} if salvage else {}
        before = set().union(*(on.get(page, set()) for page in range(size // PAGE)))
        after = set().union(*(on.get(page, set()) for page in range(size // PAGE, 99)))
        for node_id in before - after:
            assert there.get(node_id) == was[node_id].text, f"cut at {size}, turn {node_id}"


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_accept_09_whatever_the_bytes_are_the_answer_is_clean(whole: bytes, data: object) -> None:
    draw = data.draw  # type: ignore[attr-defined]
    broken = bytearray(whole)
    for _ in range(draw(st.integers(1, 12))):
        at = draw(st.integers(0, len(broken) - 1))
        run = draw(st.binary(min_size=1, max_size=40))
        broken[at : at + len(run)] = run
    salvage = salvage_bytes(bytes(broken), "x")
    if salvage is not None:
        assert len(salvage.story.tree) >= 1
        assert salvage.lost >= 0


@given(st.binary(max_size=3000), st.sampled_from([b"", b"SQLite format 3\0\x02\x00\x01\x01"]))
def test_accept_09_bytes_of_anything_are_no_story(noise: bytes, head: bytes) -> None:
    assert salvage_bytes(head + noise, "x") is None


def test_rows_are_what_sqlite_reads(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    db = sqlite3.connect(path)
    db.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, a, b)")
    chance = random.Random(3)
    values = [None, 0, 1, -1, 127, -128, 40000, -(2**23), 2**31, 2**40, -(2**62), 1.5, "", "é" * 9,
              b"\0\xff", "x" * 4000, "y" * 4090, "z" * 20000, b"w" * 70000]  # fmt: skip
    for _ in range(400):
        db.execute("INSERT INTO t (a, b) VALUES (?, ?)", chance.choices(values, k=2))
    db.execute("DELETE FROM t WHERE id % 3 = 0")
    db.commit()
    wanted = {row[0]: row[1:] for row in db.execute("SELECT id, a, b FROM t")}
    db.close()
    rows = [row for row in Pages(path.read_bytes()).rows() if len(row.values) == 3 and not row.free]
    assert {row.rowid: row.values[1:] for row in rows if row.rowid is not None} == wanted
    assert all(row.whole for row in rows)


def test_a_lost_opening_and_scenario_are_replaced_and_told(whole: bytes) -> None:
    data = bytearray(whole)
    for word in (b"You stand at the gate.", b'"opening"'):
        at = data.find(word)
        while at >= 0:
            page = at // PAGE * PAGE
            data[page : page + PAGE] = bytes(PAGE)
            at = data.find(word)
    salvage = salvage_bytes(bytes(data), "the-gate")
    assert salvage is not None
    assert salvage.story.tree.root.text == LOST_OPENING
    assert salvage.turns > 25
    notes = " ".join(salvage.notes)
    assert "opening could not be read" in notes
    assert "the scenario" in notes
    assert salvage.story.title.endswith("(recovered)")


def test_accept_09_a_page_that_says_nonsense_of_itself_is_read_all_the_same(
    whole: bytes,
) -> None:
    was = {node.id: node.text for node in long_story().tree}
    for page in sorted(turns_on(whole)):
        for nonsense in (b"\0", b"\x05", b"\x0d\0\0\xff\xff\0\0\0", b"\xff" * 40):
            data = bytearray(whole)
            if not data[page * PAGE]:
                continue  # it belongs to a long text and says nothing of itself
            data[page * PAGE : page * PAGE + len(nonsense)] = nonsense
            there = {node.id: node.text for node in salvaged(bytes(data)).tree}
            assert there == was, f"page {page}"


def test_a_hostile_file_takes_little_time(whole: bytes) -> None:
    # Every cell of a page points at one long chain: read again and again it would never end.
    head = bytearray(whole[:PAGE])
    leaf = bytearray(PAGE)
    cells = (PAGE - 48) // 2
    leaf[0:8] = bytes([13, 0, 0, *cells.to_bytes(2, "big"), 0, 0, 0])
    leaf[8 : 8 + 2 * cells] = (PAGE - 30).to_bytes(2, "big") * cells
    size = 2_000 * (PAGE - 4)
    cell = [size >> 21 | 0x80, size >> 14 & 127 | 0x80, size >> 7 & 127 | 0x80, size & 127, 1, 3, 0]
    leaf[PAGE - 30 : PAGE - 23] = bytes(cell)
    chain = b"".join((n + 3).to_bytes(4, "big") + b"a" * (PAGE - 4) for n in range(1, 2_000))
    data = head + leaf + chain
    # 489 bytes of so long a record are in its cell; then comes the first page of the chain.
    first = 2 * PAGE - 25 + 489
    data[first : first + 4] = (3).to_bytes(4, "big")
    began = time.process_time()
    assert salvage_bytes(bytes(data), "x") is None
    assert time.process_time() - began < 2


# -- the command line ---------------------------------------------------------------------------


@pytest.fixture
def torn(whole: bytes, tmp_path: Path) -> Path:
    data = bytearray(whole)
    page = next(p for p, turns in sorted(turns_on(whole).items()) if len(turns) > 4 and p > 3)
    data[page * PAGE : (page + 1) * PAGE] = bytes(PAGE)
    path = tmp_path / "the-gate-torn.dungeon"
    path.write_bytes(data)
    return path


def dungeon(*words: str) -> int:
    return cli.run(words, TOOLS)


def test_accept_09_checking_and_recovering_at_the_command_line(
    torn: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = torn.read_bytes()
    sound = StoryFile.create(torn.parent, long_story(3))
    sound.close()
    saves = ("--saves", str(torn.parent))
    assert dungeon("saves", "--check", *saves) == 1
    out, err = capsys.readouterr()
    assert "sound: 3 turns" in out
    assert "is damaged" in out
    assert "1 of 2 not sound" in err
    assert "--recover the-gate-torn" in err
    assert dungeon("saves", "--check", sound.path.stem, *saves) == 0
    assert dungeon("saves", "--recover", sound.path.stem, *saves) == 1
    assert "nothing to recover" in capsys.readouterr().err
    assert dungeon("saves", "--recover", "the-gate-torn", *saves) == 0
    out, err = capsys.readouterr()
    assert "turns of it lost" in out
    assert "'The Gate of Ida (recovered)'" in out
    assert torn.read_bytes() == before
    assert len(list(torn.parent.glob("*.dungeon"))) == 3
    found = {one.name: one.error for one in check_saves(torn.parent)}
    assert [name for name, error in found.items() if error] == ["the-gate-torn"]
    new = next(torn.parent.glob("the-gate-of-ida-recovered-*"))
    file = StoryFile.open(new)
    story = file.load()
    story.tree.redo()
    file.save(story)
    file.close()


def test_recovering_as_json(torn: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert dungeon("saves", "--recover", str(torn), "--saves", str(torn.parent), "--json") == 0
    data = json.loads(capsys.readouterr().out)
    assert data["turns"] + data["lost"] == 40
    assert Path(data["path"]).exists()


@pytest.mark.parametrize("data", [b"", b"\x89PNG\r\n\x1a\n" + b"\0" * 9000, b"SQLite format 3\0"])
def test_accept_09_what_never_was_a_story_cannot_be_recovered(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "x.dungeon"
    path.write_bytes(data)
    with pytest.raises(SaveError, match="Nothing of a story"):
        recover(path, tmp_path)
    assert path.read_bytes() == data
    assert [p.name for p in tmp_path.iterdir()] == ["x.dungeon"]


def test_a_story_that_is_open_is_not_recovered_from_under_the_player(tmp_path: Path) -> None:
    file = StoryFile.create(tmp_path, long_story(3))
    with pytest.raises(DungeonError, match="open in"):
        recover(file.path, tmp_path)
    file.close()


def test_a_journal_is_rolled_back_before_anything_is_read(tmp_path: Path) -> None:
    story = long_story()
    file = StoryFile.create(tmp_path, story)
    file.close()
    db = sqlite3.connect(file.path, isolation_level=None)
    db.execute("PRAGMA cache_size = 1")
    db.execute("BEGIN")
    db.execute("UPDATE nodes SET text = replace(text, 'You see', 'NOT YET')")
    copy = tmp_path / "copy.dungeon"
    copy.write_bytes(file.path.read_bytes())
    journal = Path(f"{file.path}-journal").read_bytes()
    Path(f"{copy}-journal").write_bytes(journal)
    db.close()
    assert b"NOT YET" in copy.read_bytes()
    recovered = recover(copy, tmp_path)
    assert [n.text for n in recovered.salvage.story.tree] == [n.text for n in story.tree]
    assert Path(f"{copy}-journal").read_bytes() == journal


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM nodes WHERE id = 5",
        "DELETE FROM nodes WHERE id = 4",  # nothing follows it
        "DELETE FROM nodes WHERE id = 3; DELETE FROM chosen",
        "UPDATE nodes SET parent = 9 WHERE id = 3",
        "UPDATE nodes SET parent = NULL WHERE id = 4",
        "UPDATE nodes SET origin = 'stolen' WHERE id = 4",
        "UPDATE nodes SET mode = 'fly' WHERE id = 4",
        "UPDATE meta SET value = 99 WHERE key = 'head'",
        "UPDATE meta SET value = '[[' WHERE key = 'scenario'",
        "UPDATE meta SET value = '[[' WHERE key = 'cards'",
        "DELETE FROM meta WHERE key = 'memory'",
        "DELETE FROM nodes WHERE id = 1",
        "UPDATE chosen SET child = 999",
        "DELETE FROM nodes WHERE seq = (SELECT max(seq) / 2 FROM nodes)",
        "CREATE TRIGGER t AFTER INSERT ON nodes BEGIN DELETE FROM nodes; END",
    ],
)
def test_a_sound_database_with_odd_contents_is_found_and_recovered(
    change: str, tmp_path: Path
) -> None:
    file = StoryFile.create(tmp_path, long_story(8))
    file.close()
    db = sqlite3.connect(file.path)
    db.executescript(change)
    db.commit()
    db.close()
    error = check_save(file.path).error
    assert error is not None
    assert "damaged" in error.message
    recovered = recover(file.path, tmp_path)
    assert recovered.salvage.turns >= 7
    assert check_save(recovered.path).error is None
