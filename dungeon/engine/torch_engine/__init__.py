"""Models run by PyTorch in this process. Importing this module loads neither it nor
transformers: `TorchEngine.load` does."""

from __future__ import annotations

import logging
import threading
import traceback
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dungeon.engine.base import (
    CancelToken,
    Finished,
    GenerationRequest,
    ModelInfo,
    PromptPart,
    TokenOdds,
)
from dungeon.engine.store import Installed, installed, verify
from dungeon.engine.torch_engine.quietly import quiet, spin_briefly
from dungeon.errors import DungeonError, EngineError, ModelError

if TYPE_CHECKING:
    from dungeon.engine.torch_engine.decode import Decoder
    from dungeon.engine.torch_engine.kernels import Kernels
    from dungeon.engine.torch_engine.load import Opened
    from dungeon.engine.torch_engine.together import Together

log = logging.getLogger(__name__)

CANDIDATES = 4
"""Side by side they take 1.7 times what one takes."""


def convert_gguf(gguf: Path, out: Path) -> None:
    """See `load.convert_gguf`; for `fetch.pull`, which must not import torch itself."""
    with quiet():
        from dungeon.engine.torch_engine import load

        load.convert_gguf(gguf, out)


class TorchEngine:
    """Runs a GPT-2 or Llama model on this machine.

    Args:
        path_or_name: A directory, or a name in the catalogue that is installed already.
        threads: Of the CPU to use; None leaves torch's choice.
        device: "auto", "cpu", "cuda" or "mps".
        kernels: Of the CPU; None takes those that measure best (see `kernels.choose`).
        stories: How many are told at the same time. With more than one, threads that call
            `generate` together are served together where the kernels can (see `together`), and
            else take turns.
    """

    def __init__(
        self,
        path_or_name: str | Path,
        *,
        threads: int | None = None,
        device: str = "auto",
        kernels: Kernels | None = None,
        stories: int = 1,
    ) -> None:
        self._kernels, self._stories = kernels, stories
        self._wanted, self._threads, self._device = path_or_name, threads, device
        self._lock = threading.Lock()
        self._say: Callable[[str], None] = lambda line: None
        self._info: ModelInfo | None = None
        self._opened: Opened | None = None
        self._decoder: Decoder | None = None
        self._together: Together | None = None

    @property
    def info(self) -> ModelInfo:
        """What was loaded.

        Raises:
            EngineError: Nothing was yet.
        """
        if self._info is None:
            raise EngineError("The model is not loaded yet.", "Wait a moment.")
        return self._info

    def load(self, progress: Callable[[str], None]) -> None:
        """As `Engine.load`."""
        with self._lock:
            self._say = progress
            if self._decoder is None:
                self._load(self._find(), progress)

    def _find(self) -> Installed:
        model = installed(self._wanted)
        if model is None:
            raise ModelError(
                f"The model {self._wanted} is not on this machine.",
                f"Fetch it: dungeon models pull {self._wanted}",
            )
        return model

    def _load(self, model: Installed, progress: Callable[[str], None]) -> None:
        entry = model.entry
        progress(f"checking {entry.name}")
        digest = verify(model)
        progress("starting torch")
        spin_briefly()
        import torch

        from dungeon.engine.torch_engine import load

        progress(f"loading {entry.name}")
        try:
            # Also where it is as it was: telling torch alters what MKL does with threads, and a
            # start that measures the kernels has to tell it.
            torch.set_num_threads(self._threads or torch.get_num_threads())
            opened = load.open_model(model.path, entry.name, entry.adapter)
            longest = opened.n_positions
            if entry.n_positions:
                longest = min(longest, entry.n_positions)
            self._info = ModelInfo(
                name=entry.name,
                n_positions=longest - len(opened.codec.prefix),
                style=entry.style,
                chat=entry.chat,
                digest=digest,
                opener=entry.opener,
            )
            self._opened = opened
            self._place(self._pick_device())
        except MemoryError as error:
            raise self._too_big(entry.name) from error
        except RuntimeError as error:
            if not _out_of_memory(error):
                raise
            raise self._too_big(entry.name) from error
        progress(f"{entry.name} is ready")

    @staticmethod
    def _too_big(name: str) -> ModelError:
        return ModelError(
            f"There is not enough memory for the model {name}.",
            "Choose a smaller one, or close other programs.",
        )

    def _pick_device(self) -> str:
        import torch

        there = {
            "cuda": torch.cuda.is_available(),
            "mps": torch.backends.mps.is_available(),
            "cpu": True,
        }
        if self._device == "auto":
            return next(name for name, found in there.items() if found)
        if not there.get(self._device, False):
            raise ModelError(
                f"There is no device {self._device!r} here.",
                f"Use auto or one of {', '.join(name for name, found in there.items() if found)}.",
            )
        return self._device

    def _place(self, device: str) -> None:
        """Put the model on a device, with an empty cache."""
        import torch

        from dungeon.engine.torch_engine import forward, load
        from dungeon.engine.torch_engine.decode import MOST_ROWS, Decoder
        from dungeon.engine.torch_engine.kernels import choose
        from dungeon.engine.torch_engine.measure import measure
        from dungeon.engine.torch_engine.network import Network
        from dungeon.engine.torch_engine.telling import Speech
        from dungeon.engine.torch_engine.together import Together

        assert self._opened is not None
        assert self._info is not None
        opened, info = self._opened, self._info
        shape = opened.shape
        if device == "cpu" and shape is not None:
            kernels = self._kernels or choose(measure)
            weights = load.prepared(opened, shape, kernels, info.digest)
            room = info.n_positions + len(opened.codec.prefix)
            network: Network = forward.LeanNetwork(shape, weights, room)
            label = kernels.label
        else:
            from dungeon.engine.torch_engine.reference import TransformersNetwork, dtype_for

            model, dtype = load.load_weights(opened), dtype_for(device)
            place = torch.device(device)
            network = TransformersNetwork(model, opened.n_positions, place, dtype)
            label = {torch.bfloat16: "bf16", torch.float16: "fp16"}.get(dtype, "fp32")
        candidates = CANDIDATES if network.rows_agree else 1
        self._info = replace(info, device=device, dtype=label, candidates=candidates)
        speech = Speech(opened.codec, network.vocabulary, info.n_positions, opened.ends)
        self._decoder = Decoder(network, speech)
        self._together = None
        if self._stories > 1 and isinstance(network, forward.LeanNetwork) and network.rows_agree:
            self._together = Together(network, speech, self._stories, MOST_ROWS, self._lock)

    def count(self, part: PromptPart) -> int:
        """As `Engine.count`; remembered, and safe while another thread generates."""
        return len(self.encode(part))

    def encode(self, part: PromptPart) -> tuple[int, ...]:
        """The ids of a part; for measurements, the story only counts them."""
        if self._opened is None:
            raise EngineError("The model is not loaded yet.", "Wait a moment.")
        return self._opened.codec.encode(part)

    def forget(self) -> None:
        """Throw the prefix cache away; only the next prompt's reading time changes."""
        with self._lock:
            self._ready().forget()

    def generate(
        self,
        request: GenerationRequest,
        cancel: CancelToken,
        on_text: Callable[[str], None],
    ) -> Finished:
        """As `Engine.generate`."""
        together = self._together
        if together is not None:
            # It takes the lock for each step.
            return self._guarded(lambda decoder: together.write(request, cancel, on_text))
        with self._lock:
            return self._guarded(lambda decoder: decoder.write(request, cancel, on_text))

    def warm(self, prompt: tuple[PromptPart, ...], cancel: CancelToken) -> None:
        """As `Engine.warm`."""
        with self._lock:
            self._guarded(lambda decoder: decoder.read(prompt, cancel))

    def sample(
        self,
        request: GenerationRequest,
        count: int,
        cancel: CancelToken,
        on_progress: Callable[[int], None],
    ) -> tuple[Finished, ...]:
        """As `Engine.sample`."""
        with self._lock:
            return self._guarded(
                lambda decoder: decoder.sample(request, count, cancel, on_progress),
                # One after the other they are the same texts, and need the room of one.
                lambda decoder: decoder.sample(request, count, cancel, on_progress, together=1),
            )

    def score(
        self, prompt: tuple[PromptPart, ...], texts: Sequence[Sequence[int]], cancel: CancelToken
    ) -> tuple[tuple[float, ...], ...] | None:
        """As `Engine.score`."""
        with self._lock:
            found: tuple[tuple[float, ...], ...] | None = self._guarded(
                lambda decoder: decoder.score(prompt, texts, cancel)
            )
            return found

    def weigh(
        self, prompt: tuple[PromptPart, ...], text: str, top: int, cancel: CancelToken
    ) -> tuple[TokenOdds, ...] | None:
        """As `Engine.weigh`."""
        with self._lock:
            found: tuple[TokenOdds, ...] | None = self._guarded(
                lambda decoder: decoder.weigh(prompt, PromptPart(text), top, cancel)
            )
            return found

    def _guarded(
        self, work: Callable[[Decoder], Any], smaller: Callable[[Decoder], Any] | None = None
    ) -> Any:
        """Run `work`; where memory ran out, again with less, and then on the CPU.

        Each step down is told through what `load` was given to tell progress by.
        """
        try:
            return self._tried(work)
        except MemoryError:
            pass
        # Gone by now is the cache, which is most of what grows with a story.
        smaller = smaller or work
        try:
            self._say("memory ran short: going on with less of it")
            return self._tried(smaller)
        except MemoryError as error:
            if self.info.device == "cpu":
                raise _memory_ran_out() from error
        self._say("the graphics memory is too small: going on with the CPU")
        self._place("cpu")
        try:
            return self._tried(smaller)
        except MemoryError as error:
            raise _memory_ran_out() from error

    def _tried(self, work: Callable[[Decoder], Any]) -> Any:
        """Run `work`; the cache is gone where it failed.

        Raises:
            MemoryError: Memory ran out, the processor's or the graphics card's.
            EngineError: It failed for another reason.
        """
        decoder = self._ready()
        try:
            return work(decoder)
        except DungeonError:
            raise
        except MemoryError:
            decoder.forget()
            raise
        except RuntimeError as error:
            decoder.forget()
            if _out_of_memory(error):
                # Without the traceback, whose frames keep what there was no room for.
                raise MemoryError(str(error)) from None
            # The places alone: a message may quote what was to be read.
            places = "".join(traceback.format_tb(error.__traceback__))
            log.warning("generation failed: %s\n%s", type(error).__name__, places)
            raise EngineError(
                f"The model failed: {str(error).splitlines()[0][:160] if str(error) else ''}.",
                "Try again, or choose another model.",
            ) from error

    def _ready(self) -> Decoder:
        if self._decoder is None:
            raise EngineError("The model is not loaded yet.", "Wait a moment.")
        return self._decoder


def _memory_ran_out() -> EngineError:
    return EngineError(
        "Memory ran out while the narrator was speaking.",
        "Your turn is kept: ask for fewer tokens, or choose a smaller model.",
    )


def _out_of_memory(error: BaseException) -> bool:
    text = str(error).lower()
    return "out of memory" in text or "can't allocate memory" in text or "alloc" in text
