"""What can be read of a damaged story file, made into a new story; the file stays as it is.

Rows are taken from the raw pages (`pages`, `found`), each looked at by itself, so that one bad
page costs the turns on it and no more. The tree is put together again around what is missing.
"""

from __future__ import annotations

import shutil
import sqlite3
import stat
import tempfile
from bisect import bisect_left
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

from dungeon.errors import SaveError, ScenarioError, SettingsError
from dungeon.storage import rows
from dungeon.storage.database import connect, explain
from dungeon.storage.found import BARE, Found, line, number
from dungeon.storage.pages import DEFAULT_PAGE_SIZE, Pages
from dungeon.storage.story_file import StoryFile, lock_path, locked
from dungeon.story.scenario import Scenario
from dungeon.story.story import MAX_SEED, Story
from dungeon.story.tree import Node, StoryTree

MAX_BYTES = 512 * 1024 * 1024
"""Largest file that is looked through."""

LOST_OPENING = "(The opening of this story could not be read any more.)"


@dataclass(frozen=True, slots=True)
class Salvage:
    """A story out of a damaged file.

    Attributes:
        story: What was found, fit to be saved and played.
        turns: Turns found, the opening not counted.
        lost: Turns that are known to have been there and were not found.
        notes: What is missing or was mended, a sentence each.
    """

    story: Story
    turns: int
    lost: int
    notes: tuple[str, ...]

    @property
    def findings(self) -> tuple[str, ...]:
        """What was found and what was not, a sentence each."""
        lost = (
            f"; {_count(self.lost, 'turn')} of it lost" if self.lost else ", and none is known lost"
        )
        return f"Found {_count(self.turns, 'turn')}{lost}.", *self.notes


@dataclass(frozen=True, slots=True)
class Recovered:
    """A salvaged story in a file of its own."""

    path: Path
    salvage: Salvage


def recover(path: Path, directory: Path) -> Recovered:
    """Write what can be read of a damaged file into a new file in `directory`.

    Raises:
        SaveLockedError: The file is open in some game.
        SaveError: Nothing of a story is in it, or the new file cannot be written.
    """
    salvage = salvage_file(path)
    file = StoryFile.create(directory, salvage.story)
    file.close()
    return Recovered(file.path, salvage)


def salvage_file(path: Path) -> Salvage:
    """Read what can be read of a story file. Writes nothing.

    Raises:
        SaveLockedError: The file is open in some game.
        SaveError: It cannot be opened, or nothing of a story is in it.
    """
    try:
        path = path.resolve()
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise SaveError(f"{path.name} is not a file.", "Name a story file.")
        if found.st_size > MAX_BYTES:
            raise SaveError(f"{path.name} is larger than {MAX_BYTES >> 20} MB.")
        with _undisturbed(path):
            data = _bytes(path)
    except FileNotFoundError:
        raise SaveError(
            f"There is no story file {path.name}.", "List the stories to see what is there."
        ) from None
    except (OSError, RuntimeError, ValueError) as error:
        system = error if isinstance(error, OSError) else OSError(str(error))
        raise explain(system, path, "read") from None
    salvage = salvage_bytes(data, path.stem)
    if salvage is None:
        raise SaveError(
            f"Nothing of a story can be read in {path.name}.",
            "Look for a copy or a backup of it; the file was not changed.",
        )
    return salvage


def _undisturbed(path: Path) -> AbstractContextManager[None]:
    # Only where there is a lock is one asked for: the file may lie where nothing can be made.
    return locked(path) if lock_path(path).exists() else nullcontext()


def _bytes(path: Path) -> bytes:
    """The file as it is once a crashed save has been rolled back, on a copy."""
    journal = Path(f"{path}-journal")
    if not journal.exists():
        return path.read_bytes()
    with tempfile.TemporaryDirectory(prefix="dungeon-") as folder:
        copy = Path(folder) / "story.dungeon"
        shutil.copyfile(path, copy)
        shutil.copyfile(journal, f"{copy}-journal")
        try:
            db = connect(copy, "rw", 0)
            db.execute("SELECT count(*) FROM sqlite_master").fetchone()
            db.close()
        except sqlite3.Error:
            return path.read_bytes()
        return copy.read_bytes()


def salvage_bytes(data: bytes, name: str) -> Salvage | None:
    """The story in the bytes of a database; None where there is no turn in them.

    Args:
        data: The whole file.
        name: What the story is called where its title is lost.
    """
    pages = Pages(data)
    found = Found(pages)
    if not found.nodes and pages.page_size != DEFAULT_PAGE_SIZE:
        found = Found(Pages(data, DEFAULT_PAGE_SIZE))
    if not found.nodes:
        return None
    return _assemble(found, name)


