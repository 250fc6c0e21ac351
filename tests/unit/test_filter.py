"""The word filter: whole words only, a bounded number of tries, the player's words untouched."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dungeon import settings, words
from dungeon.engine.base import CancelToken
from dungeon.engine.scripted import ScriptedEngine
from dungeon.errors import EngineError, SettingsError
from dungeon.plain import PlainGame
from dungeon.session import MAX_ATTEMPTS, GameSession, narrate
from dungeon.story.action import parse
from dungeon.story.filter import WordFilter, read_words
from dungeon.story.scenario import Scenario, within

GATE = Scenario(title="The Gate", opening="You stand at the gate.", rating="teen")
LIST = ["ass", "cunt", "old", "dark lord", "bitch", "crap"]
HIT, CLEAN = "The guard is an ass and laughs.", "The guard bows and opens the gate."


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "my" / "words.txt"
    monkeypatch.setenv("DUNGEON_WORDS", str(path))
    return path


@pytest.mark.parametrize(
    "text",
    [
        "The train stops at Scunthorpe.",
        "An assassin passes the embassy with class.",
        "Your 8-year-old laptop hums.",
        "The dark lordling, a scrapheap, an old-fashioned hold.",
        "darklord",
        "",
    ],
)
def test_accept_35_whole_words_only(text: str) -> None:
    assert WordFilter(LIST).find(text) == ""
    assert WordFilter(LIST).before(text) == text


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("An ASS.", "ASS"),
        ('"Ass!" he says', "Ass"),
        ("He is an ass—no more", "ass"),
        ("ass", "ass"),
        ("the bitch's son", "bitch"),
        ("‘crap’", "crap"),
        ("The Dark\nLord comes", "Dark Lord"),
        ("that crap-", "crap"),
    ],
)
def test_accept_35_a_word_is_found_however_it_is_written(text: str, word: str) -> None:
    assert WordFilter(LIST).find(text) == word


def test_a_script_without_blanks_matches_anywhere() -> None:
    assert WordFilter(["門"]).find("その門の前") == "門"


@given(st.lists(st.text(max_size=12), max_size=8), st.text(max_size=60))
def test_any_list_and_any_text(listed: list[str], text: str) -> None:
    filter = WordFilter(listed)
    assert (filter.find(text) == "") == (filter.before(text) == text)
    for word in filter.words:
        assert filter.find(word)


def game(replies: list[str], on: bool = True) -> GameSession:
    session = GameSession.new(GATE, ScriptedEngine(replies=replies), seed=1)
    session.word_filter = WordFilter(LIST) if on else None
    return session


def test_accept_35_off_by_default() -> None:
    assert settings.Settings.model_fields["word_filter"].default is False
    session = GameSession.new(GATE, ScriptedEngine(replies=[HIT]), seed=1)
    turn = session.begin_turn(parse("look"))
    assert narrate(session.engine, turn, CancelToken()).text == HIT


def test_accept_35_a_hit_is_told_again() -> None:
    session = game([HIT, HIT, CLEAN])
    turn = session.begin_turn(parse("look"))
    drafts: list[str] = []
    narration = narrate(session.engine, turn, CancelToken(), drafts.append)
    assert narration.text == CLEAN
    assert session.commit(turn, narration).text == CLEAN
    # The word is not even seen in passing.
    assert not any(WordFilter(LIST).find(draft) for draft in drafts)
    assert "The guard is an" in drafts


def test_accept_35_the_tries_are_bounded_and_then_it_says_so() -> None:
    calls = 0

    class Rude(ScriptedEngine):
        def generate(self, *args: object, **options: object):  # type: ignore[no-untyped-def]
            nonlocal calls
            calls += 1
            self._replies.append(HIT)
            return super().generate(*args, **options)  # type: ignore[arg-type]

    session = game([])
    session.engine = Rude()
    turn = session.begin_turn(parse("look"))
    with pytest.raises(EngineError, match="word filter") as caught:
        narrate(session.engine, turn, CancelToken())
    assert calls == MAX_ATTEMPTS
    assert "your line is back" in caught.value.hint
    assert session.abort(turn) == "look"
    assert len(session.story.tree) == 1


def test_accept_35_of_several_candidates_a_clean_one_is_told() -> None:
    session = game([HIT, HIT, CLEAN, HIT])
    session.set_generation(session.story.generation.__class__(candidates=4))
    turn = session.begin_turn(parse("look"))
    assert narrate(session.engine, turn, CancelToken()).text == CLEAN


def test_accept_35_a_stopped_turn_with_a_hit_keeps_nothing() -> None:
    session = game(["The guard is an ass. He laughs. And then he goes on and on."])
    turn = session.begin_turn(parse("look"))
    token = CancelToken()

    def stop(draft: str) -> None:
        token.cancel()

    assert narrate(session.engine, turn, token, stop).text == ""


def test_accept_35_the_players_own_words_stay(file: Path) -> None:
    session = game([CLEAN, CLEAN])
    turn = session.begin_turn(parse("call the ass a dark lord"))
    session.commit(turn, narrate(session.engine, turn, CancelToken()))
    session.alter("The ass laughs.")
    head = session.story.tree.head
    assert head.text == "The ass laughs."
    assert head.action is not None
    assert head.action.text == "call the ass a dark lord"
    assert "dark lord" in session.context().prompt.lower()


# -- the list ----------------------------------------------------------------------------------


def test_accept_35_the_list_is_a_file_that_the_player_can_change(file: Path) -> None:
    first = words.load()
    assert file.is_file()
    assert len(first.words) > 20
    assert first.find("Scunthorpe, assassin, 8-year-old laptop") == ""
    assert str(file) in words.state(first)
    assert str(file) in words.state(None)
    file.write_text("# mine\nGate\n\n  dark   lord # a title\n", encoding="utf-8")
    assert words.load().words == ("gate", "dark lord")


def test_a_comment_and_a_blank_line_are_no_words() -> None:
    assert read_words("a\n\n# b\nc # d\r\n") == ["a", "c"]


@pytest.mark.parametrize("content", [b"\xff\xfe", b"x\n" * 200_000])
def test_a_list_that_cannot_be_read_is_told(file: Path, content: bytes) -> None:
    file.parent.mkdir()
    file.write_bytes(content)
    with pytest.raises(SettingsError, match=r"words\.txt"):
        words.load()


def test_a_list_that_is_no_file_is_told(file: Path) -> None:
    file.mkdir(parents=True)
    with pytest.raises(SettingsError):
        words.load()


def test_accept_35_the_plain_game_switches_it(file: Path) -> None:
    file.parent.mkdir()
    file.write_text("ass\n")
    out, notices = io.StringIO(), io.StringIO()
    lines = io.StringIO("/filter\nlook\n/filter\nwait\n")
    session = GameSession.new(GATE, ScriptedEngine(replies=[HIT, CLEAN, HIT]), seed=1)
    PlainGame(session, lines, out, notices).run()
    assert notices.getvalue().count("word filter is on: 1 entry") == 1
    assert notices.getvalue().count("word filter is off") == 1
    assert out.getvalue().index(CLEAN) < out.getvalue().index(HIT)


# -- ratings -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("highest", "seen"), [(None, True), ("mature", True), ("teen", True), ("everyone", False)]
)
def test_accept_35_ratings_limit_what_is_listed(highest: str | None, seen: bool) -> None:
    assert within(GATE, highest) is seen
    assert within(None, highest)
