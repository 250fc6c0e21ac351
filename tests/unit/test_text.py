"""The sanitiser: nothing that a terminal obeys gets through, ordinary text does."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dungeon.text import MAX_MARKS, clean, one_line, shorten
from tests.clock import worked_within

FAMILY = "👩\u200d👩\u200d👧"
SCOTLAND = "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("plain text.\nTwo lines", "plain text.\nTwo lines"),
        ("[/] [bold]x[/bold] [@click=app.quit]x[/]", "[/] [bold]x[/bold] [@click=app.quit]x[/]"),
        ("a\x1b[31mred\x1b[0m", "ared"),
        ("a\x1b]0;title\x07b", "ab"),
        ("a\x1b]52;c;cGF5\x1b\\b", "ab"),
        ("a\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\b", "alinkb"),
        ("a\x1b]0;never ended", "a"),
        ("a\x1b]0;never ended\nnext", "a\nnext"),
        ("a\x1bPpayload\x1b\\b\x1b_apc\x1b\\c\x1b^pm\x1b\\d\x1bXsos\x1b\\e", "abcde"),
        ("a\x9b2Jb\x9d0;t\x9cc\x90p\x9cd", "abcd"),
        ("a\x1bcb\x1b(0c", "abc"),
        ("\x1b", ""),
        ("a\x07\x08\x00\x7fb", "ab"),
        ("a\r\nb\rc\u2028d\x0be\x85f", "a\nb\nc\nd\ne\nf"),
        ("a\tb", "a    b"),
        ("evil\u202etxt.exe\u2066x\u2069", "eviltxt.exex"),
        ("a\u200bb\u2060c\ufeffd\u00ade", "abcde"),
        ("a\U000e0041\U000e0042b", "ab"),
        ("a\ud800b", "a\ufffdb"),
        (f"{FAMILY} {SCOTLAND} ❤️\u200d🔥", f"{FAMILY} {SCOTLAND} ❤️\u200d🔥"),
        ("a\u200db\u200c", "ab"),
        ("❤\u200d\u200d🔥", "❤\u200d🔥"),
        # A joiner between the marks does not begin a new count.
        ("\u0628" + "\u064b\u200d" * 500 + "\u0628",
         "\u0628" + "\u064b\u200d" * MAX_MARKS + "\u0628"),
        # A flag of a hundred letters is a hidden message.
        ("🏴" + "\U000e0061" * 100 + "\U000e007f!", "🏴!"),
        # Two forms of one name; the selector of a form stays behind its ideograph only.
        ("葛\U000e0100城 辻\U000e0101 \U00020bb7\U000e0100野家",
         "葛\U000e0100城 辻\U000e0101 \U00020bb7\U000e0100野家"),
        ("a\U000e0100b \U000e0101 の\U000e0100", "ab  の"),
        ("門" + "".join(map(chr, range(0xE0100, 0xE01F0))) + "!", "門\U000e0100!"),
        ("門\u200b\U000e0100 門\u200d\U000e0100 門\U000e0041\U000e0100",
         "門\U000e0100 門 門"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("שלום عليكم 你好", "שלום عليكم 你好"),
        ("cafe\u0301", "cafe\u0301"),
        ("e" + "\u0301" * 2000 + "!", "e" + "\u0301" * MAX_MARKS + "!"),
    ],
)  # fmt: skip
def test_clean(text: str, kept: str) -> None:
    assert clean(text) == kept


def test_on_one_line() -> None:
    assert clean(" a \n\n b\x1b[0m\n", newlines=False) == "a b"
    assert one_line("a\n b") == "a b"
    assert shorten("a long\nline", 8) == "a long…"


ODD = (
    "ab\n\x00\x07\x1b\x1b\x1b[]P_^X;0m\\\x9b\x9d\x90\x9c\r\t"
    "\u200d\u200c\u202e👩\u0301\ufe0f\u0628\u064b\ud800\U000e0041門\U000e0100"
)
OBEYED = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


@given(st.text(alphabet=ODD, max_size=60) | st.text(max_size=60))
def test_nothing_obeyed_is_left_and_once_is_enough(text: str) -> None:
    kept = clean(text)
    assert not OBEYED.search(kept)
    assert "\n" not in clean(text, newlines=False)
    assert clean(kept) == kept


@pytest.mark.parametrize(
    "unit",
    ["é word \x1b[1m", "\x1b]", "\x1b[", "e\u0301", "\u200d", "👩\u200d", "x\n", " \n", " "],
)
def test_accept_25_a_megabyte_is_no_wait(unit: str) -> None:
    text = "a" + unit * (1_000_000 // len(unit)) + "b\nc"
    with worked_within(5):
        clean(text, newlines=False)
        # A second is what the player is promised; quadratic work would take minutes.
