"""The game that keys are timed in: `python -m benchmarks.keys.game FOLDER TURNS [MODEL]`.

Plays a story of so many turns, with the model named or with the scripted engine at 200 tokens a
second, which tells turns of `LENGTH` tokens.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from dungeon.engine.base import Engine
from dungeon.engine.scripted import ScriptedEngine
from dungeon.engine.torch_engine import TorchEngine
from dungeon.storage.story_file import StoryFile
from dungeon.story.action import Action, Mode
from dungeon.story.scenario import Scenario
from dungeon.story.story import begin
from dungeon.story.tree import Node
from dungeon.ui.app import run_app
from dungeon.ui.context import AppContext

TOKENS_PER_SECOND = 200
LENGTH = 240
"""Tokens of a scripted turn: keys are pressed while it is told."""
GATE = Scenario(title="The Gate", opening="You stand at the gate, and the road is long.")
SENTENCE = "The road goes on between low walls, and nobody is on it but a dog and a bell. "


def story_of(folder: Path, turns: int) -> Path:
    """The file of a story of so many turns."""
    story = begin(GATE, title="Keys", seed=7, created="2026-03-01T20:15:00+00:00")
    tree = story.tree
    for turn in range(turns):
        text = f"Mile {turn}. " + SENTENCE * 4
        tree.add(Node(tree.next_id, tree.head.id, Action(Mode.DO, "walk on"), text))
    file = StoryFile.create(folder, story)
    file.close()
    return file.path


def play(folder: Path, turns: int, model: str = "") -> int:
    """Play until it is left; the exit code."""
    overrides: Mapping[str, float] = {}
    make: Callable[[], Engine] = lambda: TorchEngine(model)  # noqa: E731
    if not model:
        replies = [f"Turn {at} begins. " + SENTENCE * 40 for at in range(1000)]
        overrides = {"max_new_tokens": LENGTH}
        make = lambda: ScriptedEngine(  # noqa: E731
            replies=replies, tokens_per_second=TOKENS_PER_SECOND
        )
    return run_app(
        AppContext(
            make_engine=make,
            saves=folder,
            save=story_of(folder, turns),
            overrides=overrides,
            log_file=folder / "dungeon.log",
        )
    )


if __name__ == "__main__":
    sys.exit(play(Path(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:4]))
