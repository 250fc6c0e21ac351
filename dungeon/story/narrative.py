"""From what a model wrote to a turn of the story.

`trim` is total: any text in, a clean narrative or "" out, never an exception. What it does,
in order: cut at the first thing that is no narrative, cut back to the last complete
sentence, drop sentences that were said before, mend quotation marks, fold blank lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from dungeon.text import clean

_CLOSERS = "\"'”’)]}*_»"
_ABBREVIATIONS = frozenset(
    "mr mrs ms dr st sr jr prof capt col gen lt sgt rev hon mt vs etc no vol fig e.g i.e".split()
)
_SENTENCE = re.compile(
    r"""(?:\.{2,}|[.!?…]+)[\"'”’)\]}*_»]*(?=\s|$)|[。！？][」』”’）]*""",
)
_WORD = re.compile(r"\w+(?:['’]\w+)*")

# What a language model falls into when it leaves the story.
_OUTSIDE = re.compile(
    r"""^\s*(?:
        [>#|`~=]                    # another action, a heading, a table, code
      | [-*_]{3,}\s*$               # a rule
      | \[                          # a note of the author, a stage direction
      | <\|?/?[a-zA-Z]              # a tag
      | (?:user|assistant|system|player|narrator|human|gm|dm|note|q|a)\s*:   # a chat
      | (?:https?://|www\.)
      | (?:chapter|part|section|act|scene)\s+(?:\d+|[ivxlc]+|one|two|three|four|five)\b
    )""",
    re.IGNORECASE | re.VERBOSE,
)
_TAG = re.compile(r"<\|[^\n]*?(?:\|>|$)|</?[a-zA-Z][^<>\n]{0,80}>|https?://\S+")


def sentences(text: str) -> list[str]:
    """`text` cut after each sentence, the blanks between them left at the front.

    Joining the list gives `text` back. Quotes and brackets that close after the stop belong
    to the sentence; "Mr. Vane" and "3.5" do not end one.
    """
    cuts = []
    for match in _SENTENCE.finditer(text):
        if _ends_sentence(text, match):
            cuts.append(match.end())
    pieces = []
    start = 0
    for cut in cuts:
        pieces.append(text[start:cut])
        start = cut
    if start < len(text):
        pieces.append(text[start:])
    return pieces


def _ends_sentence(text: str, match: re.Match[str]) -> bool:
    if match[0] != ".":
        # `"Run!" he says`: speech goes on when a small letter follows.
        after = text[match.end() :].lstrip(" ")
        return not (after[:1].islower() and match[0][-1:] in _CLOSERS)
    word = text[max(0, match.start() - 12) : match.start()].split()[-1:] or [""]
    last = word[0].lstrip("\"'“‘(").lower()
    if last in _ABBREVIATIONS or (len(last) == 1 and last.isalpha() and last not in "ia"):
        return match.end() == len(text.rstrip())
    return True


def draft(text: str) -> str:
    """What may be shown of a text that is still being written."""
    return clean(text).lstrip()


def trim(
    raw: str,
    *,
    said: Sequence[str] = (),
    player_line: str = "",
    complete: bool = False,
) -> str:
    """The narrative in `raw`; "" when there is none.

    Args:
        raw: As the model wrote it, the stop string cut off.
        said: Recent turns; a sentence of four words or more that stands in one is dropped.
        player_line: What the player typed; a first sentence that only echoes it is dropped.
        complete: The model ended the text itself, so a last sentence without a full stop is
            kept, and ended, rather than cut.
    """
    text = clean(raw).replace("\ufffd", "")
    text = _paragraphs(_cut_outside(text))
    text = _collapse(text).strip()
    if not _WORD.search(text):
        return ""
    text = _cut_unfinished(text, complete)
    text = _drop_repeated(text, said, player_line)
    text = _collapse(text).strip()
    text = mend_quotes(text).strip()
    return text if _WORD.search(text) else ""


