"""The game without a screen: a turn, its failures, the verbs, and what the file holds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from dungeon.engine.base import CancelToken, ModelInfo
from dungeon.engine.scripted import ScriptedEngine
from dungeon.errors import EngineError, SaveError, SaveLockedError, TurnError
from dungeon.session import MAX_ATTEMPTS, GameSession, Turn, narrate
from dungeon.storage import export
from dungeon.story.action import Action, Mode, parse
from dungeon.story.marks import Mark
from dungeon.story.scenario import Card, Question, Scenario
from dungeon.story.tree import Node

SCENARIO = Scenario(
    title="The Gate of {name}",
    opening="You are {name}. You stand at the gate.",
    memory="{name} has a key.",
    questions=(Question("name", "Who are you?", "Ansel"),),
)


def new(saves: Path | None = None, **engine: object) -> GameSession:
    return GameSession.new(SCENARIO, ScriptedEngine(**engine), saves=saves, seed=7)  # type: ignore[arg-type]


def take(session: GameSession, line: str = "look around", mode: Mode = Mode.DO) -> Node:
    turn = session.begin_turn(parse(line, mode))
    return session.commit(turn, narrate(session.engine, turn, CancelToken()))


def retry(session: GameSession) -> Node:
    turn = session.begin_retry()
    return session.commit(turn, narrate(session.engine, turn, CancelToken()))


def test_questions_are_answered_before_the_story_begins(tmp_path: Path) -> None:
    session = GameSession.new(
        SCENARIO, ScriptedEngine(), answers={"name": "Ida {name}"}, saves=tmp_path
    )
    assert session.story.tree.head.text == "You are Ida {name}. You stand at the gate."
    assert session.story.title == "The Gate of Ida {name}"
    session.close()


def test_a_turn_is_kept_with_all_that_made_it(tmp_path: Path) -> None:
    session = new(tmp_path)
    node = take(session)
    assert session.saved
    assert node.parent == 1
    assert node.action == Action(Mode.DO, "look around")
    assert node.text
    assert node.raw.strip().startswith(node.text[:20])
    assert (node.model, node.seed) == ("scripted", session.story.turn_seed(2))
    session.close()
    again = GameSession.resume(session_path(tmp_path), ScriptedEngine())
    assert again.story.tree.path() == session.story.tree.path()
    assert again.story == session.story or again.story.tree.head == node
    again.close()


def session_path(directory: Path) -> Path:
    (path,) = directory.glob("*.dungeon")
    return path


def test_the_same_seed_tells_the_same_story_and_another_does_not() -> None:
    def story(seed: int) -> list[str]:
        session = GameSession.new(SCENARIO, ScriptedEngine(), seed=seed)
        for line in ("look", "", "open the gate"):
            take(session, line)
        retry(session)
        return [node.text for node in session.story.tree]

    assert story(1) == story(1)
    assert story(1) != story(2)


def test_a_retry_is_a_sibling_with_another_seed() -> None:
    session = new()
    first = take(session)
    second = retry(session)
    assert second.parent == first.parent
    assert second.action == first.action
    assert second.seed != first.seed
    assert [n.id for n in session.story.tree.siblings(second.id)] == [first.id, second.id]


def test_undo_and_redo_survive_a_reload(tmp_path: Path) -> None:
    session = new(tmp_path)
    first = take(session)
    second = retry(session)
    session.undo()
    session.close()
    again = GameSession.resume(session_path(tmp_path), ScriptedEngine())
    assert again.story.tree.head.id == 1
    assert again.redo() == second
    assert first in again.story.tree.siblings(second.id)
    again.close()


def test_altering_keeps_what_was_there() -> None:
    session = new()
    old = take(session)
    altered = session.alter("You find a door.\n> Not a command.")
    assert altered.text == "You find a door.\nNot a command."
    assert (altered.origin, altered.action, altered.parent) == ("altered", old.action, old.parent)
    assert old in session.story.tree.siblings(altered.id)
    assert "You find a door." in session.context().prompt


def test_accept_11_all_verbs_then_reload_is_the_same_story(tmp_path: Path) -> None:
    session = new(tmp_path)
    for line in ("look", "open the gate", "say nothing"):
        take(session, line)
    retry(session)
    session.undo()
    session.alter("You think better of it.")
    take(session, "", Mode.CONTINUE)
    session.go(2)
    take(session, "Night falls.", Mode.STORY)
    session.undo()
    # No close(): as after kill -9, only what was committed counts.
    copy = GameSession.resume(session_path(tmp_path), ScriptedEngine(), read_only=True)
    assert list(copy.story.tree) == list(session.story.tree)
    assert copy.story.tree.path() == session.story.tree.path()
    assert copy.story.tree.chosen == session.story.tree.chosen
    copy.close()
    session.close()


def test_memory_and_note_enter_the_context() -> None:
    session = new()
    take(session)
    session.remember("The gatekeeper\nowes you money.")
    session.set_authors_note("Slow and strange.")
    prompt = session.context().prompt
    assert "Ansel has a key.\nThe gatekeeper owes you money." in prompt
    assert "[Author's note: Slow and strange.]" in prompt


@pytest.mark.parametrize("verb", [GameSession.undo, GameSession.redo, GameSession.begin_retry])
def test_impossible_verbs_say_so(verb: Callable[[GameSession], object]) -> None:
    with pytest.raises(TurnError):
        verb(new())


@pytest.mark.parametrize(
    "card", [Card(" ", "Pell limps."), Card("Pell", " \n"), Card("the LAW", "No salt.")]
)
def test_a_card_without_a_name_of_its_own_or_a_text_is_refused(card: Card) -> None:
    session = new()
    law, sea = Card("The law", "Salt is money."), Card("Sea", "Far.", ("sea",))
    session.set_cards((law, sea))
    for old in (None, sea):
        with pytest.raises(TurnError):
            session.put_card(old, card)
    assert session.story.cards == (law, sea)


def test_one_turn_at_a_time() -> None:
    session = new()
    turn = session.begin_turn(parse("look"))
    for verb in (session.undo, session.redo, session.begin_retry, lambda: session.alter("x")):
        with pytest.raises(TurnError):
            verb()
    assert session.abort(turn) == "look"
    with pytest.raises(TurnError, match="over already"):
        session.abort(turn)
    take(session)


def test_a_late_answer_to_an_aborted_turn_is_refused() -> None:
    session = new()
    old = session.begin_turn(parse("look"))
    late = narrate(session.engine, old, CancelToken())
    session.abort(old)
    session.begin_turn(parse("listen"))
    with pytest.raises(TurnError):
        session.commit(old, late)
    assert len(session.story.tree) == 1


def test_the_opening_cannot_be_altered_nor_a_turn_emptied() -> None:
    session = new()
    with pytest.raises(TurnError, match="opening"):
        session.alter("x")
    take(session)
    with pytest.raises(TurnError, match="empty"):
        session.alter(" \n ")


ODD = ["", "   \n\n", "\ufffd\ufffd", '"', "> > >", "\x1b[2J", "<|endoftext|>", "…"]


@pytest.mark.parametrize("reply", ODD)
def test_accept_13_odd_output_is_tried_again_a_bounded_number_of_times(reply: str) -> None:
    session = new(replies=[reply] * 50)
    turn = session.begin_turn(parse("look"))
    with pytest.raises(EngineError, match="no words"):
        narrate(session.engine, turn, CancelToken())
    assert session.abort(turn) == "look"
    assert len(session.story.tree) == 1
    # Exactly the bound was used up: the queue still has the rest.
    assert len(session.engine._replies) == 50 - MAX_ATTEMPTS  # type: ignore[attr-defined]


def test_accept_13_one_phrase_for_ever_is_told_once() -> None:
    session = new(replies=["The old bell rings out loud. " * 20])
    assert take(session).text == "The old bell rings out loud."
    session.engine = ScriptedEngine(replies=["The old bell rings out loud. " * 20])
    assert "old bell" not in take(session).text


def test_accept_13_an_odd_first_answer_costs_nothing_but_time() -> None:
    drafts: list[str] = []
    session = new(replies=["", '"', "You see a door. It is"])
    turn = session.begin_turn(parse("look"))
    told = narrate(session.engine, turn, CancelToken(), drafts.append)
    assert told.text == "You see a door."
    assert told.seed == turn.seed + 2


def test_the_opener_is_part_of_the_story_but_never_all_of_it() -> None:
    info = ModelInfo("small", 1024, opener=True)
    replies = [" see a door. It", "r hand is cold.", "You wait.", "", " \n"]
    session = GameSession.new(SCENARIO, ScriptedEngine(info, replies), seed=1)
    drafts: list[str] = []
    turn = session.begin_turn(parse("look"))
    told = narrate(session.engine, turn, CancelToken(), drafts.append)
    assert told.text == "You see a door."
    assert told.raw == "You see a door. It"
    assert all(text.startswith("You") for text in drafts)
    session.commit(turn, told)
    assert take(session).text == "Your hand is cold."
    assert take(session).text == "You wait."
    assert take(session).text not in ("You.", "You")


@pytest.mark.parametrize("n_positions", [1024, 128])
def test_accept_12_a_cancelled_turn_keeps_whole_sentences_or_nothing(n_positions: int) -> None:
    info = ModelInfo("small", n_positions)
    reply = "You see a door. It is green. Behind"
    session = GameSession.new(SCENARIO, ScriptedEngine(info, [reply, reply]), seed=1)

    def cancel_after(marker: str) -> tuple[Turn, str]:
        turn = session.begin_turn(parse("look"))
        cancel = CancelToken()

        def watch(text: str) -> None:
            if marker in text:
                cancel.cancel()

        return turn, narrate(session.engine, turn, cancel, watch).text

    turn, text = cancel_after("It is")
    assert text == "You see a door."
    session.commit(turn, narrate_text(text))
    turn = session.begin_turn(parse("look"))
    cancel = CancelToken()
    cancel.cancel()
    told = narrate(session.engine, turn, cancel)
    assert (told.text, told.stop) == ("", "cancelled")
    with pytest.raises(TurnError, match="Nothing was told"):
        session.commit(turn, told)
    assert session.turn is None
    assert len(session.story.tree) == 2


def narrate_text(text: str) -> object:
    from dungeon.session import Narration

    return Narration(text, text, "cancelled", 1)


def test_an_engine_that_fails_loses_nothing(tmp_path: Path) -> None:
    session = new(tmp_path, replies=[EngineError("It broke."), "You see a door."])
    turn = session.begin_turn(parse("look"))
    with pytest.raises(EngineError):
        narrate(session.engine, turn, CancelToken())
    session.abort(turn)
    assert take(session).text == "You see a door."
    session.close()


def test_accept_10_the_same_title_twice_is_two_stories(tmp_path: Path) -> None:
    first, second = new(tmp_path), new(tmp_path)
    take(first)
    assert len(list(tmp_path.glob("*.dungeon"))) == 2
    assert len(second.story.tree) == 1
    first.close()
    second.close()


def test_a_story_that_is_open_elsewhere_can_only_be_read(tmp_path: Path) -> None:
    session = new(tmp_path)
    path = session_path(tmp_path)
    with pytest.raises(SaveLockedError):
        GameSession.resume(path, ScriptedEngine())
    reader = GameSession.resume(path, ScriptedEngine(), read_only=True)
    take(reader)
    assert not reader.saved
    reader.close()
    session.close()


def test_a_save_that_fails_is_told_and_made_good(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = new(tmp_path)
    assert session.file is not None
    with monkeypatch.context() as patch:

        def full(story: object) -> None:
            raise SaveError("The disk is full.")

        patch.setattr(session.file, "save", full)
        take(session)
        take(session, "listen")
        assert not session.saved
        assert session.save_error is not None
    take(session, "wait")
    assert session.saved
    assert session.save_error is None
    copy = GameSession.resume(session_path(tmp_path), ScriptedEngine(), read_only=True)
    assert list(copy.story.tree) == list(session.story.tree)
    session.close()


def test_another_model_counts_anew() -> None:
    session = new()
    for index in range(30):
        take(session, f"look at thing {index}")
    wide = session.context()
    session.engine = ScriptedEngine(ModelInfo("small", 128))
    assert session.context().tokens < 128 < wide.tokens


def test_any_turn_is_told_again_or_gone_back_to_with_what_followed() -> None:
    session = new()
    first, second = take(session, "go in"), take(session, "go on")
    turn = session.begin_retry(first.id)
    other = session.commit(turn, narrate(session.engine, turn, CancelToken()))
    assert (other.parent, other.action) == (1, first.action)
    assert session.alternative(-1) == first.id
    assert session.alternative(1) is None
    last = take(session)
    assert session.alternative(-1, other.id) == second.id
    session.go(second.id)
    assert session.alternative(1, first.id) == last.id


def test_what_is_forgotten_is_gone_for_good_and_its_seed_with_it(tmp_path: Path) -> None:
    session = new(tmp_path)
    first = take(session, "go in")
    second = take(session, "go on")
    session.name_branch(first.id, "  The  ferry\n")
    session.set_bookmark(second.id, True)
    assert session.mark(first.id) == Mark("The ferry")
    assert session.forget(second.id) == 1
    assert session.story.tree.head == first
    with pytest.raises(TurnError, match="opening"):
        session.forget(1)
    turn = session.begin_turn(parse("go on"))
    assert turn.seed != second.seed
    with pytest.raises(TurnError):
        session.forget(first.id)
    session.abort(turn)
    session.close()
    again = GameSession.resume(session_path(tmp_path), ScriptedEngine())
    assert again.story.marks == {first.id: Mark("The ferry")}
    assert [node.id for node in again.story.tree] == [1, first.id]
    assert again.begin_turn(parse("go on")).seed == turn.seed
    told = export.from_json(export.to_json(again.story))
    assert told.marks == again.story.marks
    again.name_branch(first.id, "")
    assert again.story.marks == {}
    again.close()
