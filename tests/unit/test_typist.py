"""Typing at reading pace."""

from __future__ import annotations

from dungeon.ui.typist import Typist


def test_words_appear_whole_and_at_the_pace() -> None:
    typist = Typist(600)  # 60 characters a second
    text = "The gate opens slowly."
    assert typist.visible(text) == ""
    typist.tick(0.1, text)
    assert typist.visible(text) == "The"
    typist.tick(0.1, text)
    assert typist.visible(text) == "The gate"
    typist.tick(5, text)
    assert typist.done(text)
    assert typist.visible(text) == text


def test_waiting_for_the_narrator_saves_nothing_up() -> None:
    typist = Typist(600)
    typist.tick(60, "The gate")
    text = "The gate opens slowly, and behind it lies a hall."
    typist.tick(0.1, text)
    assert typist.visible(text) == "The gate opens"
