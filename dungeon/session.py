"""One game: a story, the engine that tells it, and the file that keeps it. No screen here.

A turn goes begin -> narrate -> commit, or begin -> narrate -> abort. Only `narrate` takes
time, so it alone belongs on a worker thread; it reads nothing but its `Turn`, and everything
else runs on the thread that owns the session.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping
from dataclasses import asdict, fields, replace
from datetime import UTC, datetime
from pathlib import Path

from dungeon.engine.base import (
    Engine,
    GenerationRequest,
    ModelInfo,
    PromptPart,
    Sampling,
)
from dungeon.errors import SaveError, TurnError
from dungeon.storage.story_file import StoryFile
from dungeon.story import action as actions
from dungeon.story import voice
from dungeon.story.action import Action, Mode
from dungeon.story.cast import cast
from dungeon.story.context import ChatForm, Context, ContextBuilder, Shape
from dungeon.story.filter import WordFilter
from dungeon.story.scenario import Card, GenerationSettings, Scenario, Source
from dungeon.story.story import MAX_SEED, Story, begin
from dungeon.story.tree import Node, NodeId
from dungeon.turn import MAX_ATTEMPTS, Narration, Turn, narrate

__all__ = ["MAX_ATTEMPTS", "GameSession", "Narration", "Turn", "narrate"]

TOLD = ("history", "recent")
"""Segments of the context that are narrative."""

RECENT_TURNS = 6
"""How many turns back a sentence counts as already said."""


class GameSession:
    """A story being played.

    Args:
        story: The story.
        engine: Loaded before the first `begin_turn`; may be exchanged at any time between
            turns by assigning to `engine`.
        file: Where the story is kept; None plays without a save.

    Attributes:
        story: The story; change it only through this class.
        saved: Whether the file holds everything that the story does.
        save_error: Why it does not; None when it does.
        word_filter: What the narrator may not write; None (at first) is off.
    """

    def __init__(self, story: Story, engine: Engine, file: StoryFile | None = None) -> None:
        self.story = story
        self.engine = engine
        self.file = file
        self.saved = False
        self.save_error: SaveError | None = None
        self.word_filter: WordFilter | None = None
        self._builder = ContextBuilder()
        self._builder_for: ModelInfo | None = None
        self._serial = 0
        self._turn: Turn | None = None
        self._noticed_before: frozenset[str] | None = None

    @classmethod
    def new(
        cls,
        scenario: Scenario,
        engine: Engine,
        *,
        answers: Mapping[str, str] | None = None,
        saves: Path | None = None,
        title: str = "",
        seed: int | None = None,
        generation: GenerationSettings | None = None,
    ) -> GameSession:
        """Begin a story from a scenario and, where `saves` is a directory, save it there.

        Raises:
            SaveError: The file could not be made.
        """
        story = begin(
            scenario.filled(answers or {}),
            title=actions.clean_line(title),
            seed=secrets.randbelow(MAX_SEED) if seed is None else seed,
            created=_now(),
        )
        story.source = Source.of(scenario)
        if generation is not None:
            story.generation = generation
        file = StoryFile.create(saves, story) if saves is not None else None
        session = cls(story, engine, file)
        session.saved = file is not None
        return session

    @classmethod
    def resume(cls, path: Path, engine: Engine, *, read_only: bool = False) -> GameSession:
        """Go on with a saved story.

        Raises:
            SaveError: The file cannot be read.
            SaveLockedError: Another process has it open (and `read_only` is false).
        """
        file = StoryFile.open(path, read_only=read_only)
        try:
            story = file.load()
        except BaseException:
            file.close()
            raise
        session = cls(story, engine, file)
        session.saved = not read_only
        return session

    def close(self) -> None:
        """Save what is not yet saved and let go of the file. May be called twice."""
        if self.file is not None:
            if not self.saved:
                self.save()
            self.file.close()
            self.file = None

    # -- a turn ----------------------------------------------------------------------------

    @property
    def turn(self) -> Turn | None:
        """The turn under way."""
        return self._turn

    def context(self, action: Action | None = None) -> Context:
        """What the model would see if the player now did `action` (Continue by default)."""
        return self._context(self.story.tree.head.id, action or Action(Mode.CONTINUE))

    def ahead(self) -> tuple[PromptPart, ...]:
        """What the next prompt begins with, whatever the player does: for `Engine.warm`."""
        segments = self.context().segments
        return tuple(
            PromptPart(part.text, part.special)
            for segment in segments
            if segment.kind != "cue"
            for part in segment.parts
        )

    def begin_turn(self, action: Action) -> Turn:
        """Start a turn that follows the current one.

        Raises:
            TurnError: A turn is under way already.
        """
        return self._begin(self.story.tree.head.id, action)

    def begin_retry(self) -> Turn:
        """Start another telling of the current turn, with a new seed.

        Raises:
            TurnError: The story is at its opening, or a turn is under way.
        """
        head = self.story.tree.head
        if head.parent is None:
            raise TurnError("There is nothing to retry.", "Take a turn first.")
        return self._begin(head.parent, head.action or Action(Mode.CONTINUE))

    def _begin(self, parent: NodeId, action: Action) -> Turn:
        if self._turn is not None:
            raise TurnError("The narrator is still speaking.", "Stop it first, or wait.")
        story = self.story
        context = self._context(parent, action)
        node_id = story.tree.next_id
        seed = story.turn_seed(node_id)
        said = [node.text for node in story.tree.path(parent)[-RECENT_TURNS:]]
        if parent != story.tree.head.id:
            # A retry that tells the same again is no retry.
            said.extend(node.text for node in story.tree.children(parent)[-RECENT_TURNS:])
        request = GenerationRequest(
            prompt=tuple(
                PromptPart(part.text, part.special, segment.kind in TOLD)
                for segment in context.segments
                for part in segment.parts
            ),
            max_new_tokens=context.max_new_tokens,
            sampling=Sampling(
                **{field.name: getattr(story.generation, field.name) for field in fields(Sampling)}
            ),
            seed=seed,
            stop=context.stop,
            banned=story.scenario.banned,
            unspoken=voice.unspoken(story.style.person),
            not_first=voice.not_first(context.opener),
        )
        self._serial += 1
        self._turn = Turn(
            node_id,
            self._serial,
            parent,
            action,
            seed,
            context,
            request,
            tuple(said),
            story.generation.candidates or self.engine.info.candidates,
            story.style.person,
            story.style.tense,
            story.style.name if story.style.person == "third" else "",
            cast(story),
            self.word_filter,
        )
        return self._turn

    def commit(self, turn: Turn, narration: Narration) -> Node:
        """Make the turn part of the story and save it (see `save` for what if that fails).

        Raises:
            TurnError: `turn` is not the one under way, or `narration` is empty.
        """
        self._finish(turn)
        if not narration.text:
            raise TurnError("Nothing was told, so nothing was kept.")
        node = Node(
            id=turn.id,
            parent=turn.parent,
            action=turn.action,
            text=narration.text,
            raw=narration.raw,
            origin="model",
            seed=narration.seed,
            model=self.engine.info.name,
            stop=narration.stop,
            created=_now(),
        )
        self.story.tree.add(node)
        self._noticed_before = frozenset(card.name for card in turn.context.noticed)
        self.story.model = self.engine.info.name
        self.save()
        return node

    def abort(self, turn: Turn) -> str:
        """Forget the turn under way; the story is as it was before.

        Returns:
            The player's line, to be put back into the input.
        """
        self._finish(turn)
        return turn.action.text

    def _finish(self, turn: Turn) -> None:
        if self._turn is None or self._turn.serial != turn.serial:
            raise TurnError("That turn is over already.")
        self._turn = None

    def _context(self, parent: NodeId, action: Action) -> Context:
        info = self.engine.info
        if info != self._builder_for:
            # Another model counts differently: what was remembered of lengths is void.
            self._builder, self._builder_for = ContextBuilder(), info
        chat = info.chat
        form = None
        if chat is not None and info.style == "chat":
            form = ChatForm(chat.system, chat.user, chat.assistant, chat.close)
        shape = Shape(info.n_positions, form, info.opener)
        return self._builder.build(self.story, parent, action, shape, self._count)

    def _count(self, text: str, special: bool) -> int:
        return self.engine.count(PromptPart(text, special))

    # -- automatic memory ------------------------------------------------------------------------

    def noticed(self) -> tuple[Card, ...]:
        """The automatic cards: what turns that left the window introduced."""
        return self.context().noticed

    def fresh(self) -> tuple[Card, ...]:
        """The automatic cards that the last turn brought: the player is told of each."""
        if self._noticed_before is None:
            return ()
        return tuple(card for card in self.noticed() if card.name not in self._noticed_before)

    def put_card(self, old: Card | None, new: Card | None) -> None:
        """Add a card, change one, or throw one away (`new` is None).

        An automatic card that is changed becomes one of the story's own; one that is thrown away
        does not come again.

        Raises:
            TurnError: Another card has that name already, the new one lacks a name or a text,
                or a turn is under way.
        """
        self._idle()
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

    # -- moving in the tree ------------------------------------------------------------------

    def _idle(self) -> None:
        if self._turn is not None:
            raise TurnError("The narrator is still speaking.", "Stop it first, or wait.")

    @property
    def can_undo(self) -> bool:
        """Whether a turn can be taken back now."""
        return self._turn is None and self.story.tree.can_undo

    @property
    def can_redo(self) -> bool:
        """Whether a turn that was taken back can be put back now."""
        return self._turn is None and self.story.tree.can_redo

    @property
    def can_retry(self) -> bool:
        """Whether the current turn can be told again now."""
        return self._turn is None and self.story.tree.head.parent is not None

    def undo(self) -> Node:
        """Take the current turn back.

        Raises:
            TurnError: The story is at its opening, or a turn is under way.
        """
        self._idle()
        node = self.story.tree.undo()
        self.save()
        return node

    def redo(self) -> Node:
        """Put the turn last taken back in place again.

        Raises:
            TurnError: There is none, or a turn is under way.
        """
        self._idle()
        node = self.story.tree.redo()
        self.save()
        return node

    def go(self, node_id: NodeId) -> Node:
        """Make any turn the current one.

        Raises:
            TurnError: There is no such turn, or a turn is under way.
        """
        self._idle()
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
        self._idle()
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
            created=_now(),
        )
        tree.add(node)
        self.save()
        return node

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


def _now() -> str:
    return datetime.now(UTC).replace(microsecond=0).isoformat()
