"""The story as a tree of turns, of which one path is on the screen.

Every turn, retry and edit is a node that stays. `head` names the current node; the story is
the path from the root to it. Undo and redo only move the head, so the undo history is part
of the tree and survives a reload by construction.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from dungeon.errors import TurnError
from dungeon.story.action import Action

Origin = Literal["opening", "model", "altered", "imported"]
ORIGINS: tuple[Origin, ...] = ("opening", "model", "altered", "imported")

NodeId = int


@dataclass(frozen=True, slots=True)
class Node:
    """One turn as it was told. Immutable: changing a turn makes a sibling.

    Attributes:
        id: Unique in the tree, growing with time; the root is 1.
        parent: The turn before; None only at the root.
        action: What the player did; None for the opening.
        text: The narrative as shown.
        raw: What the model wrote before trimming; "" where no model wrote it.
        origin: Where the text comes from.
        seed: Seed of the turn's random generator; None where nothing was drawn.
        model: Name of the model that wrote it; "" for none.
        stop: Why generation ended: "stop", "end", "length", "cancelled"; "" for none.
        created: ISO 8601, UTC, to the second.
    """

    id: NodeId
    parent: NodeId | None
    action: Action | None
    text: str
    raw: str = ""
    origin: Origin = "model"
    seed: int | None = None
    model: str = ""
    stop: str = ""
    created: str = ""


Mark = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Changes:
    """What came to a tree since a mark: what a save has to write.

    Attributes:
        nodes: New nodes, parents before children.
        chosen: Parents whose chosen child changed, with that child.
        mark: Where the tree stands now; hand it to the next `changes_since`.
    """

    nodes: tuple[Node, ...]
    chosen: Mapping[NodeId, NodeId]
    mark: Mark


class StoryTree:
    """Nodes that are only ever added, and a head that moves.

    Args:
        nodes: Every node, parents before children.
        head: The current node; the last one by default.
        chosen: For a parent, the child that was last on the path; what redo goes to. A
            parent without an entry redoes to its newest child.
        next_id: The least that the next node takes: ids of turns that were forgotten do not
            come again, for the seed of a turn is made of its id.

    Raises:
        ValueError: The nodes are no tree (no root, two roots, an unknown parent, an id used
            twice), or `head` or `chosen` name a node that is not there.
    """

    def __init__(
        self,
        nodes: Iterable[Node],
        head: NodeId | None = None,
        chosen: Mapping[NodeId, NodeId] | None = None,
        next_id: NodeId = 1,
    ) -> None:
        self._nodes: dict[NodeId, Node] = {}
        self._children: dict[NodeId, list[NodeId]] = {}
        self._chosen: dict[NodeId, NodeId] = {}
        # Append-only logs, so that a save can ask for what is new in constant time.
        self._order: list[Node] = []
        self._choices: list[NodeId] = []
        self._roots: list[NodeId] = []
        self._next: NodeId = next_id
        for node in nodes:
            self._insert(node)
        if not self._roots:
            raise ValueError("a story has an opening")
        self._head: NodeId = self._order[-1].id if head is None else head
        if self._head not in self._nodes:
            raise ValueError(f"head {self._head} is not a node")
        for parent, child in (chosen or {}).items():
            if child not in self._nodes or self._nodes[child].parent != parent:
                raise ValueError(f"chosen {parent} -> {child} is not an edge")
            self._choose(parent, child)

    def _choose(self, parent: NodeId, child: NodeId) -> None:
        self._chosen[parent] = child
        self._choices.append(parent)

    def _insert(self, node: Node) -> None:
        if node.id in self._nodes:
            raise ValueError(f"node {node.id} is there twice")
        if node.parent is None:
            if self._roots:
                raise ValueError(f"nodes {self._roots[0]} and {node.id} are both roots")
            self._roots.append(node.id)
        elif node.parent not in self._nodes:
            raise ValueError(f"node {node.id} comes before its parent {node.parent}")
        else:
            self._children.setdefault(node.parent, []).append(node.id)
        self._nodes[node.id] = node
        self._order.append(node)
        self._next = max(self._next, node.id + 1)

    # -- reading ---------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self._nodes)

    def __iter__(self) -> Iterator[Node]:
        return iter(self._nodes.values())

    def __getitem__(self, node_id: NodeId) -> Node:
        return self._nodes[node_id]

    def __contains__(self, node_id: object) -> bool:
        return node_id in self._nodes

    @property
    def root(self) -> Node:
        """The opening."""
        return self._nodes[self._roots[0]]

    @property
    def head(self) -> Node:
        """The turn that the player is at."""
        return self._nodes[self._head]

    @property
    def chosen(self) -> Mapping[NodeId, NodeId]:
        """For each parent, the child that was last on the path."""
        return dict(self._chosen)

    @property
    def next_id(self) -> NodeId:
        """The id that the next node takes."""
        return self._next

    def path(self, node_id: NodeId | None = None) -> list[Node]:
        """The turns from the opening to `node_id` (the head by default), in order."""
        at: NodeId | None = self._head if node_id is None else node_id
        walk = []
        while at is not None:
            node = self._nodes[at]
            walk.append(node)
            at = node.parent
        walk.reverse()
        return walk

    def children(self, node_id: NodeId) -> list[Node]:
        """The turns that follow `node_id`, oldest first."""
        return [self._nodes[child] for child in self._children.get(node_id, ())]

    def siblings(self, node_id: NodeId) -> list[Node]:
        """All alternatives of a turn, itself among them, oldest first."""
        parent = self._nodes[node_id].parent
        return [self._nodes[node_id]] if parent is None else self.children(parent)

    def tip(self, node_id: NodeId) -> Node:
        """Where redo from `node_id` ends: the last turn of what followed it."""
        at = node_id
        while children := self._children.get(at):
            at = self._chosen.get(at, children[-1])
        return self._nodes[at]

    def below(self, node_id: NodeId) -> set[NodeId]:
        """`node_id` and every turn that follows it, on any branch."""
        found: set[NodeId] = set()
        waiting = [node_id]
        while waiting:
            at = waiting.pop()
            found.add(at)
            waiting += self._children.get(at, ())
        return found

    @property
    def can_undo(self) -> bool:
        """Whether there is a turn to take back."""
        return self.head.parent is not None

    @property
    def can_redo(self) -> bool:
        """Whether a turn was taken back, or another branch goes on from here."""
        return bool(self._children.get(self._head))

    def changes_since(self, mark: Mark = (0, 0)) -> Changes:
        """What was added or chosen after `mark`; all of it by default."""
        nodes, choices = mark
        return Changes(
            nodes=tuple(self._order[nodes:]),
            chosen={parent: self._chosen[parent] for parent in self._choices[choices:]},
            mark=(len(self._order), len(self._choices)),
        )

    # -- changing --------------------------------------------------------------------------

    def add(self, node: Node) -> Node:
        """Add a turn below its parent and move the head to it.

        Raises:
            ValueError: The id is taken or the parent unknown; the tree is unchanged.
        """
        if node.parent is None:
            raise ValueError("only the opening has no parent")
        near = (self._head, self.head.parent)
        self._insert(node)
        if node.parent in near:
            # A turn or a retry: the path above it is chosen already, however long.
            self._choose(node.parent, node.id)
            self._head = node.id
        else:
            self.go(node.id)
        return node

    def go(self, node_id: NodeId) -> Node:
        """Move the head to any node; redo from its ancestors now leads back to it.

        Raises:
            TurnError: No such node.
        """
        if node_id not in self._nodes:
            raise TurnError(f"There is no turn {node_id} in this story.")
        self._head = node_id
        child = self._nodes[node_id]
        while child.parent is not None:
            if self._chosen.get(child.parent) != child.id:
                self._choose(child.parent, child.id)
            child = self._nodes[child.parent]
        return self.head

    def undo(self) -> Node:
        """Move the head to the turn before.

        Raises:
            TurnError: The head is the opening.
        """
        parent = self.head.parent
        if parent is None:
            raise TurnError("There is nothing to undo.", "The story is at its opening.")
        self._head = parent
        return self.head

    def redo(self) -> Node:
        """Move the head to the child last left, or the newest one.

        Raises:
            TurnError: No turn follows the head.
        """
        children = self._children.get(self._head)
        if not children:
            raise TurnError("There is nothing to redo.", "No turn was taken back here.")
        self._head = self._chosen.get(self._head, children[-1])
        return self.head

    def without(self, node_id: NodeId) -> StoryTree:
        """A new tree that lacks a turn and all that follows it; this one stays as it is.

        A head among them moves to the turn before.

        Raises:
            TurnError: There is no such turn, or it is the opening.
        """
        if node_id not in self._nodes:
            raise TurnError(f"There is no turn {node_id} in this story.")
        parent = self._nodes[node_id].parent
        if parent is None:
            raise TurnError("The opening cannot be forgotten.", "Delete the story instead.")
        gone = self.below(node_id)
        return StoryTree(
            [node for node in self._order if node.id not in gone],
            parent if self._head in gone else self._head,
            {above: child for above, child in self._chosen.items() if child not in gone},
            self._next,
        )
