"""Walking about: a picked turn, its tellings, the tree, bookmarks, and words that are found."""

from __future__ import annotations

from pathlib import Path

from dungeon.engine.scripted import ScriptedEngine
from dungeon.session import GameSession
from dungeon.story.marks import Mark
from dungeon.ui.screens.choice import ChoiceScreen
from dungeon.ui.screens.editor import EditorScreen
from dungeon.ui.screens.name import NameScreen
from dungeon.ui.screens.tree import TreeScreen
from dungeon.ui.widgets.find_line import FindInput
from tests.ui.support import playing, shown, take, type_text, until

REPLIES = [
    "The first hall is dark.",
    "The second hall is lit.",
    "The third hall is cold.",
    "A stair leads down.",
    "A bell rings.",
]


def told() -> ScriptedEngine:
    return ScriptedEngine(replies=list(REPLIES))


async def test_a_picked_turn_is_what_the_verbs_are_about(tmp_path: Path) -> None:
    async with playing(tmp_path, told(), size=(80, 30)) as (screen, pilot):
        tree = screen.session.story.tree
        for line in ("go in", "go on", "wait"):
            await take(pilot, line)
        assert screen.check_action("forth", ()) is None
        assert screen.check_action("branch", ()) is None
        await pilot.press("ctrl+pageup", "ctrl+pageup", "ctrl+pageup")
        assert screen.subject.id == 2
        assert "picked turn 1 of 3" in shown(pilot.app)
        assert "▌" in shown(pilot.app)
        # Altered: the words as they were stay beside it, with what followed.
        await pilot.press("ctrl+e")
        await until(pilot, lambda: isinstance(pilot.app.screen, EditorScreen))
        await type_text(pilot, " Or not.")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: pilot.app.screen is screen)
        assert [node.id for node in tree.path()] == [1, 5]
        assert tree.head.text == f"{REPLIES[0]} Or not."
        assert "‹2/2›" in shown(pilot.app)
        # The other telling comes back with all that followed it, and stays picked.
        await pilot.press("ctrl+pageup", "ctrl+up")
        assert [node.id for node in tree.path()] == [1, 2, 3, 4]
        assert screen.subject.id == 2
        await pilot.press("ctrl+down")
        await pilot.press("escape")
        assert screen.transcript.picked is None
        # A click picks, and the story can go on from there.
        screen.session.go(4)
        screen._try(lambda: None)
        line = next(y for y, row in enumerate(shown(pilot.app).split("\n")) if REPLIES[1] in row)
        await pilot.click("#transcript", offset=(20, line))
        assert screen.subject.text == REPLIES[1]
        await pilot.press("ctrl+d")
        assert screen.session.mark(3) == Mark(bookmark=True)
        assert "★" in shown(pilot.app)
        await pilot.press("f13")
        assert pilot.app.clipboard == f"> You go on.\n\n{REPLIES[1]}"
        await pilot.press("f16")
        assert tree.head.id == 3
        assert REPLIES[2] not in shown(pilot.app)
        await pilot.press("ctrl+pageup", "ctrl+r")
        await until(pilot, lambda: len(tree) == 6 and screen.phase == "idle")
        assert (tree.head.parent, tree.head.text) == (2, REPLIES[3])
        # What is typed is about where the story stands: the next retry is of that turn.
        await pilot.press("ctrl+pageup", "ctrl+pageup")
        assert screen.transcript.picked is not None
        await take(pilot, "go up")
        assert screen.transcript.picked is None
        assert screen.subject is tree.head


async def test_a_turn_is_altered_above_the_line(tmp_path: Path) -> None:
    async with playing(tmp_path, told()) as (screen, pilot):
        for line in ("go in", "go on", "wait", "sit", "stand"):
            await take(pilot, line)
        await pilot.press("ctrl+e")
        await until(pilot, lambda: isinstance(pilot.app.screen, EditorScreen))
        assert pilot.app.screen.query_one("#in-place").region.bottom <= screen.line.region.y


