"""A player that is killed: plays turns into a story file and says which ones are saved.

Run as a program it prints `N HEAD` after each save returned, until something ends it.
"""

from __future__ import annotations

import random
import sys
from pathlib import Path

from dungeon.errors import TurnError
from dungeon.storage.story_file import StoryFile
from dungeon.story.action import Action, Mode
from dungeon.story.scenario import Scenario
from dungeon.story.story import Story, begin
from dungeon.story.tree import Node

SCENARIO = Scenario(title="The Gate", opening="You stand at the gate.")


def new_story() -> Story:
    return begin(SCENARIO, title="Killed", seed=1, created="")


def text_of(node_id: int) -> str:
    """What turn `node_id` says: long enough to need several pages now and then."""
    return f"Turn {node_id}. " + "The bell rings. " * (node_id * 37 % 400)


def step(story: Story, chance: random.Random) -> None:
    """One verb of a player, drawn at random."""
    tree = story.tree
    verb = chance.choice(("turn", "turn", "turn", "retry", "undo", "redo", "go", "memory"))
    try:
        if verb in ("turn", "retry"):
            parent = tree.head.id
            if verb == "retry" and tree.head.parent is not None:
                parent = tree.head.parent
            node_id = tree.next_id
            tree.add(Node(node_id, parent, Action(Mode.DO, f"line {node_id}"), text_of(node_id)))
        elif verb == "undo":
            tree.undo()
        elif verb == "redo":
            tree.redo()
        elif verb == "go":
            tree.go(chance.randrange(1, tree.next_id))
        else:
            story.memory = f"Fact {chance.random()}."
    except TurnError:
        return  # nothing to undo or redo: the player presses another key


def main(directory: Path, seed: int) -> None:
    story = new_story()
    file = StoryFile.create(directory, story)
    chance = random.Random(seed)
    while True:
        print(len(story.tree), story.tree.head.id, flush=True)
        step(story, chance)
        file.save(story)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
