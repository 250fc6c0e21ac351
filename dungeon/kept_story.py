"""A story and the file that keeps it: everything that a player can do without a narrator."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, replace
from datetime import UTC, datetime

from dungeon.errors import SaveError, TurnError
from dungeon.storage.story_file import StoryFile
from dungeon.story import action as actions
from dungeon.story import marks
from dungeon.story.generation import GenerationSettings
from dungeon.story.marks import Mark
from dungeon.story.scenario import Card, Source
from dungeon.story.story import Story
from dungeon.story.tree import Node, NodeId
from dungeon.turn import Turn


class KeptStory:
    """A story that is saved after every change.

    Args:
        story: The story.
        file: Where it is kept; None keeps it nowhere.

    Attributes:
        story: The story; change it only through this class.
        saved: Whether the file holds everything that the story does.
        save_error: Why it does not; None when it does.
    """

    def __init__(self, story: Story, file: StoryFile | None = None) -> None:
        self.story = story
        self.file = file
        self.saved = False
        self.save_error: SaveError | None = None
        self._turn: Turn | None = None

    @property
    def turn(self) -> Turn | None:
        """The turn under way."""
        return self._turn

    def check_idle(self) -> None:
        """Refuse while a turn is under way.

        Raises:
            TurnError: One is.
        """
        if self._turn is not None:
            raise TurnError("The narrator is still speaking.", "Stop it first, or wait.")

    def close(self) -> None:
        """Save what is not yet saved and let go of the file. May be called twice."""
        if self.file is not None:
            if not self.saved:
                self.save()
            self.file.close()
            self.file = None

    # -- moving in the tree ------------------------------------------------------------------

    @property
    def can_undo(self) -> bool:
        """Whether a turn can be taken back now."""
        return self._turn is None and self.story.tree.can_undo

    @property
    def can_redo(self) -> bool:
        """Whether a turn that was taken back can be put back now."""
        return self._turn is None and self.story.tree.can_redo

    def undo(self) -> Node:
        """Take the current turn back.

        Raises:
            TurnError: The story is at its opening, or a turn is under way.
        """
        self.check_idle()
        node = self.story.tree.undo()
        self.save()
        return node

    def redo(self) -> Node:
        """Put the turn last taken back in place again.

        Raises:
            TurnError: There is none, or a turn is under way.
        """
        self.check_idle()
        node = self.story.tree.redo()
        self.save()
        return node

    def go(self, node_id: NodeId) -> Node:
        """Make any turn the current one.

        Raises:
            TurnError: There is no such turn, or a turn is under way.
        """
        self.check_idle()
        node = self.story.tree.go(node_id)
        self.save()
        return node

    def alter(self, text: str, node_id: NodeId | None = None) -> Node:
        """Tell a turn (the current one by default) in the player's own words.

        The turn stays as it was, with a sibling that has the new text; what followed it
        stays on the old branch.

        Raises:
            TurnError: The text is blank or the turn is the opening, or one is under way.
        """
        self.check_idle()
        tree = self.story.tree
        old = tree.head if node_id is None else tree[node_id]
        new_text = actions.clean_story(text)
        if not new_text:
            raise TurnError("A turn cannot be empty.", "Use undo to take it back.")
        if old.parent is None:
            raise TurnError(
                "The opening stays as its author wrote it.",
                "Write what should be different into the memory.",
            )
        node = replace(
            old,
            id=tree.next_id,
            text=new_text,
            raw="",
            origin="altered",
            seed=None,
            model="",
            stop="",
            created=now(),
        )
        tree.add(node)
        self.save()
        return node

    def alternative(self, step: int, node_id: NodeId | None = None) -> NodeId | None:
        """Where to go to see the telling of a turn so many before or after this one.

        Of the current turn (the default) that is the telling itself; of one that is named it is
        the end of what followed that telling when it was last on the screen.
        """
        tree = self.story.tree
        at = tree.head.id if node_id is None else node_id
        tellings = [node.id for node in tree.siblings(at)]
        place = tellings.index(at) + step
        if not 0 <= place < len(tellings):
            return None
        return tellings[place] if node_id is None else tree.tip(tellings[place]).id

    def forget(self, node_id: NodeId) -> int:
        """Throw a turn away with all that follows it, for good.

        Returns:
            How many turns went.

        Raises:
            TurnError: There is no such turn, it is the opening, or a turn is under way.
        """
        self.check_idle()
        story = self.story
        before = len(story.tree)
        story.tree = story.tree.without(node_id)
        story.marks = marks.within(story.marks, story.tree)
        self.save()
        return before - len(story.tree)

    def name_branch(self, node_id: NodeId, name: str) -> None:
        """Name the branch that begins with a turn; a blank name takes the name away."""
        old = self.mark(node_id)
        name = actions.clean_line(name)[: marks.MAX_NAME].strip()
        self._put_mark(node_id, replace(old, name=name))

    def set_bookmark(self, node_id: NodeId, on: bool) -> None:
        """Put a bookmark at a turn, or take it away."""
        self._put_mark(node_id, replace(self.mark(node_id), bookmark=on))

    def mark(self, node_id: NodeId) -> Mark:
        """What the player wrote at a turn."""
        return self.story.marks.get(node_id, Mark())

    def _put_mark(self, node_id: NodeId, mark: Mark) -> None:
        self.story.marks = marks.put(self.story.marks, node_id, mark)
        self.save()

    # -- what stands beside the turns --------------------------------------------------------

    def remember(self, text: str) -> None:
        """Add a line to the memory."""
        line = actions.clean_line(text)
        if line:
            self.set_memory(f"{self.story.memory}\n{line}".strip())

    def set_memory(self, text: str) -> None:
        """Replace the memory."""
        self.story.memory = actions.clean_story(text)
        self.save()

    def set_authors_note(self, text: str) -> None:
        """Replace the author's note."""
        self.story.authors_note = actions.clean_line(text)
        self.save()

    def put_card(self, old: Card | None, new: Card | None) -> None:
        """Add a card, change one, or throw one away (`new` is None).

        An automatic card that is changed becomes one of the story's own; one that is thrown away
        does not come again.

        Raises:
            TurnError: Another card has that name already, the new one lacks a name or a text,
                or a turn is under way.
        """
        self.check_idle()
        story = self.story
        cards = list(story.cards)
        if new is not None and not (new.name.strip() and new.text.strip()):
            raise TurnError("A card needs a name and a text.", "Write what is missing.")
        if new is not None and any(
            card is not old and card.name.casefold() == new.name.casefold() for card in cards
        ):
            raise TurnError(f"There is a card {new.name} already.", "Choose another name.")
        if old is not None and old in cards:
            at = cards.index(old)
            cards[at : at + 1] = [] if new is None else [new]
        else:
            if old is not None:
                story.forgotten = (*story.forgotten, old.name.casefold())
            if new is not None:
                cards.append(new)
        self.set_cards(tuple(cards))

    def set_automatic(self, on: bool) -> None:
        """Switch the automatic memory on or off."""
        self.story.automatic = on
        self.save()

    def set_cards(self, cards: tuple[Card, ...]) -> None:
        """Replace the world info."""
        self.story.cards = cards
        self.save()

    def set_generation(
        self, generation: GenerationSettings, own: Collection[str] | None = None
    ) -> None:
        """Replace the sampling numbers of this story.

        Args:
            generation: The numbers.
            own: Names of those that the player's settings do not override; by default what
                changes now joins those that were.
        """
        before = asdict(self.story.generation)
        if own is None:
            changed = {name for name, new in asdict(generation).items() if new != before[name]}
            own = changed.union(self.story.own)
        self.story.own = tuple(sorted(own))
        self.story.generation = generation
        self.save()

    def take_over(self, revised: Story, source: Source) -> None:
        """Go on with the texts, cards and numbers of `revised`, the same story with what its
        author changed (see `story.revision`); `source` is the scenario as it is now.

        Raises:
            TurnError: A turn is under way.
        """
        self.check_idle()
        story = self.story
        for name in ("scenario", "memory", "authors_note", "cards", "generation"):
            setattr(story, name, getattr(revised, name))
        story.source = source
        self.save()

    def set_title(self, title: str) -> None:
        """Rename the story; its file keeps its name."""
        self.story.title = actions.clean_line(title) or self.story.title
        self.save()

    def save(self) -> bool:
        """Write everything that the file does not hold yet.

        A failure is no exception: the story goes on in memory, `saved` is false, `save_error`
        says why, and the next save writes all of it.
        """
        if self.file is None or self.file.read_only:
            self.saved = False
            return False
        try:
            self.file.save(self.story)
        except SaveError as error:
            self.saved = False
            self.save_error = error
        else:
            self.saved = True
            self.save_error = None
        return self.saved


def now() -> str:
    """The time as it is noted at turns: ISO 8601, UTC, to the second."""
    return datetime.now(UTC).replace(microsecond=0).isoformat()
