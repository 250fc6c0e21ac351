"""The one sanitiser: what comes from a file, a model or a keyboard passes here.

A terminal obeys what it is sent. `clean` takes out everything that is a command to it (escape
sequences, control characters) and everything that lies to the reader's eye (direction
overrides, invisible characters), and leaves ordinary text of any script as it is. Linear time.
"""

from __future__ import annotations

import re
import unicodedata

MAX_MARKS = 8
"""Combining marks kept on one character; no written language stacks more."""

# ECMA-48: a string sequence runs to its terminator or, unterminated, to the end of its line.
_STRINGS = (
    r"(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x9c\x1b\n]*(?:\x07|\x9c|\x1b\\|(?=[\x1b\n])|\Z)"
)
_CSI = r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"
_OTHER = r"\x1b[ -/]*[0-~]?"
_ESCAPES = re.compile(f"{_STRINGS}|{_CSI}|{_OTHER}")
_BREAKS = re.compile("\r\n|[\r\u2028\u2029\x0b\x0c\x85]")
_CONTROLS = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f"
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b\u200e\u200f"
    "\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a]"
)
_SURROGATES = re.compile("[\ud800-\udfff]")
_TAGS = re.compile(
    "(\U0001f3f4[\U000e0061-\U000e007a\U000e0030-\U000e0039]+\U000e007f)|[\U000e0000-\U000e0fff]"
)
_JOINERS = re.compile("[\u200c\u200d]+")
# No mark lies below U+0300, and fewer characters than this cannot hold too many of them.
_MARKED = re.compile(f"[\u0300-\U0010ffff]{{{MAX_MARKS + 1},}}")
_PLAIN = re.compile(r"[ -~\n]*\Z")
_BLANKS = re.compile(r"\s*\n\s*")
# Scripts whose spelling needs joiners: Arabic, Syriac and what stands near them, and the
# scripts of India and South-East Asia.
_JOINING = (range(0x0600, 0x08FF + 1), range(0x0900, 0x0DFF + 1), range(0x1000, 0x17FF + 1))


def clean(text: str, *, newlines: bool = True) -> str:
    """`text` without anything that a terminal would obey or a reader could not see.

    Args:
        text: Any string, lone surrogates included.
        newlines: Keep line feeds; otherwise everything is folded onto one line.
    """
    if not _PLAIN.match(text):
        text = _BREAKS.sub("\n", text)
        text = _ESCAPES.sub("", text)
        text = text.replace("\t", "    ")
        text = _CONTROLS.sub("", text)
        text = _SURROGATES.sub("\ufffd", text)
        text = _TAGS.sub(lambda match: match[1] or "", text)
        text = _JOINERS.sub(_joiner, text)
        text = _limit_marks(text)
    return text if newlines else one_line(text)


def one_line(text: str) -> str:
    """`text` with each line break and the blanks around it as one space."""
    return _BLANKS.sub(" ", text.strip()) if "\n" in text else text


def shorten(text: str, width: int) -> str:
    """`text` cleaned, on one line, at most `width` characters, an ellipsis where it was cut."""
    line = clean(text, newlines=False)
    return line if len(line) <= width else line[: max(0, width - 1)].rstrip() + "…"


def _joiner(match: re.Match[str]) -> str:
    """One joiner where it joins an emoji or letters of a script that needs it; else none."""
    text, start, end = match.string, match.start(), match.end()
    if start == 0 or end == len(text):
        return ""
    before, after = text[start - 1], text[end]
    if _in_joining_script(before) and _in_joining_script(after):
        return match[0][0]
    emoji = match[0][0] == "\u200d" and _is_emoji(after) and _is_emoji(before)
    return "\u200d" if emoji else ""


def _in_joining_script(character: str) -> bool:
    return any(ord(character) in block for block in _JOINING)


def _is_emoji(character: str) -> bool:
    code = ord(character)
    return code == 0xFE0F or 0x1F000 <= code <= 0x1FAFF or 0x2190 <= code <= 0x2BFF


def _limit_marks(text: str) -> str:
    return _MARKED.sub(lambda match: _fewer_marks(match[0]), text)


def _fewer_marks(run: str) -> str:
    kept = []
    marks = 0
    for character in run:
        marks = marks + 1 if unicodedata.category(character) in ("Mn", "Me") else 0
        if marks <= MAX_MARKS:
            kept.append(character)
    return "".join(kept)
