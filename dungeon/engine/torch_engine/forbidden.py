"""Which tokens may not come at a place in a continuation."""

from __future__ import annotations

from typing import Any

import numpy as np

from dungeon.engine.draft import Draft
from dungeon.engine.torch_engine.tokens import Codec


class Forbidden:
    """What a model may never write, not write first, and not write outside speech.

    Args:
        codec: The tokenizer.
        vocabulary: Outputs of the model; those past the tokenizer's stand for nothing.
        ends: Ids that end a text: not the first thing that is written.
        unspoken: Words that are written in speech only.
        not_first: Words that do not begin a text.
    """

    def __init__(
        self,
        codec: Codec,
        vocabulary: int,
        ends: frozenset[int],
        unspoken: tuple[str, ...] = (),
        not_first: tuple[str, ...] = (),
    ) -> None:
        never = set(range(codec.size, vocabulary))
        first = never | ends | set(codec.blanks()) | set(codec.words(not_first))
        words = set(codec.words(unspoken))
        # By whether something is written already, and by whether somebody speaks.
        self._ids: dict[tuple[bool, bool], Any] = {
            (False, True): _array(first),
            (False, False): _array(first | words),
            (True, True): _array(never),
            (True, False): _array(never | words),
        }

    def at(self, draft: Draft) -> Any:
        """The ids that may not follow `draft`, int64."""
        return self._ids[bool(draft.tokens), draft.speaking]


def _array(ids: set[int]) -> Any:
    return np.array(sorted(ids), np.int64)
