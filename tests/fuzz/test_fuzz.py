"""The fuzzer's short run, its corpus again, and that it finds what it looks for."""

from __future__ import annotations

import os
import time
from collections.abc import Hashable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.runner import Finding, Fuzzer, timed
from tests.fuzz.target import Target
from tests.fuzz.targets import CORPUS, TARGETS

SECONDS = float(os.environ.get("DUNGEON_FUZZ_SECONDS", "0.1"))
"""Of processor time, for each target; `python -m tests.fuzz --seconds 3600` is for long runs."""
FILES = sorted(path for path in CORPUS.glob("*/*") if path.is_file())


def told(findings: dict[str, Finding]) -> list[str]:
    return [f"{finding.data[:200]!r}\n{finding.report}" for finding in findings.values()]


@pytest.mark.parametrize("path", FILES, ids=[f"{p.parent.name}-{p.name}" for p in FILES])
def test_what_was_found_once_is_not_found_again(path: Path) -> None:
    timed(TARGETS[path.parent.name].run, path.read_bytes())


@pytest.mark.parametrize("name", TARGETS)
def test_accept_29_31_mutations_break_no_reader(name: str) -> None:
    fuzzer = Fuzzer(TARGETS[name], seed=1)
    least = fuzzer.ran + 8
    began = time.process_time()
    while fuzzer.ran < least or time.process_time() - began < SECONDS:
        fuzzer.step()
    assert not told(fuzzer.findings)


@pytest.mark.parametrize("name", TARGETS)
def test_any_bytes_and_any_words_break_no_reader(name: str) -> None:
    target = TARGETS[name]
    words = st.lists(st.sampled_from(target.words), max_size=12).map(b"".join)

    @settings(max_examples=8, deadline=None)
    @given(st.binary(max_size=100) | words)
    def run(data: bytes) -> None:
        target.run(data)

    run()


def test_the_fuzzer_finds_and_shortens_what_breaks() -> None:
    def breaks(data: bytes) -> Hashable:
        assert b"bug" not in data, "the bug"
        # Each letter that is right opens the way to the next.
        return b"b" in data, b"bu" in data

    target = Target("planted", breaks, (b"b", b"u", b"g", b" "))
    fuzzer = Fuzzer(target, seed=1)
    while not fuzzer.findings:
        assert fuzzer.ran < 20_000
        fuzzer.step()
    (finding,) = fuzzer.findings.values()
    assert finding.data == b"bug"
    assert "the bug" in finding.report


def test_a_seed_repeats_a_run() -> None:
    def kept() -> list[bytes]:
        fuzzer = Fuzzer(TARGETS["prescan"], seed=5)
        for _ in range(100):
            fuzzer.step()
        return fuzzer.kept

    assert kept() == kept()
