"""From the story to what the model sees, within its window.

Segments, in order (the first two change rarely, so a prefix cache keeps them):

1. primer and memory, and the cards that always stand: the pinned prefix
2. history, from the anchor to the last turns
3. what comes back of turns before the anchor, and the cards that were triggered
4. the last turns, with the author's note before the newest
5. the cue: what the player does now, in the model's own form

When history overflows, the anchor jumps so far that history is about 70 % of its share.
Dropping one turn a turn would move every position each time, and positions are absolute in
GPT-2: the whole cache would be lost at every turn. The anchor is a fold over the lengths of
the turns, so a reload finds the same one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from dungeon.story.action import Action, Mode
from dungeon.story.cards import triggered
from dungeon.story.cast import people, present
from dungeon.story.chronicle import Chronicle, unknown
from dungeon.story.form import Form
from dungeon.story.scenario import Card, Style
from dungeon.story.segments import (
    ChatForm,
    Context,
    Counter,
    Cut,
    Kind,
    Part,
    Segment,
    Shape,
    total,
)
from dungeon.story.story import Story
from dungeon.story.tree import Node, NodeId

__all__ = ["ChatForm", "Context", "ContextBuilder", "Cut", "Part", "Segment", "Shape"]

RECENT = 3
"""Turns that stand after the cards."""
REFILL = 0.7
"""Part of its share that history keeps when the anchor jumps."""
PINNED_SHARE = 1 / 3
CARDS_SHARE = 1 / 4
RECALL_SHARE = 1 / 4
"""Of what memory, cards and note leave, for what comes back of turns that left the window."""
CUE_SHARE = 1 / 4
NOTE_SHARE = 1 / 8
NEW_SHARE = 1 / 3
"""Most of the window that a continuation may take (matters only for tiny windows)."""


@dataclass(frozen=True, slots=True)
class _Fold:
    """Where the window of history stands after a turn.

    Attributes:
        start: Index in the path of the first turn inside (the anchor).
        total: Tokens of the turns from there on.
        lost: Tokens of the turns before it.
    """

    start: int
    total: int
    lost: int


class ContextBuilder:
    """Builds contexts for one story, remembering lengths so that a turn costs little.

    What it remembers never changes the result: a new builder gives the same context.
    """

    def __init__(self) -> None:
        self._sizes: dict[NodeId, tuple[int, int]] = {}
        self._folds: dict[NodeId, _Fold] = {}
        self._for: tuple[object, ...] = ()
        self._chronicle = Chronicle()

    def build(
        self, story: Story, parent: NodeId, action: Action, shape: Shape, count: Counter
    ) -> Context:
        """What the model sees when `action` follows turn `parent`.

        The prompt never takes more than `n_positions` less the room for the continuation;
        the newest action is always inside, and as much of the memory as its third allows.
        """
        new = max(1, min(story.generation.max_new_tokens, int(shape.n_positions * NEW_SHARE)))
        limit = shape.n_positions - new
        form = Form(shape.chat, count, story.style)
        path = story.tree.path(parent)
        told = len(story.tree.children(parent))
        opener = _opener(story, action, path, told) if shape.opener else ""
        cut: list[Cut] = []

        cue = form.cue(action, opener, int(limit * CUE_SHARE), cut)
        pinned = form.pinned(story, int(limit * PINNED_SHARE), cut)
        note = form.note(story.authors_note, int(limit * NOTE_SHARE), cut)
        cards_room = form.cards_room(story, int(limit * CARDS_SHARE))
        share = limit - total(pinned) - total(note) - cards_room
        # Kept free from the first turn on: the window may not shrink when something comes back.
        recall_room = int(share * RECALL_SHARE) if story.automatic else 0
        share -= recall_room

        window = self._window(path, share, cue, form)
        turns = path[window.start :]
        if window.start:
            cut.append(Cut("history", _turns(1, window.start), window.lost))
        texts = [form.turn(node) for node in turns]
        over = sum(segment.tokens for segment in texts) + total(cue) - share
        if over > 0:
            texts[0] = form.shortened(turns[0], texts[0].tokens - over)
            cut.append(Cut("history", "the beginning of the oldest turn shown", over))

        recent = max(0, len(texts) - RECENT)
        said = [action.text, *(node.text for node in reversed(path[-RECENT:]))]
        cards = form.cards(triggered(story.cards, said), cards_room, cut)
        noticed: list[Card] = []
        recall: list[Segment] = []
        if story.automatic:
            noticed = [
                card
                for card in unknown(
                    self._chronicle.facts(path, window.start, story.style),
                    story.cards,
                    story.memory,
                )
                if card.name.casefold() not in story.forgotten
            ]
            called = [card for card in noticed if card.always] + triggered(noticed, said)
            old = self._chronicle.old_turns(path, window.start, action.text, story.style)
            recall = form.recall([card.text for card in called] + old, recall_room)
        ordered = [
            *pinned,
            *_merge("history", texts[:recent]),
            *recall,
            *cards,
            *_merge("recent", texts[recent:-1]),
            *note,
            *_merge("recent", texts[-1:]),
            *cue,
        ]
        neutral = form.neutral(opener) if action.mode in (Mode.DO, Mode.SAY) else ()
        return Context(
            tuple(ordered),
            limit,
            new,
            tuple(cut),
            form.stop,
            opener,
            tuple(noticed),
            neutral,
            form.line(_hero(story.style) or "You"),
        )

    # -- the window of history -----------------------------------------------------------------

    def _window(
        self, path: Sequence[Node], share: int, cue: Sequence[Segment], form: Form
    ) -> _Fold:
        """Fold over the path, starting at the deepest turn whose fold is known."""
        made_for = (share, form.chat, form.count)
        if self._for != made_for:
            if self._for[1:] != made_for[1:]:
                self._sizes.clear()
            self._folds.clear()
            self._for = made_for
        known = len(path)
        while known and path[known - 1].id not in self._folds:
            known -= 1
        fold = self._folds[path[known - 1].id] if known else _Fold(0, 0, 0)
        for index in range(known, len(path)):
            line, text = self._size(path[index], form)
            # As the turn's own cue met it, then with the text that followed.
            fold = self._settle(path, index, fold, line, share, form)
            fold = replace(fold, total=fold.total + line + text)
            fold = self._settle(path, index + 1, fold, 0, share, form)
            self._folds[path[index].id] = fold
        return self._settle(path, len(path), fold, total(cue), share, form)

    def _settle(
        self, path: Sequence[Node], end: int, fold: _Fold, extra: int, share: int, form: Form
    ) -> _Fold:
        """Jump when `extra` more tokens do not fit; at least one turn stays inside."""
        if fold.total + extra <= share:
            return fold
        start, inside = fold.start, fold.total
        while start < end - 1 and inside + extra > share * REFILL:
            inside -= sum(self._size(path[start], form))
            start += 1
        return _Fold(start, inside, fold.lost + fold.total - inside)

    def _size(self, node: Node, form: Form) -> tuple[int, int]:
        size = self._sizes.get(node.id)
        if size is None:
            size = self._sizes[node.id] = form.size(node)
        return size


_PRONOUNS = {"second": "You", "first": "I"}


def _hero(style: Style) -> str:
    """How the story calls its hero at the head of a sentence; "" where that is not known."""
    if style.person != "third":
        return _PRONOUNS[style.person]
    return style.name or ("" if style.pronoun == "they" else style.pronoun.capitalize())


OWN_TURN = 3
"""Every so many turns that go on by themselves begin with the player rather than with the cast."""


def _opener(story: Story, action: Action, path: Sequence[Node], told: int) -> str:
    """How a reply begins: with the player after something done or said.

    What goes on by itself begins with somebody of the cast, those at hand first: left to itself a
    small model has forgotten them after three turns. Another telling begins with another.

    Args:
        path: From the opening to the turn before.
        told: Tellings of this turn that there are already.
    """
    own = _hero(story.style)
    if action.mode in (Mode.DO, Mode.SAY):
        return own
    if action.mode is not Mode.CONTINUE:
        return ""
    everybody = people(story)
    turn = len(path) + told
    if not everybody or (own and turn % OWN_TURN == 0):
        return own
    here = present(everybody, [node.text for node in reversed(path[-RECENT:])])
    before = path[-1].text
    fresh = [name for name in here or everybody if not before.startswith(name)]
    names = fresh or [name for name in everybody if not before.startswith(name)] or everybody
    return names[turn % len(names)]


def _merge(kind: Kind, segments: Sequence[Segment]) -> list[Segment]:
    """Neighbouring turns as one segment, so that the context screen shows what matters."""
    parts = tuple(part for segment in segments for part in segment.parts)
    return [Segment(kind, parts, total(segments))] if parts else []


def _turns(first: int, last: int) -> str:
    return "the opening" if last == first else f"the opening and turns 1-{last - 1}"
