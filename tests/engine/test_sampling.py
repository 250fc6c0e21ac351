"""The sampler beside transformers' own processors."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers.generation.logits_process import (
    LogitsProcessorList,
    MinPLogitsWarper,
    RepetitionPenaltyLogitsProcessor,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
    TypicalLogitsWarper,
)

from dungeon.engine.base import Sampling
from dungeon.engine.torch_engine.sampling import Sampler, _likeliest


@settings(max_examples=100, deadline=None)
@given(
    st.integers(0, 10_000),
    st.sampled_from([60, 1500]),
    st.sampled_from([0.3, 1.0, 1.7]),
    st.sampled_from([0, 1, 5, 40]),
    st.sampled_from([0.1, 0.9, 1.0]),
    st.sampled_from([1.0, 1.3]),
    st.sampled_from([1.0, 0.5]),
    st.sampled_from([0.0, 0.2]),
)
def test_sampler_draws_from_the_distribution_of_transformers(
    seed: int,
    size: int,
    temperature: float,
    top_k: int,
    top_p: float,
    penalty: float,
    typical: float,
    min_p: float,
) -> None:
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(size, generator=generator) * 3
    prompt, written = [3, 5, 3], [7]
    chain: Any = LogitsProcessorList()
    if penalty != 1:
        chain.append(RepetitionPenaltyLogitsProcessor(penalty))
    chain.append(TemperatureLogitsWarper(temperature))
    if top_k:
        chain.append(TopKLogitsWarper(top_k))
    if typical < 1:
        chain.append(TypicalLogitsWarper(typical))
    if top_p < 1:
        chain.append(TopPLogitsWarper(top_p))
    if min_p:
        chain.append(MinPLogitsWarper(min_p))
    scores = chain(torch.tensor([prompt + written]), logits.clone()[None])[0]
    wanted = torch.softmax(scores.double(), dim=-1)
    sampling = Sampling(temperature, top_p, top_k, penalty, min_p=min_p, typical_p=typical)
    sampler = Sampler(sampling, seed, prompt)
    own = logits.numpy().copy()
    sampler._penalise(own, written)
    ids, odds = sampler._kept(own)
    got = torch.zeros(size, dtype=torch.float64)
    got[torch.from_numpy(ids)] = torch.from_numpy(odds / odds.sum())
    # A token at the very edge of top-p or typical may fall to either side by rounding.
    assert float((got - wanted).abs().max()) < 2e-3 or _edge(got, wanted)
    assert got[sampler.pick(logits, written)] > 0


def _edge(got: torch.Tensor, wanted: torch.Tensor) -> bool:
    return int(((got > 0) != (wanted > 0)).sum()) <= 1


def test_draws_come_as_often_as_they_are_likely() -> None:
    logits = torch.tensor([2.0, 1.0, 0.0, -1.0])
    drawn = [
        Sampler(Sampling(1.0, 1.0, 0, 1.0), seed, [0]).pick(logits, []) for seed in range(4000)
    ]
    shares = torch.bincount(torch.tensor(drawn), minlength=4) / 4000
    assert float((shares - torch.softmax(logits, -1)).abs().max()) < 0.03


def test_nothing_is_drawn_where_nothing_may_come() -> None:
    logits = torch.zeros(60)
    for temperature in (0.0, 1.0):
        assert Sampler(Sampling(temperature), 0, [1]).pick(logits, [], range(60)) is None


def test_only_the_range_is_penalised_and_more_so_towards_its_end() -> None:
    scores = np.ones(10, np.float32)
    sampling = Sampling(repetition_penalty=2.0, repetition_range=4, repetition_slope=1.0)
    Sampler(sampling, 0, [0, 1, 2, 3])._penalise(scores, [4, 5])
    assert scores[0] == scores[1] == scores[2] == 1
    assert 1 > scores[3] > scores[4] > scores[5] == 0.5


def test_a_row_of_tokens_is_not_written_twice() -> None:
    sampler = Sampler(Sampling(0, no_repeat_ngram=3, repetition_penalty=1.0), 0, [1, 2, 3, 4])
    logits = torch.tensor([0.0, 1, 2, 9, 3])
    assert sampler.pick(logits, []) == 3
    assert sampler.pick(logits, [1, 2]) == 4


def test_only_rows_within_the_range_count_and_names_may_come_again() -> None:
    sampling = Sampling(0, no_repeat_ngram=3, repetition_penalty=1.0, repetition_range=6)
    logits = torch.tensor([0.0, 1, 2, 9, 3])
    near, far = [1, 2, 3, 4], [1, 2, 3, 0, 0, 0]
    assert Sampler(sampling, 0, near).pick(logits, [1, 2]) == 4
    assert Sampler(sampling, 0, far).pick(logits, [1, 2]) == 3
    assert Sampler(sampling, 0, near, frozenset({3})).pick(logits, [1, 2]) == 4
    assert Sampler(sampling, 0, near, frozenset({4})).pick(logits, [1, 2]) == 3


@given(st.lists(st.integers(0, 3), min_size=1, max_size=40), st.integers(1, 6))
def test_repeated_rows_are_those_found_one_by_one(text: list[int], size: int) -> None:
    sampler = Sampler(Sampling(no_repeat_ngram=size), 0, text[:5])
    last = text[len(text) - size + 1 :]
    wanted = [
        text[at + size - 1]
        for at in range(len(text) - size + 1)
        if len(text) >= size and text[at : at + size - 1] == last
    ]
    assert sampler._repeats(text[5:], size) == wanted


@given(st.lists(st.sampled_from([-2.0, 0.0, 0.5, 3.0]), min_size=1, max_size=80), st.data())
@settings(deadline=None)
def test_the_likeliest_are_those_of_a_stable_sort(scores: list[float], data: st.DataObject) -> None:
    count = data.draw(st.integers(1, len(scores)))
    array = np.array(scores, np.float32)
    wanted = np.argsort(-array, kind="stable")[:count]
    assert _likeliest(array, count).tolist() == wanted.tolist()
