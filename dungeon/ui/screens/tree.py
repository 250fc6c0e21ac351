"""The story as a tree: every branch, where one can go, what is named and what is forgotten."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Input, Static

from dungeon.errors import DungeonError
from dungeon.kept_story import KeptStory
from dungeon.story.action import as_line, as_narrative
from dungeon.story.outline import Row, forks, outline
from dungeon.story.tree import Node, NodeId
from dungeon.ui.commands import ON_TREE, TREE, Command
from dungeon.ui.modal import Modal
from dungeon.ui.screens.choice import ChoiceScreen, error_screen
from dungeon.ui.screens.name import NameScreen
from dungeon.ui.screens.replay import ReplayScreen
from dungeon.ui.shown import joined, line, shown
from dungeon.ui.widgets.key_bar import KeyBar
from dungeon.ui.widgets.line_input import LineInput
from dungeon.ui.widgets.tree_rows import Piece, TreeRows

MAX_SEARCH = 80
FIRST_WORDS = 160
"""Characters of a turn that a row may show; no terminal shows more."""
DEEPEST = 12
"""Columns that are drawn; a branch further in stands in the last of them."""


class TreeSearch(LineInput):
    """The search; Down goes on into the tree."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "screen.into_tree", "To the tree", show=False, tooltip="To the tree."),
    ]


