"""The engine and its peers behind one face: so many tokens in, so many out, and when."""

from __future__ import annotations

import importlib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from dungeon.engine.base import CancelToken, GenerationRequest, PromptPart, Sampling
from dungeon.engine.torch_engine import TorchEngine

PLAY = Sampling(temperature=0.8, top_p=0.9, top_k=40, repetition_penalty=1.1)
"""How everybody draws."""

SENTENCES = (
    " You walk on along the river until the mill comes into sight, and a bell rings.",
    ' "Nobody has crossed here since the flood," says the miller, and wipes his hands.',
    " Behind the wheel a door stands open; the steps lead down, and the air is cold.",
    " The lamp shows a table, two cups and a map on which somebody has burnt a hole.",
)
"""What all prompts are made of."""


@dataclass(frozen=True)
class Turn:
    """Seconds until the first token, between the tokens after it, and in all."""

    first: float
    gap: float
    whole: float


class Contender(Protocol):
    """Writes `new` tokens after a text of `tokens` tokens."""

    def turn(self, tokens: int, new: int, changed: int = 0) -> Turn:
        """One turn. Cold, but where `changed` is given the text is that of the turn before
        but for so many tokens at its end."""
        ...


def text_of(engine: TorchEngine, tokens: int, salt: str = "") -> str:
    """A text of at most so many tokens and nearly as many."""
    text, at = salt, 0
    while engine.count(PromptPart(text + SENTENCES[at % 4])) <= tokens:
        text += SENTENCES[at % 4]
        at += 1
    return text


def ids_of(engine: TorchEngine, tokens: int, end: str = "") -> list[int]:
    """The ids of such a text, cut to be as long as is asked, with another end where wanted."""
    ids = list(engine.encode(PromptPart(text_of(engine, tokens + 40))))[:tokens]
    other = list(engine.encode(PromptPart(end))) if end else []
    return ids[: tokens - len(other)] + other


class _Stamps:
    """When each token came."""

    def __init__(self) -> None:
        self.started = time.perf_counter()
        self.times: list[float] = []

    def note(self, *_: object) -> bool:
        self.times.append(time.perf_counter())
        return False

    def turn(self) -> Turn:
        gaps = max(1, len(self.times) - 1)
        return Turn(
            self.times[0] - self.started,
            (self.times[-1] - self.times[0]) / gaps,
            self.times[-1] - self.started,
        )


class Ours:
    """The engine of the game."""

    def __init__(self, model: str | Path) -> None:
        self.engine = TorchEngine(model, device="cpu")
        self.engine.load(lambda line: None)
        self._turns = 0

    def turn(self, tokens: int, new: int, changed: int = 0) -> Turn:
        """See `Contender`."""
        self._turns += 1
        text = text_of(self.engine, tokens - changed)
        parts = [PromptPart(text)]
        if changed:
            parts.append(PromptPart(text_of(self.engine, changed, f"\n\n> Turn {self._turns}")))
        else:
            self.engine.forget()
        # Neither a stop string nor an end: a random model may end at once, so once more.
        for seed in range(40):
            request = GenerationRequest(tuple(parts), new, PLAY, seed=seed)
            timing = self.engine.generate(request, CancelToken(), lambda text: None).timing
            if timing.new_tokens == new:
                break
            if not changed:
                self.engine.forget()
        gaps = max(1, timing.new_tokens - 1)
        return Turn(
            timing.first_token_s, (timing.total_s - timing.first_token_s) / gaps, timing.total_s
        )


class Library:
    """transformers' own `generate`."""

    def __init__(self, directory: Path, engine: TorchEngine, dtype: str) -> None:
        torch: Any = importlib.import_module("torch")
        transformers: Any = importlib.import_module("transformers")
        self._torch, self._engine = torch, engine
        self._model = transformers.AutoModelForCausalLM.from_pretrained(
            directory, dtype=getattr(torch, dtype)
        ).eval()

    def turn(self, tokens: int, new: int, changed: int = 0) -> Turn:
        """See `Contender`. Nothing is kept from one turn to the next."""
        ids = self._torch.tensor([ids_of(self._engine, tokens)])
        stamps = _Stamps()
        self._model.generate(
            ids,
            attention_mask=self._torch.ones_like(ids),
            do_sample=True,
            temperature=PLAY.temperature,
            top_p=PLAY.top_p,
            top_k=PLAY.top_k,
            repetition_penalty=PLAY.repetition_penalty,
            min_new_tokens=new,
            max_new_tokens=new,
            pad_token_id=0,
            stopping_criteria=[stamps.note],
        )
        return stamps.turn()


class CTranslate2:
    """CTranslate2 with eight-bit weights."""

    def __init__(self, directory: Path, engine: TorchEngine) -> None:
        package: Any = importlib.import_module("ctranslate2")
        transformers: Any = importlib.import_module("transformers")
        converted = directory.parent / f"{directory.name}-ct2"
        package.converters.TransformersConverter(str(directory)).convert(
            str(converted), quantization="int8", force=True
        )
        vocabulary = transformers.AutoTokenizer.from_pretrained(directory).get_vocab()
        self._names = {id: token for token, id in vocabulary.items()}
        self._generator = package.Generator(str(converted), device="cpu", compute_type="int8")
        self._engine = engine

    def turn(self, tokens: int, new: int, changed: int = 0) -> Turn:
        """See `Contender`. Nothing is kept from one turn to the next."""
        names = [self._names[id] for id in ids_of(self._engine, tokens)]
        stamps = _Stamps()
        self._generator.generate_batch(
            [names],
            min_length=new,
            max_length=new,
            sampling_topk=PLAY.top_k,
            sampling_topp=PLAY.top_p,
            sampling_temperature=PLAY.temperature,
            repetition_penalty=PLAY.repetition_penalty,
            include_prompt_in_result=False,
            callback=stamps.note,
        )
        return stamps.turn()


class LlamaCpp:
    """llama.cpp on a Q8_0 file, through llama-cpp-python."""

    def __init__(self, gguf: Path, engine: TorchEngine, threads: int) -> None:
        package: Any = importlib.import_module("llama_cpp")
        self._llama = package.Llama(
            str(gguf),
            n_ctx=1024,
            n_batch=512,
            n_threads=threads,
            n_threads_batch=threads,
            verbose=False,
        )
        self._engine = engine
        self._turns = 0

    def turn(self, tokens: int, new: int, changed: int = 0) -> Turn:
        """See `Contender`. It keeps the longest common beginning itself."""
        self._turns += 1
        end = text_of(self._engine, changed, f"\n\n> Turn {self._turns}") if changed else ""
        ids = ids_of(self._engine, tokens, end)
        if not changed:
            self._llama.reset()
            self._llama.n_tokens = 0
        stamps = _Stamps()
        for _ in self._drawn(ids):
            stamps.note()
            if len(stamps.times) == new:
                break
        return stamps.turn()

    def _drawn(self, ids: Sequence[int]) -> Any:
        return self._llama.generate(
            ids,
            top_k=PLAY.top_k,
            top_p=PLAY.top_p,
            min_p=0.0,
            temp=PLAY.temperature,
            repeat_penalty=PLAY.repetition_penalty,
        )
