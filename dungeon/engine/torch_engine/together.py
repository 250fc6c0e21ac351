"""Several stories told at the same time by one model: every step writes a token of each.

What is asked for joins those under way as soon as its prompt is read, and leaves when it is over
(Yu et al. 2022, "iteration-level scheduling"). A text is the same, bit for bit, as if it were
told alone: the kernels that write compute a row alike whatever stands beside it, and prompts are
read one by one, in the same blocks.
"""

from __future__ import annotations

import queue
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import torch

from dungeon.engine.base import CancelToken, Finished, GenerationRequest
from dungeon.engine.torch_engine.forward import LeanNetwork
from dungeon.engine.torch_engine.prefix_cache import BLOCK
from dungeon.engine.torch_engine.sampling import check
from dungeon.engine.torch_engine.shelf import Places
from dungeon.engine.torch_engine.telling import Clock, Speech, Telling
from dungeon.errors import EngineError

_IDLE = 30.0
"""Seconds without work after which the thread leaves."""


@dataclass(eq=False)
class _Story:
    """A continuation that somebody waits for.

    Attributes:
        request, prompt, cancel: What is asked for.
        started: When.
        said: The text so far whenever it grew; last the result, or why there is none.
        place: On the shelf; None while it waits.
        read: How much of the prompt stands there.
        clock: Once it has a place.
        telling: Once its prompt is read.
    """

    request: GenerationRequest
    prompt: list[int]
    cancel: CancelToken
    started: float
    said: queue.SimpleQueue[str | Finished | Exception] = field(default_factory=queue.SimpleQueue)
    place: int | None = None
    read: int = 0
    clock: Clock | None = None
    telling: Telling | None = None


class Together:
    """Writes continuations for several threads at once.

    All is computed on a thread of its own, which is there while there is something to do.

    Args:
        network: The model, with byte weights.
        speech: What it writes with.
        stories: How many have a place at the same time; more wait for one.
        most: How many of these are written side by side.
        computing: Held during each step.
    """

    def __init__(
        self,
        network: LeanNetwork,
        speech: Speech,
        stories: int,
        most: int,
        computing: threading.Lock,
    ) -> None:
        self._network, self._speech, self._computing = network, speech, computing
        self._shelf = network.shelf(stories)
        self._places = Places(self._shelf)
        self._most = min(stories, most)
        self._changed = threading.Condition()
        self._waiting: deque[_Story] = deque()
        self._running = False
        # Of the thread alone: those whose prompt is read, in order, and those that are written.
        self._reading: deque[_Story] = deque()
        self._writing: list[_Story] = []

    @property
    def bytes(self) -> int:
        """Memory that the stories' keys and values take at most."""
        return self._shelf.bytes

    def write(
        self, request: GenerationRequest, cancel: CancelToken, on_text: Callable[[str], None]
    ) -> Finished:
        """As `Engine.generate`; several threads may call it at once."""
        story = _Story(request, self._speech.encode(request), cancel, time.monotonic())
        with self._changed:
            self._waiting.append(story)
            if not self._running:
                self._running = True
                threading.Thread(target=self._run, name="together", daemon=True).start()
            self._changed.notify()
        told, left = "", False
        while True:
            said = story.said.get()
            if isinstance(said, Exception):
                raise said
            if isinstance(said, Finished):
                # What was written before the flag was seen is not told.
                return replace(said, text=told, stop="cancelled") if left else said
            if not left:
                told = said
                on_text(told)
                left = cancel.cancelled

    # -- the thread ----------------------------------------------------------------------------

    def _run(self) -> None:
        with torch.inference_mode():
            while self._admit():
                with self._computing:
                    self._guarded(self._read)
                    self._guarded(self._write)

    def _admit(self) -> bool:
        """Give places to those who wait; whether there is anything to do."""
        with self._changed:
            while not (self._waiting or self._reading or self._writing):
                if not self._changed.wait(_IDLE):
                    self._running = False
                    return False
            while self._waiting and len(self._reading) + len(self._writing) < self._most:
                self._reading.append(self._waiting.popleft())
            gone = [story for story in self._waiting if story.cancel.cancelled]
            for story in gone:
                self._waiting.remove(story)
        for story in gone:
            clock = Clock(len(story.prompt), 0, story.started)
            story.said.put(Finished("", "cancelled", clock.timing(0)))
        return True

    def _guarded(self, work: Callable[[], None]) -> None:
        """Do one step of work; where it fails, so have all that are under way."""
        try:
            work()
        except Exception as error:
            failed = [*self._reading, *self._writing]
            self._reading.clear()
            self._writing.clear()
            # What stands there is not to be trusted.
            self._places = Places(self._shelf)
            for story in failed:
                story.said.put(error)

    def _read(self) -> None:
        """Read one block of the prompt that came first: those that are written go on between."""
        if not self._reading:
            return
        story = self._reading[0]
        if story.clock is None:
            others = (*self._reading, *self._writing)
            busy = [other.place for other in others if other.place is not None]
            story.place, story.read = self._places.take(story.prompt, busy)
            story.clock = Clock(len(story.prompt), story.read, story.started)
        if story.cancel.cancelled:
            self._reading.popleft()
            story.said.put(Finished("", "cancelled", story.clock.timing(0)))
            return
        assert story.place is not None
        prefix, cache = self._places.prefixes[story.place], self._shelf.texts[story.place]
        block = story.prompt[story.read : story.read + BLOCK]
        story.read += len(block)
        ids = torch.tensor([block])
        if story.read < len(story.prompt):
            self._network.read(ids, cache)
            prefix.keep(block)
            return
        first = self._network.forward(ids, cache, writing=False)[0]
        prefix.keep(block)
        self._reading.popleft()
        story.telling = self._speech.tell(story.request, story.prompt, first, story.said.put)
        self._step(story, first)
        if story.telling.going:
            self._writing.append(story)

    def _write(self) -> None:
        """Write one token of each story."""
        rows = list(self._writing)
        if not rows:
            return
        ids, texts = [], []
        for story in rows:
            assert story.telling is not None
            assert story.place is not None
            self._shelf.texts[story.place].truncate(story.telling.before)
            ids.append(story.telling.last)
            texts.append(story.place)
        logits = self._network.write_each(ids, texts, self._shelf)
        for story, scores in zip(rows, logits, strict=True):
            self._step(story, scores)
        self._writing = [story for story in rows if story.telling and story.telling.going]

    def _step(self, story: _Story, logits: torch.Tensor) -> None:
        """Draw a token from `logits`, and tell of the end where it has come."""
        telling, clock = story.telling, story.clock
        assert telling is not None
        assert clock is not None
        try:
            check(logits)
        except EngineError as error:
            telling.going = False
            story.said.put(error)
            return
        going = telling.step(logits, cancelled=story.cancel.cancelled)
        clock.first()
        if not going:
            story.said.put(telling.finish(clock))
