"""A tree as rows."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dungeon.story.outline import forks, outline
from dungeon.story.tree import Node, StoryTree


def tree_of(*parents: int) -> StoryTree:
    """A tree whose node n + 2 follows the n-th of `parents`."""
    nodes = [Node(at, parent, None, f"turn {at}") for at, parent in enumerate(parents, 2)]
    return StoryTree([Node(1, None, None, "opening"), *nodes])


def test_the_story_runs_straight_down_and_branches_hang_off_it() -> None:
    tree = tree_of(1, 2, 1, 4, 2)
    tree.go(3)
    rows = outline(tree)
    drawn = [(row.node.id, row.depth, row.branch, f"{row.place}/{row.count}") for row in rows]
    assert drawn == [
        (1, 0, False, "1/1"),
        (4, 1, True, "2/2"),
        (5, 1, False, "1/1"),
        (2, 0, False, "1/2"),
        (6, 1, True, "2/2"),
        (3, 0, False, "1/2"),
    ]
    assert [row.node.id for row in rows if row.end] == [5, 6, 3]
    assert forks(rows) == {1, 2}


@given(st.lists(st.integers(0, 10**6), max_size=60), st.integers(0, 10**6))
def test_every_turn_stands_once_below_the_one_that_it_follows(picks: list[int], head: int) -> None:
    tree = tree_of(*(pick % (at + 1) + 1 for at, pick in enumerate(picks)))
    tree.go(head % len(tree) + 1)
    rows = outline(tree)
    place = {row.node.id: at for at, row in enumerate(rows)}
    assert sorted(place) == sorted(node.id for node in tree)
    depth = {row.node.id: row.depth for row in rows}
    for node in tree:
        if node.parent is not None:
            assert place[node.parent] < place[node.id]
            assert 0 <= depth[node.id] - depth[node.parent] <= 1
    assert {depth[node.id] for node in tree.path(tree.tip(1).id)} == {0}


def test_a_deep_story_is_no_trouble() -> None:
    rows = outline(tree_of(*range(1, 5000)))
    assert [row.depth for row in rows] == [0] * 5000
