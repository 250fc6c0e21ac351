"""Targets that are words: the model's, the player's, and anybody's."""

from __future__ import annotations

import unicodedata
from collections.abc import Hashable

from dungeon.story import action as actions
from dungeon.story import narrative
from dungeon.story.action import MAX_LINE, Mode
from dungeon.text import clean
from tests.fuzz.target import harmless


def _pieces(data: bytes, count: int) -> list[str]:
    """`data` cut into texts at the byte 0x1e; lone surrogates come from bytes that are no UTF-8."""
    parts = data.decode("utf-8", "surrogateescape").split("\x1e", count - 1)
    return parts + [""] * (count - len(parts))


def trim(data: bytes) -> Hashable:
    """`narrative.trim`: total, clean, and settled after a second time."""
    raw, said, player = _pieces(data, 3)
    whole = []
    for complete in (False, True):
        told = narrative.trim(raw, said=[said], player_line=player, complete=complete)
        harmless(told, "a turn")
        assert told == told.strip()
        assert "\n\n\n" not in told
        assert "\ufffd" not in told
        again = narrative.trim(told)
        assert len(again) <= len(told) + 1, "trimming adds to what it trimmed"
        whole.append(told)
    harmless(narrative.draft(raw), "a draft")
    assert "".join(narrative.sentences(raw)) == raw
    return tuple((bool(told), told.count("\n") > 0, told[-1:]) for told in whole)


def player(data: bytes) -> Hashable:
    """`action.parse` in every mode: clean, bounded, on one line, and the same once more."""
    (typed,) = _pieces(data, 1)
    outcome = []
    for mode in Mode:
        action = actions.parse(typed, mode)
        harmless(action.text, "an action")
        assert len(action.text) <= MAX_LINE
        assert actions.parse(action.text, action.mode) == action, "parsing is not settled"
        line = actions.as_line(action)
        harmless(line, "a line")
        assert "\n" not in line
        assert line == "" or line.startswith("> ")
        assert len(line) <= 2 * MAX_LINE + 40
        harmless(actions.as_narrative(action), "the player's story")
        begins = next((word for word in ("> You say", "> You") if line.startswith(word)), line[:1])
        outcome.append((action.mode, begins, line[-2:] if line[-2:].isascii() else ""))
    return tuple(outcome)


def sanitiser(data: bytes) -> Hashable:
    """`text.clean`: nothing that a terminal obeys, and once is enough."""
    (text,) = _pieces(data, 1)
    kept = clean(text)
    harmless(kept, "clean text")
    folded = clean(text, newlines=False)
    assert "\n" not in folded
    assert clean(folded, newlines=False) == folded
    return frozenset(unicodedata.category(character) for character in set(text) - set(kept))
