"""Keys and values of several stories side by side, and who gets which place.

Stories that are told at the same time are of different lengths and begin differently. Each has
a place of its own, where its prompt stays for its next turn.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import torch

from dungeon.engine.torch_engine.prefix_cache import KeyValues, PrefixCache


class Shelf:
    """Places for texts, in one piece of memory that the system hands over as it is used.

    Args:
        layers, heads, head_size: Of the model.
        limit: Most positions of a text.
        texts: How many places.

    Attributes:
        texts: The cache of each place.
    """

    def __init__(self, layers: int, heads: int, head_size: int, limit: int, texts: int) -> None:
        shape = (layers, texts, heads, limit, head_size)
        self._keys, self._values = torch.empty(shape), torch.empty(shape)
        self._none = np.empty((layers, heads, 0, head_size), np.float32)
        self.texts = [
            KeyValues(
                layers,
                heads,
                head_size,
                limit,
                room=(self._keys[:, at : at + 1], self._values[:, at : at + 1]),
            )
            for at in range(texts)
        ]

    @property
    def bytes(self) -> int:
        """Memory that it takes at most."""
        return 2 * self._keys.numel() * self._keys.element_size()

    def arrays(self, texts: Sequence[int]) -> tuple[Any, ...]:
        """The fields of `step.Past` for rows that go on with these texts."""
        own = np.array([self.texts[text].length for text in texts])
        keys, values = self._keys.numpy(), self._values.numpy()
        return self._none, self._none, 0, keys, values, np.array(texts), own


class Places:
    """Which prompt stands at which place of a shelf.

    Args:
        shelf: Where they are.
    """

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self.prefixes = [PrefixCache(text) for text in shelf.texts]
        # The one that was asked for last stands last.
        self._order = list(range(len(self.prefixes)))

    def take(self, prompt: Sequence[int], busy: Collection[int]) -> tuple[int, int]:
        """A place for `prompt` that is not busy, with what is known of it already.

        A story comes back to its own place. A new one gets that which was not asked for
        longest; what it begins with and another has too (the scenario's first lines) is copied.

        Returns:
            The place, and how many positions of the prompt stand there.

        Raises:
            ValueError: All are busy.
        """
        free = [at for at in self._order if at not in busy]
        if not free:
            raise ValueError("every place is busy")
        common = [prefix.common(prompt) for prefix in self.prefixes]
        own = max(free, key=lambda at: common[at])
        # With less than half in common it is somebody else's: a common beginning is no reason
        # to throw away how that story goes on.
        place = own if 2 * common[own] > self.prefixes[own].kept else free[0]
        self._order.remove(place)
        self._order.append(place)
        best = max(range(len(common)), key=lambda at: common[at])
        if common[best] > common[place]:
            self._shelf.texts[place].copy(self._shelf.texts[best], common[best])
            self.prefixes[place].copied(self.prefixes[best], common[best])
        return place, self.prefixes[place].reuse(prompt)
