"""Plays a file of lines; `python -m tests.transcripts.play` rebuilds the expected stories."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

from dungeon.engine.scripted import ScriptedEngine
from dungeon.plain import PlainGame
from dungeon.session import GameSession
from dungeon.storage.export import to_json
from dungeon.story.scenario import Card, Question, Scenario

HERE = Path(__file__).parent
FILES = sorted(HERE.glob("*.lines"))

SCENARIO = Scenario(
    title="The Gate of {name}",
    opening="You are {name}. You stand at the gate, and the keeper does not look up.",
    memory="{name} has a key that fits no door.",
    authors_note="Quiet and strange.",
    questions=(Question("name", "Who are you?", "Ansel"),),
    cards=(Card("The keeper", "The keeper has counted every wave since the war.", ("keeper",)),),
)


def new(saves: Path) -> GameSession:
    return GameSession.new(SCENARIO, ScriptedEngine(), saves=saves, seed=11)


def feed(session: GameSession, lines: list[str]) -> str:
    story = io.StringIO()
    text = io.StringIO("".join(line + "\n" for line in lines))
    PlainGame(session, text, story, io.StringIO()).run()
    return story.getvalue()


def tree(session: GameSession) -> dict[str, Any]:
    """The story as exported, without the times of day."""
    data: dict[str, Any] = json.loads(to_json(session.story))
    for node in data["nodes"]:
        del node["created"]
    return data


def rebuild() -> None:
    import tempfile

    for path in FILES:
        with tempfile.TemporaryDirectory() as saves:
            session = new(Path(saves))
            story = feed(session, path.read_text(encoding="utf-8").splitlines())
            path.with_suffix(".story").write_text(story, encoding="utf-8")
            session.close()


if __name__ == "__main__":
    rebuild()
