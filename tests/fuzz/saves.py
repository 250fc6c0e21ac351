"""Targets that are saves and exports."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Hashable
from functools import cache
from pathlib import Path

from dungeon.engine.base import CancelToken
from dungeon.engine.scripted import ScriptedEngine
from dungeon.errors import SaveError, ScenarioError
from dungeon.session import GameSession, narrate
from dungeon.storage import export
from dungeon.storage.library import list_saves
from dungeon.storage.story_file import StoryFile
from dungeon.story import action as actions
from dungeon.story.action import Mode
from dungeon.story.scenario import Scenario, to_data
from dungeon.story.story import Story
from tests.fuzz.target import folder, harmless, texts, told


@cache
def session() -> GameSession:
    """A short story with every kind of turn in it."""
    told = Scenario(title="The Gate", opening="You stand at the gate.", memory="A key.")
    game = GameSession.new(told, ScriptedEngine(), seed=7)
    for line, mode in (("look", Mode.DO), ("Hello", Mode.SAY), ("It rains.", Mode.STORY)):
        turn = game.begin_turn(actions.parse(line, mode))
        game.commit(turn, narrate(game.engine, turn, CancelToken()))
    game.undo()
    game.alter("The gate is open.")
    return game


def sound(story: Story) -> None:
    """A story that was read: nothing in it acts on a terminal, and every export can be written."""
    for node in story.tree:
        line = "" if node.action is None else node.action.text
        for text in (node.text, node.raw, node.model, node.stop, node.created, line):
            harmless(text, "a turn")
    for text in (story.title, story.memory, story.authors_note, story.model):
        harmless(text, "a story")
    for text in texts(to_data(story.current_scenario())):
        harmless(text, "a scenario")
    for write in (export.to_markdown, export.to_text, export.to_html):
        harmless(write(story), write.__name__)


def save_json(data: bytes) -> Hashable:
    """`export.from_json`: a story that every export can write, or a clean error."""
    try:
        story = export.from_json(data)
    except (SaveError, ScenarioError) as error:
        return told(error)
    again = export.from_json(export.to_json(story))
    assert list(again.tree) == list(story.tree)
    assert again.tree.head == story.tree.head
    assert again.current_scenario() == story.current_scenario()
    sound(story)
    return len(story.tree), story.tree.head.id


def save_file(data: bytes) -> Hashable:
    """`StoryFile`: a story or a `SaveError`; the bytes stay as they are, the list is made."""
    path = _file()
    path.write_bytes(data)
    return _opened(path)


def _file() -> Path:
    place = folder() / "saves"
    place.mkdir(exist_ok=True)
    return place / "story.dungeon"


def _opened(path: Path) -> Hashable:
    data = path.read_bytes()
    outcome: Hashable
    try:
        file = StoryFile.open(path, read_only=True)
        try:
            story = file.load()
        finally:
            file.close()
    except SaveError as error:
        outcome = told(error)
    else:
        sound(story)
        outcome = len(story.tree)
    assert path.read_bytes() == data, "a story that was only read has changed"
    assert [path.name for path in path.parent.iterdir()] == [path.name]
    assert len(list_saves(path.parent)) == 1
    return outcome


_COLUMNS = tuple(
    (table, column)
    for table, columns in (
        ("meta", "key value value value value value value value value"),
        ("nodes", "seq id parent mode line text raw origin seed model stop created"),
        ("chosen", "parent child"),
    )
    for column in columns.split()
)


def save_rows(data: bytes) -> Hashable:
    """As `save_file`, for a sound database with odd values in it.

    Each piece of `data` up to 0x1e is a change: a byte that picks the column, one that picks
    the row, one that picks the type, and the value.
    """
    path = _file()
    path.write_bytes(saved())
    db = sqlite3.connect(path, isolation_level=None)
    try:
        db.execute("PRAGMA synchronous = OFF")
        db.execute("BEGIN")
        for change in data.split(b"\x1e")[:8]:
            if len(change) >= 3:
                _change(db, change)
        db.execute("COMMIT")
    finally:
        db.close()
    return _opened(path)


def _change(db: sqlite3.Connection, change: bytes) -> None:
    table, column = _COLUMNS[change[0] % len(_COLUMNS)]
    keys = [row[0] for row in db.execute(f"SELECT {_KEY[table]} FROM {table} ORDER BY 1")]
    key = keys[change[1] % len(keys)] if keys else None
    payload = change[3:]
    value: object = payload.decode("utf-8", "replace")
    kind = change[2] % 7
    if kind == 1:
        value = payload
    elif kind == 2:
        value = int.from_bytes(payload[:8], "big", signed=True)
    elif kind == 3:
        value = float("inf") if not payload else len(payload) / 3
    elif kind == 4:
        value = None
    # A cast makes text of bytes that are no UTF-8: SQLite does not look.
    written = "CAST(? AS TEXT)" if kind == 5 else "?"
    where = f"WHERE {_KEY[table]} = ?"
    try:
        if kind == 6:
            db.execute(f"DELETE FROM {table} {where}", (key,))
        else:
            sql = f"UPDATE OR IGNORE {table} SET {column} = {written} {where}"
            db.execute(sql, (payload if kind == 5 else value, key))
    except sqlite3.IntegrityError:
        # NOT NULL, or no whole number for a key: SQLite itself would not hold that.
        return


_KEY = {"meta": "key", "nodes": "seq", "chosen": "parent"}


@cache
def saved() -> bytes:
    with tempfile.TemporaryDirectory() as name:
        file = StoryFile.create(Path(name), session().story)
        file.close()
        return file.path.read_bytes()
