"""The loop that writes a continuation token by token."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

import torch

from dungeon.engine.base import (
    CancelToken,
    Finished,
    GenerationRequest,
    PromptPart,
    TokenOdds,
    candidate_seed,
)
from dungeon.engine.torch_engine.network import Network
from dungeon.engine.torch_engine.prefix_cache import BLOCK, Cache, PrefixCache
from dungeon.engine.torch_engine.sampling import check, logprob, odds_of
from dungeon.engine.torch_engine.telling import Clock, Speech, Telling

MOST_ROWS = 8
"""Texts that are written side by side; the eight-bit kernel is made for few rows."""


class Decoder:
    """Writes continuations with one network, one after the other.

    Args:
        network: The model.
        speech: What it writes with.
    """

    def __init__(self, network: Network, speech: Speech) -> None:
        self._network, self._speech = network, speech
        self._prefix: PrefixCache | None = None

    def forget(self) -> None:
        """Throw the prefix cache away."""
        self._prefix = None

    def write(
        self, request: GenerationRequest, cancel: CancelToken, on_text: Callable[[str], None]
    ) -> Finished:
        """As `Engine.generate`. On any exception the prefix cache is gone."""
        started = time.monotonic()
        prompt = self._speech.encode(request)
        prefix = self._prefix or PrefixCache(self._network.cache())
        self._prefix = None
        with torch.inference_mode():
            reused = prefix.reuse(prompt)
            logits = self._prefill(prompt, reused, prefix, cancel)
            clock = Clock(len(prompt), reused, started)
            if logits is None:
                finished = Finished("", "cancelled", clock.timing(0))
            else:
                telling = self._speech.tell(request, prompt, logits, on_text)
                finished = self._decode(telling, prefix.cache, cancel, clock)
        self._prefix = prefix
        return finished

    def read(self, parts: tuple[PromptPart, ...], cancel: CancelToken) -> None:
        """As `Engine.warm`. On any exception the prefix cache is gone."""
        ids = self._speech.ids(parts)
        if not ids or len(ids) > self._speech.n_positions:
            return
        prompt = [*self._speech.codec.prefix, *ids]
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
        speech = self._speech
        room = speech.n_positions - len(speech.ids(parts))
        ids = speech.codec.encode(text)[: max(0, room)]
        logits = self._follow(parts, [ids], cancel)
        if logits is None:
            return None
        return tuple(
            odds_of(row, token, top, speech.codec, speech.ends)
            for row, token in zip(logits, ids, strict=True)
        )

    def _follow(
        self, parts: tuple[PromptPart, ...], texts: Sequence[Sequence[int]], cancel: CancelToken
    ) -> torch.Tensor | None:
        """The logits that each token of `texts` is drawn from; None where there is no saying."""
        ids = self._speech.ids(parts)
        longest = max((len(text) for text in texts), default=0)
        if not ids or not longest or len(ids) + longest > self._speech.n_positions:
            return None
        prompt = [*self._speech.codec.prefix, *ids]
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
        prompt = self._speech.encode(request)
        prefix = self._prefix or PrefixCache(self._network.cache())
        self._prefix = None
        requests = [replace(request, seed=candidate_seed(request.seed, at)) for at in range(count)]
        with torch.inference_mode():
            reused = prefix.reuse(prompt)
            logits = self._prefill(prompt, reused, prefix, cancel)
            clock = Clock(len(prompt), reused, started)
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
        clock: Clock,
    ) -> list[Finished]:
        """Candidates side by side, each as `_decode` would write it alone."""
        alone: dict[int, Finished] = {}
        if len(requests) > 1:
            rows = [self._speech.tell(request, prompt, first) for request in requests]
            cache.truncate(len(prompt))
            spread = cache.spread(len(rows))
            logits = first.expand(len(rows), -1)
            while True:
                for row, scores in zip(rows, logits, strict=True):
                    # One that took something back is told again by itself: rows of one prompt
                    # grow together.
                    if row.going and not row.taken_back:
                        row.step(scores, cancelled=cancel.cancelled)
                clock.first()
                on_progress(max(len(row.draft.tokens) for row in rows))
                if not any(row.going and not row.taken_back for row in rows):
                    break
                # A row that is over is carried along; nobody looks at it.
                last = torch.tensor([[row.last] for row in rows])
                logits = self._network.forward(last, spread, writing=True)
                check(logits)
            alone = {at: row.finish(clock) for at, row in enumerate(rows) if not row.taken_back}
        for at, request in enumerate(requests):
            if at not in alone:
                # Alone from the start, or with something taken back.
                telling = self._speech.tell(request, prompt, first)
                alone[at] = self._decode(telling, cache, cancel, clock)
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
        self, telling: Telling, cache: Cache, cancel: CancelToken, clock: Clock
    ) -> Finished:
        logits = telling.first
        while telling.step(logits, cancelled=cancel.cancelled):
            clock.first()
            cache.truncate(telling.before)
            logits = self._forward([telling.last], cache, writing=True)
            check(logits)
        clock.first()
        return telling.finish(clock)
