"""The story tree against a plain model, and its verbs one by one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dungeon.errors import TurnError
from dungeon.story.tree import Node, StoryTree


def node(node_id: int, parent: int | None) -> Node:
    return Node(node_id, parent, None, f"turn {node_id}")


@pytest.fixture
def tree() -> StoryTree:
    return StoryTree([node(1, None)])


def grow(tree: StoryTree, parent: int | None = None) -> int:
    new = node(tree.next_id, tree.head.id if parent is None else parent)
    return tree.add(new).id


def test_turns_follow_the_head(tree: StoryTree) -> None:
    grow(tree)
    grow(tree)
    assert [n.id for n in tree.path()] == [1, 2, 3]


def test_undo_and_redo_move_only_the_head(tree: StoryTree) -> None:
    grow(tree)
    grow(tree)
    assert tree.undo().id == 2
    assert tree.undo().id == 1
    assert not tree.can_undo
    assert tree.redo().id == 2
    assert tree.redo().id == 3
    assert not tree.can_redo
    assert len(tree) == 3


def test_redo_goes_to_the_child_last_left(tree: StoryTree) -> None:
    first = grow(tree)
    tree.undo()
    second = grow(tree)
    tree.go(first)
    tree.undo()
    assert tree.redo().id == first
    tree.go(second)
    tree.undo()
    assert tree.redo().id == second


def test_going_to_a_far_branch_leads_redo_along_it(tree: StoryTree) -> None:
    a = grow(tree)
    b = grow(tree)
    tree.go(1)
    grow(tree)
    tree.go(b)
    tree.go(1)
    assert [tree.redo().id, tree.redo().id] == [a, b]


def test_ends_say_so(tree: StoryTree) -> None:
    with pytest.raises(TurnError, match="nothing to undo"):
        tree.undo()
    with pytest.raises(TurnError, match="nothing to redo"):
        tree.redo()
    with pytest.raises(TurnError, match="no turn 99"):
        tree.go(99)


def test_a_branch_is_forgotten_in_a_new_tree(tree: StoryTree) -> None:
    two, three = grow(tree), grow(tree)
    side = grow(tree, two)
    grow(tree)
    assert tree.below(two) == {two, three, side, 5}
    assert tree.tip(two).id == 5
    less = tree.without(side)
    assert ([n.id for n in less], less.head.id, less.next_id) == ([1, 2, 3], two, 6)
    assert less.redo().id == three
    assert len(tree) == 5
    assert tree.without(three).head.id == 5
    for refused in (1, 99):
        with pytest.raises(TurnError):
            tree.without(refused)


@pytest.mark.parametrize(
    "nodes",
    [
        [],
        [node(1, None), node(2, None)],
        [node(1, None), node(1, None)],
        [node(1, None), node(3, 2)],
        [node(2, 1)],
    ],
)
def test_what_is_no_tree_is_refused(nodes: list[Node]) -> None:
    with pytest.raises(ValueError, match=r"."):
        StoryTree(nodes)


def test_a_refused_node_changes_nothing(tree: StoryTree) -> None:
    with pytest.raises(ValueError, match="before its parent"):
        tree.add(node(2, 7))
    assert len(tree) == 1
    assert grow(tree) == 2


Step = st.tuples(st.sampled_from(["turn", "retry", "undo", "redo", "go"]), st.integers(0, 30))


@given(st.lists(Step, max_size=60), st.integers(0, 60))
def test_a_rebuilt_tree_plays_on_the_same(steps: list[tuple[str, int]], mark_at: int) -> None:
    """Nothing is lost, and changes since any mark are enough to rebuild it."""
    tree = StoryTree([node(1, None)])
    parents: dict[int, int | None] = {1: None}
    saved = tree.changes_since()
    nodes, chosen = list(saved.nodes), dict(saved.chosen)
    for index, (verb, pick) in enumerate(steps):
        if verb == "turn":
            parent = tree.head.id
            parents[grow(tree)] = parent
        elif verb == "retry" and tree.head.parent is not None:
            parent = tree.head.parent
            parents[grow(tree, parent)] = parent
        elif verb == "undo" and tree.can_undo:
            tree.undo()
        elif verb == "redo" and tree.can_redo:
            tree.redo()
        elif verb == "go":
            tree.go(sorted(parents)[pick % len(parents)])
        if index == mark_at:
            saved = tree.changes_since(saved.mark)
            nodes += saved.nodes
            chosen |= saved.chosen
    saved = tree.changes_since(saved.mark)
    nodes += saved.nodes
    chosen |= saved.chosen
    again = StoryTree(nodes, tree.head.id, chosen)
    assert {n.id: n.parent for n in again} == parents
    assert again.chosen == tree.chosen
    while tree.can_redo:
        assert again.redo() == tree.redo()
    assert again.path() == tree.path()
