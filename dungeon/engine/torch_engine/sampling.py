"""Drawing the next token with transformers' own processors."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from transformers.generation.logits_process import (
    LogitsProcessor,
    RepetitionPenaltyLogitsProcessor,
    TemperatureLogitsWarper,
    TopPLogitsWarper,
)

from dungeon.engine.base import Sampling, TokenOdds
from dungeon.engine.torch_engine.tokens import Codec
from dungeon.errors import EngineError


class Sampler:
    """Draws tokens for one continuation.

    The order is that of transformers' `generate`: repetition penalty, temperature, top-k,
    top-p. Top-k is taken first, which gives the same distribution (temperature keeps the
    order) and leaves top-p 40 numbers to sort and not 50,000.

    Args:
        sampling: How; temperature 0 takes the likeliest.
        seed: Of its own generator, so that nothing else changes what is drawn.
        prompt: Ids that the repetition penalty counts, besides those drawn later.
    """

    def __init__(self, sampling: Sampling, seed: int, prompt: Sequence[int]) -> None:
        self._sampling = sampling
        self._generator = torch.Generator().manual_seed(seed)
        self._seen = torch.tensor([list(dict.fromkeys(prompt))], dtype=torch.long)
        penalty = sampling.repetition_penalty
        self._penalty = RepetitionPenaltyLogitsProcessor(penalty) if penalty != 1.0 else None
        self._warpers: list[LogitsProcessor] = []
        if sampling.temperature > 0:
            if sampling.temperature != 1.0:
                self._warpers.append(TemperatureLogitsWarper(float(sampling.temperature)))
            if sampling.top_p < 1.0:
                self._warpers.append(TopPLogitsWarper(float(sampling.top_p)))

    def pick(
        self, logits: torch.Tensor, written: Sequence[int], forbidden: Iterable[int]
    ) -> int | None:
        """The next token.

        Args:
            logits: Float32, shape [vocabulary], finite; left as it is.
            written: Ids drawn so far.
            forbidden: Ids that may not come now.

        Returns:
            Its id; None where nothing may come.
        """
        scores = logits.clone()[None]
        seen = self._seen
        if self._penalty is not None:
            if written:
                seen = torch.cat([seen, torch.tensor([list(written)])], dim=1)
            scores = self._penalty(seen, scores)
        barred = list(forbidden)
        if barred:
            scores[0, barred] = -torch.inf
        if self._sampling.temperature == 0:
            value, token = scores[0].max(dim=0)
            return int(token) if value > -torch.inf else None
        ids = None
        if 0 < self._sampling.top_k < scores.shape[-1]:
            scores, ids = torch.topk(scores, self._sampling.top_k)
        odds = torch.softmax(self._warp(seen, scores), dim=-1)
        if not bool(torch.isfinite(odds).all()):
            return None
        drawn = int(torch.multinomial(odds, 1, generator=self._generator))
        return drawn if ids is None else int(ids[0, drawn])

    def _warp(self, seen: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        for warper in self._warpers:
            scores = warper(seen, scores)
        return scores


def check(logits: torch.Tensor) -> None:
    """Refuse logits that are not finite.

    Raises:
        EngineError: Some are not: the weights are damaged or the numbers overflowed.
    """
    if not bool(torch.isfinite(logits).all()):
        raise EngineError(
            "The model's output is not a number.",
            "Its weights may be damaged: fetch it again, or choose another model.",
        )


def odds_of(logits: torch.Tensor, token: int, count: int, codec: Codec) -> TokenOdds:
    """What the model thought of `token` before any sampling setting; natural logarithms."""
    logprobs = torch.log_softmax(logits, dim=-1)
    best = torch.topk(logprobs, min(count, logprobs.shape[-1]))
    top = tuple(
        (codec.decode([int(id)]), float(value))
        for id, value in zip(best.indices, best.values, strict=True)
    )
    return TokenOdds(codec.decode([token]), float(logprobs[token]), top)
