"""The loop that writes a continuation token by token."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache, partial

import torch

from dungeon.engine.base import (
    CancelToken,
    Finished,
    GenerationRequest,
    PromptPart,
    StopReason,
    Timing,
    TokenOdds,
    candidate_seed,
)
from dungeon.engine.draft import Draft
from dungeon.engine.torch_engine.forbidden import Forbidden
from dungeon.engine.torch_engine.network import Network
from dungeon.engine.torch_engine.prefix_cache import BLOCK, Cache, PrefixCache
from dungeon.engine.torch_engine.sampling import Sampler, check, logprob, odds_of
from dungeon.engine.torch_engine.tokens import Codec
from dungeon.errors import EngineError

MOST_ROWS = 8
"""Candidates that are written side by side; the eight-bit kernel is made for few rows."""

_MOST_TAKEN_BACK = 64
"""How often a banned phrase may be taken back in one continuation; then the text ends
before it."""


class Decoder:
    """Writes continuations with one network, one after the other.

    Args:
        network: The model.
        codec: Its tokenizer.
        n_positions: Longest prompt plus continuation, in tokens.
        ends: Ids that end a text.
    """

    def __init__(
        self, network: Network, codec: Codec, n_positions: int, ends: frozenset[int]
    ) -> None:
        self._network, self._codec = network, codec
        self._n_positions = n_positions
        self._ends = ends | codec.special
        self._forbidden = lru_cache(8)(partial(Forbidden, codec, network.vocabulary, self._ends))
        self._prefix: PrefixCache | None = None

    def forget(self) -> None:
        """Throw the prefix cache away."""
        self._prefix = None

    def encode(self, request: GenerationRequest) -> list[int]:
        """The prompt's ids.

        Raises:
            EngineError: It is empty, or too long together with what shall be written.
        """
        ids = [id for part in request.prompt for id in self._codec.encode(part)]
        if not ids:
            raise EngineError("The prompt is empty.", "Write a line and try again.")
        if len(ids) + request.max_new_tokens > self._n_positions:
            raise EngineError(
                f"The prompt of {len(ids)} tokens and {request.max_new_tokens} new ones are "
                f"more than the model's {self._n_positions}.",
                "Shorten the memory or ask for fewer tokens.",
            )
        return [*self._codec.prefix, *ids]

    def told(self, request: GenerationRequest) -> list[int]:
        """The ids of the prompt's narrative: what the rules against repetition count."""
        return [id for part in request.prompt if part.told for id in self._codec.encode(part)]

    def write(
        self, request: GenerationRequest, cancel: CancelToken, on_text: Callable[[str], None]
    ) -> Finished:
        """As `Engine.generate`. On any exception the prefix cache is gone."""
        started = time.monotonic()
        prompt = self.encode(request)
        prefix = self._prefix or PrefixCache(self._network.cache())
        self._prefix = None
        with torch.inference_mode():
            reused = prefix.reuse(prompt)
            logits = self._prefill(prompt, reused, prefix, cancel)
            clock = _Clock(len(prompt), reused, started)
            if logits is None:
                finished = Finished("", "cancelled", clock.timing(0))
            else:
                finished = self._decode(
                    request, prompt, logits, prefix.cache, cancel, on_text, clock
                )
        self._prefix = prefix
        return finished

    def read(self, parts: tuple[PromptPart, ...], cancel: CancelToken) -> None:
        """As `Engine.warm`. On any exception the prefix cache is gone."""
        ids = [id for part in parts for id in self._codec.encode(part)]
        if not ids or len(ids) > self._n_positions:
            return
        prompt = [*self._codec.prefix, *ids]
        prefix = self._prefix or PrefixCache(self._network.cache())
        self._prefix = None
        with torch.inference_mode():
            self._prefill(prompt, prefix.reuse(prompt), prefix, cancel)
        self._prefix = prefix

    def score(
        self, parts: tuple[PromptPart, ...], texts: Sequence[Sequence[int]], cancel: CancelToken
    ) -> tuple[tuple[float, ...], ...] | None:
        """As `Engine.score`. On any exception the prefix cache is gone.

        What of the prompt fills no whole block is computed together with the texts, whether the
        cache was warm or cold, so the numbers are the same.
        """
        logits = self._follow(parts, texts, cancel)
        if logits is None:
            return None
        rows = iter(logits)
        return tuple(tuple(logprob(next(rows), token) for token in text) for text in texts)

    def weigh(
        self, parts: tuple[PromptPart, ...], text: PromptPart, top: int, cancel: CancelToken
    ) -> tuple[TokenOdds, ...] | None:
        """As `Engine.weigh`. On any exception the prefix cache is gone."""
        room = self._n_positions - sum(len(self._codec.encode(part)) for part in parts)
        ids = self._codec.encode(text)[: max(0, room)]
        logits = self._follow(parts, [ids], cancel)
        if logits is None:
            return None
        return tuple(
            odds_of(row, token, top, self._codec, self._ends)
            for row, token in zip(logits, ids, strict=True)
        )

    def _follow(
        self, parts: tuple[PromptPart, ...], texts: Sequence[Sequence[int]], cancel: CancelToken
    ) -> torch.Tensor | None:
        """The logits that each token of `texts` is drawn from; None where there is no saying."""
        ids = [id for part in parts for id in self._codec.encode(part)]
        longest = max((len(text) for text in texts), default=0)
        if not ids or not longest or len(ids) + longest > self._n_positions:
            return None
        prompt = [*self._codec.prefix, *ids]
        prefix = self._prefix or PrefixCache(self._network.cache())
        self._prefix = None
        with torch.inference_mode():
            done = prefix.reuse(prompt)
            while len(prompt) - done > BLOCK and not cancel.cancelled:
                block = prompt[done : done + BLOCK]
                self._network.read(torch.tensor([block]), prefix.cache)
                prefix.keep(block)
                done += BLOCK
            if cancel.cancelled:
                self._prefix = prefix
                return None
            logits = self._network.follow(prompt[done:], texts, prefix.cache)
            check(logits)
        self._prefix = prefix
        return logits

    def sample(
        self,
        request: GenerationRequest,
        count: int,
        cancel: CancelToken,
        on_progress: Callable[[int], None],
        together: int = MOST_ROWS,
    ) -> tuple[Finished, ...]:
        """As `Engine.sample`, so many side by side. On any exception the prefix cache is gone."""
        started = time.monotonic()
        prompt = self.encode(request)
        prefix = self._prefix or PrefixCache(self._network.cache())
        self._prefix = None
        requests = [replace(request, seed=candidate_seed(request.seed, at)) for at in range(count)]
        with torch.inference_mode():
            reused = prefix.reuse(prompt)
            logits = self._prefill(prompt, reused, prefix, cancel)
            clock = _Clock(len(prompt), reused, started)
            if logits is None:
                finished = [Finished("", "cancelled", clock.timing(0)) for _ in requests]
            else:
                finished = []
                most = together if self._network.rows_agree else 1
                for at in range(0, count, most):
                    group = requests[at : at + most]
                    finished += self._together(
                        group, prompt, logits, prefix.cache, cancel, on_progress, clock
                    )
        self._prefix = prefix
        return tuple(finished)

    def _together(
        self,
        requests: list[GenerationRequest],
        prompt: list[int],
        first: torch.Tensor,
        cache: Cache,
        cancel: CancelToken,
        on_progress: Callable[[int], None],
        clock: _Clock,
    ) -> list[Finished]:
        """Candidates side by side, each as `_decode` would write it alone."""
        alone: dict[int, Finished] = {}
        if len(requests) > 1:
            rows = [_Row(request, self, prompt) for request in requests]
            cache.truncate(len(prompt))
            spread = cache.spread(len(rows))
            logits = first.expand(len(rows), -1)
            while True:
                for row, scores in zip(rows, logits, strict=True):
                    row.step(scores, cancelled=cancel.cancelled)
                clock.first()
                on_progress(max(len(row.draft.tokens) for row in rows))
                if not any(row.going for row in rows):
                    break
                # A row that is over is carried along; nobody looks at it.
                last = torch.tensor([[row.last] for row in rows])
                logits = self._network.forward(last, spread, writing=True)
                check(logits)
            alone = {at: row.finish(clock) for at, row in enumerate(rows) if not row.conflict}
        for at, request in enumerate(requests):
            if at not in alone:
                # Alone from the start, or a banned phrase that must be taken back.
                cache.truncate(len(prompt))
                alone[at] = self._decode(
                    request, prompt, first, cache, cancel, lambda text: None, clock
                )
                on_progress(alone[at].timing.new_tokens)
        return [alone[at] for at in range(len(requests))]

    def _prefill(
        self, prompt: list[int], done: int, prefix: PrefixCache, cancel: CancelToken
    ) -> torch.Tensor | None:
        """Logits after the prompt; None where it was cancelled before its end."""
        logits = None
        while done < len(prompt):
            if cancel.cancelled:
                return None
            block = prompt[done : done + BLOCK]
            done += len(block)
            if done < len(prompt):
                self._network.read(torch.tensor([block]), prefix.cache)
            else:
                logits = self._forward(block, prefix.cache, writing=False)
            prefix.keep(block)
        assert logits is not None
        check(logits)
        return logits

    def _forward(self, ids: list[int], cache: Cache, *, writing: bool) -> torch.Tensor:
        return self._network.forward(torch.tensor([ids]), cache, writing=writing)[0]

    def _decode(
        self,
        request: GenerationRequest,
        prompt: list[int],
        first: torch.Tensor,
        cache: Cache,
        cancel: CancelToken,
        on_text: Callable[[str], None],
        clock: _Clock,
    ) -> Finished:
        sampler = Sampler(request.sampling, request.seed, self.told(request), self._codec.breaks)
        draft = Draft(self._codec.decode, prompt, request.stop, request.banned)
        forbidden = self._forbidden(request.unspoken, request.not_first)
        barred: dict[int, set[int]] = {}
        odds: list[TokenOdds] = []
        logprobs: list[float] = []
        taken_back = 0
        logits: torch.Tensor | None = first
        stop: StopReason = "length"
        while True:
            at = len(draft.tokens)
            over = draft.stopped or at == request.max_new_tokens
            token = None
            if cancel.cancelled:
                stop = "cancelled"
                break
            if not over:
                if logits is None:
                    logits = self._forward(draft.tokens[-1:], cache, writing=True)
                    check(logits)
                token = sampler.pick(logits, draft.tokens, forbidden.at(draft), barred.get(at, ()))
                clock.first()
                if token is None or token in self._ends:
                    over, stop, token = True, "end", None
            if token is not None:
                assert logits is not None
                if request.odds:
                    odds.append(odds_of(logits, token, request.odds, self._codec))
                logprobs.append(logprob(logits, token))
                if draft.push(token):
                    on_text(draft.shown)
                logits = None
            conflict = draft.conflict(final=over)
            if conflict is not None and taken_back < _MOST_TAKEN_BACK:
                taken_back += 1
                logits = self._take_back(draft, conflict, prompt, first, cache, barred)
                del odds[conflict:], logprobs[conflict:]
                stop = "length"
            elif conflict is not None:
                stop = "stop"
                break
            elif over:
                stop = "stop" if draft.stopped else stop
                break
        draft.finish()
        text = draft.text()
        if len(text) > len(draft.shown):
            on_text(text)
        timing = clock.timing(len(draft.tokens))
        return Finished(text, stop, timing, tuple(odds), tuple(draft.tokens), tuple(logprobs))

    def _take_back(
        self,
        draft: Draft,
        index: int,
        prompt: list[int],
        first: torch.Tensor,
        cache: Cache,
        barred: dict[int, set[int]],
    ) -> torch.Tensor | None:
        """Forget what is written from `index` on; the logits there, if they are at hand."""
        barred.setdefault(index, set()).add(draft.tokens[index])
        for later in [place for place in barred if place > index]:
            del barred[later]
        draft.take_back(index)
        cache.truncate(len(prompt) + max(0, index - 1))
        return first if index == 0 else None


