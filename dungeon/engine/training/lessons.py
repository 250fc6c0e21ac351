"""From texts and stories to lessons: sequences of ids, and which of them are learnt.

A story is written as the game itself would show it to the model. Of a chat model's only what the
narrator says is learnt; of plain prose all of it, since there the player's line is what ends a
turn. A text for a chat model is told in turns, each after the line that lets a story go on.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from dungeon.engine.base import ChatMarks, PromptPart
from dungeon.errors import DungeonError
from dungeon.story.action import Action, Mode
from dungeon.story.form import Form
from dungeon.story.narrative import sentences
from dungeon.story.scenario import Scenario
from dungeon.story.segments import ChatForm, Cut, Part
from dungeon.story.story import Story, begin
from dungeon.story.tree import Node

Encode = Callable[[PromptPart], Sequence[int]]
"""Ids of a part, as `engine.torch_engine.tokens.Codec.encode`."""

PROSE = 512
"""Longest lesson cut out of a text, in tokens."""

STORY = 1024
"""Longest lesson told as a story, in tokens: its beginning is the memory, over and over."""

LEAST = 500
"""Fewest tokens worth a training."""

_TURN = 60
"""Tokens after which a turn of a text for a chat model ends with the next sentence."""

_APART = 10
"""One lesson in so many is held out."""

_MOST_APART = 20
"""Lessons held out at most: all are read at every checkpoint."""

_PINNED_SHARE = 1 / 3
"""Of a lesson, for memory and cards; as in the game's context."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """One sequence.

    Attributes:
        ids: Token ids, shape (tokens,).
        learnt: Of each id whether it is to be predicted, same length; the first never is.
    """

    ids: tuple[int, ...]
    learnt: tuple[bool, ...]

    @classmethod
    def whole(cls, ids: Iterable[int]) -> Lesson:
        """One of which all is learnt."""
        ids = tuple(ids)
        return cls(ids, (False, *[True] * (len(ids) - 1)))


@dataclass(frozen=True, slots=True)
class Tongue:
    """How a model reads and writes.

    Attributes:
        encode: Its tokenizer.
        chat: The marks of its chat template; None for plain prose.
        prefix: Ids that stand before every prompt.
        end: The id that ends a text; None where it has none.
        n_positions: Longest text, in tokens.
    """

    encode: Encode
    chat: ChatMarks | None
    prefix: tuple[int, ...]
    end: int | None
    n_positions: int


@dataclass(frozen=True, slots=True)
class Course:
    """What is taught.

    Attributes:
        lessons: In their order, those of every round.
        held_out: Never among `lessons`.
    """

    lessons: tuple[Lesson, ...]
    held_out: tuple[Lesson, ...]

    @property
    def tokens(self) -> int:
        """Of all `lessons` together."""
        return sum(len(lesson.ids) for lesson in self.lessons)

    @property
    def sha256(self) -> str:
        """Of every id and flag, in order."""
        digest = hashlib.sha256()
        for lesson in (*self.lessons, *self.held_out):
            digest.update(repr((lesson.ids, lesson.learnt)).encode())
        return digest.hexdigest()


def course(sources: Sequence[str | Story], tongue: Tongue, rounds: int, seed: int) -> Course:
    """The lessons of `rounds` rounds over texts and stories, each round in an order by lot.

    Raises:
        DungeonError: There is too little to learn.
    """
    made = list(_made(sources, tongue))
    learnt = sum(sum(lesson.learnt) for lesson in made)
    if learnt < LEAST or len(made) < 2:
        raise DungeonError(
            f"There is too little to learn: {learnt} tokens, and {LEAST} are the least.",
            "Give more text; a hundred thousand characters begin to tell.",
        )
    lots = random.Random(seed)
    apart = set(lots.sample(range(len(made)), min(_MOST_APART, max(1, len(made) // _APART))))
    kept = [lesson for at, lesson in enumerate(made) if at not in apart]
    held_out = tuple(made[at] for at in sorted(apart))
    lessons = (lesson for _ in range(rounds) for lesson in lots.sample(kept, len(kept)))
    return Course(tuple(lessons), held_out)


def _made(sources: Sequence[str | Story], tongue: Tongue) -> Iterator[Lesson]:
    texts = [source for source in sources if isinstance(source, str)]
    for story in (source for source in sources if isinstance(source, Story)):
        yield from of_story(story, tongue)
    if tongue.chat is None:
        yield from of_prose(texts, tongue)
        return
    for text in texts:
        yield from of_story(_told(text, tongue), tongue)


def of_prose(texts: Sequence[str], tongue: Tongue) -> Iterator[Lesson]:
    """The lessons of texts for a model without a chat form: pieces of equal length."""
    end = [] if tongue.end is None else [tongue.end]
    ids = [id for text in texts for id in (*tongue.encode(PromptPart(text.strip())), *end)]
    # Of a short text ten pieces all the same, so that one can be held out.
    size = min(PROSE, tongue.n_positions, max(32, len(ids) // _APART)) - len(tongue.prefix)
    for at in range(0, len(ids) - 1, size):
        piece = ids[at : at + size]
        yield _lesson(tongue, piece, [True] * len(piece))


def of_story(story: Story, tongue: Tongue) -> Iterator[Lesson]:
    """The lessons of the story from its opening to where it stands.

    Each begins with the memory and all cards, and tells as many turns as fit.
    """
    marks = tongue.chat
    form = Form(
        None if marks is None else ChatForm(marks.system, marks.user, marks.assistant, marks.close),
        lambda text, special: len(tongue.encode(PromptPart(text, special))),
        story.style,
    )
    window = min(STORY, tongue.n_positions) - len(tongue.prefix)
    cut: list[Cut] = []
    shown = replace(story, cards=tuple(replace(card, always=True) for card in story.cards))
    pinned = [
        part
        for segment in form.pinned(shown, int(window * _PINNED_SHARE), cut)
        for part in segment.parts
    ]
    head = _learnt(pinned, tongue)
    ids, learnt = list(head[0]), list(head[1])
    for node in story.tree.path():
        turn = _learnt(form.turn(node).parts, tongue)
        if len(ids) > len(head[0]) and len(ids) + len(turn[0]) > window:
            yield _lesson(tongue, ids, learnt)
            ids, learnt = list(head[0]), list(head[1])
        # The end of a turn that is longer than a lesson is left out.
        ids = (ids + turn[0])[:window]
        learnt = (learnt + turn[1])[:window]
    yield _lesson(tongue, ids, learnt)


def _lesson(tongue: Tongue, ids: Sequence[int], learnt: Sequence[bool]) -> Lesson:
    before = len(tongue.prefix)
    flags = (*[False] * before, *learnt)
    return Lesson((*tongue.prefix, *ids), (False, *flags[1:]))


def _learnt(parts: Sequence[Part], tongue: Tongue) -> tuple[list[int], list[bool]]:
    """Ids of `parts`, and which are learnt."""
    ids: list[int] = []
    learnt: list[bool] = []
    if tongue.chat is None:
        ids += (id for part in parts for id in tongue.encode(PromptPart(part.text, part.special)))
        return ids, [True] * len(ids)
    for new, told in narrated(parts, tongue.chat, tongue.encode):
        ids += new
        learnt += told
    return ids, learnt


def narrated(
    parts: Sequence[Part], marks: ChatMarks, encode: Encode
) -> Iterator[tuple[Sequence[int], list[bool]]]:
    """Of each part its ids, and which of them the narrator says."""
    for at, part in enumerate(parts):
        new = encode(PromptPart(part.text, part.special))
        told = at > 0 and _is(parts[at - 1], marks.assistant)
        ended = at > 1 and _is(parts[at - 2], marks.assistant) and _is(part, marks.close)
        if ended:
            # The line end after the closing mark is the form's, not the narrator's.
            yield new, [True, *[False] * (len(new) - 1)]
        else:
            yield new, [told] * len(new)


def _is(part: Part, mark: str) -> bool:
    return part.special and part.text == mark


def _told(text: str, tongue: Tongue) -> Story:
    """A text as a story in which the player says nothing."""
    turns: list[str] = []
    turn, size = "", 0
    for sentence in sentences(text):
        turn += sentence
        size += len(tongue.encode(PromptPart(sentence)))
        if size >= _TURN:
            turns.append(turn.strip())
            turn, size = "", 0
    turns = [one for one in (*turns, turn.strip()) if one]
    story = begin(Scenario(title="A text", opening=turns[0]), title="", seed=0, created="")
    for one in turns[1:]:
        node = Node(story.tree.next_id, story.tree.head.id, Action(Mode.CONTINUE), one)
        story.tree.add(node)
    return story
