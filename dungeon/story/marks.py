"""What the player wrote at turns of the tree: names of branches, and bookmarks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dungeon.story.tree import NodeId, StoryTree

MAX_NAME = 60
"""Longest name of a branch, in characters."""


@dataclass(frozen=True, slots=True)
class Mark:
    """What stands at one turn; one that says nothing is false.

    Attributes:
        name: Of the branch that begins with the turn; "" for none.
        bookmark: Whether the player wants to find the turn again.
    """

    name: str = ""
    bookmark: bool = False

    def __bool__(self) -> bool:
        return bool(self.name) or self.bookmark


Marks = Mapping[NodeId, Mark]


def put(marks: Marks, node_id: NodeId, mark: Mark) -> Marks:
    """`marks` with another one at a turn, in the order of the turns."""
    return {at: one for at, one in sorted({**marks, node_id: mark}.items()) if one}


def within(marks: Marks, tree: StoryTree) -> Marks:
    """Those of `marks` whose turn is in `tree`."""
    return {at: mark for at, mark in marks.items() if at in tree}
