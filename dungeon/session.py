"""One game: a story, the engine that tells it, and the file that keeps it. No screen here.

A turn goes begin -> narrate -> commit, or begin -> narrate -> abort. Only `narrate` takes
time, so it alone belongs on a worker thread; it reads nothing but its `Turn`, and everything
else runs on the thread that owns the session.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path

from dungeon.engine.base import (
    Engine,
    GenerationRequest,
    ModelInfo,
    PromptPart,
    Sampling,
    candidate_seed,
)
from dungeon.errors import TurnError
from dungeon.kept_story import KeptStory, now
from dungeon.storage.story_file import StoryFile
from dungeon.story import action as actions
from dungeon.story import voice
from dungeon.story.action import Action, Mode
from dungeon.story.cast import cast
from dungeon.story.context import ChatForm, Context, ContextBuilder, Part, Shape
from dungeon.story.filter import WordFilter
from dungeon.story.generation import GenerationSettings
from dungeon.story.scenario import Card, Scenario, Source
from dungeon.story.story import MAX_SEED, Story, begin
from dungeon.story.tree import Node, NodeId
from dungeon.text import clean
from dungeon.turn import MAX_ATTEMPTS, Narration, Turn, narrate

__all__ = ["MAX_ATTEMPTS", "GameSession", "Narration", "Turn", "narrate"]

TOLD = ("history", "recent")
"""Segments of the context that are narrative."""

LINE_TOKENS = 24
"""Longest line that the model writes for the player."""
LINE_SEED = 1 << 20
"""Which candidate's seed that line takes: one that no telling of the turn does."""

RECENT_TURNS = 24
"""How many turns back a sentence counts as already said."""


