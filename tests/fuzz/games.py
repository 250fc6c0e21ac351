"""Targets that are a game: what the player types, what the model writes, what lies beside it."""

from __future__ import annotations

import io
import os
from collections.abc import Hashable
from functools import cache
from pathlib import Path
from typing import Any

from dungeon import words
from dungeon.engine.base import ModelInfo
from dungeon.engine.scripted import ScriptedEngine
from dungeon.errors import SaveError, SettingsError
from dungeon.plain import PlainGame
from dungeon.session import GameSession
from dungeon.storage import export
from dungeon.storage.recovery import salvage_bytes
from dungeon.storage.story_file import StoryFile
from dungeon.story.action import Action
from dungeon.story.context import Context
from dungeon.story.generation import GenerationSettings
from dungeon.story.scenario import Card, Scenario
from tests.fuzz.files import environment
from tests.fuzz.saves import sound
from tests.fuzz.target import folder, harmless, skeleton, told

SCENARIO = Scenario(
    title="The Gate",
    opening="You stand at the gate. Mira waits there.",
    memory="Mira keeps the key.",
    cards=(Card("Keeper", "He counts waves.", ("keeper",)),),
    generation=GenerationSettings(max_new_tokens=40),
)
MOST_LINES = 8
WINDOW = 192
"""Tokens that the engine sees: small, so that turns leave it and become cards."""


class Bounded(GameSession):
    """A session that looks at each prompt before it goes to the engine."""

    def _context(self, parent: int, action: Action, **how: Any) -> Context:
        context = super()._context(parent, action, **how)
        sent = sum(segment.tokens for segment in context.segments)
        assert sent + context.max_new_tokens <= WINDOW, "the prompt is larger than the window"
        for segment in context.segments:
            harmless(segment.text, "a prompt")
        for card in context.noticed:
            harmless(card.name + card.text, "a card")
        return context


def game(data: bytes) -> Hashable:
    """`PlainGame`: every line of a player and every reply of a model.

    `data` is cut at the byte 0x1e. A piece that begins with 0x1d is what the model writes next;
    any other is what the player types. Whatever they are, the game goes on, all that it says
    is harmless, and the story is the same after a reload.
    """
    pieces = [piece.decode("utf-8", "replace") for piece in data.split(b"\x1e")]
    replies = [piece[1:] for piece in pieces if piece.startswith("\x1d")]
    lines = [piece for piece in pieces if not piece.startswith("\x1d")][:MOST_LINES]
    engine = ScriptedEngine(ModelInfo("scripted", WINDOW), replies)
    session = Bounded.new(SCENARIO, engine, seed=7)
    typed = io.StringIO("".join(line.replace("\n", " ") + "\n" for line in lines))
    story, notices = io.StringIO(), io.StringIO()
    with environment(DUNGEON_WORDS=str(_word_list())):
        PlainGame(session, typed, story, notices).run()
    harmless(story.getvalue(), "the story")
    harmless(notices.getvalue(), "what the game says")
    sound(session.story)
    again = export.from_json(export.to_json(session.story))
    assert list(again.tree) == list(session.story.tree), "a reload changes a turn"
    assert again.tree.head == session.story.tree.head
    for name in ("memory", "authors_note", "cards", "generation", "automatic", "forgotten"):
        assert getattr(again, name) == getattr(session.story, name), f"a reload changes {name}"
    said = frozenset(skeleton(line) for line in notices.getvalue().splitlines())
    return len(session.story.tree), len(session.story.cards), said


@cache
def _word_list() -> Path:
    path = folder() / "words.txt"
    path.write_text("rat\nbad egg\n", encoding="utf-8")
    return path


def word_list(data: bytes) -> Hashable:
    """`words.load`: any list filters any text, or a `SettingsError`.

    The list and the text are cut at the byte 0x1e.
    """
    listed, _, text = data.partition(b"\x1e")
    path = folder() / "listed.txt"
    path.write_bytes(listed)
    with environment(DUNGEON_WORDS=str(path)):
        try:
            found = words.load()
        except SettingsError as error:
            return told(error)
    narrated = text.decode("utf-8", "replace")
    hit, shown = found.find(narrated), found.before(narrated)
    assert hit or shown == narrated, "the filter changes what holds no word of its list"
    assert len(shown) <= len(narrated)
    for word in found.words:
        harmless(word, "a word")
    return len(found.words), bool(hit), bool(shown)


def salvage(data: bytes) -> Hashable:
    """`recovery`: any bytes are nothing, or a story that can be saved, played and written out."""
    found = salvage_bytes(data, "story")
    if found is None:
        return None
    sound(found.story)
    for note in found.notes:
        harmless(note, "a note")
    place = folder() / "recovered"
    try:
        file = StoryFile.create(place, found.story)
    except SaveError as error:
        return told(error)
    try:
        assert list(file.load().tree) == list(found.story.tree), "what is saved is not the same"
    finally:
        file.close()
        os.unlink(file.path)
    return found.turns, found.lost, tuple(skeleton(note) for note in found.notes)
