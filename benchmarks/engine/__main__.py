"""Run the comparison and print it: `dungeon bench`, or `python -m benchmarks.engine`."""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from benchmarks.engine.contenders import SENTENCES
from benchmarks.engine.report import Report
from dungeon.engine.catalog import EMBEDDED
from dungeon.engine.store import installed

CONTEXTS = (64, 512, 900)
NEW, TURN, CHANGED, CANDIDATES = 33, 60, 30, 4
STORY = [5, 50, 200]


class Asked:
    """A worker process: see `worker`."""

    def __init__(self, environment: dict[str, str] | None = None) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.engine.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, **(environment or {})},
        )

    def __call__(self, **command: Any) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        answer: dict[str, Any] = json.loads(line) if line else {"error": "the process ended"}
        if "error" in answer:
            raise RuntimeError(f"{command}: {answer['error']}")
        return answer

    def close(self) -> None:
        """End it."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(60)


@contextmanager
def asked(environment: dict[str, str] | None = None) -> Iterator[Asked]:
    """A worker that ends with the block."""
    worker = Asked(environment)
    try:
        yield worker
    finally:
        worker.close()


def random_gpt2(directory: Path, tokenizer: Path | None) -> Path:
    """GPT-2 124M with random weights: speed does not depend on their values.

    Args:
        directory: Where it is saved.
        tokenizer: A directory with GPT-2's vocab.json and merges.txt; without one a small
            vocabulary is learnt from the sentences used here, and what else there is of 50,257
            words only takes its room.
    """
    transformers: Any = importlib.import_module("transformers")
    transformers.utils.logging.disable_progress_bar()
    config = transformers.GPT2Config()
    transformers.GPT2LMHeadModel(config).save_pretrained(directory)
    if tokenizer is not None:
        for name in ("vocab.json", "merges.txt"):
            shutil.copy(tokenizer / name, directory / name)
        return directory
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    learnt = Tokenizer(models.BPE())
    learnt.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=800, initial_alphabet=alphabet, show_progress=False, min_frequency=1
    )
    learnt.train_from_iterator(SENTENCES, trainer)
    learnt.model.save(str(directory))
    file = directory / "vocab.json"
    vocabulary = json.loads(file.read_text(encoding="utf-8"))
    for at in range(len(vocabulary), config.vocab_size - 1):
        vocabulary[f"\u0120word{at}"] = at
    vocabulary["<|endoftext|>"] = config.vocab_size - 1
    file.write_text(json.dumps(vocabulary), encoding="utf-8")
    return directory


def peers(stack: ExitStack, model: Path, report: Report, wanted: set[str]) -> dict[str, Asked]:
    """Every contender that can be had here, each in its process."""
    kinds = {"generate() fp32": "float32", "generate() bf16": "bfloat16"}
    if importlib.util.find_spec("ctranslate2") is not None:
        kinds["CTranslate2 int8"] = "ctranslate2"
    if importlib.util.find_spec("llama_cpp") is not None:
        kinds["llama.cpp Q8_0"] = "llamacpp"
    opened: dict[str, Asked] = {}
    for name, kind in kinds.items():
        if wanted and kind not in wanted:
            continue
        command: dict[str, Any] = {"model": str(model), "directory": str(model)}
        if kind == "llamacpp":
            from benchmarks.engine import gguf_file

            command["gguf"] = str(gguf_file.write(model, model.parent / "q8.gguf"))
        worker = stack.enter_context(asked())
        try:
            worker(open=kind, **command)
        except RuntimeError as error:
            report.note(f"{name} takes no part: {error}")
            continue
        opened[name] = worker
    return opened


def speed(model: Path, rounds: int, report: Report, wanted: set[str]) -> None:
    """Everything about time and memory, on one model."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        own = {"DUNGEON_MODELS": folder}
        for name in ("first start", "second start"):
            with asked(own) as worker:
                report.add(
                    "load, from torch imported",
                    name,
                    worker(open="ours", model=str(model))["load_s"],
                )
                worker(turn=[900, TURN, 0])
                report.add("peak memory", name, worker(peak=True)["bytes"], "GB")
        ours = stack.enter_context(asked(own))
        ours(open="ours", model=str(model))
        contenders = {"dungeon": ours, **peers(stack, model, report, wanted)}
        for name, worker in contenders.items():
            report.say(f"warming up {name}")
            worker(turn=[64, 4, 0])
        # In turn, so that what else the machine does hits all of them.
        for at in range(rounds):
            report.say(f"round {at + 1} of {rounds}")
            for tokens in CONTEXTS:
                for name, worker in contenders.items():
                    report.add(
                        f"a further token at {tokens}", name, worker(turn=[tokens, NEW, 0])["gap"]
                    )
            for name, worker in contenders.items():
                cold = worker(turn=[900, TURN, 0])
                report.add("cold turn, 900 in and 60 out", name, cold["whole"])
                report.add("first token of 900, cold", name, cold["first"])
                warm = worker(turn=[900, NEW, CHANGED])
                report.add("first token of 900, 30 changed", name, warm["first"])
            for count in (1, CANDIDATES):
                whole = ours(candidates=[512, TURN, count])["whole"]
                report.add("60 tokens at 512", f"{count} candidates", whole)
            cold_s = report.median("first token of 900, cold", "dungeon")
            report.add(
                "cancel in a cold prompt of 900", "dungeon", ours(cancel=[900, cold_s / 2])["back"]
            )
        report.say("one story of 200 turns")
        for turn, times in ours(story=STORY).items():
            for value in times["first"]:
                report.add("first token in play", f"turn {turn}", value)
            for value in times["whole"]:
                report.add("60 tokens in play", f"turn {turn}", value)


def main(argv: list[str] | None = None) -> None:
    """Print the table, or JSON."""
    parser = argparse.ArgumentParser(
        prog="dungeon bench", description="How fast the engine is, beside its peers."
    )
    parser.add_argument("--model", type=Path, help="a GPT-2 to time (default: 124M, random)")
    parser.add_argument("--tokenizer", type=Path, help="folder with vocab.json and merges.txt")
    parser.add_argument(
        "--eval", type=Path, default=Path("../shared/eval"), help="folder of passages (.txt)"
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--positions", type=int, default=900, help="of each passage")
    parser.add_argument(
        "--peers", default="", help="only these: float32,bfloat16,ctranslate2,llamacpp"
    )
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(argv)
    report = Report()
    with tempfile.TemporaryDirectory() as folder:
        model = options.model or random_gpt2(Path(folder) / "gpt2-124m", options.tokenizer)
        wanted = {name for name in options.peers.split(",") if name}
        speed(model.resolve(), options.rounds, report, wanted)
    if not options.eval.is_dir():
        report.note("no perplexity: name passages with --eval")
    elif installed(EMBEDDED) is None:
        report.note(f"no perplexity: {EMBEDDED} is not installed")
    else:
        report.say("perplexity")
        with asked() as worker:
            worker(open="ours", model=EMBEDDED)
            report.quality(worker(quality=[str(options.eval), options.positions]))
    print(json.dumps(report.as_json(), indent=1) if options.json else report.as_text())


if __name__ == "__main__":
    main()
