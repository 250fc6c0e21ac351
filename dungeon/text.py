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
# A flag is a region and its part (UTS #51): three to six letters; more would hide a message.
# An ideograph may be followed by the selector of one of its registered forms (UTS #37), which
# Japanese names need; a run of selectors, or one elsewhere, would hide a message too.
_TAGS = re.compile(
    "(\U0001f3f4[\U000e0061-\U000e007a\U000e0030-\U000e0039]{3,6}\U000e007f"
    "|(?<=[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff])"
    "[\U000e0100-\U000e01ef])"
    "|[\U000e0000-\U000e0fff]"
)
# Scripts whose spelling needs joiners: Arabic, Syriac and what stands near them, and the
# scripts of India and South-East Asia.
_SCRIPT = "[\u0600-\u0dff\u1000-\u17ff]"
_EMOJI = "[\ufe0f\U0001f000-\U0001faff\u2190-\u2bff]"
_JOINER_RUN = re.compile("([\u200c\u200d])[\u200c\u200d]+")
# A joiner stays between two letters of such a script, and a ZWJ between two emoji.
_IDLE_JOINER = re.compile(
    f"\u200c(?!(?<={_SCRIPT}\u200c){_SCRIPT})"
    f"|\u200d(?!(?<={_SCRIPT}\u200d){_SCRIPT}|(?<={_EMOJI}\u200d){_EMOJI})"
)
# No mark lies below U+0300, and fewer characters than this cannot hold too many of them.
_MARKED = re.compile(f"[\u0300-\U0010ffff]{{{MAX_MARKS + 1},}}")
_PLAIN = re.compile(r"[ -~\n]*\Z")


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
        text = _MARKED.sub(lambda match: _fewer_marks(match[0]), text)
        text = _IDLE_JOINER.sub("", _JOINER_RUN.sub(r"\1", text))
    return text if newlines else one_line(text)


def one_line(text: str) -> str:
    """`text` with each line break and the blanks around it as one space."""
    if "\n" not in text:
        return text
    return " ".join(part for part in map(str.strip, text.split("\n")) if part)


def shorten(text: str, width: int) -> str:
    """`text` cleaned, on one line, at most `width` characters, an ellipsis where it was cut."""
    line = clean(text, newlines=False)
    return line if len(line) <= width else line[: max(0, width - 1)].rstrip() + "…"


def _fewer_marks(run: str) -> str:
    """`run` with at most `MAX_MARKS` on a character; joiners among the marks do not count."""
    kept = []
    marks = 0
    joiner = ""
    for character in run:
        if character in "\u200c\u200d":
            joiner = character
            continue
        marks = marks + 1 if unicodedata.category(character) in ("Mn", "Me") else 0
        if marks <= MAX_MARKS:
            kept.append(joiner + character)
        joiner = ""
    return "".join(kept) + joiner
