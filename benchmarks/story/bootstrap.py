"""How far a figure could be off by chance."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence


def interval(
    values: Sequence[float], of: Callable[[Sequence[float]], float], draws: int = 1000
) -> tuple[float, float]:
    """95 % of the bootstrap's draws (Efron 1979), seeded."""
    if not values:
        return float("nan"), float("nan")
    generator = random.Random(0)
    found = sorted(of(generator.choices(values, k=len(values))) for _ in range(draws))
    return found[int(draws * 0.025)], found[int(draws * 0.975)]