class _Row:
    """One of several candidates that are written side by side."""

    def __init__(self, request: GenerationRequest, decoder: Decoder, prompt: list[int]) -> None:
        self._request, self._decoder = request, decoder
        self._sampler = Sampler(
            request.sampling, request.seed, decoder.told(request), decoder._codec.breaks
        )
        self._forbidden = decoder._forbidden(request.unspoken, request.not_first)
        self._odds: list[TokenOdds] = []
        self._logprobs: list[float] = []
        self._stop: StopReason = "length"
        self.draft = Draft(decoder._codec.decode, prompt, request.stop, request.banned)
        self.last = prompt[-1]
        self.going = True
        self.conflict = False

    def step(self, logits: torch.Tensor, *, cancelled: bool) -> None:
        """Draw one token, in the order in which `Decoder._decode` does it."""
        if not self.going:
            return
        if cancelled:
            self._stop, self.going = "cancelled", False
            return
        decoder, draft = self._decoder, self.draft
        token = self._sampler.pick(logits, draft.tokens, self._forbidden.at(draft))
        if token is None or token in decoder._ends:
            self._stop, self.going = "end", False
        else:
            if self._request.odds:
                self._odds.append(odds_of(logits, token, self._request.odds, decoder._codec))
            self._logprobs.append(logprob(logits, token))
            draft.push(token)
            self.last = token
            if draft.stopped:
                self._stop, self.going = "stop", False
            elif len(draft.tokens) == self._request.max_new_tokens:
                self.going = False
        if draft.conflict(final=not self.going) is not None:
            self.going, self.conflict = False, True

    def finish(self, clock: _Clock) -> Finished:
        """The candidate, now that all are over."""
        self.draft.finish()
        draft, timing = self.draft, clock.timing(len(self.draft.tokens))
        return Finished(
            draft.text(),
            self._stop,
            timing,
            tuple(self._odds),
            tuple(draft.tokens),
            tuple(self._logprobs),
        )


class _Clock:
    """Times one continuation."""

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
