"""The plain game: what goes to which stream, every command, signals, exit codes."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from dungeon.engine.scripted import ScriptedEngine
from dungeon.errors import EngineError
from dungeon.plain import PlainGame
from dungeon.session import GameSession
from dungeon.story.generation import GenerationSettings
from dungeon.story.presets import applied
from dungeon.story.scenario import Scenario

SCENARIO = Scenario(title="The Gate", opening="You stand at the gate.")


class Played:
    def __init__(self, lines: str, saves: Path, **engine: object) -> None:
        story, notices = io.StringIO(), io.StringIO()
        self.session = GameSession.new(
            SCENARIO,
            ScriptedEngine(**engine),  # type: ignore[arg-type]
            saves=saves,
            seed=3,
        )
        self.code = PlainGame(self.session, io.StringIO(lines), story, notices).run()
        self.tree = self.session.story.tree
        self.session.close()
        self.story, self.notices = story.getvalue(), notices.getvalue()


def test_every_command(tmp_path: Path) -> None:
    lines = (
        "look around\n/say hello\n\n/undo\n/retry\n/redo\n/undo\n/story Night falls.\n"
        "/continue\n/alter You sleep.\n/remember It is night.\n/note Calm.\n/save\n/help\n/quit\n"
        "never read\n"
    )
    game = Played(lines, tmp_path)
    assert game.code == 0
    assert game.story.startswith("You stand at the gate.\n\n> You look around.\n\n")
    assert '> You say "Hello."' in game.story
    assert "Night falls." in game.story
    assert "never" not in game.story
    assert game.tree.head.text == "You sleep."
    assert game.tree.head.origin == "altered"
    assert game.session.story.memory == "It is night."
    assert game.session.story.authors_note == "Calm."
    assert "/remember TEXT" in game.notices
    assert "Saved in" in game.notices
    assert "Saved" not in game.story


def test_a_preset_is_set_shown_and_kept(tmp_path: Path) -> None:
    game = Played("/preset\n/preset Wild\n/preset calm\nlook\n/preset\n", tmp_path)
    assert game.code == 0
    assert "Presets: steady, lively or wild." in game.notices
    assert "There is no preset 'calm'" in game.notices
    assert game.notices.count("Preset: wild. ") == 2
    (saved,) = tmp_path.glob("*.dungeon")
    again = GameSession.resume(saved, ScriptedEngine())
    assert again.story.generation == applied("wild", GenerationSettings())
    again.close()


def test_undone_and_retried_turns_stay_in_the_tree(tmp_path: Path) -> None:
    game = Played("look around\n/say hello\n\n/undo\n/retry\n", tmp_path)
    assert [(n.id, n.parent) for n in game.tree] == [(1, None), (2, 1), (3, 2), (4, 3), (5, 2)]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("/retyr", "Did you mean /retry?"),
        ("/xyzzy", "Type /help"),
        ("/undo", "nothing to undo"),
        ("/redo", "nothing to redo"),
        ("/retry", "nothing to retry"),
        ("/say", "needs some text"),
        ("/alter", "cannot be empty"),
    ],
)
def test_what_cannot_be_done_is_said_and_the_game_goes_on(
    line: str, told: str, tmp_path: Path
) -> None:
    game = Played(f"{line}\nlook\n", tmp_path)
    assert told in game.notices
    assert len(game.tree) == 2
    assert game.code == 0


def test_a_failed_turn_is_told_and_counts(tmp_path: Path) -> None:
    game = Played("look\nlisten\n", tmp_path, replies=[EngineError("It broke.", "Try again.")])
    assert "It broke. Try again." in game.notices
    assert game.code == 1
    assert [n.action.text for n in game.tree if n.action] == ["listen"]


@pytest.mark.parametrize("text", ["[/]", "[@click=app.quit]x[/]", "\x1b]0;pwned\x07x", "\x9b2J"])
def test_accept_01_26_text_is_shown_as_written_and_never_as_a_command(
    text: str, tmp_path: Path
) -> None:
    game = Played(f"{text} here\n", tmp_path, replies=[f"You see {text} here."])
    assert "\x1b" not in game.story
    assert "\x9b" not in game.story
    assert "pwned" not in game.story
    if text.startswith("["):
        assert f"You see {text} here." in game.story


def dungeon(*args: str, lines: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "dungeon", *args],
        input=lines,
        capture_output=True,
        text=True,
        timeout=120,
        env=os.environ | environment,
        check=False,
    )


LINES = "look around\n/say hello\n\n/undo\n/retry\n"


def test_from_the_command_line_to_a_resumed_story(tmp_path: Path) -> None:
    def play(seed: str, folder: str) -> str:
        result = dungeon(
            "play", "salt-road", "--plain", "--model", "scripted", "--seed", seed,
            "--saves", str(tmp_path / folder), lines=LINES,
        )  # fmt: skip
        assert result.returncode == 0, result.stderr
        return result.stdout

    first = play("1", "a")
    assert first == play("1", "b")
    assert first != play("2", "c")
    saves = str(tmp_path / "a")
    (listed,) = json.loads(dungeon("saves", "--json", "--saves", saves).stdout)
    again = dungeon(
        "resume", listed["name"], "--plain", "--model", "scripted", "--saves", saves,
        lines="go on\n",
    )  # fmt: skip
    assert again.returncode == 0, again.stderr
    assert "> You go on." in again.stdout
    exported = json.loads(
        dungeon("export", listed["name"], "--format", "json", "--saves", saves).stdout
    )
    assert [(n["id"], n["parent"]) for n in exported["nodes"]] == [
        (1, None), (2, 1), (3, 2), (4, 3), (5, 2), (6, 5),
    ]  # fmt: skip
    assert exported["head"] == 6
    seen = json.loads(
        dungeon("context", listed["name"], "--json", "--model", "scripted", "--saves", saves).stdout
    )
    assert set(seen) == {"segments", "tokens", "limit", "cut", "prompt"}
    assert seen["prompt"] == "".join(segment["text"] for segment in seen["segments"])
    assert seen["tokens"] == sum(segment["tokens"] for segment in seen["segments"])


@pytest.mark.parametrize(
    ("args", "code", "told"),
    [
        (["play"], 2, "SCENARIO"),
        (["frobnicate"], 2, "invalid choice"),
        (["play", "slat-road", "--plain"], 1, "salt-road"),
        (["play", "salt-road", "--plain", "--answer", "nokey=1"], 2, "does not ask"),
        (["play", "salt-road", "--plain", "--answer", "nokey"], 2, "KEY=VALUE"),
        (["play", "salt-road", "--plain", "--max-new-tokens", "100000"], 1, "from 1 to 512"),
        (["play", "salt-road", "--plain", "--seed", "-1"], 2, "seed"),
        (["resume", "no-such-story", "--plain"], 1, "no-such-story"),
        (["export", "no-such-story", "--format", "pdf"], 2, "invalid choice"),
    ],
)
def test_wrong_usage_and_errors(args: list[str], code: int, told: str, tmp_path: Path) -> None:
    result = dungeon(*args, "--saves", str(tmp_path)) if args[0] != "frobnicate" else dungeon(*args)
    assert result.returncode == code, result.stderr
    assert told in result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_accept_04_a_signal_saves_and_ends_the_plain_game(
    number: signal.Signals, code: int, tmp_path: Path
) -> None:
    process = subprocess.Popen(
        [
            sys.executable, "-m", "dungeon", "play", "salt-road", "--plain", "--model", "scripted",
            "--saves", str(tmp_path),
        ],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("look around\n")
    process.stdin.flush()
    while "> You look around." not in process.stdout.readline():
        pass
    process.stdout.readline()
    process.stdout.readline()
    process.send_signal(number)
    _, notices = process.communicate(timeout=10)
    assert process.returncode == code, notices
    assert "Saved in" in notices
    (row,) = json.loads(dungeon("saves", "--json", "--saves", str(tmp_path)).stdout)
    assert row["turns"] == 1
