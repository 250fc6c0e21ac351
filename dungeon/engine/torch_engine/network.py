"""What the loop that writes needs of a model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import torch


class Network(Protocol):
    """A model's forward pass."""

    vocabulary: int
    rows_agree: bool
    """Whether a row's numbers are the same whatever other rows are computed with it."""

    def cache(self) -> Any:
        """An empty cache."""
        ...

    def forward(self, ids: torch.Tensor, cache: Any, *, writing: bool) -> torch.Tensor:
        """Append ids [rows, n] to `cache`; float32 logits [rows, vocabulary] of the last.

        `writing` tells a token that was just drawn from a stretch of the prompt: the two
        may be computed with other kernels, but each always with its own.
        """
        ...

    def read(self, ids: torch.Tensor, cache: Any) -> None:
        """As `forward` with `writing` false, where nobody asks for the logits."""
        ...

    def follow(
        self, tail: Sequence[int], texts: Sequence[Sequence[int]], cache: Any
    ) -> torch.Tensor:
        """What several texts are drawn from that follow one prompt.

        Args:
            tail: The end of the prompt, at least one id: what `cache` does not hold.
            texts: Ids, none empty.
            cache: Of one row; holds afterwards what it held before.

        Returns:
            Float32 [tokens of all texts, vocabulary]: the logits that each token is drawn from.
        """
        ...
