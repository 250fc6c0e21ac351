"""Takes protections out one at a time and demands that a test notices.

    python -m tools.mutants [NAME...]

Each mutant is made in a copy of the project; the named tests must fail there. Exits with the
number of mutants that nobody noticed.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Mutant:
    """A protection taken out.

    Attributes:
        name: The row of the acceptance list, and what is missing.
        file: Where the protection is.
        old, new: What it is, and what stands there instead.
        tests: Arguments of pytest that select who must notice.
    """

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]


def noticed(mutant: Mutant, copy: Path, seconds: float) -> bool:
    """Whether the tests fail with the mutant in place; the copy is put right again.

    Args:
        seconds: After which the program counts as hanging, which nobody could overlook.
    """
    path = copy / mutant.file
    text = path.read_text(encoding="utf-8")
    if text.count(mutant.old) != 1:
        raise SystemExit(f"{mutant.name}: the protection is not where it was, in {mutant.file}")
    path.write_text(text.replace(mutant.old, mutant.new), encoding="utf-8")
    try:
        # 1 is failed tests; anything else (none selected, wrong usage) is no notice.
        return run(mutant.tests, copy, seconds) in (HUNG, 1)
    finally:
        path.write_text(text, encoding="utf-8")


HUNG = -1000
LONGEST = 900.0
"""Seconds that sound tests may take: the machine may be busy."""


def run(tests: tuple[str, ...], copy: Path, seconds: float) -> int:
    """The exit code of pytest in the copy; `HUNG` after so many seconds."""
    try:
        return subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-x", *tests],
            cwd=copy,
            capture_output=True,
            check=False,
            env={**os.environ, "PYTHONPATH": str(copy), "DUNGEON_KILL_RUNS": "60"},
            timeout=seconds,
        ).returncode
    except subprocess.TimeoutExpired:
        return HUNG


def limit(tests: tuple[str, ...], copy: Path) -> float | None:
    """How long the tests may take with a mutant, in seconds: five times as long as without.

    None where they fail without one: a test that fails anyway notices nothing.
    """
    began = time.monotonic()
    if run(tests, copy, LONGEST) != 0:
        return None
    return max(120.0, 5 * (time.monotonic() - began))


def every_mutant() -> list[Mutant]:
    """The mutants of all the modules beside this one, by the row that they belong to."""
    found: list[Mutant] = []
    for module in pkgutil.iter_modules([str(Path(__file__).parent)]):
        if not module.name.startswith("__"):
            home = importlib.import_module(f"tools.mutants.{module.name}")
            found += getattr(home, "MUTANTS", ())
    return sorted(found, key=lambda mutant: mutant.name)


def main(names: list[str]) -> int:
    """Try the mutants whose names begin with one of `names`; all by default."""
    chosen = [m for m in every_mutant() if not names or m.name.startswith(tuple(names))]
    missed = 0
    with tempfile.TemporaryDirectory(prefix="dungeon-mutants-") as folder:
        copy = Path(folder) / "dungeon"
        ignore = shutil.ignore_patterns(".git", ".venv", "__pycache__", ".*_cache", "saves")
        shutil.copytree(ROOT, copy, ignore=ignore)
        (copy / "saves").mkdir()
        limits: dict[tuple[str, ...], float | None] = {}
        for mutant in chosen:
            if mutant.tests not in limits:
                limits[mutant.tests] = limit(mutant.tests, copy)
                if limits[mutant.tests] is None:
                    print(f"{'FAILS ANYWAY':12} {' '.join(mutant.tests)}", flush=True)
            seconds = limits[mutant.tests]
            seen = seconds is not None and noticed(mutant, copy, seconds)
            missed += not seen
            print(f"{'noticed' if seen else 'NOT NOTICED':12} {mutant.name}", flush=True)
    return missed