async def test_words_are_found_in_the_story(tmp_path: Path) -> None:
    async with playing(tmp_path, told()) as (screen, pilot):
        for line in ("go in", "go on", "wait"):
            await take(pilot, line)
        await pilot.press("ctrl+f")
        assert isinstance(screen.focused, FindInput)
        await type_text(pilot, "HALL")
        await until(pilot, lambda: "turn 3 of 3" in shown(pilot.app))
        assert screen.subject.text == REPLIES[2]
        await pilot.press("enter")
        await until(pilot, lambda: "turn 2 of 3" in shown(pilot.app))
        await pilot.press("up", "up")
        assert screen.subject.text == REPLIES[2]
        await pilot.press("backspace", "x")
        await until(pilot, lambda: "nowhere" in shown(pilot.app))
        await pilot.press("escape")
        assert screen.focused is screen.line
        assert screen.transcript.picked is not None
        await pilot.press("escape")
        assert screen.transcript.picked is None


async def test_the_tree_is_walked_marked_and_pruned(tmp_path: Path) -> None:
    async with playing(tmp_path, told(), size=(100, 30)) as (screen, pilot):
        await take(pilot, "go in")
        await take(pilot, "go on")
        await pilot.press("ctrl+r")
        await until(pilot, lambda: len(screen.session.story.tree) == 4)
        await until(pilot, lambda: screen.phase == "idle")
        await pilot.press("ctrl+b")
        await until(pilot, lambda: isinstance(pilot.app.screen, TreeScreen))
        tree_screen = pilot.app.screen
        assert isinstance(tree_screen, TreeScreen)
        text = shown(pilot.app)
        assert "The tree  4 turns" in text
        assert "├─○ 1/2 > You go on. The second hall is lit." in text
        assert "▸ ● 2/2 > You go on. The third hall is cold." in text
        assert "where the story stands" in text
        # A branch is named and bookmarked.
        await pilot.press("up", "n")
        await until(pilot, lambda: isinstance(pilot.app.screen, NameScreen))
        await type_text(pilot, "Light")
        await pilot.press("enter")
        await until(pilot, lambda: pilot.app.screen is tree_screen)
        await pilot.press("b")
        await until(pilot, lambda: "├─○ ★ Light: 1/2" in shown(pilot.app))
        # Only what is marked, and the ends; then a search.
        await pilot.press("m")
        await until(pilot, lambda: "2 of 4 turns" in shown(pilot.app))
        await pilot.press("m", "slash")
        await type_text(pilot, "first")
        await until(pilot, lambda: "1 of 4 turns" in shown(pilot.app))
        await pilot.press("escape")
        await until(pilot, lambda: "The tree  4 turns" in shown(pilot.app))
        await pilot.press("end", "left")
        assert tree_screen.node is not None
        assert tree_screen.node.id == 2
        # The opening stays; a branch goes only after a question.
        await pilot.press("home")
        assert tree_screen.check_action("forget", ()) is None
        await pilot.press("end", "f")
        await until(pilot, lambda: isinstance(pilot.app.screen, ChoiceScreen))
        assert "cannot be brought back" in shown(pilot.app)
        await pilot.press("enter")
        await until(pilot, lambda: pilot.app.screen is tree_screen)
        assert len(screen.session.story.tree) == 4
        await pilot.press("f")
        await until(pilot, lambda: isinstance(pilot.app.screen, ChoiceScreen))
        await pilot.press("right", "enter")
        await until(pilot, lambda: pilot.app.screen is tree_screen)
        assert [node.id for node in screen.session.story.tree] == [1, 2, 3]
        assert screen.session.story.tree.head.id == 2
        await pilot.press("down", "enter")
        await until(pilot, lambda: pilot.app.screen is screen)
        assert screen.session.story.tree.head.text == REPLIES[1]
        assert "★ Light" in shown(pilot.app)
        path = screen.session.file.path  # type: ignore[union-attr]
    again = GameSession.resume(path, ScriptedEngine())
    assert again.story.marks == {3: Mark("Light", bookmark=True)}
    assert again.story.tree.head.id == 3
    again.close()
