"""What is asked of a whole vocabulary at every token. Compiled by `compiled`."""

from __future__ import annotations

from typing import Any

import numpy as np

from dungeon.engine.torch_engine.step import exp


def likeliest(scores: Any, count: int) -> Any:
    """Places of the `count` greatest of `scores`, greatest first.

    One pass that keeps a sorted list: of 50,000 numbers in random order a few hundred ever
    enter a list of 40. Of equal ones the first comes first.

    Args:
        scores: Float32, one dimension; no NaN.
        count: At least 1, at most as many as there are.
    """
    places = np.empty(count, np.int64)
    values = np.empty(count, np.float32)
    held = 0
    for place in range(scores.size):
        value = scores[place]
        if held == count and value <= values[count - 1]:
            continue
        at = held if held < count else count - 1
        while at > 0 and values[at - 1] < value:
            values[at], places[at] = values[at - 1], places[at - 1]
            at -= 1
        values[at], places[at] = value, place
        held = min(held + 1, count)
    return places


def exponentials(scores: Any, top: Any, out: Any) -> None:
    """Into `out` the exponentials of `scores` less `top`; all float32, of one length."""
    for at in range(scores.size):
        out[at] = exp(scores[at] - top)
