"""How fast the engine is, beside transformers' own `generate`, in one table.

    python -m benchmarks.bench_engine --tokenizer DIR [--rounds 3] [--models gpt2 embedded]

`gpt2` is GPT-2 124M with random weights (speed does not depend on their values; DIR holds
its vocab.json and merges.txt), `embedded` is the model that the game fetches, if it is
installed. Contenders take turns and the best of their rounds counts, so that other work on
the machine spoils all of them alike; trust the ratios more than the milliseconds.

Columns: milliseconds for each further token after 64 and after 900 tokens of context, and
milliseconds until the first token of a prompt of 900 tokens, cold and when all but the last
30 tokens were there the turn before. CTranslate2 (int8) takes part where it is installed.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dungeon.engine.base import CancelToken, GenerationRequest, PromptPart, Sampling
from dungeon.engine.catalog import EMBEDDED
from dungeon.engine.store import installed
from dungeon.engine.torch_engine import TorchEngine

NEW = 33
SHORT, LONG, CHANGED = 64, 900, 30
SENTENCE = " You walk on along the river until the mill comes into sight, and a bell rings."


@dataclass
class Row:
    """Best times of one contender, in milliseconds."""

    name: str
    best: dict[str, float] = field(default_factory=dict)

    def note(self, column: str, seconds: float) -> None:
        """Keep `seconds` if it is the best so far."""
        self.best[column] = min(self.best.get(column, float("inf")), seconds * 1e3)


COLUMNS = (f"token @{SHORT}", f"token @{LONG}", f"first @{LONG} cold", f"first @{LONG} warm")


def of_length(engine: TorchEngine, tokens: int) -> str:
    """A text of about so many tokens."""
    text = ""
    while engine.count(PromptPart(text + SENTENCE)) <= tokens:
        text += SENTENCE
    return text


def ours(engine: TorchEngine, row: Row) -> None:
    """Time the engine once."""

    def run(prompt: tuple[PromptPart, ...]) -> Any:
        # Play's own settings; no end, no stop: always `NEW` tokens.
        request = GenerationRequest(prompt, NEW, Sampling(), seed=3)
        return engine.generate(request, CancelToken(), lambda text: None).timing

    for size in (SHORT, LONG):
        timing = run((PromptPart(of_length(engine, size)),))
        if timing.new_tokens > 8:
            row.note(f"token @{size}", 1 / timing.tokens_per_second)
    text = PromptPart(of_length(engine, LONG - CHANGED))
    engine.forget()
    cold = run((text, PromptPart(" > You look around.\nThe")))
    row.note(COLUMNS[2], cold.first_token_s)
    warm = run((text, PromptPart("\n\n> You go on to the mill, and look for the bell.\n")))
    row.note(COLUMNS[3], warm.first_token_s)


def library(directory: Path, engine: TorchEngine) -> Callable[[Row], None]:
    """transformers' `generate`, float32, with its own cache."""
    import torch

    transformers: Any = importlib.import_module("transformers")
    model = transformers.AutoModelForCausalLM.from_pretrained(directory, dtype=torch.float32)
    model.eval()

    def run(row: Row) -> None:
        for size in (SHORT, LONG):
            ids = torch.tensor([engine.encode(PromptPart(of_length(engine, size)))])

            def generate(new: int, ids: torch.Tensor = ids) -> float:
                started = time.perf_counter()
                model.generate(
                    ids,
                    attention_mask=torch.ones_like(ids),
                    do_sample=True,
                    temperature=0.8,
                    top_p=0.9,
                    top_k=40,
                    repetition_penalty=1.1,
                    min_new_tokens=new,
                    max_new_tokens=new,
                    pad_token_id=0,
                )
                return time.perf_counter() - started

            first = generate(1)
            row.note(f"token @{size}", (generate(NEW) - first) / (NEW - 1))
            if size == LONG:
                # It keeps nothing from one call to the next.
                row.note(COLUMNS[2], first)
                row.note(COLUMNS[3], first)

    return run


def ctranslate2(directory: Path, engine: TorchEngine) -> Callable[[Row], None]:
    """CTranslate2 with int8 weights."""
    package: Any = importlib.import_module("ctranslate2")
    converted = directory.parent / f"{directory.name}-ct2"
    package.converters.TransformersConverter(str(directory)).convert(
        str(converted), quantization="int8", force=True
    )
    transformers: Any = importlib.import_module("transformers")
    named = transformers.AutoTokenizer.from_pretrained(directory).get_vocab()
    vocabulary = {id: token for token, id in named.items()}
    generator = package.Generator(str(converted), device="cpu", compute_type="int8")

    def run(row: Row) -> None:
        for size in (SHORT, LONG):
            ids = engine.encode(PromptPart(of_length(engine, size)))
            tokens = [vocabulary[id] for id in ids]

            def generate(new: int, tokens: list[str] = tokens) -> float:
                started = time.perf_counter()
                generator.generate_batch(
                    [tokens],
                    min_length=new,
                    max_length=new,
                    sampling_topk=40,
                    sampling_topp=0.9,
                    sampling_temperature=0.8,
                    repetition_penalty=1.1,
                    include_prompt_in_result=False,
                )
                return time.perf_counter() - started

            first = generate(1)
            row.note(f"token @{size}", (generate(NEW) - first) / (NEW - 1))
            if size == LONG:
                row.note(COLUMNS[2], first)
                row.note(COLUMNS[3], first)

    return run


def random_gpt2(directory: Path, tokenizer: Path) -> Path:
    """GPT-2 124M with random weights."""
    transformers: Any = importlib.import_module("transformers")
    config = transformers.GPT2Config()
    transformers.GPT2LMHeadModel(config).save_pretrained(directory)
    for name in ("vocab.json", "merges.txt"):
        shutil.copy(tokenizer / name, directory / name)
    return directory


def compare(name: str, directory: Path, model: str | Path, rounds: int) -> list[Row]:
    """All contenders on one model."""
    engine = TorchEngine(model, device="cpu")
    engine.load(lambda line: None)
    contenders: list[tuple[Row, Callable[[Row], None]]] = [
        (Row(f"{name}: generate() fp32"), library(directory, engine)),
    ]
    if importlib.util.find_spec("ctranslate2") is not None:
        contenders.append((Row(f"{name}: CTranslate2 int8"), ctranslate2(directory, engine)))
    label = f"{name}: dungeon {engine.info.dtype}"
    contenders.append((Row(label), lambda row: ours(engine, row)))
    for _ in range(rounds):
        for row, run in contenders:
            run(row)
    return [row for row, _ in contenders]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--tokenizer", type=Path, help="directory with GPT-2's vocab.json")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--models", nargs="+", default=["gpt2", "embedded"])
    options = parser.parse_args()
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        if "gpt2" in options.models:
            if options.tokenizer is None:
                parser.error("gpt2 needs --tokenizer")
            directory = random_gpt2(Path(folder) / "gpt2-124m", options.tokenizer)
            rows += compare("gpt2", directory, directory, options.rounds)
        found = installed(EMBEDDED) if "embedded" in options.models else None
        if found is not None:
            rows += compare("embedded", found.path, EMBEDDED, options.rounds)
    print(f"{'':28}" + "".join(f"{column:>18}" for column in COLUMNS) + "   (ms)")
    for row in rows:
        times = (row.best.get(column) for column in COLUMNS)
        cells = (f"{'-':>18}" if time is None else f"{time:18.1f}" for time in times)
        print(f"{row.name:28}" + "".join(cells))


if __name__ == "__main__":
    main()
