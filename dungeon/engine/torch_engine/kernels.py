"""Which kernels this processor takes: the verdict on their timings, and what is remembered of it.

Another kernel gives other roundings and so, now and then, another text, so a verdict is kept from
one start to the next. What was measured beside other programs may be wrong, and one that is wrong
makes the game several times slower: such a verdict serves, and is asked for again at later starts.
Nothing here imports torch, so that `dungeon doctor` can tell what is remembered.
"""

from __future__ import annotations

import json
import logging
import os
import platform
import statistics
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from importlib import metadata
from pathlib import Path

from dungeon import __version__
from dungeon.engine.places import models_dir

log = logging.getLogger(__name__)

MARGIN = 1.15
"""How far from what is needed a gain must lie to be beyond doubt."""

STEADY = 1.5
"""Most that the median round of a kernel may take, in its best. On two cores with eight other
programs, timed by the thread's own clock, it took 1.0 to 1.3; by the wall's clock, 2 to 8."""

_MOST_REMEMBERED = 8
"""Processors and versions of which a verdict is kept: a home may be shared by several machines."""


@dataclass(frozen=True, slots=True)
class Kernels:
    """The kernels in use.

    Attributes:
        int8: Whether tokens are written with eight-bit weights.
        bf16: Whether prompts are read with bfloat16 weights.
    """

    int8: bool
    bf16: bool

    @property
    def label(self) -> str:
        """For the status bar."""
        return "int8" if self.int8 else "bf16" if self.bf16 else "fp32"


FLOAT32 = Kernels(int8=False, bf16=False)


