"""Drawing the next token.

What transformers' processors do, in their order, without what they cost on a whole vocabulary:
here only the few likeliest tokens are ever sorted (the tests compare the two distributions).
"""

from __future__ import annotations

import random
from collections.abc import Collection, Sequence, Set
from typing import Any

import numpy as np
import torch

from dungeon.engine.base import Sampling, TokenOdds
from dungeon.engine.torch_engine.tokens import Codec
from dungeon.errors import EngineError

_FIRST_LOOK = 512
"""Tokens looked at where top-k is off; more where these are less likely than top-p together."""


class Sampler:
    """Draws tokens for one continuation.

    Repetition penalty (Keskar et al. 2019), temperature, top-k (Fan et al. 2018), typical
    (Meister et al. 2022), top-p (Holtzman et al. 2019), min-p (Nguyen et al. 2024). Top-k is
    taken first, which gives the same distribution since temperature keeps the order.

    Args:
        sampling: How; temperature 0 takes the likeliest.
        seed: Of its own generator, so that nothing else changes what is drawn.
        prompt: Ids that the repetition penalty counts, besides those drawn later.
        breaks: Ids at which a repeated row may be broken; None for any.
    """

    def __init__(
        self,
        sampling: Sampling,
        seed: int,
        prompt: Sequence[int],
        breaks: Set[int] | None = None,
    ) -> None:
        self._sampling = sampling
        self._breaks = breaks
        self._random = random.Random(seed)
        self._prompt = np.asarray(prompt, np.int64)
        self._distinct = np.unique(self._prompt)

    def pick(
        self,
        logits: torch.Tensor,
        written: Sequence[int],
        forbidden: Any = (),
        barred: Collection[int] = (),
    ) -> int | None:
        """The next token.

        Args:
            logits: Float32, shape [vocabulary], finite; left as it is.
            written: Ids drawn so far.
            forbidden: An array of ids that may not come now.
            barred: More of them.

        Returns:
            Its id; None where nothing may come.
        """
        sampling = self._sampling
        scores = logits.numpy().copy()
        self._penalise(scores, written)
        if sampling.no_repeat_ngram > 0:
            scores[self._repeats(written, sampling.no_repeat_ngram)] = -np.inf
        if len(forbidden):
            scores[forbidden] = -np.inf
        if barred:
            scores[list(barred)] = -np.inf
        if sampling.temperature == 0:
            token = int(scores.argmax())
            return token if scores[token] > -np.inf else None
        ids, odds = self._kept(scores)
        if not len(ids):
            return None
        # The generator's step is taken even where there is no choice: what is barred at one
        # place must not change what is drawn at the next.
        at = np.searchsorted(odds.cumsum(), self._random.random() * odds.sum(), side="right")
        return int(ids[min(int(at), len(ids) - 1)])

    def _penalise(self, scores: Any, written: Sequence[int]) -> None:
        """Seen tokens lose: positive scores are divided by the penalty, negative multiplied."""
        sampling = self._sampling
        if sampling.repetition_penalty == 1.0:
            return
        penalty: Any = np.float32(sampling.repetition_penalty)
        if sampling.repetition_range <= 0:
            seen = np.union1d(self._distinct, np.asarray(written, np.int64))
        else:
            tail = np.concatenate([self._prompt, np.asarray(written, np.int64)])
            tail = tail[-sampling.repetition_range :]
            # Of a token that came several times, the last counts.
            seen, behind = np.unique(tail[::-1], return_index=True)
            if sampling.repetition_slope > 0:
                penalty = _sloped(penalty, behind, sampling)
        values = scores[seen]
        scores[seen] = np.where(values > 0, values / penalty, values * penalty)

    def _repeats(self, written: Sequence[int], size: int) -> list[int]:
        """Tokens that would write a row of `size` tokens that stands in the text already."""
        text = np.concatenate([self._prompt, np.asarray(written, np.int64)])
        if self._sampling.repetition_range > 0:
            text = text[-self._sampling.repetition_range :]
        rows = len(text) - size + 1
        if rows <= 0:
            return []
        same = np.ones(rows, np.bool_)
        for at in range(size - 1):
            same &= text[at : at + rows] == text[rows + at]
        found: list[int] = text[size - 1 :][same].tolist()
        return [id for id in found if self._breaks is None or id in self._breaks]

    def _kept(self, scores: Any) -> tuple[Any, Any]:
        """Ids that may come, likeliest first, and their probabilities before they are made to
        add up to 1."""
        sampling = self._sampling
        count = len(scores)
        look = sampling.top_k if 0 < sampling.top_k < count else min(_FIRST_LOOK, count)
        while True:
            ids = _likeliest(scores, look)
            values = scores[ids].astype(np.float64)
            ids, values = ids[values > -np.inf], values[values > -np.inf]
            if not len(ids):
                return ids, values
            odds = np.exp((values - values[0]) / sampling.temperature)
            whole = odds.sum()
            if sampling.top_k <= 0 and look < count:
                rest = np.exp((scores - values[0]) / np.float64(sampling.temperature)).sum()
                enough = sampling.typical_p >= 1 and sampling.top_p < 1
                if not enough or whole < sampling.top_p * rest:
                    look = min(count, look * 8)
                    continue
                whole = rest
            odds /= whole
            if sampling.typical_p < 1:
                ids, odds = _typical(ids, odds, sampling.typical_p)
            if sampling.top_p < 1:
                before = odds.cumsum() - odds
                kept = before < sampling.top_p
                kept[0] = True
                ids, odds = ids[kept], odds[kept]
            if sampling.min_p > 0:
                kept = odds >= sampling.min_p * odds.max()
                ids, odds = ids[kept], odds[kept]
            return ids, odds


