"""`dungeon play FILE --watch`: what the author saves comes into the story on the screen."""

from __future__ import annotations

from pathlib import Path

from dungeon.authoring.reader import read_scenario
from dungeon.ui.screens.play import PlayScreen
from tests.ui.support import playing, take, toasts, until

GATE = """\
dungeon: 1
title: The Gate
questions: [{key: name, ask: Who?, default: Ada}]
opening: You stand at the gate, {name}.
memory: The gate is shut.
authors_note: It rains.
"""


def last(screen: PlayScreen) -> str:
    return toasts(screen.app)[-1]


async def test_what_is_saved_in_the_file_comes_into_the_story(tmp_path: Path) -> None:
    path = tmp_path / "gate.yaml"
    path.write_text(GATE)
    options = {"scenario": path, "read_scenario": read_scenario, "answers": {"name": "Bo"}}
    async with playing(tmp_path, watch=True, **options) as (screen, pilot):
        story = screen.session.story
        await until(pilot, lambda: "Save gate.yaml" in last(screen))
        await take(pilot)
        told = story.tree.head.text

        path.write_text(GATE.replace("is shut", "is open, {name}"))
        await until(pilot, lambda: "From gate.yaml: the memory." in last(screen))
        assert story.memory == "The gate is open, Bo."
        assert screen.session.saved
        assert story.tree.head.text == told

        # A mistake is shown with its caret, and the story stays as it is.
        path.write_text(GATE.replace("It rains.", "Rain: cold: wet"))
        await until(pilot, lambda: "gate.yaml:6:" in last(screen))
        assert "^" in last(screen)
        assert story.authors_note == "It rains."

        # What was changed by hand stays, and that is said.
        screen.session.set_memory("I have a key.")
        path.write_text(GATE.replace("is shut", "is gone"))
        await until(pilot, lambda: "by hand" in last(screen))
        assert "You changed the memory by hand" in last(screen)
        assert story.memory == "I have a key."
        await take(pilot)

        screen.action_watch()
        await until(pilot, lambda: "not watched any more" in last(screen))


async def test_a_story_without_a_file_watches_nothing(tmp_path: Path) -> None:
    async with playing(tmp_path) as (screen, _):
        path = screen.session.file.path if screen.session.file else tmp_path
    async with playing(tmp_path, scenario=None, save=path) as (screen, _):
        assert screen.check_action("watch", ()) is None