def _cut_outside(text: str) -> str:
    """Up to the first line that is no narrative."""
    tag = _TAG.search(text)
    if tag:
        text = text[: tag.start()]
    kept = []
    for line in text.split("\n"):
        if _OUTSIDE.match(line):
            break
        kept.append(line.rstrip())
    return "\n".join(kept)


_LINE_END = re.compile(r"(?<=\S)[ \t]*\n[ \t]*(?=[^\s\"“‘'—–-])")


def _paragraphs(text: str) -> str:
    """Lone line ends become blanks: small models like to break after every sentence.

    A blank line is a paragraph, and speech keeps its own line.
    """
    return _LINE_END.sub(" ", text)


def _collapse(text: str) -> str:
    text = re.sub(r"[ \t]{2,}", " ", text)
    text = re.sub(r"[ \t]*\n[ \t]*", "\n", text)
    return re.sub(r"\n{3,}", "\n\n", text)


def _cut_unfinished(text: str, complete: bool) -> str:
    """Back to the last complete sentence, but never to nothing."""
    pieces = sentences(text)
    tail = pieces[-1]
    whole = _SENTENCE.search(tail.rstrip()[-4:] or "") is not None and _closes(tail)
    if whole:
        return text.rstrip()
    if len(pieces) > 1 and not (complete and len(_WORD.findall(tail)) > 3):
        return "".join(pieces[:-1]).rstrip()
    return _end(text)


def _closes(tail: str) -> bool:
    return bool(re.search(rf"[.!?…。！？][{re.escape(_CLOSERS)}」』）]*$", tail.rstrip()))


def _end(text: str) -> str:
    """End a lone, unfinished sentence where it can be ended without a lie."""
    text = text.rstrip()
    cut = max(text.rfind(mark) for mark in (",", ";", ":", " —", " -", "–"))
    words = _WORD.findall(text[:cut]) if cut > 0 else []
    if len(words) >= 6:
        text = text[:cut]
    text = text.rstrip(" ,;:-–—'\"“‘(")
    return f"{text}." if text and not _closes(text) else text


def _key(sentence: str) -> str:
    return " ".join(_WORD.findall(sentence.casefold()))


def _drop_repeated(text: str, said: Sequence[str], player_line: str) -> str:
    known = set(_keys(said))
    echo = _key(player_line)
    pieces = sentences(text)
    kept: list[str] = []
    for index, piece in enumerate(pieces):
        key = _key(piece)
        if not key and kept:
            kept.append(piece)
            continue
        if index == 0 and echo and key in (echo, f"you {echo}", f"you say {echo}"):
            continue
        if key in known and key.count(" ") >= 3:
            continue
        if key:
            known.add(key)
        kept.append(piece)
    return "".join(kept)


def _keys(texts: Iterable[str]) -> Iterable[str]:
    for text in texts:
        for piece in sentences(text):
            key = _key(piece)
            if key.count(" ") >= 3:
                yield key


def mend_quotes(text: str) -> str:
    """Close speech that was left open, paragraph by paragraph, and drop a lone mark."""
    return "\n".join(_mend_line(line) for line in text.split("\n"))


def _mend_line(line: str) -> str:
    if line.count('"') % 2:
        line = _mend_straight(line)
    return _mend_curly(line)


def _mend_curly(line: str) -> str:
    kept, depth = [], 0
    for mark in line:
        if mark == "”" and depth == 0:
            continue
        depth += (mark == "“") - (mark == "”")
        kept.append(mark)
    return "".join(kept) + "”" * depth


def _mend_straight(line: str) -> str:
    last = line.rfind('"')
    rest = line[last + 1 :]
    opens = bool(rest[:1].strip()) and (last == 0 or line[last - 1] in " (—-[")
    if opens:
        return f'{line}"'
    if line.count('"') == 1 and last > 0 and line[last - 1] in ".!?,…":
        return f'"{line}' if not rest.strip() else line[:last] + rest
    return (line[:last] + rest).rstrip() if rest.strip() or line[:last].strip() else ""
