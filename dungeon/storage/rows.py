"""A story as rows and back. Nothing that is read is trusted."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from dungeon import plain_json
from dungeon.errors import ScenarioError, SettingsError
from dungeon.storage.database import damaged
from dungeon.story.action import Action, Mode
from dungeon.story.marks import MAX_NAME, Mark, Marks, within
from dungeon.story.scenario import Card, Scenario, Source, from_data, to_data
from dungeon.story.story import MAX_SEED, Story
from dungeon.story.tree import ORIGINS, Changes, Node, StoryTree
from dungeon.text import clean

MAX_ID = 2**53 - 1
"""Largest node id: what every reader of JSON keeps exactly."""

Value = str | int


def storable(text: str) -> str:
    """`text` without lone surrogates, which no file can hold; they become U+FFFD."""
    if text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def dump(data: object) -> str:
    """Plain data as JSON text."""
    return json.dumps(data, ensure_ascii=True, allow_nan=False, separators=(",", ":"))


def scenario_value(scenario: Scenario) -> str:
    """A scenario as one JSON text."""
    return dump(to_data(scenario))


def cards_value(cards: tuple[Card, ...]) -> str:
    """Cards as one JSON text."""
    return dump([asdict(card) for card in cards])


def plain_values(story: Story) -> dict[str, Value]:
    """What of a story's meta table may change at any turn; no cards and no scenario."""
    return {
        "title": storable(story.title),
        "memory": storable(story.memory),
        "authors_note": storable(story.authors_note),
        "generation": dump(asdict(story.generation)),
        "seed": story.seed,
        "model": storable(story.model),
        "head": story.tree.head.id,
        "automatic": int(story.automatic),
        "forgotten": dump(list(story.forgotten)),
        "source": "" if story.source is None else dump(asdict(story.source)),
        "marks": dump(marks_value(story.marks)),
        "next_id": story.tree.next_id,
    }


def marks_value(marks: Marks) -> list[list[object]]:
    """Marks as plain data: turn, name, bookmark."""
    return [[at, storable(mark.name), mark.bookmark] for at, mark in sorted(marks.items())]


def write_changes(db: sqlite3.Connection, changes: Changes, start: int) -> None:
    """Write new nodes, numbered from `start`, and changed choices.

    Writing the same again changes nothing, so a save whose outcome is unknown can be repeated.
    """
    db.executemany(
        "INSERT OR REPLACE INTO nodes VALUES (?,?,?,?,?,?,?,?,?,?,?,?)",
        (_node_row(start + i, node) for i, node in enumerate(changes.nodes)),
    )
    db.executemany("INSERT OR REPLACE INTO chosen VALUES (?,?)", changes.chosen.items())


def _node_row(seq: int, node: Node) -> tuple[object, ...]:
    action = node.action
    return (
        seq,
        node.id,
        node.parent,
        None if action is None else str(action.mode),
        None if action is None else storable(action.text),
        storable(node.text),
        storable(node.raw),
        node.origin,
        node.seed,
        storable(node.model),
        storable(node.stop),
        storable(node.created),
    )


def read_story(db: sqlite3.Connection, path: Path) -> Story:
    """The story in an open, checked database.

    Raises:
        SaveError: Something in it has the wrong type, or the turns are no tree.
        sqlite3.Error: It cannot be read.
    """
    meta = dict(db.execute("SELECT key, value FROM meta"))
    rows = db.execute(
        "SELECT id, parent, mode, line, text, raw, origin, seed, model, stop, created"
        " FROM nodes ORDER BY seq"
    )
    try:
        tree = StoryTree(
            nodes=(read_node(row) for row in rows),
            head=whole(meta.get("head"), 1, MAX_ID),
            chosen=dict(read_chosen(db.execute("SELECT parent, child FROM chosen"))),
            next_id=whole(meta.get("next_id", 1), 1, MAX_ID + 1),
        )
        return story_from(meta, tree)
    except (ValueError, ScenarioError, SettingsError, RecursionError) as error:
        reason = str(error).rstrip(".") or "it is nested too deeply"
        raise damaged(path, reason) from None


