"""Which kernels are taken, and when they are measured again; no kernel is run here."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from dungeon.engine.torch_engine import kernels
from dungeon.engine.torch_engine.kernels import (
    BF16,
    FAILED,
    INT8,
    Kernels,
    Verdict,
    choose,
    described,
    judge,
    remembered,
    settle,
)

ROOT = Path(__file__).parents[2]

# Milliseconds of one row of six matrices of GPT-2's, on two cores: idle, then beside eight other
# programs by the wall's clock.
IDLE = {"float32": (4.4, 4.5, 4.4, 4.6, 4.5, 4.4), "int8": (0.4, 0.5, 0.4, 0.5, 0.6, 0.5)}
BUSY = {
    "float32": (25.8, 18.3, 20.6, 20.7, 22.5, 40.7, 25.2, 9.1, 25.0, 18.6, 14.9, 21.3),
    "int8": (127.6, 121.5, 111.9, 136.8, 374.7, 96.0, 14.8, 116.0, 110.9, 71.1, 123.9, 100.0),
}

SURE = {"int8": Verdict(True, 9.0), "bf16": Verdict(True, 4.0)}
DOUBT = {"int8": Verdict(True, 0.6, "noisy"), "bf16": Verdict(False, 0.5, "noisy")}


@pytest.fixture(autouse=True)
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which nothing is remembered yet."""
    monkeypatch.setenv("DUNGEON_MODELS", str(tmp_path / "models"))
    return tmp_path / "models"


class Measured:
    """Gives verdicts one after the other, and counts how often it was asked."""

    def __init__(self, *verdicts: Mapping[str, Verdict]) -> None:
        self._verdicts: Iterator[Mapping[str, Verdict]] = iter(verdicts)
        self.asked = 0

    def __call__(self) -> Mapping[str, Verdict]:
        self.asked += 1
        return next(self._verdicts)


# -- one measurement -------------------------------------------------------------------------


def test_what_is_clearly_faster_is_taken_for_good() -> None:
    verdict = judge(INT8, IDLE["float32"], IDLE["int8"])
    assert verdict.use
    assert not verdict.doubt
    assert verdict.gain == pytest.approx(11.0)
    assert verdict.seconds == pytest.approx((4.4, 4.45, 0.4, 0.5))


def test_what_is_clearly_slower_is_left_for_good() -> None:
    for rival in (INT8, BF16):
        verdict = judge(rival, (1.0,) * 6, (2.0,) * 6)
        assert not verdict.use
        assert not verdict.doubt


def test_a_busy_machine_decides_nothing() -> None:
    # The minima alone say that int8 is slower, and so did this game for ever after.
    assert min(BUSY["float32"]) < min(BUSY["int8"])
    verdict = judge(INT8, BUSY["float32"], BUSY["int8"])
    assert verdict.use
    assert verdict.doubt == "noisy"
    # Of what may well be slower no more is believed than was seen.
    verdict = judge(BF16, BUSY["float32"], BUSY["int8"])
    assert not verdict.use
    assert verdict.doubt == "noisy"


@pytest.mark.parametrize("disturbed", ["float32", "rival"])
def test_one_noisy_side_is_enough_for_doubt(disturbed: str) -> None:
    steady, noisy = (1.0,) * 6, (1.0, 1.0, 4.0, 4.0, 4.0, 4.0)
    plain, other = (noisy, steady) if disturbed == "float32" else (steady, noisy)
    assert judge(BF16, plain, other).doubt == "noisy"


def test_a_round_or_two_that_were_disturbed_do_no_harm() -> None:
    assert not judge(INT8, (4.0, 4.1, 90.0, 4.2, 4.1, 4.0), (0.5, 0.5, 0.5, 30.0, 0.5, 0.5)).doubt


@pytest.mark.parametrize(
    ("gain", "use", "doubt"),
    [(0.86, False, ""), (0.88, False, "close"), (1.1, True, "close"), (1.16, True, "")],
)
def test_a_close_verdict_is_in_doubt(gain: float, use: bool, doubt: str) -> None:
    verdict = judge(INT8, (gain,) * 6, (1.0,) * 6)
    assert (verdict.use, verdict.doubt) == (use, doubt)


def test_bfloat16_must_be_faster_by_more_than_its_rounding_is_worth() -> None:
    assert not judge(BF16, (1.05,) * 6, (1.0,) * 6).use
    assert judge(BF16, (1.15,) * 6, (1.0,) * 6).use


def test_a_clock_that_does_not_move_decides_nothing() -> None:
    assert judge(INT8, (0.0, 0.016), (0.0, 0.0)) == Verdict(True, 0.0, "noisy")
    assert judge(BF16, (0.016, 0.016), (0.0, 0.016)) == Verdict(False, 0.0, "noisy")


# -- several ---------------------------------------------------------------------------------


def test_a_sure_verdict_takes_the_place_of_one_in_doubt_and_stays() -> None:
    doubtful, sure = Verdict(False, 0.7, "noisy"), Verdict(True, 4.0)
    assert settle(doubtful, sure) == sure
    assert settle(sure, doubtful) == sure
    assert settle(sure, Verdict(False, 0.5)) == sure


def test_doubt_does_not_change_what_is_in_use() -> None:
    # Else the same story would be told otherwise at every start.
    assert settle(Verdict(True, 1.05, "close"), Verdict(False, 0.97, "close")).use
    assert not settle(Verdict(False, 0.97, "noisy"), Verdict(True, 1.05, "noisy")).use


def test_what_failed_once_is_taken_when_it_can_be_run() -> None:
    assert settle(FAILED, Verdict(True, 3.0, "noisy")).use
    assert not settle(Verdict(True, 3.0, "noisy"), FAILED).use