class TreeScreen(Modal[NodeId | None]):
    """Shows the tree; returns the turn to go to, None for none.

    Args:
        story: No turn under way.
        changed: Called when a branch was named or forgotten, or a bookmark put.
        only_marks: Whether it begins with bookmarks and endings alone.
    """

    COMMANDS_HERE: ClassVar[tuple[Command, ...]] = ON_TREE
    BINDINGS: ClassVar[list[BindingType]] = [
        *(command.binding() for command in ON_TREE),
        Binding(
            ",".join(TREE.keys), "dismiss(None)", "Close", show=False, priority=True,
            tooltip="Back to the story.",
        ),
    ]  # fmt: skip

    def __init__(
        self, story: KeptStory, changed: Callable[[], object], *, only_marks: bool = False
    ) -> None:
        super().__init__()
        self._kept = story
        self._changed = changed
        self._only = only_marks
        self._all: list[Row] = []
        self._forks: set[NodeId] = set()
        self._on_path: set[NodeId] = set()

    def compose(self) -> ComposeResult:
        """Heading, search, the rows, the turn at the cursor, keys."""
        with Vertical(classes="dialog wide tall", id="tree"):
            yield Static(Content(""), classes="dialog--title", id="tree-title", markup=False)
            with Horizontal(id="search-row"):
                yield Static(Content("/"), id="search-mark", markup=False)
                search = TreeSearch(
                    id="search", max_length=MAX_SEARCH, placeholder="search what was done and told"
                )
                search.cursor_blink = self.app.animation_level != "none"
                yield search
            yield TreeRows(self._pieces, id="tree-rows")
            with VerticalScroll(id="tree-turn"):
                yield Static(Content(""), id="tree-shown", markup=False)
            yield KeyBar([command for command in ON_TREE if command.label], id="tree-keys")

    def on_mount(self) -> None:
        """The cursor stands at the current turn."""
        self._reload(self._kept.story.tree.head.id)
        self.rows.focus()

    @property
    def rows(self) -> TreeRows:
        """The rows."""
        return self.query_one(TreeRows)

    @property
    def search(self) -> TreeSearch:
        """The line above them."""
        return self.query_one(TreeSearch)

    @property
    def node(self) -> Node | None:
        """The turn that the keys are about."""
        row = self.rows.current
        return None if row is None else row.node

    # -- what is listed ------------------------------------------------------------------------

    def _reload(self, keep: NodeId) -> None:
        tree = self._kept.story.tree
        self._all = outline(tree)
        self._forks = forks(self._all)
        self._on_path = {node.id for node in tree.path()}
        self._list(keep)

    def _list(self, keep: NodeId | None = None) -> None:
        node = self.node
        keep = keep if keep is not None or node is None else node.id
        words = self.search.value.casefold().split()
        rows: Sequence[Row] = self._all
        if self._only:
            rows = [row for row in rows if row.end or self._kept.mark(row.node.id)]
        if words:
            rows = [row for row in rows if self._has(row, words)]
        self.rows.show(rows, next((at for at, row in enumerate(rows) if row.node.id == keep), 0))
        count = f"{len(rows)} of {len(self._all)}" if len(rows) < len(self._all) else f"{len(rows)}"
        what = "Bookmarks and endings" if self._only else "The tree"
        self.query_one("#tree-title", Static).update(
            joined(what, (f"  {count} turns", "not bold $faint"))
        )
        if not rows:
            self._show_turn()

    def _has(self, row: Row, words: Sequence[str]) -> bool:
        node = row.node
        said = (node.action.text if node.action else "", node.text, self._kept.mark(node.id).name)
        text = "\n".join(said).casefold()
        return all(word in text for word in words)

    def _pieces(self, row: Row) -> Sequence[Piece]:
        """A row as it is drawn."""
        node, flat = row.node, self._only or bool(self.search.value.strip())
        depth = 0 if flat else min(row.depth, DEEPEST)
        rails = "│ " * (depth - 1) + ("├─" if row.branch else "│ ") if depth else ""
        here = node.id in self._on_path
        mark = self._kept.mark(node.id)
        pieces = [("rail", rails), ("here" if here else "rail", "● " if here else "○ ")]
        if mark.bookmark:
            pieces.append(("mark", "★ "))
        if mark.name:
            pieces.append(("name", f"{line(mark.name).plain}: "))
        if row.count > 1:
            pieces.append(("faint", f"{row.place}/{row.count} "))
        said = line(self._said(node)).plain
        if said:
            pieces.append(("player", f"{said} "))
        pieces.append(("prose" if here else "faint", line(node.text[:FIRST_WORDS]).plain))
        return pieces

    def _said(self, node: Node) -> str:
        style = self._kept.story.style
        return (as_line(node.action, style) or as_narrative(node.action))[:FIRST_WORDS]

    def _show_turn(self) -> None:
        node = self.node
        if node is None:
            content = joined(
                ("No turn has all these words.\n", "$ink"), ("Esc clears the search.", "$faint")
            )
        else:
            content = self._turn_details(node)
        self.query_one("#tree-shown", Static).update(content)
        self.query_one("#tree-turn").scroll_home(animate=False)
        self.query_one(KeyBar).refresh()

    def _turn_details(self, node: Node) -> Content:
        tree = self._kept.story.tree
        after = len(tree.below(node.id)) - 1
        facts = [f"turn {len(tree.path(node.id)) - 1}" if node.parent else "the opening"]
        if node.id == tree.head.id:
            facts.append("where the story stands")
        elif node.id in self._on_path:
            facts.append("on the screen")
        facts.append(f"{after} after it" if after else "nothing after it")
        if node.origin in ("altered", "imported"):
            facts.append(node.origin)
        said = self._said(node)
        return Content("\n").join(
            [
                line(" · ".join(facts), "$faint"),
                *([line(said, "bold $accent")] if said else []),
                shown(node.text.strip(), "$ink"),
            ]
        )

    def on_tree_rows_moved(self, event: TreeRows.Moved) -> None:
        """Show the whole turn."""
        event.stop()
        self._show_turn()

    def on_tree_rows_chosen(self, event: TreeRows.Chosen) -> None:
        """Go there."""
        event.stop()
        self.action_go()

    def on_input_changed(self, event: Input.Changed) -> None:
        """List what is looked for."""
        event.stop()
        self._list()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """On into what was found."""
        event.stop()
        self.action_into_tree()

    # -- verbs ---------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """What is possible with the turn at the cursor; None greys a key out."""
        node = self.node if self.is_mounted else None
        if action == "go" and self.search.has_focus:
            return False
        if action in ("go", "name", "bookmark", "replay") and node is None:
            return None
        if action == "forget" and (node is None or node.parent is None):
            return None
        return True

    def action_into_tree(self) -> None:
        """From the search to what it found."""
        self.rows.focus()

    def action_find(self) -> None:
        """To the search."""
        self.search.focus()

    def action_close(self) -> None:
        """Clear the search, or leave."""
        if self.search.value or self.search.has_focus:
            self.search.value = ""
            self.rows.focus()
        else:
            self.dismiss(None)

    def action_go(self) -> None:
        """Go to the turn at the cursor."""
        if self.node is not None:
            self.dismiss(self.node.id)

    def action_fork(self, step: int) -> None:
        """To the fork before or after the cursor, or to the end of the rows."""
        at = self.rows.cursor + step
        while 0 < at < len(self.rows.rows) - 1 and self.rows.rows[at].node.id not in self._forks:
            at += step
        self.rows.go(at)

    def action_only(self) -> None:
        """Only what is marked and the ends, or everything."""
        self._only = not self._only
        self._list()

    def action_bookmark(self) -> None:
        """Put a bookmark, or take it away."""
        if (node := self.node) is not None:
            self._kept.set_bookmark(node.id, not self._kept.mark(node.id).bookmark)
            self._after(node.id)

    def action_replay(self) -> None:
        """Walk the path to the turn at the cursor."""
        if (node := self.node) is not None:
            self.app.push_screen(ReplayScreen(self._kept.story, node.id))

    def action_name(self) -> None:
        """Name the branch."""
        node = self.node
        if node is None:
            return

        def named(name: str | None) -> None:
            if name is not None:
                self._kept.name_branch(node.id, name)
                self._after(node.id)

        self.app.push_screen(NameScreen(self._kept.mark(node.id).name), named)

    def action_forget(self) -> None:
        """Throw the branch away, after asking."""
        node = self.node
        if node is None or node.parent is None:
            return
        parent = node.parent
        count = len(self._kept.story.tree.below(node.id))
        here = "\nThe story on the screen then ends before it." if node.id in self._on_path else ""
        turns = "this turn" if count == 1 else f"this turn and the {count - 1} that follow it"

        def answered(answer: str | None) -> None:
            if answer == "forget":
                try:
                    self._kept.forget(node.id)
                except DungeonError as error:
                    self.app.push_screen(error_screen(error))
                self._after(parent)

        self.app.push_screen(
            ChoiceScreen(
                "Forget this branch?",
                f"“{line(node.text[:FIRST_WORDS]).plain}”\n\nThrows away {turns}. "
                f"It cannot be brought back.{here}",
                [("keep", "Keep it"), ("forget", "Forget")],
                danger="forget",
            ),
            answered,
        )

    def _after(self, keep: NodeId) -> None:
        self._reload(keep)
        self._changed()
