"""Where sentences end."""

from __future__ import annotations

import re

CLOSERS = "\"'”’)]}*_»」』）"
STOPS = ".!?…।॥؟۔"
WIDE_STOPS = "。！？"
TITLES = frozenset("mr mrs ms dr st prof capt col gen lt sgt rev hon mt messrs".split())
"""Short words before a name; a sentence never ends on one."""
_SHORT = TITLES | frozenset("sr jr vs etc e.g i.e".split())
_NUMBERED = frozenset("no vol fig pp".split())
_AFTER_INITIAL = frozenset(
    "you he she it we they i the a an this that these there then but and so his her your".split()
)

# Possessive, and never begun inside a run of stops: a text of nothing but stops takes no longer.
_END = re.compile(
    rf"(?<![{STOPS}])[{STOPS}]++[{re.escape(CLOSERS)}]*+(?=\s|$)"
    rf"|[{WIDE_STOPS}]++[{re.escape(CLOSERS)}]*+"
)
_CLOSED = re.compile(rf"[{STOPS}{WIDE_STOPS}][{re.escape(CLOSERS)}]*\Z")
_NEXT = re.compile(r" {0,8}([^\s]?\w*)")
_ONLY_BLANKS = re.compile(r"\s*\Z")
# Han and kana are counted one by one: their words have no blanks between.
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]|[^\W\u3040-\u30ff\u3400-\u9fff]+(?:['’]\w+)*")
_MARKED = re.compile(rf"(?:{_WORD.pattern})[^\w\s]*+")


def sentences(text: str) -> list[str]:
    """`text` cut after each sentence, the blanks between them left at the front.

    Joining the list gives `text` back. Quotes and brackets that close after the stop belong
    to the sentence; "Mr. Vane", "3.5" and "well... no" do not end one.
    """
    pieces = []
    start = 0
    for match in _END.finditer(text):
        if _ends(text, match):
            pieces.append(text[start : match.end()])
            start = match.end()
    if start < len(text):
        pieces.append(text[start:])
    return pieces


def words(text: str) -> list[str]:
    """The words of `text`; of scripts that do not part words, the characters."""
    return _WORD.findall(text)


def spans(text: str) -> list[tuple[str, int]]:
    """The words of `text` in small letters with the marks behind them, and where each ends."""
    return [(m[0].casefold(), m.end()) for m in _MARKED.finditer(text)]


def has_words(text: str) -> bool:
    """Whether there is any word in `text`."""
    return _WORD.search(text) is not None


def is_ended(text: str) -> bool:
    """Whether `text` ends as a sentence does; "He met Mr." does not."""
    text = text[-80:].rstrip()
    if not _CLOSED.search(text):
        return False
    last = text[:-1].split()[-1:] if text.endswith(".") else []
    return not last or last[0].lstrip("\"'“‘(").lower() not in TITLES


def _ends(text: str, match: re.Match[str]) -> bool:
    mark = match[0]
    following = _NEXT.match(text, match.end())
    after = following[1] if following else ""
    if mark != ".":
        # `"Run!" he says` and "well... no" go on.
        trails = mark[-1] in CLOSERS or mark.endswith(("..", "…"))
        return not (trails and after[:1].islower())
    before = text[max(0, match.start() - 12) : match.start()].split()[-1:] or [""]
    last = before[0].lstrip("\"'“‘(")
    low = last.lower()
    if low in _NUMBERED:
        return not after[:1].isdigit()
    short = low in _SHORT or (len(low) > 2 and low[1::2] == "." * (len(low) // 2))
    if low in TITLES or (short and not after[:1].isupper()):
        return _ONLY_BLANKS.match(text, match.end()) is not None
    initial = len(last) == 1 and last.isalpha() and last.isupper() and last not in "IA"
    return not (initial and after[:1].isupper() and after.lower() not in _AFTER_INITIAL)