# -- what is remembered ----------------------------------------------------------------------


def test_a_sure_verdict_is_measured_once(models: Path) -> None:
    measure = Measured(SURE)
    assert [choose(measure) for _ in range(20)] == [Kernels(True, True)] * 20
    assert measure.asked == 1
    there = remembered()
    assert there is not None
    assert there.verdicts == SURE
    assert [path.name for path in models.iterdir()] == ["kernels.json"]


def test_a_wrong_choice_of_a_busy_machine_does_not_stay() -> None:
    measure = Measured(DOUBT, SURE)
    assert choose(measure) == Kernels(True, False)
    assert choose(measure) == Kernels(True, True)
    assert choose(measure) == Kernels(True, True)
    assert measure.asked == 2


def test_a_machine_that_is_always_busy_measures_seldom_but_never_stops() -> None:
    measure = Measured(*[DOUBT] * 7)
    asked = []
    for start in range(1, 65):
        before = measure.asked
        assert choose(measure) == Kernels(True, False)
        if measure.asked > before:
            asked.append(start)
    assert asked == [1, 2, 4, 8, 16, 32, 64]


def test_what_is_sure_stays_while_the_other_is_measured_again() -> None:
    measure = Measured(
        {**SURE, "bf16": DOUBT["bf16"]}, {"int8": Verdict(False, 0.5), "bf16": SURE["bf16"]}
    )
    assert choose(measure) == Kernels(True, False)
    assert choose(measure) == Kernels(True, True)


@pytest.mark.parametrize(
    ("name", "value"),
    [("_processor", "Another"), ("_version", "99"), ("__version__", "99")],
)
def test_another_processor_or_version_is_measured_anew_and_the_old_one_kept(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    measure = Measured(SURE, {**SURE, "int8": Verdict(False, 0.3)})
    assert choose(measure) == Kernels(True, True)
    with monkeypatch.context() as patch:
        patch.setattr(kernels, name, value if name == "__version__" else lambda *_: value)
        assert remembered() is None
        assert choose(measure) == Kernels(False, True)
    assert choose(measure) == Kernels(True, True)
    assert measure.asked == 2


def test_only_the_newest_few_are_remembered(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(12):
        monkeypatch.setattr(kernels, "_processor", lambda number=number: f"number {number}")
        choose(lambda: SURE)
    known = json.loads((models / "kernels.json").read_text())
    assert [key.split(" |")[0] for key in known] == [f"number {at}" for at in range(4, 12)]


def damages() -> dict[str, Callable[[str], str]]:
    def verdict(field: str, value: object) -> Callable[[str], str]:
        def put(text: str) -> str:
            content = json.loads(text)
            for entry in content.values():
                entry["verdicts"]["int8"][field] = value
            return json.dumps(content)

        return put

    return {
        "nothing": lambda text: "",
        "half": lambda text: text[: len(text) // 2],
        "a list": lambda text: "[1, 2]",
        "deep": lambda text: "[" * 100_000,
        # As it was written before the figures were remembered, and measured on a busy machine.
        "an old one": lambda text: json.dumps(
            {key: {"int8": False, "bf16": False} for key in json.loads(text)}
        ),
        "no starts": lambda text: text.replace('"starts"', '"ends"'),
        "a word for use": verdict("use", "yes"),
        "a number for doubt": verdict("doubt", 1),
        "a word for gain": verdict("gain", "much"),
        "nothing for seconds": verdict("seconds", None),
        "something else": verdict("other", 1),
    }


@pytest.mark.parametrize("damage", damages())
def test_what_cannot_be_read_is_measured_again(damage: str, models: Path) -> None:
    choose(lambda: {**SURE, "int8": Verdict(False, 0.3)})
    file = models / "kernels.json"
    file.write_text(damages()[damage](file.read_text()))
    assert remembered() is None
    measure = Measured(SURE)
    assert choose(measure) == Kernels(True, True)
    assert choose(measure) == Kernels(True, True)
    assert measure.asked == 1


def test_a_folder_that_cannot_be_written_is_no_hindrance(models: Path) -> None:
    models.write_text("in the way")
    measure = Measured(*[SURE] * 2)
    assert [choose(measure) for _ in range(2)] == [Kernels(True, True)] * 2
    assert measure.asked == 2


def test_the_same_processor_is_known_by_the_same_words() -> None:
    assert kernels.depends_on() == kernels.depends_on()
    for part in ("torch ", "numba ", "dungeon "):
        assert part in kernels.depends_on()


def test_nothing_heavy_is_imported_to_tell_what_is_remembered() -> None:
    code = (
        "import sys\nfrom dungeon.engine.torch_engine import kernels\nkernels.remembered()\n"
        "print(sorted({'torch', 'numba', 'transformers'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.strip() == "[]"


# -- in words --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        (Verdict(True, 9.04), "int8: int8 measured 9 times as fast as float32"),
        (Verdict(False, 0.4), "float32: int8 measured 0.4 times as fast as float32"),
        (Verdict(True, 0.6, "noisy"), "int8 for now: int8 measured 0.6 times as fast as float32, "
         "but on a busy machine; a later start measures again"),
        (Verdict(True, 1.05, "close"), "int8 for now: int8 measured 1.1 times as fast as float32; "
         "a later start measures again"),
        (Verdict(True, 0.0, "noisy"), "int8 for now: nothing could be measured; it is tried again "
         "at a later start"),
        (FAILED, "float32: int8 could not be used; it is tried again at a later start"),
    ],
)  # fmt: skip
def test_a_verdict_in_words(verdict: Verdict, words: str) -> None:
    assert described("int8", verdict) == words
