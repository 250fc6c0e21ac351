"""Runs a target on mutated inputs and keeps what breaks it, made as short as it can be."""

from __future__ import annotations

import random
import time
import traceback
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

from tests.fuzz.mutate import mutate
from tests.fuzz.target import Target
from tests.fuzz.targets import inputs

SLOW = 2.0
"""Most seconds of processor time that one input may take; the largest has 64 KiB."""
MAX_KEPT = 1500
"""Inputs kept for their outcome, per target."""
_SHORTENINGS = 400
_SHORTEN_SECONDS = 20


class TooSlow(AssertionError):
    """An input took longer than anybody would wait."""


@dataclass(frozen=True)
class Finding:
    """An input that broke a promise.

    Attributes:
        target: Whose.
        data: The input, shortened.
        kind: The exception's type and where it was raised: one finding per place.
        report: The traceback.
    """

    target: str
    data: bytes
    kind: str
    report: str


@dataclass
class Fuzzer:
    """Fuzzes one target.

    Args:
        target: What.
        seed: Makes a run repeatable.
    """

    target: Target
    seed: int = 0
    ran: int = 0
    findings: dict[str, Finding] = field(default_factory=dict)
    kept: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        # Not the tuple's hash: that of text differs from one process to the next.
        self._chance = random.Random(f"{self.target.name} {self.seed}")
        self._outcomes: set[Hashable] = set()
        for data in inputs(self.target):
            self.feed(data)
            self.kept.append(data)

    def step(self) -> None:
        """One mutated input."""
        # The newest are the least explored.
        late = self.kept[-20:] if self._chance.random() < 0.3 else self.kept
        parent = self._chance.choice(late)
        self.feed(mutate(self._chance, parent, self.target.words, self.kept))

    def feed(self, data: bytes) -> None:
        """Run the target on `data`; keep it where its outcome is new or it breaks something."""
        self.ran += 1
        try:
            outcome = timed(self.target.run, data)
        except Exception as error:
            kind = place_of(error)
            if kind not in self.findings:
                short = self._shortest(data, kind)
                report = "".join(traceback.format_exception(error))
                self.findings[kind] = Finding(self.target.name, short, kind, report)
            return
        if outcome not in self._outcomes and len(self.kept) < MAX_KEPT:
            self._outcomes.add(outcome)
            self.kept.append(data)

    def _shortest(self, data: bytes, kind: str) -> bytes:
        """`data` with pieces taken out while it still breaks the same thing."""
        size, tries, began = max(1, len(data) // 2), 0, time.monotonic()
        while tries < _SHORTENINGS and time.monotonic() - began < _SHORTEN_SECONDS:
            for start in range(0, len(data), size):
                tries += 1
                less = data[:start] + data[start + size :]
                if less != data and self._breaks(less, kind):
                    data = less
                    break
                if tries >= _SHORTENINGS or time.monotonic() - began > _SHORTEN_SECONDS:
                    return data
            else:
                if size == 1:
                    break
                size = max(1, size // 2)
        return data

    def _breaks(self, data: bytes, kind: str) -> bool:
        try:
            timed(self.target.run, data)
        except Exception as error:
            return place_of(error) == kind
        return False


def timed(run: Callable[[bytes], Hashable], data: bytes) -> Hashable:
    """The outcome of `run`.

    Raises:
        TooSlow: It took more than `SLOW` seconds.
    """
    began = time.process_time()
    outcome = run(data)
    spent = time.process_time() - began
    if spent > SLOW:
        raise TooSlow(f"{len(data)} bytes took {spent:.1f} s")
    return outcome


def place_of(error: BaseException) -> str:
    """The type of an exception, its first words, and the line that raised it."""
    frames = traceback.extract_tb(error.__traceback__)
    last = frames[-1]
    said = str(error).split("\n")[0][:30] if isinstance(error, AssertionError) else ""
    return f"{type(error).__name__} {said} {last.filename.rsplit('/', 1)[-1]}:{last.lineno}"
