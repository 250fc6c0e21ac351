"""Nothing leaves the machine and no story is logged: whole sessions with the network forbidden."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from platformdirs import user_cache_path

from tests.clock import waited_within
from tests.faults.terminal import ROOT, Terminal

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs a pty")

# Python runs a module of this name before anything else, in every process under test.
FORBID = """
import os, sys

def forbid(event, arguments):
    if event in (
        "socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr",
        "socket.sendto", "socket.sendmsg", "urllib.Request",
    ):
        with open(os.environ["ATTEMPTS"], "a") as file:
            file.write(f"{event} {arguments[1:]}\\n")
        raise OSError("no network")

sys.addaudithook(forbid)
"""
SCENARIO = """
dungeon: 1
title: A Quillonmere
opening: You stand at Quillonmere.
memory: Ostrander is your uncle.
questions: [{key: who, ask: Who are you?, default: Tamsin}]
"""
STORY = ("Quillonmere", "Ostrander", "Tamsin", "zebrafinch", "bell")


class Machine:
    """A machine without a network, where all that is tried is written down."""

    def __init__(self, tmp_path: Path) -> None:
        for name in ("site", "scenarios", "home"):
            (tmp_path / name).mkdir()
        (tmp_path / "site" / "sitecustomize.py").write_text(FORBID)
        (tmp_path / "scenarios" / "quillonmere.yaml").write_text(SCENARIO)
        self._attempts = tmp_path / "attempts"
        self.home = tmp_path / "home"
        # The compiled kernels may stay where they are: making them takes a minute.
        cache = str(user_cache_path())
        self.env = {
            **os.environ,
            "HF_HUB_OFFLINE": "0",
            "PYTHONPATH": os.pathsep.join([str(tmp_path / "site"), str(ROOT)]),
            "ATTEMPTS": str(self._attempts),
            "HOME": str(self.home),
            "XDG_CACHE_HOME": cache,
            "XDG_STATE_HOME": str(self.home / "state"),
            "XDG_CONFIG_HOME": str(self.home / "config"),
            "XDG_DATA_HOME": str(self.home / "data"),
            "HF_HOME": str(self.home / "hub"),
            "DUNGEON_SCENARIOS": str(tmp_path / "scenarios"),
            "DUNGEON_SAVES": str(tmp_path / "saves"),
            "DUNGEON_MAX_NEW_TOKENS": "12",
        }

    @property
    def attempts(self) -> list[str]:
        """Every attempt to reach the network."""
        return self._attempts.read_text().splitlines() if self._attempts.exists() else []

    def command(self, *arguments: str) -> str:
        """What one command of the command line writes."""
        done = subprocess.run(
            [sys.executable, "-m", "dungeon", *arguments],
            env=self.env, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    def told_of(self, words: tuple[str, ...]) -> list[str]:
        """Those of `words` that stand in any log."""
        logs = [path for path in self.home.rglob("*") if path.is_file() and "log" in path.name]
        assert logs
        text = "".join(path.read_text() for path in logs)
        return [word for word in words if word in text]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.mark.parametrize("model", ["scripted", "gpt2"])
def test_accept_34_a_whole_session_asks_nothing_of_the_network(
    machine: Machine, gpt2_dir: Path, model: str
) -> None:
    named = "scripted" if model == "scripted" else str(gpt2_dir)
    game = Terminal(["-m", "dungeon", "--model", named], machine.env)
    try:
        game.shows("Quillonmere", 120)
        game.keys("n")
        game.shows("Who are you?")
        game.keys("\r")
        game.shows("What is the story called?")
        game.keys("\r")
        game.shows("ready", 120)
        for turn in range(1, 4):
            game.line("pet the zebrafinch")
            game.shows(f"turn {turn}")
            game.shows("ready")
        game.keys("\x0c")
        game.shows("3 turns")
        game.keys("q")
        assert game.ends() == 0
    finally:
        game.close()
    (save,) = json.loads(machine.command("saves", "--json"))
    assert save["turns"] == 3
    for kind in ("md", "html", "json"):
        assert "zebrafinch" in machine.command("export", save["name"], "--format", kind)
    assert "quillonmere" in machine.command("list")
    machine.command("models", "list")
    assert machine.attempts == []
    assert machine.told_of(STORY) == []


def test_accept_34_a_host_asks_nobody_and_tells_nothing(machine: Machine) -> None:
    host = subprocess.Popen(
        [sys.executable, "-m", "dungeon", "host", "--model", "scripted", "--port", "0"],
        env=machine.env, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert host.stderr is not None
        told = next(line for line in host.stderr if "--url" in line)
        address = told.partition("--url http://")[2].split()[0]
        for path, wanted in (("completions", 200), ("nowhere", 404)):
            client = http.client.HTTPConnection(address, timeout=60)
            body = {"model": "scripted", "prompt": " ".join(STORY)}
            headers = {"Content-Type": "application/json"}
            client.request("POST", f"/v1/{path}", json.dumps(body), headers)
            assert client.getresponse().status == wanted
            client.close()
    finally:
        host.terminate()
        out, rest = host.communicate(timeout=60)
    assert machine.attempts == []
    assert not [word for word in STORY if word in out + told + rest]


def test_accept_34_the_network_is_asked_only_when_the_player_says_so(machine: Machine) -> None:
    env = {**machine.env, "DUNGEON_MODELS": str(machine.home / "models")}
    game = Terminal(["-m", "dungeon"], env)
    try:
        game.shows("Download the model gpt2")
        assert machine.attempts == []
        game.line("y")
        game.shows("Download the model dungeon-narrator")
        # That the first answer led somewhere shows that this test can see it.
        assert machine.attempts
        tried = len(machine.attempts)
        with waited_within(5):
            game.line("n")
            game.shows("There is no language model on this machine yet.")
        assert len(machine.attempts) == tried
    finally:
        game.close()


def test_accept_08_without_a_model_stories_can_still_be_read(machine: Machine) -> None:
    machine.env["DUNGEON_MODELS"] = str(machine.home / "models")
    told = Terminal(["-m", "dungeon", "play", "quillonmere", "--model", "scripted"], machine.env)
    try:
        told.shows("Who are you?")
        told.keys("\r")
        told.shows("What is the story called?")
        told.keys("\r")
        told.shows("ready")
        told.line("pet the zebrafinch")
        told.shows("turn 1")
        told.keys("\x11")
        assert told.ends() == 0
    finally:
        told.close()
    game = Terminal(["-m", "dungeon"], machine.env, rows=36)
    try:
        for model in ("gpt2", "dungeon-narrator"):
            game.shows(f"Download the model {model}")
            game.line("n")
        with waited_within(5):
            # Told at once on the terminal, and again on the screen.
            game.shows("dungeon models pull")
        game.shows("The narrator could not be loaded")
        game.keys("\r")
        game.hides("could not be loaded")
        game.shows("1 turn")
        game.keys("c")
        game.shows("> You pet the zebrafinch.")
        game.shows("no narrator")
        game.keys("\x0f")
        game.shows("Ostrander is your uncle.")
        game.keys("\x1b")
        game.hides("Ostrander is your uncle.")
        game.line("look")
        game.shows("There is no narrator")
        game.keys("\x0c")
        game.shows("1 turn")
        game.keys("q")
        assert game.ends() == 0
    finally:
        game.close()
    assert game.left_on == []
    (save,) = json.loads(machine.command("saves", "--json"))
    assert "> You pet the zebrafinch." in machine.command("export", save["name"], "--format", "txt")
    assert machine.attempts == []
