"""Incremental decoding and stop strings."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dungeon.engine.detokenize import REPLACEMENT, Detokenizer, StopStrings
from dungeon.engine.draft import Draft, Phrases

ALPHABET = st.sampled_from('ab >\n"é日😀')
TEXTS = st.text(ALPHABET, max_size=40)


def decode_bytes(ids: list[int]) -> str:
    """A byte-level vocabulary: one id a byte."""
    return bytes(ids).decode("utf-8", "replace")


@given(TEXTS, TEXTS)
def test_pieces_are_whole_characters_and_join_to_the_text(before: str, text: str) -> None:
    detokenizer = Detokenizer(decode_bytes, before.encode())
    pieces = [detokenizer.push(byte) for byte in text.encode()]
    assert REPLACEMENT not in "".join(pieces)
    assert "".join(pieces) + detokenizer.finish() == text


def test_a_broken_character_is_marked_and_the_text_goes_on() -> None:
    detokenizer = Detokenizer(decode_bytes)
    said = "".join(detokenizer.push(byte) for byte in b"a\xf0\x9fbc")
    assert said + detokenizer.finish() == f"a{REPLACEMENT}bc"
    detokenizer = Detokenizer(decode_bytes)
    assert [detokenizer.push(byte) for byte in b"a\xe6\x97"] == ["a", "", ""]
    assert detokenizer.finish() == REPLACEMENT


def test_bytes_that_never_become_a_character_are_not_kept_for_ever() -> None:
    detokenizer = Detokenizer(decode_bytes)
    assert "".join(detokenizer.push(0x80) for _ in range(100)).count(REPLACEMENT) >= 90


def test_cost_of_a_token_does_not_grow() -> None:
    longest = 0

    def decode(ids: list[int]) -> str:
        nonlocal longest
        longest = max(longest, len(ids))
        return decode_bytes(ids)

    detokenizer = Detokenizer(decode, b"prompt" * 50)
    for byte in ("日本 text " * 200).encode():
        detokenizer.push(byte)
    assert longest <= 16


def cut(text: str, stops: list[str]) -> tuple[str, str]:
    """By definition: the first stop string to be complete ends the text."""
    for end in range(1, len(text) + 1):
        ended = [stop for stop in stops if stop and text[:end].endswith(stop)]
        if ended:
            stop = max(ended, key=len)
            return text[: end - len(stop)], stop
    return text, ""


@given(st.lists(TEXTS, max_size=8), st.lists(st.text(ALPHABET, max_size=4), max_size=3))
def test_stop_strings_do_not_depend_on_the_pieces(pieces: list[str], stops: list[str]) -> None:
    out = StopStrings(stops)
    shown = [out.text]
    for piece in pieces:
        out.push(piece)
        shown.append(out.text)
    out.finish()
    text, found = cut("".join(pieces), stops)
    assert (out.text, out.found) == (text, found)
    # Nothing that was shown is ever taken back.
    assert all(text.startswith(early) for early in shown)


def test_only_what_could_begin_a_stop_string_is_held_back() -> None:
    out = StopStrings(["\n> You"])
    out.push("The gate opens.\n")
    assert out.text == "The gate opens."
    out.push("Be")
    assert out.text == "The gate opens.\nBe"
    out.push("hold.\n>")
    assert out.text == "The gate opens.\nBehold."
    out.push(" You run.")
    assert (out.text, out.found) == ("The gate opens.\nBehold.", "\n> You")


def test_phrases_are_whole_words_in_any_case() -> None:
    phrases = Phrases(["ass", "Dark Lord", " "])
    assert phrases.find("The assassin passes Scunthorpe.", final=True) is None
    assert phrases.find("An ass.", final=False) == 3
    assert phrases.find("the DARK\nlord!", final=False) == 4
    # At the very end it may still become another word.
    assert phrases.find("An ass", final=False) is None
    assert phrases.find("An ass", final=True) == 3
    assert phrases.hold("the dark l") == 4
    assert phrases.hold("the dark k") == 10
    assert not Phrases([""])


def test_a_phrase_of_any_length_is_looked_for() -> None:
    phrase = "the road goes ever on " * 200
    phrases = Phrases([phrase])
    assert phrases.find(f"Then {phrase}.", final=True) == 5
    assert phrases.hold(f"Then {phrase[:4000].upper()}") == 5
    assert phrases.hold("Then the rood") == 13


@pytest.mark.parametrize("written", ["ſtraße", "STRAßE", "Kelvin İSTANBUL", "ΟΔΟΣ", "οδος", "ŉ x"])
def test_what_is_held_back_is_what_would_be_found(written: str) -> None:
    phrases = Phrases([written])
    for text in (written, written.upper(), written.lower(), written.swapcase()):
        if phrases.find(f"A {text}.", final=True) is not None:
            assert all(phrases.hold(f"A {text[:end]}") == 2 for end in range(1, len(text) + 1))
    assert phrases.find(f"A {written}.", final=True) == 2


def test_a_draft_never_shows_what_it_takes_back() -> None:
    draft = Draft(decode_bytes, b"", [], ["suddenly"])
    shown = []
    for byte in b"Then sudden":
        draft.push(byte)
        shown.append(draft.shown)
    assert shown[-1] == "Then "
    for byte in b"ly!":
        draft.push(byte)
    index = draft.conflict()
    assert index == 5
    draft.take_back(index)
    for byte in b"nothing.":
        draft.push(byte)
    draft.finish()
    assert draft.text() == "Then nothing."


@given(TEXTS, st.lists(st.text(ALPHABET, max_size=4), max_size=3), st.integers(0, 30))
def test_taking_back_gives_the_draft_of_the_rest(text: str, stops: list[str], keep: int) -> None:
    ids = list(text.encode())
    whole, part = Draft(decode_bytes, b"", stops, []), Draft(decode_bytes, b"", stops, [])
    for id in ids:
        whole.push(id)
    whole.take_back(min(keep, len(ids)))
    for id in ids[:keep]:
        part.push(id)
    whole.finish()
    part.finish()
    assert whole.text() == part.text()
