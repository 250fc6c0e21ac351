"""A tree as rows: the story runs straight down, and branches hang off it to the right.

Of the turns that follow one the last in `chosen` (what redo goes to) goes on in the same column.
The others stand before it, each with all that follows it, one column further in. So a column is
used up for every branching, not for every turn.
"""

from __future__ import annotations

from dataclasses import dataclass

from dungeon.story.tree import Node, NodeId, StoryTree


@dataclass(frozen=True, slots=True)
class Row:
    """One turn of the outline.

    Attributes:
        node: The turn.
        depth: Columns left of it; in each the story that it hangs off goes on further down.
        branch: Whether it begins a branch, which its line shows.
        place, count: Which of how many tellings it is.
        end: Whether no turn follows it.
    """

    node: Node
    depth: int
    branch: bool
    place: int
    count: int
    end: bool


def outline(tree: StoryTree) -> list[Row]:
    """Every turn of `tree`, each below the one that it follows."""
    rows = []
    chosen = tree.chosen
    # Turns to come, the next one last: deep stories would be too much for recursion.
    waiting = [(tree.root, 0, False, 1, 1)]
    while waiting:
        node, depth, branch, place, count = waiting.pop()
        children = tree.children(node.id)
        rows.append(Row(node, depth, branch, place, count, not children))
        if not children:
            continue
        straight = chosen.get(node.id, children[-1].id)
        sides = []
        for at, child in enumerate(children, 1):
            if child.id == straight:
                waiting.append((child, depth, False, at, len(children)))
            else:
                sides.append((child, depth + 1, True, at, len(children)))
        waiting += reversed(sides)
    return rows


def forks(rows: list[Row]) -> set[NodeId]:
    """Turns that more than one turn follows."""
    return {row.node.parent for row in rows if row.count > 1 and row.node.parent is not None}
