"""`dungeon models`, and a machine that has no model and no network."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dungeon.engine.catalog import CATALOG

SCENARIO = "dungeon: 1\ntitle: The Gate\nopening: You stand at the gate.\n"

# What a process meets that has no network: every connection is refused at once.
NO_NETWORK = """
import socket, sys
def refuse(*args, **kwargs):
    raise OSError("no network")
socket.socket.connect = refuse
socket.socket.connect_ex = refuse
socket.create_connection = refuse
socket.getaddrinfo = refuse
from dungeon.__main__ import main
sys.argv[0] = "dungeon"
main()
"""


@pytest.fixture
def bare(tmp_path: Path) -> dict[str, str]:
    """The environment of a machine that never had a model."""
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "scenarios" / "gate.yaml").write_text(SCENARIO)
    return {
        **os.environ,
        "DUNGEON_MODELS": str(tmp_path / "models"),
        "DUNGEON_SCENARIOS": str(tmp_path / "scenarios"),
        "DUNGEON_SAVES": str(tmp_path / "saves"),
        "HF_HOME": str(tmp_path / "hub"),
    }


def run(env: dict[str, str], *args: str, lines: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", NO_NETWORK, *args],
        input=lines,
        capture_output=True,
        text=True,
        timeout=60,
        env=env,
        check=False,
    )


def test_accept_08_without_network_and_model_the_way_out_is_told(bare: dict[str, str]) -> None:
    started = time.monotonic()
    result = run(bare, "play", "gate", "--plain", lines="look\n")
    assert time.monotonic() - started < 20  # five seconds on a machine that is not busy
    assert result.returncode == 1
    assert "dungeon models pull" in result.stderr
    assert "--model" in result.stderr
    assert "Traceback" not in result.stderr


def test_accept_08_the_rest_of_the_game_still_works(bare: dict[str, str]) -> None:
    played = run(bare, "play", "gate", "--plain", "--model", "scripted", lines="look\n")
    assert played.returncode == 0, played.stderr
    (save,) = json.loads(run(bare, "saves", "--json").stdout)
    assert "gate" in run(bare, "list").stdout
    exported = run(bare, "export", save["name"], "--format", "md")
    assert "> You look." in exported.stdout
    assert run(bare, "models").returncode == 0


def test_the_list_names_every_model_and_its_licence(bare: dict[str, str]) -> None:
    rows = json.loads(run(bare, "models", "--json").stdout)
    assert [row["name"] for row in rows] == list(CATALOG)
    assert all(row["licence"] and row["path"] is None for row in rows)


@pytest.mark.parametrize(
    ("args", "code", "told"),
    [
        (["models", "pull"], 2, "needs a NAME"),
        (["models", "pull", "gtp2"], 1, "gpt2"),
        (["models", "path", "gpt2"], 1, "dungeon models pull gpt2"),
        (["models", "push", "gpt2"], 2, "invalid choice"),
        (["play", "gate", "--plain", "--model", "gtp2"], 1, "gpt2"),
        (["play", "gate", "--plain", "--model", "./no/such/dir"], 1, "no/such/dir"),
    ],
)
def test_wrong_names_are_told(args: list[str], code: int, told: str, bare: dict[str, str]) -> None:
    result = run(bare, *args)
    assert result.returncode == code
    assert told in result.stderr
    assert "Traceback" not in result.stderr
