"""The contract between the story and whatever writes its text. No torch here.

An engine pushes: `generate` runs on the caller's thread until the text is finished and
reports through a callback. The caller is a worker thread already, so nothing is gained by
an iterator, and a callback cannot leave a reader hanging when the engine raises.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, runtime_checkable

StopReason = Literal["stop", "end", "length", "cancelled"]
PromptStyle = Literal["plain", "chat"]

LOCAL_DEVICES = ("cpu", "cuda", "mps")
"""What `ModelInfo.device` may be where no text leaves the machine."""


class CancelToken:
    """A flag that one thread sets and the engine's thread looks at between steps."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def cancel(self) -> None:
        """Ask the engine to stop; calling it again changes nothing."""
        self._event.set()

    @property
    def cancelled(self) -> bool:
        """Whether `cancel` was called."""
        return self._event.is_set()

    def wait(self, seconds: float) -> bool:
        """Sleep until `cancel` is called, at most `seconds`; whether it was."""
        return self._event.wait(seconds)


@dataclass(frozen=True, slots=True)
class ChatMarks:
    """The special text that a chat model puts around each message.

    Attributes:
        system, user, assistant: What opens a message of that role.
        close: What ends a message; also a stop string of the reply.
    """

    system: str
    user: str
    assistant: str
    close: str


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """What the story needs to know of a loaded model.

    Attributes:
        name: As in the catalogue, or the directory's name.
        n_positions: Longest prompt plus continuation, in tokens.
        style: The prompt style in which the model plays best, by measurement.
        chat: The marks of its chat template; None where it has none.
        device: "cpu", "cuda", "mps", or a server's address.
        dtype: Of the weights as served, for the status bar ("fp32", "int8", ...).
        digest: SHA-256 of the weights, hexadecimal; "" where unknown.
        opener: Whether the reply is begun for it with the story's pronoun ("You"): small models
            then answer the player instead of wandering off.
        candidates: Continuations worth writing for a turn: more than one where they come side
            by side at little more than the price of one.
    """

    name: str
    n_positions: int
    style: PromptStyle = "plain"
    chat: ChatMarks | None = None
    device: str = "cpu"
    dtype: str = ""
    digest: str = ""
    opener: bool = False
    candidates: int = 1

    @property
    def label(self) -> str:
        """Name and dtype for the player; of a server's model where the story goes instead."""
        more = self.dtype if self.device in LOCAL_DEVICES else f"at {self.device}"
        return f"{self.name} {more}".rstrip()


@dataclass(frozen=True, slots=True)
class PromptPart:
    """A stretch of the prompt that is encoded by itself.

    Parts are encoded one by one and joined as token ids, so counts add up exactly and a
    part that stays the same keeps its tokens (`encode(a) + encode(b) != encode(a + b)` in
    byte-pair encodings, unless the cut is before a separator).

    Attributes:
        text: Leads with its separator and never ends in a space.
        special: Whether special tokens written in it count as such. True only for chat
            marks: a player's line that spells one is plain text.
        told: Whether it is narrative, whose words the rules against repetition count. What the
            player says now, the memory and the cards are there to be taken up.
    """

    text: str
    special: bool = False
    told: bool = field(default=True, compare=False)


@dataclass(frozen=True, slots=True)
class Sampling:
    """How tokens are drawn; names and ranges as `story.generation.GenerationSettings`.

    Attributes:
        temperature: 0 takes the likeliest.
        top_p: Only the likeliest that make up so much together; 1 for all.
        top_k: Only so many; 0 for all.
        repetition_penalty: How much a token loses that stands in the text already; 1 for nothing.
        repetition_range: Only the last so many tokens count as the text; 0 for all.
        repetition_slope: How steeply the penalty grows over that range towards the end; 0 for
            the same penalty everywhere.
        no_repeat_ngram: No row of so many tokens is written twice within that range; 0 for no
            such rule. A row is broken only where a word in small letters begins, so that names
            can be said again and no word is misspelt.
        min_p: Only tokens at least so likely as this share of the likeliest; 0 for all.
        typical_p: Only the tokens nearest to the expected surprise that make up so much; 1 for
            all.
    """

    temperature: float = 0.8
    top_p: float = 0.9
    top_k: int = 40
    repetition_penalty: float = 1.1
    repetition_range: int = 0
    repetition_slope: float = 0.0
    no_repeat_ngram: int = 0
    min_p: float = 0.0
    typical_p: float = 1.0


@dataclass(frozen=True, slots=True)
class GenerationRequest:
    """One continuation to write.

    Attributes:
        prompt: Parts in order; together at most `n_positions - max_new_tokens` tokens.
        max_new_tokens: At most so many tokens are written.
        sampling: How they are drawn.
        seed: Of the turn's own random generator: same prompt, seed and model, same text.
        stop: Strings that end the text; they are not part of it.
        banned: Phrases that are never written.
        odds: For every token report so many of the likeliest alternatives; 0 for none.
        unspoken: Words, as they are spelled, that are written inside quotation marks only:
            whoever narrates to a "you" has no "I". A word that the model's vocabulary does not
            hold in one piece is not covered.
        not_first: Words that do not begin the continuation.
    """

    prompt: tuple[PromptPart, ...]
    max_new_tokens: int
    sampling: Sampling = field(default_factory=Sampling)
    seed: int = 0
    stop: tuple[str, ...] = ()
    banned: tuple[str, ...] = ()
    odds: int = 0
    unspoken: tuple[str, ...] = ()
    not_first: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TokenOdds:
    """One written token and what the model thought of it.

    Attributes:
        text: The token's own text (may be part of a character: then U+FFFD).
        logprob: Natural logarithm of its probability under the raw softmax.
        top: The likeliest tokens and their natural-log probabilities, best first.
    """

    text: str
    logprob: float
    top: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Timing:
    """Where the time of one generation went.

    Attributes:
        prompt_tokens: Length of the prompt.
        reused_tokens: How many of them the prefix cache already held.
        new_tokens: How many were written, those cut at a stop string included.
        first_token_s: From the call to the first token, in seconds.
        total_s: From the call to the end, in seconds.
    """

    prompt_tokens: int = 0
    reused_tokens: int = 0
    new_tokens: int = 0
    first_token_s: float = 0.0
    total_s: float = 0.0

    @property
    def tokens_per_second(self) -> float:
        """Decode speed, the first token's wait left out; 0 where it can't be told."""
        spent = self.total_s - self.first_token_s
        return (self.new_tokens - 1) / spent if self.new_tokens > 1 and spent > 0 else 0.0


