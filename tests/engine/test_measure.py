"""The rounds in which kernels are timed, and the timing of the real ones."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
import torch

from dungeon.engine.torch_engine import measure
from dungeon.engine.torch_engine.kernels import FAILED, RIVALS


class Clockwork:
    """Stands in for kernels: gives times, and remembers who was run when."""

    def __init__(self) -> None:
        self.run: list[str] = []

    def __call__(self, name: str, *times: float) -> Callable[[], float]:
        def run() -> float:
            self.run.append(name)
            return times[self.run.count(name) % len(times)]

        return run


def test_rounds_take_turns_and_end_when_nothing_is_in_doubt() -> None:
    work = Clockwork()
    pairs = {
        "int8": (work("plain one", 4.0), work("int8", 0.5)),
        "bf16": (work("plain many", 8.0), work("bf16", 4.0)),
    }
    verdicts = measure.rounds(pairs)
    assert work.run == ["plain one", "int8", "plain many", "bf16"] * 6
    assert {name: (one.use, one.gain, one.doubt) for name, one in verdicts.items()} == {
        "int8": (True, 8.0, ""),
        "bf16": (True, 2.0, ""),
    }


def test_noisy_rounds_go_on_for_a_while() -> None:
    work = Clockwork()
    pairs = {
        "int8": (work("plain one", 9.0, 25.0, 40.0), work("int8", 15.0, 120.0, 370.0)),
        "bf16": (work("plain many", 8.0), work("bf16", 4.0)),
    }
    verdicts = measure.rounds(pairs)
    assert work.run.count("int8") == 24
    assert verdicts["int8"].doubt == "noisy"
    assert verdicts["int8"].use


def test_a_disturbance_in_the_first_rounds_is_waited_out() -> None:
    work = Clockwork()
    calm = (0.5,) * 20
    pairs = {"int8": (work("plain", 4.0), work("int8", *(9.0,) * 4, *calm)), "bf16": None}
    verdicts = measure.rounds(pairs)
    assert not verdicts["int8"].doubt
    assert 6 < work.run.count("int8") < 24


def test_what_cannot_be_run_is_not_waited_for() -> None:
    work = Clockwork()
    verdicts = measure.rounds({"int8": None, "bf16": (work("plain", 8.0), work("bf16", 4.0))})
    assert verdicts["int8"] == FAILED
    assert verdicts["bf16"].use
    assert len(work.run) == 12


def test_the_real_kernels_are_timed_and_the_threads_are_as_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    threads = torch.get_num_threads()
    seen: list[int] = []
    inner = measure.rounds

    def rounds(pairs: measure.Pairs) -> object:
        seen.append(torch.get_num_threads())
        return inner(pairs)

    monkeypatch.setattr(measure, "rounds", rounds)
    began = time.thread_time()
    verdicts = measure.measure()
    spent = time.thread_time() - began
    assert seen == [1]
    assert torch.get_num_threads() == threads
    assert set(verdicts) == set(RIVALS)
    for verdict in verdicts.values():
        assert verdict.doubt != "failed"
        assert len(verdict.seconds) == 4
        assert all(0 < seconds < spent for seconds in verdict.seconds)


def test_numba_that_fails_leaves_torch_to_write(monkeypatch: pytest.MonkeyPatch) -> None:
    from dungeon.engine.torch_engine import writer

    def trial(*_: object) -> Callable[[], float]:
        raise ImportError("no such thing on this processor")

    monkeypatch.setattr(writer, "trial", trial)
    verdicts = measure.measure()
    assert verdicts["int8"] == FAILED
    assert verdicts["bf16"].seconds
