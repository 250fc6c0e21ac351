"""Quotation marks that a model left open, or closed without an opening."""

from __future__ import annotations

import re
from typing import Literal

from dungeon.story.sentences import sentences

_BEFORE_OPENING = "([{—–-‘'“«*_"
_AFTER_CLOSING = ".,;:!?…)]}—–-'’”»*_"
_NO_BEGINNING = ".,;:!?…)]}"
_PAIRS = (("“", "”"), ("«", "»"), ("「", "」"), ("『", "』"))

_NO_MARKS = dict.fromkeys(map(ord, '"“”«»「」『』'))

Side = Literal["opens", "closes", ""]


def mend_quotes(text: str) -> str:
    """`text` with its speech closed, paragraph by paragraph, and lone marks dropped."""
    mended = "\n\n".join(_mended(block) for block in text.split("\n\n"))
    # A mark that stood alone on its line leaves a blank one, which parts a paragraph.
    parted = mended.count("\n\n") > text.count("\n\n")
    return mend_quotes(mended) if parted else mended


def _mended(line: str) -> str:
    mended = _once(line)
    # Marks in heaps make no sense of any kind, and mending them would never end.
    return mended if _once(mended) == mended else mended.translate(_NO_MARKS)


def _once(line: str) -> str:
    for opening, closing in _PAIRS:
        if opening in line or closing in line:
            line = _paired(line, opening, closing)
    if '"' in line:
        return _straight(line)
    return _small(line) if "'" in line else line


_SMALL_OPENS = re.compile(r"(?:\A|[,:]\s)'(?=[A-Z])")
_SMALL_CLOSES = re.compile(r"(?<=[.!?,…])'(?!\w)")


def _small(line: str) -> str:
    """Close speech in single marks, where it is clear that they are none of the apostrophes."""
    opened = [match.end() for match in _SMALL_OPENS.finditer(line)]
    closed = [match.end() for match in _SMALL_CLOSES.finditer(line)]
    is_open = len(opened) == len(closed) + 1 and opened[-1] > max(closed, default=0)
    return f"{line}'" if is_open and line[-1] in ".!?…" else line


def _paired(line: str, opening: str, closing: str) -> str:
    if opening == "“" and "„" in line:
        # German: „so“.
        return line
    kept, depth = [], 0
    for mark in line:
        if mark == closing and depth == 0:
            continue
        depth += (mark == opening) - (mark == closing)
        kept.append(mark)
    while depth and kept and (kept[-1] == opening or not kept[-1].strip()):
        depth -= kept.pop() == opening
    return "".join(kept) + closing * depth


def _side(line: str, at: int) -> Side:
    """What a straight mark looks like from what stands beside it; "" where both would do."""
    before, after = line[at - 1 : at] if at else "", line[at + 1 : at + 2]
    begins = bool(after.strip()) and after not in _NO_BEGINNING
    opens = (not before.strip() or before in _BEFORE_OPENING) and begins
    closes = bool(before.strip()) and (not after.strip() or after in _AFTER_CLOSING)
    if opens == closes:
        return ""
    return "opens" if opens else "closes"


def _straight(line: str) -> str:
    marks = [at for at, mark in enumerate(line) if mark == '"']
    sides = [_side(line, at) for at in marks]
    # What stands in place of a piece of the line: (from, to, text), in order.
    edits: list[tuple[int, int, str]] = []
    starts = _sentence_starts(line) if len(marks) % 2 or "closes" in sides[:1] else []
    opened = -1
    last = 0
    inner = 0
    for n, at in enumerate(marks):
        side = sides[n] or ("closes" if opened >= 0 or not at else "opens")
        if inner:
            inner -= 1
            edits.append((at, at + 1, "'"))
        elif side == "opens" and opened >= 0:
            if sides[n + 1 : n + 3] == ["closes", "closes"]:
                # Speech in speech: "He said "run" to me."
                edits.append((at, at + 1, "'"))
                inner = 1
                continue
            end = len(line[opened + 1 : at].rstrip()) + opened + 1
            if end > opened + 1:
                edits.append((end, end, '"'))
            else:
                edits.append((opened, opened + 1, ""))
            opened = at
        elif side == "opens":
            opened = at
        elif opened >= 0:
            if line[at - 1] in ".,!?…" and line[at + 1 : at + 2].isalnum():
                edits.append((at + 1, at + 1, " "))
            opened = -1
            last = at + 1
        elif at and line[at - 1] in ".,!?…—-":
            begin = max((start for start in starts if last <= start < at), default=-1)
            if len(marks) == 1 and not line[at + 1 :].strip():
                # A model that is asked for speech begins inside it.
                begin = starts[0]
            if begin >= 0 and line[begin] not in _NO_BEGINNING:
                edits.append((begin, begin, '"'))
            else:
                edits.append((at, at + 1, ""))
            last = at + 1
        else:
            edits.append((at, at + 1, ""))
    if opened >= 0:
        rest = len(line.rstrip())
        edits.append((rest, rest, '"') if rest > opened + 1 else (opened, opened + 1, ""))
    return _edited(line, sorted(edits, key=lambda edit: edit[:2]))


def _sentence_starts(line: str) -> list[int]:
    starts, at = [], 0
    for piece in sentences(line):
        starts.append(at + len(piece) - len(piece.lstrip()))
        at += len(piece)
    return starts


def _edited(line: str, edits: list[tuple[int, int, str]]) -> str:
    kept, at = [], 0
    for start, end, text in edits:
        kept += [line[at:start], text]
        at = end
    return "".join([*kept, line[at:]])