def _assemble(found: Found, name: str) -> Salvage:
    notes: list[str] = []
    missing: list[str] = []
    scenario = _scenario(found.meta)
    opening = scenario.opening.strip() if scenario else ""
    nodes, moved = _as_tree(found.nodes, found.chosen, opening or LOST_OPENING)
    root = nodes[0]
    if root.id not in found.nodes:
        notes.append(
            "The opening could not be read; it is the scenario's again."
            if opening
            else "The opening could not be read and is lost."
        )
    title = line(found.meta.get("title")).strip() or name
    if scenario is None:
        missing.append("the scenario")
    base = scenario or Scenario(title=title, opening=root.text)
    story = Story(
        title=f"{title} (recovered)",
        scenario=base,
        tree=StoryTree(nodes, *_place(nodes, found)),
        memory=base.memory.strip(),
        authors_note=base.authors_note.strip(),
        cards=base.cards,
        generation=base.generation,
        seed=number(found.meta.get("seed"), MAX_SEED),
        model=line(found.meta.get("model")),
    )
    story = _with_own(story, found.meta, missing)
    if missing:
        how = "as the scenario has it" if scenario else "lost"
        notes.append(f"What could not be read is {how}: {', '.join(missing)}.")
    if moved:
        follow = "follows" if moved == 1 else "follow"
        notes.append(
            f"{_count(moved, 'turn')} came after one that is lost and now {follow} the one before."
        )
    if cut := len([one for one in found.cut if isinstance(one, int)]):
        notes.append(f"{_count(cut, 'turn')} could only be read in part.")
    if "memory" in found.cut or "authors_note" in found.cut:
        notes.append("The memory or the author's note could only be read in part.")
    return Salvage(story, len(nodes) - 1, _lost(found, root), tuple(notes))


_OWN = {
    "memory": "the memory",
    "authors_note": "the author's note",
    "cards": "the cards",
    "generation": "the sampling numbers",
}


def _with_own(story: Story, meta: Mapping[str, object], missing: list[str]) -> Story:
    """`story` with what the player changed beside the turns, as far as it can be read."""
    values: dict[str, object] = {
        **rows.plain_values(story),
        "scenario": rows.scenario_value(story.scenario),
        "cards": rows.cards_value(story.cards),
    }
    kept = ("title", "seed", "model", "head")
    for key in [key for key in values if key not in kept and (key in meta or key in _OWN)]:
        try:
            story = rows.story_from({**values, key: meta.get(key)}, story.tree)
            values[key] = meta.get(key)
        except _UNREADABLE:
            # What is not the player's own words has a default that does as well.
            missing += [_OWN[key]] if key in _OWN else []
    return story


_UNREADABLE = (ValueError, ScenarioError, SettingsError, RecursionError)


def _scenario(meta: Mapping[str, object]) -> Scenario | None:
    values: dict[str, object] = {
        **rows.plain_values(BARE),
        "cards": "[]",
        "scenario": meta.get("scenario"),
    }
    try:
        return rows.story_from(values, BARE.tree).scenario
    except _UNREADABLE:
        return None


def _as_tree(
    found: Mapping[int, Node], chosen: Mapping[int, int], opening: str
) -> tuple[list[Node], int]:
    """The nodes with a root and sound parents, parents first; and how many got another parent.

    A lost turn's place is taken by its own parent where redo remembers it, else by the newest
    turn before it: in a story without branches that is the same.
    """
    first = found[min(found)]
    if first.id == 1 or first.parent is None:
        root = replace(first, parent=None)
    else:
        root = Node(1, None, None, opening, origin="opening")
    above = {child: parent for parent, child in chosen.items()}
    nodes, ids = [root], [root.id]
    known = {root.id}
    moved = 0
    for node_id in sorted(found.keys() - {root.id}):
        node = found[node_id]
        parent = node.parent
        seen: set[int] = set()
        while parent is not None and parent not in known and parent not in seen:
            seen.add(parent)
            parent = above.get(parent)
        if parent not in known:
            before = bisect_left(ids, min(node.parent or node_id, node_id))
            parent = ids[max(0, before - 1)]
        if parent != node.parent:
            # After a lost opening the scenario's own stands in its place: nobody moved.
            moved += node.parent is None or node.parent in found or root.id in found
            node = replace(node, parent=parent)
        nodes.append(node)
        ids.append(node_id)
        known.add(node_id)
    return nodes, moved


def _place(nodes: list[Node], found: Found) -> tuple[int, dict[int, int]]:
    """Where the story stands, and where redo leads, of what is still there."""
    parents = {node.id: node.parent for node in nodes}
    chosen = {
        parent: child
        for parent, child in found.chosen.items()
        if child in parents and parents[child] == parent
    }
    head = found.meta.get("head")
    if isinstance(head, int) and head in parents:
        return head, chosen
    # The newest turn: where a story without its head most likely stood.
    return nodes[-1].id, chosen


def _lost(found: Found, root: Node) -> int:
    """Turns that must have been there: gaps in the numbers, and ids that others name."""
    named = {found.meta.get("head"), *found.chosen.values()}
    newest = max(found.nodes)
    beyond = {one for one in named if isinstance(one, int) and newest < one <= rows.MAX_ID}
    missing = found.rows - len(found.nodes) - (root.id not in found.nodes)
    if beyond and newest == found.rows and max(beyond) <= found.most:
        # Numbered as in every story played here: all up to the last that is named were there.
        return max(0, missing) + max(beyond) - newest
    return max(0, missing) + len(beyond)


def _count(many: int, what: str) -> str:
    return f"{many} {what}" if many == 1 else f"{many} {what}s"
