"""Every fault at every file operation of what a story file goes through.

    python -m tests.faults.nth [WHAT...]

Needs a C compiler: it builds `nth_fault.c` and runs itself with it preloaded. For each thing
that is done to a story (created, saved, brought up to a new format, exported, copied, renamed,
deleted, recovered, closed) and each n, the n-th open, write, fsync, truncate, link, rename,
unlink or mkdir fails or ends the process, until all n were had. Each time the folder must
hold the old state or the new one, readable, and doing it again must work.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import errno
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from dungeon.errors import DungeonError
from tests.faults.works import WORKS, Migrate, Work, must

SOURCE = Path(__file__).with_name("nth_fault.c")
ROOT = Path(__file__).parents[2]
MOST = 200
"""No operation has so many steps; reaching it means that a fault never came."""

FAIL, FAIL_FROM_HERE, SHORT_WRITE, KILL, KILL_HALF_WRITTEN = range(5)
MANNERS = {
    "EIO once": (errno.EIO, FAIL),
    "EIO from then on": (errno.EIO, FAIL_FROM_HERE),
    "ENOSPC once": (errno.ENOSPC, FAIL),
    "ENOSPC from then on": (errno.ENOSPC, FAIL_FROM_HERE),
    "ENOSPC after half a write": (errno.ENOSPC, SHORT_WRITE),
    "EROFS from then on": (errno.EROFS, FAIL_FROM_HERE),
    "killed before": (0, KILL),
    "killed after half a write": (0, KILL_HALF_WRITTEN),
}


@dataclass
class Figures:
    """What came of it: faults by what was done, by operation and by manner; what broke."""

    by_work: Counter[str] = field(default_factory=Counter)
    by_operation: Counter[str] = field(default_factory=Counter)
    by_manner: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)


def shim() -> ctypes.CDLL:
    library_ = ctypes.CDLL(None)
    library_.fault_last.restype = ctypes.c_char_p
    return library_


def in_a_child(act: Callable[[], None]) -> int:
    """Run `act` in a forked process; its exit code, or minus the signal that ended it."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            act()
            code = 0
        except DungeonError:
            code = 2
        except BaseException as error:
            print(f"unexpected: {error!r}", file=sys.stderr, flush=True)
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def one_fault(work: Work, number: int, manner: str) -> str:
    """Do `work` with its `number`-th operation failing; the operation, or "" if it has fewer."""
    faults = shim()
    error, how = MANNERS[manner]
    work.prepare()
    faults.fault_watch(str(work.folder).encode())
    acted = True
    operation = ""
    if how in (KILL, KILL_HALF_WRITTEN):

        def act() -> None:
            work.ready()
            faults.fault_arm(number, error, how)
            work.act()

        code = in_a_child(act)
        must(code in (0, -signal.SIGKILL), f"ended with {code}")
        acted = code == 0
        operation = "" if acted else "killed"
    else:
        work.ready()
        try:
            faults.fault_arm(number, error, how)
            try:
                work.act()
            finally:
                operation = faults.fault_last().decode() if faults.fault_fired() else ""
                faults.fault_arm(0, 0, 0)
        except DungeonError as told:
            must(told.message, "an error without a word")
            acted = False
    work.check(acted=acted)
    if how not in (KILL, KILL_HALF_WRITTEN):
        work.again()
        work.check(acted=True)
    work.close()
    return operation


def every_fault(kinds: list[type[Work]], parent: Path, figures: Figures, step: int) -> None:
    for kind in kinds:
        stride = min(step, kind.every)
        for at, manner in enumerate(MANNERS):
            # With a step, each manner begins elsewhere, so together they meet every operation.
            for number in range(1 + at % stride, MOST, stride):
                folder = parent / f"{kind.__name__}-{number}"
                folder.mkdir()

                def once(folder: Path = folder) -> str:
                    return one_fault(kind(folder), number, manner)  # noqa: B023

                operation = isolated(once, kind is Migrate)
                shutil.rmtree(folder)
                if operation.startswith("broken"):
                    where = f"{kind.__name__}, {manner}, operation {number}"
                    figures.broken.append(f"{where}: {operation}")
                    operation = "broken"
                if not operation:
                    break
                figures.by_work[kind.__name__] += 1
                figures.by_operation[operation] += 1
                figures.by_manner[manner] += 1
            else:
                figures.broken.append(f"{kind.__name__}, {manner}: no end of operations")


def isolated(once: Callable[[], str], needed: bool) -> str:
    """What `once` gives, or "broken: ..."; in a process of its own where it changes this one."""

    def guarded() -> str:
        try:
            return once()
        except BaseException as error:
            return f"broken: {type(error).__name__}: {error}"

    if not needed:
        return guarded()
    reader, writer = os.pipe()
    in_a_child(lambda: os.write(writer, guarded().encode()) and None)
    os.close(writer)
    with os.fdopen(reader) as said:
        return said.read()


@contextlib.contextmanager
def quick_folder() -> Iterator[Path]:
    """A folder in memory where there is one: what is tried is the calls, not the disk."""
    memory = Path("/dev/shm")
    home = memory if memory.is_dir() and os.access(memory, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="dungeon-nth-", dir=home) as folder:
        yield Path(folder).resolve()


def compiler() -> str | None:
    return shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")


def preloaded(words: list[str]) -> subprocess.CompletedProcess[str]:
    """Build the library and run this module again with it in the process."""
    with tempfile.TemporaryDirectory(prefix="dungeon-shim-") as folder:
        built = Path(folder) / "nth_fault.so"
        flags = ["-shared", "-fPIC", "-O1", "-o", str(built), str(SOURCE), "-ldl"]
        subprocess.run([compiler() or "cc", *flags], check=True)
        return subprocess.run(
            [sys.executable, "-m", "tests.faults.nth", "--preloaded", *words],
            cwd=ROOT,
            env={**os.environ, "LD_PRELOAD": str(built)},
            text=True,
            capture_output=True,
            check=False,
        )


def main() -> int:
    parser = argparse.ArgumentParser(description="a fault at every file operation of a save")
    parser.add_argument("what", nargs="*", help="; ".join(work.__name__ for work in WORKS))
    parser.add_argument("--step", type=int, default=1, help="take only each n-th operation")
    parser.add_argument("--preloaded", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if not args.preloaded:
        done = preloaded([f"--step={args.step}", *args.what])
        print(done.stdout + done.stderr, end="")
        return done.returncode
    kinds = [work for work in WORKS if not args.what or work.__name__ in args.what]
    figures = Figures()
    with quick_folder() as parent:
        every_fault(kinds, parent, figures, args.step)
    for counts in (figures.by_work, figures.by_operation, figures.by_manner):
        print(", ".join(f"{name} {count}" for name, count in counts.items()))
    print(f"{sum(figures.by_work.values())} faults, {len(figures.broken)} broken")
    for line in figures.broken:
        print(line)
    return 1 if figures.broken else 0


if __name__ == "__main__":
    sys.exit(main())
