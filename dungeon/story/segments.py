"""The pieces that a context is made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from dungeon.story.scenario import Card

Kind = Literal["primer", "memory", "history", "recall", "cards", "recent", "note", "cue"]
Counter = Callable[[str, bool], int]
"""Tokens of a text; the flag says whether special tokens in it count as such."""


@dataclass(frozen=True, slots=True)
class ChatForm:
    """What stands around each message of a chat model (see `engine.base.ChatMarks`)."""

    system: str
    user: str
    assistant: str
    close: str


@dataclass(frozen=True, slots=True)
class Shape:
    """The window to fill.

    Attributes:
        n_positions: Prompt and continuation together, in tokens.
        chat: The marks of a chat model; None for plain prose.
        opener: Whether the cue ends with the first word of the reply.
    """

    n_positions: int
    chat: ChatForm | None = None
    opener: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of prompt that is encoded by itself; `special` marks chat marks."""

    text: str
    special: bool = False


@dataclass(frozen=True, slots=True)
class Segment:
    """A named stretch of the context.

    Attributes:
        kind: What it is.
        parts: What is encoded, in order.
        tokens: How many tokens the parts take.
    """

    kind: Kind
    parts: tuple[Part, ...]
    tokens: int

    @property
    def text(self) -> str:
        """The segment as the model sees it."""
        return "".join(part.text for part in self.parts)


@dataclass(frozen=True, slots=True)
class Cut:
    """Something that found no room.

    Attributes:
        kind: The segment it would have stood in.
        what: In words for the player: "turns 1-14", "card Queen Maro", ...
        tokens: How many tokens were left out.
    """

    kind: Kind
    what: str
    tokens: int

    @property
    def why(self) -> str:
        """What set the limit, in words for the player."""
        return WHY[self.kind]


WHY: dict[Kind, str] = {
    "memory": "memory and rules may take a third",
    "primer": "memory and rules may take a third",
    "cards": "cards may take a quarter",
    "note": "the author's note may take an eighth",
    "cue": "a line may take a quarter",
    "history": "the newest turns come first",
    "recent": "the newest turns come first",
    "recall": "what comes back may take a quarter of what is left",
}
"""Of every part, what keeps it short; the numbers are the shares in `dungeon.story.context`."""


@dataclass(frozen=True, slots=True)
class Context:
    """What the next turn sends.

    Attributes:
        segments: In the order of the prompt; empty ones are left out.
        limit: Most tokens that the prompt may take.
        max_new_tokens: Room left for the continuation.
        cut: What found no room.
        stop: Strings that end the continuation.
        opener: The end of the prompt that is the beginning of the reply; "" for none.
        noticed: The automatic cards: what turns that left the window introduced.
        neutral: The cue as it would be had the player done nothing; empty where he has not.
        line: What stands in the cue's place where the model is to write the player's line.
    """

    segments: tuple[Segment, ...]
    limit: int
    max_new_tokens: int
    cut: tuple[Cut, ...]
    stop: tuple[str, ...]
    opener: str = ""
    noticed: tuple[Card, ...] = ()
    neutral: tuple[Part, ...] = ()
    line: tuple[Part, ...] = ()

    def holds(self, card: Card) -> bool:
        """Whether the card's text stands in it as memory, world info or from before."""
        words = " ".join(card.text.split())
        return bool(words) and any(
            words in " ".join(segment.text.split())
            for segment in self.segments
            if segment.kind in ("memory", "cards", "recall")
        )

    def begun(self, words: str, count: Counter) -> Context:
        """The same where the reply is begun with `words`, which leave less room for the rest."""
        part = Part(words)
        segment = Segment("recent", (part,), count(words, False))
        room = self.limit + self.max_new_tokens - self.tokens - segment.tokens
        return replace(
            self,
            segments=(*self.segments, segment),
            max_new_tokens=min(self.max_new_tokens, room),
            opener=words,
        )

    @property
    def tokens(self) -> int:
        """Length of the prompt."""
        return sum(segment.tokens for segment in self.segments)

    @property
    def parts(self) -> tuple[Part, ...]:
        """All parts in order, for the engine."""
        return tuple(part for segment in self.segments for part in segment.parts)

    @property
    def without_action(self) -> tuple[Part, ...]:
        """The parts of the prompt with the neutral cue; empty where there is none."""
        return (*self.before_cue, *self.neutral) if self.neutral else ()

    @property
    def before_cue(self) -> tuple[Part, ...]:
        """The parts of the prompt that are the same whatever the player does."""
        return tuple(part for s in self.segments if s.kind != "cue" for part in s.parts)

    @property
    def prompt(self) -> str:
        """The exact prompt as one string."""
        return "".join(segment.text for segment in self.segments)


def total(segments: Sequence[Segment]) -> int:
    """Tokens of all `segments` together."""
    return sum(segment.tokens for segment in segments)
