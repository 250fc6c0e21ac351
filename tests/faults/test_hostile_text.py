"""Escape sequences in files, names, saves and arguments: none reaches a real terminal."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import sys
from pathlib import Path

import pytest

from dungeon.engine.base import CancelToken
from dungeon.engine.scripted import ScriptedEngine
from dungeon.session import GameSession, narrate
from dungeon.story.action import parse
from dungeon.story.scenario import Scenario
from tests.faults.terminal import Terminal

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs a pty")

PAYLOADS = (
    "\x1b]0;STOLEN\x07",
    "\x1b]8;;http://STOLEN\x1b\\",
    "\x1b]52;c;U1RPTEVO\x07",
    "\x1bPSTOLEN\x1b\\",
    "\x1b_STOLEN\x1b\\",
    "\x9d0;STOLEN\x9c",
    "\x9b31;7m",
    "\x1b[2;3;9m",
    "\x1bc",
)
ALL = "".join(PAYLOADS)
CUT = "\x1b]0;STOLEN"
"""A sequence that is never ended."""

# What no part of the game ever writes by itself: the payloads, and any C1 control.
STOLEN = re.compile("STOLEN|U1RPTEVO|\x1bc|\x1b\\[2;3;9m|[\x80-\x9f]")


@pytest.fixture
def places(tmp_path: Path) -> dict[str, str]:
    """A machine whose scenarios and saves were all written by somebody hostile."""
    scenarios, saves = tmp_path / "scenarios", tmp_path / "saves"
    scenarios.mkdir()
    escaped = json.dumps(f"x {ALL} y {CUT}", ensure_ascii=True)
    lines = [
        "dungeon: 1",
        f"title: {escaped}",
        *(f"{key}: {escaped}" for key in ("summary", "author", "memory", "authors_note")),
        f"opening: {escaped}",
        f"tags: [{escaped}]",
        f"questions: [{{key: who, ask: {escaped}, choices: [{escaped}, b]}}]",
        f"cards: [{{name: {escaped}, keys: [y], text: {escaped}}}]",
    ]
    (scenarios / "open.yaml").write_text("\n".join(lines))
    name = ALL.replace("/", "_")
    (scenarios / f"{name}.yaml").write_text(f"dungeon: 1\n{escaped}: [\ntitle: 'a\n")
    session = GameSession.new(
        Scenario(title="Told", opening="You stand at the gate."),
        ScriptedEngine(replies=["A bell rings."]),
        saves=saves,
        seed=1,
    )
    turn = session.begin_turn(parse("look"))
    session.commit(turn, narrate(session.engine, turn, CancelToken()))
    assert session.file is not None
    path = session.file.path
    session.close()
    with sqlite3.connect(path) as db:
        db.execute(
            "UPDATE meta SET value = ? WHERE key IN ('title', 'memory')", (f"t {ALL} {CUT}",)
        )
        db.execute("UPDATE nodes SET text = text || ?, raw = ?", (ALL, ALL))
        db.execute("UPDATE nodes SET line = ? WHERE line IS NOT NULL", (f"look {ALL}",))
    db.close()
    shutil.copy(path, saves / f"{name}.dungeon")
    (saves / f"torn {name}.dungeon").write_bytes(b"no story")
    return {
        "DUNGEON_SCENARIOS": str(scenarios),
        "DUNGEON_SAVES": str(saves),
        "HOME": str(tmp_path),
        "XDG_CONFIG_HOME": str(tmp_path),
        "XDG_STATE_HOME": str(tmp_path),
        "told": path.stem,
    }


def unharmed(wire: str) -> None:
    found = STOLEN.search(wire)
    assert not found, ascii(wire[max(0, found.start() - 80) : found.end() + 40])


def test_accept_26_nothing_hostile_reaches_the_screen(places: dict[str, str]) -> None:
    game = Terminal(["-m", "dungeon", "--model", "scripted"], places, rows=40, columns=120)
    try:
        game.shows("Stories begun")
        game.shows("damaged")
        game.shows("scripted script")
        # Every line of both lists, then a broken one is chosen.
        game.keys("\x1b[B", "\x1b[B", "\x1b[B", "\t", "\x1b[H")
        game.keys(*["\x1b[B"] * 8)
        game.shows("cannot be read")
        # The broken one, whose name is nothing but sequences, comes first.
        game.keys("\x1b[H", "n")
        game.shows("cannot be played")
        game.keys("\x1b[F", "n")
        game.shows("Enter next")
        game.keys("1")
        game.shows("Enter begin the story")
        game.keys("\r")
        game.shows("ready")
        # What is pasted may stand on the screen, but only as text.
        pasted = ALL.replace("STOLEN", "PASTED").replace("U1RPTEVO", "UEFTVEVE")
        game.process.send(f"\x1b[200~shout {pasted} word\x1b[201~")
        game.shows("shout")
        game.keys("\r")
        game.shows("turn 1")
        for key, shown in (
            ("\x14", "What the next turn sends"),
            ("\x0f", "What the narrator always knows"),
            ("\x05", "Alter the turn"),
        ):
            game.keys(key)
            game.shows(shown)
            game.keys("\x1b")
            # An escape and a key that follows at once would be one key together.
            game.hides(shown)
        game.keys("\x0c")
        game.shows("Stories begun")
        game.keys("c")
        game.shows("turn 1")
        game.keys("\x11")
        assert game.ends() == 0
    finally:
        game.close()
    assert game.left_on == []
    unharmed(game.wire)
    assert "PASTED" not in "".join(re.findall(r"\x1b[\]PX^_][^\x1b]*", game.wire))


COMMANDS = """
import json, sys
from dungeon import cli
from dungeon.engine.scripted import ScriptedEngine
tools = cli.Tools(lambda model: ScriptedEngine(), lambda model: None, lambda args: 0)
for arguments in json.loads(sys.argv[1]):
    try:
        code = cli.run(arguments, tools)
    except SystemExit as ended:
        code = ended.code
    print("code", code)
