"""One continuation while it is written: logits go in, the next token comes out.

No network here: whoever runs one decides which texts are computed together.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import lru_cache, partial

import torch

from dungeon.engine.base import (
    Finished,
    GenerationRequest,
    PromptPart,
    StopReason,
    Timing,
    TokenOdds,
)
from dungeon.engine.draft import Draft
from dungeon.engine.torch_engine.forbidden import Forbidden
from dungeon.engine.torch_engine.sampling import Sampler, logprob, odds_of
from dungeon.engine.torch_engine.tokens import Codec
from dungeon.errors import EngineError

_MOST_TAKEN_BACK = 64
"""How often a banned phrase may be taken back in one continuation; then the text ends
before it."""


def _nobody(text: str) -> None:
    """Nobody reads along."""


class Speech:
    """What all continuations of a model are written with.

    Args:
        codec: Its tokenizer.
        vocabulary: Outputs of the model.
        n_positions: Longest prompt plus continuation, in tokens.
        ends: Ids that end a text.
    """

    def __init__(
        self, codec: Codec, vocabulary: int, n_positions: int, ends: frozenset[int]
    ) -> None:
        self.codec, self.n_positions = codec, n_positions
        self.ends = ends | codec.special
        self.forbidden = lru_cache(8)(partial(Forbidden, codec, vocabulary, self.ends))

    def ids(self, parts: Sequence[PromptPart]) -> list[int]:
        """The ids of a prompt's parts."""
        return [id for part in parts for id in self.codec.encode(part)]

    def told(self, request: GenerationRequest) -> list[int]:
        """The ids of the prompt's narrative: what the rules against repetition count."""
        return self.ids([part for part in request.prompt if part.told])

    def encode(self, request: GenerationRequest) -> list[int]:
        """The ids of the whole prompt.

        Raises:
            EngineError: It is empty, or too long together with what shall be written.
        """
        ids = self.ids(request.prompt)
        if not ids:
            raise EngineError("The prompt is empty.", "Write a line and try again.")
        if len(ids) + request.max_new_tokens > self.n_positions:
            raise EngineError(
                f"The prompt of {len(ids)} tokens and {request.max_new_tokens} new ones are "
                f"more than the model's {self.n_positions}.",
                "Shorten the memory or ask for fewer tokens.",
            )
        return [*self.codec.prefix, *ids]

    def tell(
        self,
        request: GenerationRequest,
        prompt: list[int],
        first: torch.Tensor,
        on_text: Callable[[str], None] = _nobody,
    ) -> Telling:
        """Begin a continuation of `prompt`, the ids of the request's; see `Telling`."""
        return Telling(self, request, prompt, first, on_text)


class Telling:
    """A continuation under way.

    Args:
        speech: What it is written with.
        request: What is asked for.
        prompt: Ids of its prompt.
        first: The logits after the prompt.
        on_text: Called with the whole text so far whenever it grew.

    Attributes:
        first: As given.
        draft: What is written.
        going: Whether there is more to write.
        taken_back: How often a banned phrase was taken back.
    """

    def __init__(
        self,
        speech: Speech,
        request: GenerationRequest,
        prompt: list[int],
        first: torch.Tensor,
        on_text: Callable[[str], None],
    ) -> None:
        self._speech, self._request, self._prompt = speech, request, prompt
        self.first, self._on_text = first, on_text
        self._sampler = Sampler(
            request.sampling, request.seed, speech.told(request), speech.codec.breaks
        )
        self._forbidden = speech.forbidden(request.unspoken, request.not_first)
        self._barred: dict[int, set[int]] = {}
        self._odds: list[TokenOdds] = []
        self._logprobs: list[float] = []
        self._stop: StopReason = "length"
        self.draft = Draft(speech.codec.decode, prompt, request.stop, request.banned)
        self.taken_back = 0
        self.going = True

    @property
    def last(self) -> int:
        """The id that the network must see next; the logits after it are for `step`."""
        return self.draft.tokens[-1] if self.draft.tokens else self._prompt[-1]

    @property
    def before(self) -> int:
        """How many positions stand before `last`."""
        return len(self._prompt) + len(self.draft.tokens) - 1

    def step(self, logits: torch.Tensor, *, cancelled: bool = False) -> bool:
        """Draw one token.

        Args:
            logits: After `last`; at the beginning `first`.
            cancelled: Whether nothing more is wanted.

        Returns:
            `going`. What was taken back stands in no cache any more: see `before`.
        """
        self.going = self._drawn(logits, cancelled)
        return self.going

    def _drawn(self, logits: torch.Tensor, cancelled: bool) -> bool:
        draft, longest = self.draft, self._request.max_new_tokens
        while not cancelled and len(draft.tokens) < longest:
            over = self._draw(logits) or draft.stopped or len(draft.tokens) == longest
            conflict = draft.conflict(final=over)
            if conflict is None:
                if draft.stopped:
                    self._stop = "stop"
                return not over
            if self.taken_back == _MOST_TAKEN_BACK:
                self._stop = "stop"
                return False
            self._take_back(conflict)
            if conflict:
                return True
            logits = self.first
        if cancelled:
            self._stop = "cancelled"
        return False

    def _draw(self, logits: torch.Tensor) -> bool:
        """Add a token; whether it is the end instead."""
        draft, speech, at = self.draft, self._speech, len(self.draft.tokens)
        token = self._sampler.pick(
            logits, draft.tokens, self._forbidden.at(draft), self._barred.get(at, ())
        )
        if token is None or token in speech.ends:
            self._stop = "end"
            return True
        if self._request.odds:
            self._odds.append(odds_of(logits, token, self._request.odds, speech.codec))
        self._logprobs.append(logprob(logits, token))
        if draft.push(token):
            self._on_text(draft.shown)
        return False

    def _take_back(self, index: int) -> None:
        """Forget what is written from `index` on; the token there is not drawn there again."""
        self.taken_back += 1
        self._stop = "length"
        self._barred.setdefault(index, set()).add(self.draft.tokens[index])
        for later in [place for place in self._barred if place > index]:
            del self._barred[later]
        self.draft.take_back(index)
        del self._odds[index:], self._logprobs[index:]

    def finish(self, clock: Clock) -> Finished:
        """The continuation, now that it is over."""
        draft = self.draft
        draft.finish()
        text = draft.text()
        if len(text) > len(draft.shown):
            self._on_text(text)
        timing = clock.timing(len(draft.tokens))
        return Finished(
            text,
            self._stop,
            timing,
            tuple(self._odds),
            tuple(draft.tokens),
            tuple(self._logprobs),
        )


class Clock:
    """Times one continuation.

    Args:
        prompt_tokens: Of its prompt.
        reused: How many of them were known already.
        started: When it was asked for (`time.monotonic`).
    """

    def __init__(self, prompt_tokens: int, reused: int, started: float) -> None:
        self._prompt_tokens, self._reused, self._started = prompt_tokens, reused, started
        self._first = 0.0

    def first(self) -> None:
        """The first token is there (later calls change nothing)."""
        self._first = self._first or time.monotonic() - self._started

    def timing(self, written: int) -> Timing:
        """The figures, now that it is over."""
        total = time.monotonic() - self._started
        return Timing(self._prompt_tokens, self._reused, written, self._first, total)