def _sloped(penalty: Any, behind: Any, sampling: Sampling) -> Any:
    """The penalty of a token so many places before the end: KoboldAI's curve, from none at the
    beginning of the range to all of it at the end."""
    reach = max(2, sampling.repetition_range)
    place = (reach - 1 - behind) / (reach - 1) * 2 - 1
    slope = sampling.repetition_slope
    curve = slope * place / (1 + np.abs(place) * (slope - 1))
    return (1 + (curve + 1) / 2 * (penalty - 1)).astype(np.float32)


def _typical(ids: Any, odds: Any, mass: float) -> tuple[Any, Any]:
    """Tokens whose surprise is nearest to the expected one, until they make up `mass`."""
    odds = odds / odds.sum()
    surprise = -np.log(odds)
    order = np.argsort(np.abs(surprise - (odds * surprise).sum()), kind="stable")
    together = odds[order].cumsum()
    kept = np.sort(order[: int(np.searchsorted(together, mass)) + 1])
    odds = odds[kept] / odds[kept].sum()
    return ids[kept], odds


def _likeliest(scores: Any, count: int) -> Any:
    """Places of the greatest scores, greatest first; of equal ones the first first."""
    try:
        from dungeon.engine.torch_engine import compiled, likeliest
    except ImportError:
        places = np.sort(np.argpartition(-scores, count - 1)[:count])
        return places[np.argsort(-scores[places], kind="stable")]
    return compiled.compiled(likeliest.likeliest)(scores, count)


def check(logits: torch.Tensor) -> None:
    """Refuse logits that are not finite.

    Raises:
        EngineError: Some are not: the weights are damaged or the numbers overflowed.
    """
    if not np.isfinite(logits.numpy()).all():
        raise EngineError(
            "The model's output is not a number.",
            "Its weights may be damaged: fetch it again, or choose another model.",
        )


def logprob(logits: torch.Tensor, token: int) -> float:
    """Natural logarithm of the probability of `token` under the softmax of `logits`."""
    # Not torch's: its sum depends on the number of threads.
    scores = logits.numpy()
    top = scores.max()
    return float(scores[token] - top) - float(np.log(_exponentials(scores, top).sum()))


def _exponentials(scores: Any, top: Any) -> Any:
    try:
        from dungeon.engine.torch_engine import compiled, likeliest
    except ImportError:
        return np.exp(scores - top)
    out = np.empty_like(scores)
    compiled.compiled(likeliest.exponentials)(scores, top, out)
    return out


def odds_of(
    logits: torch.Tensor,
    token: int,
    count: int,
    codec: Codec,
    ends: frozenset[int] = frozenset(),
) -> TokenOdds:
    """What the model thought of `token` before any sampling setting; natural logarithms.

    Tokens of `ends` have no text.
    """
    logprobs = torch.log_softmax(logits, dim=-1)
    best = torch.topk(logprobs, min(count, logprobs.shape[-1]))
    top = tuple(
        ("" if int(id) in ends else codec.decode([int(id)]), float(value))
        for id, value in zip(best.indices, best.values, strict=True)
    )
    return TokenOdds(codec.decode([token]), float(logprobs[token]), top)