def story_from(meta: dict[str, object], tree: StoryTree) -> Story:
    """A story of meta values as they are stored.

    Raises:
        ValueError, ScenarioError, SettingsError: Something is missing or wrong.
    """
    scenario = from_data(_json(meta, "scenario"))
    base = to_data(scenario)
    base["cards"] = _json(meta, "cards")
    base["generation"] = _json(meta, "generation")
    current = from_data(base)
    return Story(
        title=line(meta.get("title"), "title"),
        scenario=scenario,
        tree=tree,
        memory=prose(meta.get("memory"), "memory"),
        authors_note=prose(meta.get("authors_note"), "authors_note"),
        cards=current.cards,
        generation=current.generation,
        seed=whole(meta.get("seed"), 0, MAX_SEED),
        model=line(meta.get("model"), "model"),
        automatic=bool(whole(meta.get("automatic"), 0, 1)),
        forgotten=names(_json(meta, "forgotten")),
        source=_source(meta),
        marks=within(read_marks(_json(meta, "marks") if "marks" in meta else []), tree),
    )


def read_marks(value: object) -> Marks:
    """Marks of plain data as `marks_value` gives it.

    Raises:
        ValueError: It is none.
    """
    if not isinstance(value, list):
        raise ValueError("its bookmarks are no list")
    marks = {}
    for item in value:
        if not isinstance(item, list) or len(item) != 3 or not isinstance(item[2], bool):
            raise ValueError("a bookmark is not a turn, a name and a yes or no")
        name = line(item[1], "a branch's name")[:MAX_NAME]
        marks[whole(item[0], 1, MAX_ID)] = Mark(name, item[2])
    return {at: mark for at, mark in sorted(marks.items()) if mark}


def names(value: object) -> tuple[str, ...]:
    """A list of lines.

    Raises:
        ValueError: It is none.
    """
    if not isinstance(value, list):
        raise ValueError("what was forgotten is no list")
    return tuple(line(item, "what was forgotten") for item in value)


def _source(meta: dict[str, object]) -> Source | None:
    # Stories that began under format 1 have none.
    if meta.get("source") == "":
        return None
    data = _json(meta, "source")
    if not isinstance(data, dict) or data.keys() != {"title", "digest"}:
        raise ValueError("its source is not a title and a digest")
    return Source(line(data["title"], "its source's title"), line(data["digest"], "its digest"))


def _json(meta: dict[str, object], key: str) -> object:
    value = meta.get(key)
    if not isinstance(value, str):
        raise ValueError(f"it has no {key}")
    return plain_json.loads(value)


def read_chosen(rows: Iterable[tuple[object, object]]) -> Iterable[tuple[int, int]]:
    """Checked pairs of parent and chosen child."""
    for parent, child in rows:
        yield whole(parent, 1, MAX_ID), whole(child, 1, MAX_ID)


def read_node(row: tuple[object, ...]) -> Node:
    """A node of a row (id, parent, mode, line, text, raw, origin, seed, model, stop, created).

    Raises:
        ValueError: A value has the wrong type or is out of its range.
    """
    node_id, parent, mode, said, text, raw, origin, seed, model, stop, created = row
    if origin not in ORIGINS:
        raise ValueError(f"a turn has the unknown origin {str(origin)[:40]!r}")
    return Node(
        id=whole(node_id, 1, MAX_ID),
        parent=None if parent is None else whole(parent, 1, MAX_ID),
        action=read_action(mode, said),
        text=prose(text, "a turn's text"),
        raw=prose(raw, "a turn's raw text"),
        origin=next(known for known in ORIGINS if known == origin),
        seed=None if seed is None else whole(seed, 0, MAX_SEED),
        model=line(model, "a turn's model"),
        stop=line(stop, "a turn's stop"),
        created=line(created, "a turn's time"),
    )


def read_action(mode: object, said: object) -> Action | None:
    """An action of its two columns; None where both are.

    Raises:
        ValueError: The mode is unknown or the line no text.
    """
    if mode is None and said is None:
        return None
    if not isinstance(mode, str) or mode not in {str(known) for known in Mode}:
        raise ValueError("a turn has an unknown mode")
    kind = Mode(mode)
    keep = prose if kind is Mode.STORY else line
    return Action(kind, keep(said, "a player's line"))


def whole(value: object, low: int, high: int) -> int:
    """`value` if it is an integer from `low` to `high`.

    Raises:
        ValueError: It is not.
    """
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise ValueError("a number in it is missing or out of range")
    return value


def prose(value: object, what: str) -> str:
    """`value` made harmless, if it is a text.

    Raises:
        ValueError: It is none.
    """
    if not isinstance(value, str):
        raise ValueError(f"{what} is not text")
    return clean(value)


def line(value: object, what: str) -> str:
    """`value` made harmless and on one line, if it is a text.

    Raises:
        ValueError: It is none.
    """
    if not isinstance(value, str):
        raise ValueError(f"{what} is not text")
    return clean(value, newlines=False)