"""


def test_accept_26_nothing_hostile_reaches_the_command_line(places: dict[str, str]) -> None:
    told, name = places["told"], ALL.replace("/", "_")
    scenarios = Path(places["DUNGEON_SCENARIOS"])
    broken = str(scenarios / f"{name}.yaml")
    commands = [
        ["list"],
        ["list", "--json"],
        ["saves"],
        ["saves", "--json"],
        ["check", broken, str(scenarios)],
        *(["export", told, "--format", kind] for kind in ("md", "txt", "html", "json")),
        ["export", told, "--format", "md", "-o", f"/nowhere/{ALL}"],
        ["export", name, "--format", f"m{ALL}"],
        ["context", told],
        ["context", told, "--json"],
        ["play", f"open{ALL}"],
        ["play", broken, "--plain"],
        ["play", "open", "--plain", "--answer", f"{ALL}=x"],
        ["play", "open", "--plain", "--answer", ALL],
        ["resume", f"{ALL}", "--plain"],
        ["resume", f"torn {name}", "--plain"],
        ["new", "A title", "--genre", ALL],
        [f"list{ALL}"],
        ["list", f"--{ALL}"],
        ["play", "open", "--seed", ALL],
        ["play", "open", "--plain", "--answer", f"who={ALL}", "--title", ALL],
    ]
    # Colours are escape sequences of our own; `tests/unit/test_check.py` looks at those.
    shell = Terminal(
        ["-c", COMMANDS, json.dumps(commands)], {**places, "TERM": "dumb"}, columns=200
    )
    try:
        # The last one plays, on this terminal: what is typed there is hostile too.
        shell.shows("> ")
        shell.process.sendcontrol("d")
        assert shell.ends() == 0
    finally:
        shell.close()
    assert shell.wire.count("code ") == len(commands)
    assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]", shell.wire)
    assert shell.wire.count("A bell rings.") >= 5
