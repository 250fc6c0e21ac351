"""A game played at random beside a plain model of it, with crashes and a second process.

DUNGEON_STATEFUL_EXAMPLES sets how many games are played (12 by default).
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from dungeon.engine.base import CancelToken
from dungeon.engine.scripted import ScriptedEngine
from dungeon.errors import EngineError, TurnError
from dungeon.session import GameSession, Turn, narrate
from dungeon.storage import export, library
from dungeon.story.action import Action, Mode, parse
from dungeon.story.scenario import Card, Scenario
from tests.faults.kill import state_of
from tests.faults.witness import Witness

EXAMPLES = int(os.environ.get("DUNGEON_STATEFUL_EXAMPLES", "12"))

SCENARIO = Scenario(title="The Gate", opening="You stand at the gate.", memory="Old.")
Lines = st.sampled_from(
    ["look around", "I open my door", '"Hello"', "[/b] {name}", "門を開ける", ""]
)


class Plain:
    """A story as a child would keep it: who came from whom, where we are, where we came from."""

    def __init__(self) -> None:
        self.parent: dict[int, int | None] = {1: None}
        self.text: dict[int, str] = {1: SCENARIO.opening}
        self.action: dict[int, Action | None] = {1: None}
        self.at = self.newest = 1
        self.last: dict[int, int] = {}
        self.beside: dict[str, Any] = {
            "memory": "Old.", "authors_note": "", "title": "The Gate", "cards": (),
        }  # fmt: skip

    def go(self, to: int) -> None:
        self.at = to
        child = to
        while (above := self.parent[child]) is not None:
            self.last[above] = child
            child = above

    def add(self, parent: int, text: str, action: Action | None) -> None:
        self.newest += 1
        new = self.newest
        self.parent[new], self.text[new], self.action[new] = parent, text, action
        self.go(new)

    def forget(self, what: int) -> None:
        gone = [what]
        for node in gone:
            gone += self.children(node)
        if self.at in gone:
            self.at = self.parent[what] or 1
        for node in gone:
            del self.parent[node], self.text[node], self.action[node]
        self.last = {up: down for up, down in self.last.items() if down not in gone}

    def children(self, of: int) -> list[int]:
        return [node for node, parent in self.parent.items() if parent == of]


class Game(RuleBasedStateMachine):
    """Rules are what a player does and what happens to players."""

    witness: Witness

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="dungeon-stateful-"))
        self.saves = self.folder / "0"
        self.engine = ScriptedEngine()
        self.session = GameSession.new(SCENARIO, self.engine, saves=self.saves, seed=7)
        self.plain = Plain()
        self.unsaved = False

    def teardown(self) -> None:
        if hasattr(self, "session"):
            self.session.close()
            shutil.rmtree(self.folder)

    @property
    def path(self) -> Path:
        assert self.session.file is not None
        return self.session.file.path

    def _tell(self, turn: Turn) -> None:
        told = narrate(self.engine, turn, CancelToken())
        node = self.session.commit(turn, told)
        assert node.text == told.text != ""
        self.plain.add(turn.parent, told.text, turn.action)

    # -- what a player does ------------------------------------------------------------------

    @rule(line=Lines, mode=st.sampled_from([Mode.DO, Mode.SAY, Mode.STORY]))
    def act(self, line: str, mode: Mode) -> None:
        turn = self.session.begin_turn(parse(line, mode))
        assert turn.parent == self.plain.at
        with pytest.raises(TurnError):
            self.session.undo()
        self._tell(turn)

    @rule(line=Lines)
    def give_up(self, line: str) -> None:
        self.engine = self.session.engine = ScriptedEngine(replies=[EngineError("It broke.")])
        turn = self.session.begin_turn(parse(line))
        with pytest.raises(EngineError):
            narrate(self.engine, turn, CancelToken())
        assert self.session.abort(turn) == turn.action.text

    @rule()
    def retry(self) -> None:
        parent = self.plain.parent[self.plain.at]
        if parent is None:
            with pytest.raises(TurnError):
                self.session.begin_retry()
            return
        turn = self.session.begin_retry()
        assert (turn.parent, turn.action) == (parent, self.plain.action[self.plain.at])
        self._tell(turn)

    @rule()
    def undo(self) -> None:
        parent = self.plain.parent[self.plain.at]
        assert self.session.can_undo == (parent is not None)
        if parent is None:
            with pytest.raises(TurnError):
                self.session.undo()
        else:
            self.session.undo()
            self.plain.at = parent

    @rule()
    def redo(self) -> None:
        children = self.plain.children(self.plain.at)
        assert self.session.can_redo == bool(children)
        if not children:
            with pytest.raises(TurnError):
                self.session.redo()
        else:
            self.session.redo()
            self.plain.at = self.plain.last.get(self.plain.at, max(children))

    @rule(pick=st.integers(0, 1000))
    def branch(self, pick: int) -> None:
        to = sorted(self.plain.parent)[pick % len(self.plain.parent)]
        self.session.go(to)
        self.plain.go(to)

    @rule(pick=st.integers(0, 1000))
    def there_and_back(self, pick: int) -> None:
        to = sorted(self.plain.parent)[pick % len(self.plain.parent)]
        self.session.go(to)
        if self.session.can_undo:
            self.session.undo()
            assert self.session.redo().id == to
        self.plain.go(to)

    @rule(pick=st.integers(0, 1000), times=st.integers(1, 99))
    def alter(self, pick: int, times: int) -> None:
        node = sorted(self.plain.parent)[pick % len(self.plain.parent)]
        text = f"You count to {times}."
        parent = self.plain.parent[node]
        if parent is None:
            with pytest.raises(TurnError):
                self.session.alter(text, node)
        else:
            self.session.alter(text, node)
            self.plain.add(parent, text, self.plain.action[node])

    @rule(pick=st.integers(0, 1000))
    def forget(self, pick: int) -> None:
        node = sorted(self.plain.parent)[pick % len(self.plain.parent)]
        if self.plain.parent[node] is None:
            with pytest.raises(TurnError):
                self.session.forget(node)
        else:
            self.session.forget(node)
            self.plain.forget(node)

    @rule(pick=st.integers(0, 1000), name=st.sampled_from(["", "The ferry", "門 [/b]"]))
    def mark(self, pick: int, name: str) -> None:
        node = sorted(self.plain.parent)[pick % len(self.plain.parent)]
        self.session.name_branch(node, name)
        self.session.set_bookmark(node, not self.session.mark(node).bookmark)

    @rule(words=st.sampled_from(["", "A key.", "門 [/b]", "One. " * 900]))
    def words(self, words: str) -> None:
        self.session.set_memory(words)
        self.session.set_authors_note(words)
        self.plain.beside["memory"] = self.plain.beside["authors_note"] = words.strip()

    @rule(number=st.integers(0, 30))
    def world(self, number: int) -> None:
        cards = tuple(Card(f"Card {n}", "Old. " * n, ("key",)) for n in range(number))
        self.session.set_cards(cards)
        self.session.set_title(f"Gate {number}")
        self.plain.beside.update(cards=cards, title=f"Gate {number}")

    # -- what happens ------------------------------------------------------------------------

    @precondition(lambda self: not self.unsaved)
    @rule()
    def leave_and_come_back(self) -> None:
        path = self.path
        self.session.close()
        assert self.witness.ask("open", path) == state_of(self.session.story)
        self.engine = ScriptedEngine()
        self.session = GameSession.resume(path, self.engine)

    @precondition(lambda self: not self.unsaved)
    @rule()
    def crash(self) -> None:
        """What lies on the disk now is all there is: nothing is closed, nothing flushed."""
        after = self.folder / str(int(self.saves.name) + 1)
        shutil.copytree(self.saves, after)
        path = after / self.path.name
        abandoned = self.session
        self.engine = ScriptedEngine()
        self.session = GameSession.resume(path, self.engine)
        self.saves = after
        assert abandoned.file is not None
        abandoned.file.close()

    @precondition(lambda self: not self.unsaved)
    @rule()
    def second_process(self) -> None:
        assert self.witness.ask("open", self.path) == "locked"
        assert self.witness.ask("read", self.path) == state_of(self.session.story)

    @rule()
    def disk_gone_or_back(self) -> None:
        aside = self.saves.with_name(f"{self.saves.name}-aside")
        if self.unsaved:
            aside.rename(self.saves)
            assert self.session.save()
        else:
            self.saves.rename(aside)
            assert self.session.save() is False
        self.unsaved = not self.unsaved

    @precondition(lambda self: not self.unsaved)
    @rule()
    def export_and_import(self) -> None:
        again = export.from_json(export.to_json(self.session.story))
        assert list(again.tree) == list(self.session.story.tree)
        assert again.tree.head == self.session.story.tree.head
        assert again.marks == self.session.story.marks

    # -- what must hold ----------------------------------------------------------------------

    @invariant()
    def as_the_model_says(self) -> None:
        if not hasattr(self, "plain"):
            return
        plain, story = self.plain, self.session.story
        assert story.tree.head.id == plain.at
        assert {node.id: node.parent for node in story.tree} == plain.parent
        assert {node.id: node.text for node in story.tree} == plain.text
        assert {node.id: node.action for node in story.tree} == plain.action
        assert dict(story.tree.chosen) == plain.last
        for name, value in plain.beside.items():
            assert getattr(story, name) == value, name

    @invariant()
    def the_file_holds_it(self) -> None:
        if not hasattr(self, "plain"):
            return
        assert self.session.saved is not self.unsaved
        if self.unsaved:
            assert self.session.save_error is not None
            return
        again = GameSession.resume(self.path, self.engine, read_only=True)
        assert state_of(again.story) == state_of(self.session.story)
        again.close()
        (entry,) = library.list_saves(self.saves)
        assert isinstance(entry, library.SaveSummary)
        depth, at = 0, self.plain.at
        while (above := self.plain.parent[at]) is not None:
            depth, at = depth + 1, above
        assert (entry.turns, entry.title) == (depth, self.plain.beside["title"])


def test_accept_36_11_redo_goes_where_one_was_among_branches() -> None:
    """The one path that twelve random games may not take, step by step."""
    Game.witness = Witness()
    game = Game()
    try:
        game.begin()
        steps = [
            lambda: game.act("look around", Mode.DO),
            lambda: game.act("go in", Mode.DO),
            game.retry,
            lambda: game.branch(2),
            game.undo,
            game.redo,
            lambda: game.there_and_back(3),
            lambda: game.branch(2),
            game.undo,
            game.leave_and_come_back,
            game.redo,
        ]
        for step in steps:
            step()
            game.as_the_model_says()
            game.the_file_holds_it()
    finally:
        game.teardown()
        Game.witness.close()


@pytest.mark.skipif(os.name != "posix", reason="an open file cannot be renamed away")
def test_accept_36_11_whatever_is_done_the_file_and_the_model_agree() -> None:
    Game.witness = Witness()
    try:
        run_state_machine_as_test(
            Game,
            settings=settings(
                max_examples=EXAMPLES,
                stateful_step_count=30,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
    finally:
        Game.witness.close()
