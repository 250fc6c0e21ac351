"""A long fuzzing run over all readers.

    python -m tests.fuzz --seconds 3600 [--seed N] [--target NAME]... [--found DIR] [--grow]
    python -m tests.fuzz --atheris NAME [libFuzzer's own options]

Prints how far it is once a minute and every finding at once; exits with the number of findings.
Inputs that break something are written to DIR. `--grow` adds short inputs with new outcomes to
the corpus. `--atheris` hands one target to the coverage-guided fuzzer of that name, where it is
installed.
"""

from __future__ import annotations

import argparse
import faulthandler
import hashlib
import sys
import time
from pathlib import Path

from tests.fuzz.runner import Fuzzer, timed
from tests.fuzz.targets import CORPUS, TARGETS

HANG = 120
"""Seconds after which a hanging input is told with the place where it hangs."""
_SLICE = 0.5
_GROWN = 400
"""Longest input, in bytes, that `--grow` keeps, and how many of a target."""
_PER_TARGET = 40


def main(argv: list[str]) -> int:
    """Fuzz as the arguments say."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--target", action="append", choices=list(TARGETS))
    parser.add_argument("--found", type=Path, default=Path("fuzz-found"))
    parser.add_argument("--grow", action="store_true")
    parser.add_argument("--atheris", choices=list(TARGETS))
    args, rest = parser.parse_known_args(argv)
    if args.atheris:
        return _atheris(args.atheris, rest)
    if rest:
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    names = args.target or list(TARGETS)
    print(f"again with --seed {args.seed}", flush=True)
    fuzzers = [Fuzzer(TARGETS[name], args.seed) for name in names]
    _run(fuzzers, args.seconds, args.found)
    if args.grow:
        _grow(fuzzers)
    return sum(len(fuzzer.findings) for fuzzer in fuzzers)


def _run(fuzzers: list[Fuzzer], seconds: float, found: Path) -> None:
    began = told = time.monotonic()
    reported: set[str] = set()
    while time.monotonic() - began < seconds:
        for fuzzer in fuzzers:
            faulthandler.dump_traceback_later(HANG)
            until = time.monotonic() + _SLICE
            while time.monotonic() < until:
                fuzzer.step()
            _report(fuzzer, reported, found)
        if time.monotonic() - told > 60:
            told = time.monotonic()
            _summary(fuzzers, told - began)
    faulthandler.cancel_dump_traceback_later()
    _summary(fuzzers, time.monotonic() - began)


def _report(fuzzer: Fuzzer, reported: set[str], found: Path) -> None:
    for kind, finding in fuzzer.findings.items():
        name = f"{finding.target} {kind}"
        if name in reported:
            continue
        reported.add(name)
        found.mkdir(parents=True, exist_ok=True)
        path = found / f"{finding.target}-{hashlib.sha256(finding.data).hexdigest()[:12]}"
        path.write_bytes(finding.data)
        print(f"FOUND {name}\n{finding.report}{finding.data[:300]!r}\n{path}", flush=True)


def _summary(fuzzers: list[Fuzzer], seconds: float) -> None:
    figures = " ".join(
        f"{fuzzer.target.name}={fuzzer.ran}/{len(fuzzer.kept)}/{len(fuzzer.findings)}"
        for fuzzer in fuzzers
    )
    total = sum(fuzzer.ran for fuzzer in fuzzers)
    spent = f"{seconds / 60:.1f} min, {time.process_time() / 60:.1f} of the processor's"
    print(f"{spent}, {total} inputs (ran/kept/found): {figures}", flush=True)


def _grow(fuzzers: list[Fuzzer]) -> None:
    for fuzzer in fuzzers:
        folder = CORPUS / fuzzer.target.name
        folder.mkdir(parents=True, exist_ok=True)
        room = _PER_TARGET - len(list(folder.iterdir()))
        short = sorted({data for data in fuzzer.kept if 0 < len(data) <= _GROWN}, key=len)
        for data in short[:: max(1, len(short) // max(1, room))][: max(0, room)]:
            (folder / hashlib.sha256(data).hexdigest()[:12]).write_bytes(data)


def _atheris(name: str, options: list[str]) -> int:
    try:
        import atheris  # type: ignore[import-not-found, import-untyped, unused-ignore]
    except ImportError:
        print("atheris is not installed: pip install atheris", file=sys.stderr)
        return 2
    target = TARGETS[name]
    atheris.instrument_all()
    folder = CORPUS / name
    arguments = [sys.argv[0], *options, *([str(folder)] if folder.is_dir() else [])]
    atheris.Setup(arguments, lambda data: timed(target.run, data) and None)
    atheris.Fuzz()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
