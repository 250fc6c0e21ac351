"""Walking about in the story: picking a turn, its other tellings, the tree, and searching.

What is done to a turn is done to the picked one, and where none is picked to the current one.
"""

from __future__ import annotations

from collections.abc import Callable

from dungeon.engine.base import CancelToken
from dungeon.errors import DungeonError
from dungeon.story.action import as_line, as_narrative
from dungeon.story.tree import Node, NodeId
from dungeon.ui import background
from dungeon.ui.messages import OddsWeighed
from dungeon.ui.screens.editor import EditorScreen
from dungeon.ui.screens.in_place import InPlaceEditor
from dungeon.ui.screens.odds import OddsScreen
from dungeon.ui.screens.replay import ReplayScreen
from dungeon.ui.screens.telling import TellingScreen
from dungeon.ui.screens.tree import TreeScreen
from dungeon.ui.shown import error_text
from dungeon.ui.widgets.find_line import FindLine
from dungeon.ui.widgets.status_bar import Phase

READING: tuple[Phase, ...] = ("loading", "failed", "idle")
"""Phases in which no turn is under way."""


class WalkingScreen(TellingScreen):
    """A story in which one can go anywhere."""

    def on_mount(self) -> None:
        """Turns say what the tree knows of them."""
        self.transcript.label_of = self._label
        self.transcript.clicked = self._clicked
        self._places: list[int] = []
        self._place = 0
        self.query_one(FindLine).input.cursor_blink = self._settings.animations

    @property
    def subject(self) -> Node:
        """The turn that is meant: the picked one, else the current one."""
        return self.transcript.picked or self.session.story.tree.head

    @property
    def reading(self) -> bool:
        """Whether the story stands still."""
        return self.phase in READING and self._queued is None

    @property
    def finding(self) -> bool:
        """Whether the search stands in the place of the player's line."""
        return self.has_class("-finding")

    def possible(self) -> dict[str, Callable[[], bool]]:
        """For each action whether it can be done now."""
        session, transcript = self.session, self.transcript

        def told() -> bool:
            return self.subject.parent is not None

        def at_end() -> bool:
            return transcript.picked is session.story.tree.head

        return {
            "retry": lambda: self.phase == "idle" and told(),
            "undo": lambda: self.reading and session.can_undo,
            "redo": lambda: self.reading and session.can_redo,
            "alter": lambda: self.reading and told(),
            "earlier": lambda: self.reading and self._telling(-1) is not None,
            "later": lambda: self.reading and self._telling(1) is not None,
            "back": lambda: self.reading and transcript.picked_at != 0,
            "forth": lambda: self.reading and transcript.picked is not None,
            "release": lambda: transcript.picked is not None or self.finding,
            "branch": lambda: self.reading and transcript.picked is not None and not at_end(),
            "tree": lambda: self.reading,
            "marks": lambda: self.reading,
            "bookmark": lambda: self.reading,
            "find": lambda: True,
            "copy": lambda: True,
            "replay": lambda: self.reading and len(transcript.nodes) > 1,
            "odds": lambda: self.phase == "idle" and told(),
        }

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """What is possible now; None greys a key out."""
        if not self._showing:
            return None
        check = self.possible().get(action)
        return True if check is None or check() else None

    def _try(self, verb: Callable[[], object]) -> None:
        """Do something to the story, then show it."""
        try:
            verb()
        except DungeonError as error:
            self.notify(error_text(error), severity="warning", markup=False)
            return
        self.transcript.end()
        self.transcript.show(self.session.story.tree.path())
        self.transcript.set_notice("")
        self._show_state()
        context = self._show_window()
        self._tell_if_unsaved()
        if self.session.turn is None:
            self._read_ahead(context)

    def _edit(self, title: str, about: str, text: str, put: Callable[[str], object]) -> None:
        def edited(new: str | None) -> None:
            if new is not None:
                self._try(lambda: put(new))

        self.app.push_screen(EditorScreen(title, about, text), edited)

    # -- the picked turn -----------------------------------------------------------------------

    def _pick(self, at: int | None) -> None:
        self.transcript.pick(at)
        self._show_state()

    def _clicked(self, node: Node | None) -> None:
        if self.reading:
            self._pick(None if node is None else list(self.transcript.nodes).index(node))

    def action_back(self) -> None:
        """Pick the turn before the picked one; at first the current one."""
        at = self.transcript.picked_at
        self._pick(len(self.transcript.nodes) - 1 if at is None else max(0, at - 1))

    def action_forth(self) -> None:
        """Pick the turn after the picked one; after the last none."""
        at = self.transcript.picked_at
        if at is not None:
            self._pick(at + 1 if at + 1 < len(self.transcript.nodes) else None)

    def action_release(self) -> None:
        """Pick none; the search, where there is one, ends first."""
        if self.finding:
            self._end_search()
        else:
            self._pick(None)
            self.transcript.scroll_end(animate=False)

    def action_branch(self) -> None:
        """Make the picked turn the current one."""
        node = self.subject
        self._try(lambda: self.session.go(node.id))
        self._pick(None)

    def _label(self, node: Node) -> str:
        """What stands above a turn on the screen."""
        tellings = [one.id for one in self.session.story.tree.siblings(node.id)]
        mark = self.session.mark(node.id)
        parts = ["★" if mark.bookmark else "", mark.name]
        if len(tellings) > 1:
            parts.append(f"‹{tellings.index(node.id) + 1}/{len(tellings)}›")
        return " ".join(part for part in parts if part)

    # -- verbs ---------------------------------------------------------------------------------

    def action_retry(self) -> None:
        """Tell the turn again."""
        node = self.subject
        self._begin(lambda: self.session.begin_retry(node.id))

    def action_undo(self) -> None:
        """Take the current turn back."""
        self._try(self.session.undo)

    def action_redo(self) -> None:
        """Put a turn back."""
        self._try(self.session.redo)

    def _telling(self, step: int) -> NodeId | None:
        picked = self.transcript.picked
        return self.session.alternative(step, None if picked is None else picked.id)

    def _to_telling(self, step: int) -> None:
        to, at = self._telling(step), self.transcript.picked_at
        if to is None:
            return
        self._try(lambda: self.session.go(to))
        if at is not None:
            self._pick(at)

    def action_earlier(self) -> None:
        """Show the telling before."""
        self._to_telling(-1)

    def action_later(self) -> None:
        """Show the telling after."""
        self._to_telling(1)

    def action_alter(self) -> None:
        """Change a turn's words where they stand; the turn as it was stays beside it."""
        at = self.transcript.picked_at
        node = self.subject

        def altered(text: str | None) -> None:
            if text is not None:
                self.transcript.pick(None)
                self._try(lambda: self.session.alter(text, node.id))

        place = self.transcript.words_of(len(self.transcript.nodes) - 1 if at is None else at)
        self.app.push_screen(InPlaceEditor(node.text, place, self.transcript.region), altered)

    def action_bookmark(self) -> None:
        """Put a bookmark at the turn, or take it away."""
        node = self.subject
        on = not self.session.mark(node.id).bookmark
        self.session.set_bookmark(node.id, on)
        self.transcript.refresh()
        self._show_state()
        self.notify(
            "Bookmarked; Alt+M shows all." if on else "The bookmark is gone.",
            timeout=3,
            markup=False,
        )

    def action_copy(self) -> None:
        """Put the turn on the clipboard."""
        node, style = self.subject, self.session.story.style
        said = as_line(node.action, style) or as_narrative(node.action)
        self.app.copy_to_clipboard("\n\n".join(part for part in (said, node.text) if part))
        self.notify("Copied.", timeout=3, markup=False)

    def action_odds(self) -> None:
        """Weigh the words of the turn; one of the others may be taken in a word's place."""
        node, engine = self.subject, self._engine
        if engine is None:
            return
        try:
            prompt = self.session.weighed(node.id)
        except DungeonError as error:
            self.notify(error_text(error), severity="warning", markup=False)
            return
        cancel = CancelToken()

        def taken(words: str | None) -> None:
            cancel.cancel()
            if words is not None:
                self.transcript.pick(None)
                self._begin(lambda: self.session.begin_with(node.id, words))
            else:
                self._read_ahead()

        # What is read ahead keeps the engine to itself.
        self._ahead.cancel()
        self.app.push_screen(OddsScreen(node.text), taken)
        background.weigh(engine, prompt, node.text, cancel, self.post_message)

    def on_odds_weighed(self, message: OddsWeighed) -> None:
        """Show them, if somebody still wants to see them."""
        message.stop()
        if isinstance(screen := self.app.screen, OddsScreen):
            screen.weighed(message.odds, message.error)

    # -- the tree ------------------------------------------------------------------------------

    def action_tree(self) -> None:
        """Show the tree."""
        self._show_tree(only_marks=False)

    def action_marks(self) -> None:
        """Show bookmarks and endings."""
        self._show_tree(only_marks=True)

    def _show_tree(self, *, only_marks: bool) -> None:
        def chosen(node_id: NodeId | None) -> None:
            if node_id is not None:
                self._pick(None)
                self._try(lambda: self.session.go(node_id))

        def changed() -> None:
            self._try(lambda: None)

        self.app.push_screen(TreeScreen(self.session, changed, only_marks=only_marks), chosen)

    def action_replay(self) -> None:
        """Tell the story on the screen again."""
        story = self.session.story
        self.app.push_screen(ReplayScreen(story, story.tree.head.id))

    # -- searching -----------------------------------------------------------------------------

    def action_find(self) -> None:
        """Look for words."""
        self.add_class("-finding")
        find = self.query_one(FindLine)
        find.input.focus()
        self._seek(find.input.value)

    def _end_search(self) -> None:
        self.remove_class("-finding")
        self.transcript.find("")
        self.line.focus()

    def on_find_line_sought(self, event: FindLine.Sought) -> None:
        """Other words: go to where they stood last."""
        event.stop()
        if self.finding:
            self._seek(event.words)

    def _seek(self, words: str) -> None:
        self._places = self.transcript.find(words)
        self._place = len(self._places) - 1
        self._show_place(words)

    def on_find_line_moved(self, event: FindLine.Moved) -> None:
        """To another place, round and round."""
        event.stop()
        if self._places:
            self._place = (self._place + event.step) % len(self._places)
            self._show_place(self.query_one(FindLine).input.value)

    def _show_place(self, words: str) -> None:
        find = self.query_one(FindLine)
        if not self._places:
            find.say("nowhere" if words.strip() else "")
            return
        find.say(f"turn {self._place + 1} of {len(self._places)}")
        at = self._places[self._place]
        if self.reading:
            self._pick(at)
        else:
            self.transcript.bring(at)
