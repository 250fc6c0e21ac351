"""One contender in a process of its own, asked over its standard input, a line of JSON each.

{"open": "ours", "model": DIR}      -> {"load_s": ...}
{"turn": [tokens, new, changed]}    -> {"first": ..., "gap": ..., "whole": ...}
{"candidates": [tokens, new, n]}    -> {"whole": ...}
{"cancel": [tokens, after]}         -> {"back": ...}
{"story": [turns, ...]}             -> {"5": [first, whole], ...}
{"quality": [DIR, positions]}       -> see `quality.measure`
{"peak": true}                      -> {"bytes": ...}
"""

from __future__ import annotations

import dataclasses
import json
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

from dungeon.engine.base import CancelToken, GenerationRequest, PromptPart
from dungeon.engine.torch_engine.quietly import spin_briefly

# As the game does; it must be set before torch is imported.
spin_briefly()

import torch  # noqa: E402

from benchmarks.engine import contenders, quality, story_turns  # noqa: E402
from benchmarks.engine.contenders import PLAY, Ours, text_of  # noqa: E402
from dungeon.engine.torch_engine import TorchEngine  # noqa: E402


class Worker:
    """Holds what is open."""

    def __init__(self) -> None:
        self.contender: Any = None
        self.kind = ""

    def open(self, command: dict[str, Any]) -> dict[str, float]:
        """Load a contender; the time counts from when torch is imported."""
        self.kind = command["open"]
        model = command["model"]
        started = time.perf_counter()
        if self.kind == "ours":
            self.contender = Ours(model)
            return {"load_s": time.perf_counter() - started}
        # They need its tokenizer only: the same texts for all.
        engine = TorchEngine(model, device="cpu")
        engine.load(lambda line: None)
        directory = Path(command["directory"])
        if self.kind in ("float32", "bfloat16"):
            self.contender = contenders.Library(directory, engine, self.kind)
        elif self.kind == "ctranslate2":
            self.contender = contenders.CTranslate2(directory, engine)
        else:
            gguf = Path(command["gguf"])
            self.contender = contenders.LlamaCpp(gguf, engine, torch.get_num_threads())
        return {"load_s": time.perf_counter() - started}

    def turn(self, command: dict[str, Any]) -> dict[str, float]:
        """See the module."""
        return dataclasses.asdict(self.contender.turn(*command["turn"]))

    def candidates(self, command: dict[str, Any]) -> dict[str, float]:
        """All of a turn whose prompt but for its end is in the cache."""
        tokens, new, count = command["candidates"]
        engine = self.contender.engine
        text = PromptPart(text_of(engine, tokens - 30))
        engine.warm((text,), CancelToken())
        for seed in range(40):
            cue = PromptPart(text_of(engine, 30, f"\n\n> Look {seed}"))
            request = GenerationRequest((text, cue), new, PLAY, seed=seed)
            started = time.perf_counter()
            finished = engine.sample(request, count, CancelToken(), lambda tokens: None)
            whole = time.perf_counter() - started
            if all(one.timing.new_tokens == new for one in finished):
                break
        return {"whole": whole}

    def cancel(self, command: dict[str, Any]) -> dict[str, float]:
        """From a cancel in the middle of a cold prompt to the engine's return."""
        tokens, after = command["cancel"]
        engine = self.contender.engine
        request = GenerationRequest((PromptPart(text_of(engine, tokens)),), 40, PLAY)
        engine.forget()
        token, asked = CancelToken(), [0.0]

        def stop() -> None:
            asked[0] = time.perf_counter()
            token.cancel()

        timer = threading.Timer(after, stop)
        timer.start()
        finished = engine.generate(request, token, lambda text: None)
        back = time.perf_counter()
        timer.join()
        if finished.stop != "cancelled" or finished.timing.new_tokens:
            raise RuntimeError("the prompt was read before the cancel came")
        return {"back": back - asked[0]}

    def story(self, command: dict[str, Any]) -> dict[str, Any]:
        """See `story_turns`."""
        return story_turns.measure(self.contender.engine, command["story"])

    def quality(self, command: dict[str, Any]) -> dict[str, Any]:
        """See `quality`."""
        directory, positions = command["quality"]
        return quality.measure(self.contender.engine, Path(directory), positions)

    def peak(self, command: dict[str, Any]) -> dict[str, float]:
        """Most memory that the process ever held."""
        try:
            import resource
        except ImportError:  # pragma: no cover - Windows has none
            return {"bytes": float("nan")}
        unit = 1 if sys.platform == "darwin" else 1024
        return {"bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit}


def main() -> None:
    """Answer until the input ends."""
    worker = Worker()
    # Libraries print what they like on standard output; the answers have it for themselves.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        command = json.loads(line)
        verb = next(iter(command))
        try:
            answer = getattr(worker, verb)(command)
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