# -- the verdict -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a kernel is taken instead of float32.

    Attributes:
        use: Whether it is.
        gain: How many times faster its best round was; 0 where that is not known.
        doubt: Why it is to be measured again: "close", "noisy" or "failed"; "" where it is final.
        seconds: Best and median round of float32, then of the kernel; empty where it failed.
    """

    use: bool
    gain: float
    doubt: str = ""
    seconds: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Rival:
    """A kernel that may take the place of float32.

    Attributes:
        needed: How many times faster it must be.
        trusted: Whether it is taken as long as no steady measurement says otherwise.
    """

    needed: float
    trusted: bool


# A quarter of the memory is read, which timings beside other programs cannot argue away.
INT8 = Rival(needed=1.0, trusted=True)
# It is emulated, and slower, where the processor has no instructions for it.
BF16 = Rival(needed=1.1, trusted=False)

RIVALS: Mapping[str, Rival] = {"int8": INT8, "bf16": BF16}


def judge(rival: Rival, plain: Sequence[float], other: Sequence[float]) -> Verdict:
    """Weigh the rounds of float32 and of its rival, which took turns.

    Args:
        plain: Seconds of every round of float32.
        other: Seconds of every round of the rival, for the same work.
    """
    seconds = tuple(f(times) for times in (plain, other) for f in (min, statistics.median))
    if min(seconds) <= 0:
        # The clock is too coarse for the work.
        return Verdict(rival.trusted, 0.0, "noisy")
    gain = seconds[0] / seconds[2]
    if max(seconds[1] / seconds[0], seconds[3] / seconds[2]) > STEADY:
        return Verdict(rival.trusted or gain > rival.needed, gain, "noisy", seconds)
    close = rival.needed / MARGIN < gain < rival.needed * MARGIN
    return Verdict(gain > rival.needed, gain, "close" if close else "", seconds)


FAILED = Verdict(use=False, gain=0.0, doubt="failed")
"""Of a kernel that cannot be run here, or could not this time."""


def settle(before: Verdict | None, now: Verdict) -> Verdict:
    """The verdict after another measurement; what is in doubt does not change what is in use."""
    if before is None or (before.doubt and not now.doubt):
        return now
    if not before.doubt:
        return before
    if "failed" in (before.doubt, now.doubt):
        return now
    return replace(now, use=before.use)


# -- what is remembered ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Remembered:
    """The verdicts for one processor and one set of versions.

    Attributes:
        verdicts: By the names in `RIVALS`.
        starts: How many there have been while a verdict was in doubt.
    """

    verdicts: Mapping[str, Verdict]
    starts: int = 1

    @property
    def kernels(self) -> Kernels:
        """What to use."""
        return Kernels(**{name: self.verdicts[name].use for name in RIVALS})

    @property
    def in_doubt(self) -> bool:
        """Whether anything is to be measured again."""
        return any(verdict.doubt for verdict in self.verdicts.values())


def choose(measure: Callable[[], Mapping[str, Verdict]]) -> Kernels:
    """The kernels to use: as remembered, or as measured now.

    A verdict in doubt is measured again at the second start, the fourth, the eighth and so on: it
    never becomes final by itself, and a machine that is always busy seldom waits for it.

    Args:
        measure: Gives a verdict for every name in `RIVALS`; called where one is wanted.
    """
    known, key = _read(), depends_on()
    before = known.get(key)
    if before is not None and not before.in_doubt:
        return before.kernels
    starts = before.starts + 1 if before is not None else 1
    verdicts = dict(before.verdicts) if before is not None else {}
    if starts & (starts - 1) == 0:
        verdicts = {name: settle(verdicts.get(name), now) for name, now in measure().items()}
        log.info("kernels: %s", verdicts)
    now = Remembered(verdicts, starts)
    _write({**{other: there for other, there in known.items() if other != key}, key: now})
    return now.kernels


def remembered() -> Remembered | None:
    """What the next start will find; None where it will measure."""
    return _read().get(depends_on())


def depends_on() -> str:
    """What a verdict holds for: the processor, the libraries whose code is timed, and the game.

    Not the number of threads, since each kernel is timed on one.
    """
    versions = (f"{name} {_version(name)}" for name in ("torch", "numba"))
    return " | ".join((_processor(), *versions, f"dungeon {__version__}"))


def _file() -> Path:
    return models_dir() / "kernels.json"


def _read() -> dict[str, Remembered]:
    try:
        content = json.loads(_file().read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    found = {}
    for key, entry in content.items() if isinstance(content, dict) else ():
        try:
            verdicts = {name: _verdict(entry["verdicts"][name]) for name in RIVALS}
            found[key] = Remembered(verdicts, int(entry["starts"]))
        except (KeyError, TypeError, ValueError):
            # Of another version of the game, or damaged: it is measured again.
            log.info("nothing can be read of the kernels for %s", key)
    return found


def _verdict(entry: Mapping[str, object]) -> Verdict:
    verdict = Verdict(**entry)  # type: ignore[arg-type]
    if not isinstance(verdict.use, bool) or not isinstance(verdict.doubt, str):
        raise ValueError("not a verdict")
    return replace(verdict, gain=float(verdict.gain), seconds=tuple(map(float, verdict.seconds)))


def _write(known: Mapping[str, Remembered]) -> None:
    newest = list(known.items())[-_MOST_REMEMBERED:]
    text = json.dumps({key: asdict(there) for key, there in newest}, indent=1)
    file = _file()
    draft = file.with_name(f"{file.name}.{os.getpid()}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text(text + "\n", encoding="utf-8")
        draft.replace(file)
    except OSError as error:
        log.warning("the choice of kernels is not remembered: %s", error)


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "none"


def _processor() -> str:
    """Its name and, where they are known, a digest of what it can do.

    Virtual machines give processors of several generations the same name.
    """
    found: dict[str, str] = {}
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            name, _, value = line.partition(":")
            found.setdefault(name.strip(), value.strip())
    except (OSError, ValueError):
        log.debug("no /proc/cpuinfo here")
    name = found.get("model name") or platform.processor() or platform.machine()
    features = found.get("flags") or found.get("Features")
    return f"{name} {zlib.crc32(features.encode()):08x}" if features else name


# -- in words --------------------------------------------------------------------------------


def described(name: str, verdict: Verdict) -> str:
    """One line: what is used in a kernel's place, and why.

    Args:
        name: In `RIVALS`.
    """
    used = name if verdict.use else "float32"
    if verdict.doubt == "failed":
        return f"float32: {name} could not be used; it is tried again at a later start"
    if not verdict.gain:
        return f"{used} for now: nothing could be measured; it is tried again at a later start"
    times = f"{name} measured {verdict.gain:.2g} times as fast as float32"
    if verdict.doubt == "noisy":
        return f"{used} for now: {times}, but on a busy machine; a later start measures again"
    if verdict.doubt == "close":
        return f"{used} for now: {times}; a later start measures again"
    return f"{used}: {times}"
