"""What a session plays with until the engine is loaded."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from dungeon.engine.base import (
    CancelToken,
    Finished,
    GenerationRequest,
    ModelInfo,
    PromptPart,
)
from dungeon.errors import EngineError


class PendingEngine:
    """Stands in a session while the engine loads: the story can be read, not told."""

    @property
    def info(self) -> ModelInfo:
        """Unknown as yet."""
        raise _not_yet()

    def load(self, progress: Callable[[str], None]) -> None:
        """Nothing to load."""

    def count(self, part: PromptPart) -> int:
        """Unknown as yet."""
        raise _not_yet()

    def warm(self, prompt: tuple[PromptPart, ...], cancel: CancelToken) -> None:
        """Nothing to read ahead with."""

    def generate(
        self, request: GenerationRequest, cancel: CancelToken, on_text: Callable[[str], None]
    ) -> Finished:
        """Not possible as yet."""
        raise _not_yet()

    def sample(
        self,
        request: GenerationRequest,
        count: int,
        cancel: CancelToken,
        on_progress: Callable[[int], None],
    ) -> tuple[Finished, ...]:
        """Not possible as yet."""
        raise _not_yet()

    def score(
        self, prompt: tuple[PromptPart, ...], texts: Sequence[Sequence[int]], cancel: CancelToken
    ) -> None:
        """Not possible as yet."""
        raise _not_yet()

    def weigh(
        self, prompt: tuple[PromptPart, ...], text: str, top: int, cancel: CancelToken
    ) -> None:
        """Not possible as yet."""
        raise _not_yet()


def _not_yet() -> EngineError:
    return EngineError("The narrator is not ready yet.", "Wait until it has loaded.")