class GameSession(KeptStory):
    """A story being played.

    Args:
        story: The story.
        engine: Loaded before the first `begin_turn`; may be exchanged at any time between
            turns by assigning to `engine`.
        file: Where the story is kept; None plays without a save.

    Attributes:
        word_filter: What the narrator may not write; None (at first) is off.
    """

    def __init__(self, story: Story, engine: Engine, file: StoryFile | None = None) -> None:
        super().__init__(story, file)
        self.engine = engine
        self.word_filter: WordFilter | None = None
        self._builder = ContextBuilder()
        self._builder_for: ModelInfo | None = None
        self._serial = 0
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
            created=now(),
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

    # -- a turn ----------------------------------------------------------------------------

    def context(self, action: Action | None = None) -> Context:
        """What the model would see if the player now did `action` (Continue by default)."""
        return self._context(self.story.tree.head.id, action or Action(Mode.CONTINUE))

    def trial(self, action: Action, memory: str, authors_note: str) -> Context:
        """As `context`, were the memory and the author's note these."""
        tried = replace(
            self.story,
            memory=actions.clean_story(memory),
            authors_note=actions.clean_line(authors_note),
        )
        return self._context(tried.tree.head.id, action, story=tried)

    def ahead(self, context: Context | None = None) -> tuple[PromptPart, ...]:
        """What the next prompt begins with, whatever the player does: for `Engine.warm`.

        Args:
            context: What `context` gives now, where it was asked for already.
        """
        return _parts((context or self.context()).before_cue)

    def line_request(self) -> GenerationRequest:
        """What has the model write the player's next line; see `turn.player_line`."""
        context = self.context()
        story = self.story
        return GenerationRequest(
            prompt=_parts((*context.before_cue, *context.line)),
            max_new_tokens=min(LINE_TOKENS, context.max_new_tokens),
            sampling=Sampling(temperature=0.9, top_p=0.95, repetition_penalty=1.15),
            seed=candidate_seed(story.turn_seed(story.tree.next_id), LINE_SEED),
            stop=("\n", *context.stop),
            banned=story.scenario.banned,
        )

    def begin_turn(self, action: Action) -> Turn:
        """Start a turn that follows the current one.

        Raises:
            TurnError: A turn is under way already.
        """
        return self._begin(self.story.tree.head.id, action)

    def begin_retry(self, node_id: NodeId | None = None) -> Turn:
        """Start another telling of a turn (the current one by default), with a new seed.

        Raises:
            TurnError: It is the opening, or a turn is under way.
        """
        tree = self.story.tree
        node = tree.head if node_id is None else tree[node_id]
        if node.parent is None:
            raise TurnError("There is nothing to retry.", "Take a turn first.")
        return self._begin(node.parent, node.action or Action(Mode.CONTINUE))

    def begin_with(self, node_id: NodeId, words: str) -> Turn:
        """Start another telling of a turn, which begins with `words`.

        Raises:
            TurnError: It is the opening, the words leave no room, or a turn is under way.
        """
        node = self.story.tree[node_id]
        if node.parent is None:
            raise TurnError("The opening stays as its author wrote it.")
        return self._begin(node.parent, node.action or Action(Mode.CONTINUE), words)

    def weighed(self, node_id: NodeId) -> tuple[PromptPart, ...]:
        """What a turn is weighed behind: the prompt that would have it told again now.

        The word that a reply is begun with (see `ModelInfo.opener`) is no part of it: that word
        has its odds as any other.

        Raises:
            TurnError: It is the opening.
        """
        node = self.story.tree[node_id]
        if node.parent is None:
            raise TurnError("The opening was not told by the narrator.", "Pick a later turn.")
        action = node.action or Action(Mode.CONTINUE)
        context = self._context(node.parent, action, opener=False)
        return _parts(context.parts)

    def _begin(self, parent: NodeId, action: Action, words: str = "") -> Turn:
        self.check_idle()
        story = self.story
        context = self._context(parent, action, opener=not words)
        if words:
            context = context.begun(words, self._count)
            if context.max_new_tokens < 1:
                raise TurnError("There is no room behind so many words.", "Pick an earlier word.")
        node_id = story.tree.next_id
        seed = story.turn_seed(node_id)
        said = [node.text for node in story.tree.path(parent)[-RECENT_TURNS:]]
        if parent != story.tree.head.id and not words:
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
            not_first=() if words else voice.not_first(context.opener),
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
            1 if words else story.generation.candidates or self.engine.info.candidates,
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
        node = self._keep(turn, narration)
        self._kept(turn)
        return node

    def commit_one(self, turn: Turn, told: Sequence[Narration], picked: int) -> Node:
        """Make one of several tellings the turn; the others stay beside it.

        Raises:
            TurnError: `turn` is not the one under way.
        """
        self._finish(turn)
        others = [narration for at, narration in enumerate(told) if at != picked]
        nodes = [self._keep(turn, narration) for narration in (*others, told[picked])]
        self._kept(turn)
        return nodes[-1]

    def _keep(self, turn: Turn, narration: Narration) -> Node:
        node = Node(
            id=self.story.tree.next_id,
            parent=turn.parent,
            action=turn.action,
            text=narration.text,
            # As it will come back out of the file.
            raw=clean(narration.raw),
            origin="model",
            seed=narration.seed,
            model=self.engine.info.name,
            stop=narration.stop,
            created=now(),
        )
        self.story.tree.add(node)
        return node

    def _kept(self, turn: Turn) -> None:
        self._noticed_before = frozenset(card.name for card in turn.context.noticed)
        self.story.model = self.engine.info.name
        self.save()

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

    def _context(
        self, parent: NodeId, action: Action, *, opener: bool = True, story: Story | None = None
    ) -> Context:
        info = self.engine.info
        if info != self._builder_for:
            # Another model counts differently: what was remembered of lengths is void.
            self._builder, self._builder_for = ContextBuilder(), info
        chat = info.chat
        form = None
        if chat is not None and info.style == "chat":
            form = ChatForm(chat.system, chat.user, chat.assistant, chat.close)
        shape = Shape(info.n_positions, form, info.opener and opener)
        return self._builder.build(story or self.story, parent, action, shape, self._count)

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


def _parts(parts: Iterable[Part]) -> tuple[PromptPart, ...]:
    return tuple(PromptPart(part.text, part.special) for part in parts)