@dataclass(frozen=True, slots=True)
class Finished:
    """A finished continuation.

    Attributes:
        text: All that was written, stop string and after cut off.
        stop: "stop" at a stop string, "end" at the model's end token, "length" at
            `max_new_tokens`, "cancelled".
        timing: Where the time went.
        tokens: One entry a token where the request asked for odds.
        ids: The tokens that were written, those cut at a stop string included, as the engine
            numbers them; empty where it has no numbers to give.
        logprobs: Of each of `ids` the natural logarithm of its probability under the raw
            softmax, before any sampling setting.
    """

    text: str
    stop: StopReason
    timing: Timing = field(default_factory=Timing)
    tokens: tuple[TokenOdds, ...] = ()
    ids: tuple[int, ...] = ()
    logprobs: tuple[float, ...] = ()

    @property
    def logprob(self) -> float:
        """Natural logarithm of the probability of all that was written; 0 for nothing."""
        return sum(self.logprobs)


def candidate_seed(seed: int, at: int) -> int:
    """The seed of the candidate number `at` of a request; number 0 keeps its own."""
    return (seed + at * 0x9E3779B1) % (1 << 63)


@runtime_checkable
class Engine(Protocol):
    """Writes text. One generation at a time: an engine locks itself.

    `info` may be read only after `load`. Engines never touch the screen: `load` and
    `generate` report through their callbacks alone, on the calling thread.
    """

    @property
    def info(self) -> ModelInfo:
        """What was loaded."""
        ...

    def load(self, progress: Callable[[str], None]) -> None:
        """Bring the model into memory; calling it again does nothing.

        Args:
            progress: Called with one short line for each step.

        Raises:
            ModelError: The model is missing, damaged or not allowed.
        """
        ...

    def count(self, part: PromptPart) -> int:
        """How many tokens `part` takes in a prompt."""
        ...

    def generate(
        self,
        request: GenerationRequest,
        cancel: CancelToken,
        on_text: Callable[[str], None],
    ) -> Finished:
        """Write a continuation.

        Args:
            request: What to write.
            cancel: Looked at between prefill chunks and before every token.
            on_text: Called with the whole text so far whenever it grew; never with a part
                of a character, nor with what may turn out to be a stop string.

        Raises:
            EngineError: The prompt is empty or too long, memory ran out, or the logits are
                not finite; the engine can be used again.
        """
        ...

    def warm(self, prompt: tuple[PromptPart, ...], cancel: CancelToken) -> None:
        """Read the beginning of a coming prompt ahead, while the player reads and types.

        Saves time and changes no text. Does nothing where there is no cache, or where the
        prompt is too long; stops soon after `cancel`.

        Raises:
            EngineError: As `generate`; the engine can be used again.
        """
        ...

    def sample(
        self,
        request: GenerationRequest,
        count: int,
        cancel: CancelToken,
        on_progress: Callable[[int], None],
    ) -> tuple[Finished, ...]:
        """Write several continuations of one prompt.

        Args:
            request: What to write; candidate `i` takes `candidate_seed(request.seed, i)`, so
                candidate 0 is what `generate` writes.
            count: How many, at least 1.
            cancel: As for `generate`; every candidate keeps what it has.
            on_progress: Called with the number of tokens that the longest candidate has.

        Raises:
            EngineError: As for `generate`.
        """
        ...

    def score(
        self,
        prompt: tuple[PromptPart, ...],
        texts: Sequence[Sequence[int]],
        cancel: CancelToken,
    ) -> tuple[tuple[float, ...], ...] | None:
        """How likely texts that were written after one prompt would be after another.

        Args:
            prompt: The other one.
            texts: Token ids of each, as `Finished.ids` has them; none empty.
            cancel: Looked at between prefill chunks.

        Returns:
            For each text the natural-log probability of each token under the raw softmax; None
            where the engine cannot tell, it was cancelled, or prompt and text are too long.

        Raises:
            EngineError: As for `generate`.
        """
        ...

    def weigh(
        self, prompt: tuple[PromptPart, ...], text: str, top: int, cancel: CancelToken
    ) -> tuple[TokenOdds, ...] | None:
        """What the model thinks of every token of a text that follows a prompt.

        Args:
            prompt: As for `generate`.
            text: Encoded by itself, as a part of a prompt; any text, not only a model's own.
            top: For every token report so many of the likeliest; the model's end token among
                them has "" for its text.
            cancel: Looked at between prefill chunks.

        Returns:
            The odds of each token, of as many as there is room for, under the raw softmax; None
            where the engine cannot tell, it was cancelled, or there is no room or no text.

        Raises:
            EngineError: As for `generate`.
        """
        ...
