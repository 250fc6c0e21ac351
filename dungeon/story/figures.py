"""What is counted of a told story. Pure; the patterns are not those of the reranker."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from dungeon.story.narrative import sentences
from dungeon.story.words import stems

_SPEECH = re.compile(r'"[^"\n]*"?|“[^”\n]*”?')
_FIRST = re.compile(
    r"(?<![\w'])(?:I|I'm|I've|I'll|I'd|me|my|mine|myself|we|we're|us|our|ours)(?![\w'])"
    r"|(?:^|(?<=[.!?] ))(?:My|We|Our|Me)\b"
)
_WORD = re.compile(r"\w+(?:'\w+)*")
_ARTEFACTS = re.compile(
    r"<\|?\w+|\|>|^\s*(?:#{1,6}|[-*•]|\d+[.)]|>)\s|https?://|www\."
    r"|^\s*(?:user|assistant|system|player|narrator|note)\s*:"
    r"|author's note|\b(?:as an AI|chapter \d|the player)\b"
    r"|\b(?:what (?:do|will|would) you (?:do|like to do)|would you like to|"
    r"what(?: is|'s) your (?:name|character)|do you want (?:me )?to|please (?:choose|select))\b",
    re.IGNORECASE | re.MULTILINE,
)
_END = re.compile(r"[.!?…][\"'”’)\]]*$")


def first_person(text: str) -> bool:
    """Whether the narrator says "I" or "we" outside speech."""
    return _FIRST.search(_SPEECH.sub(" ", text.replace("’", "'"))) is not None


def artefact(text: str) -> bool:
    """Whether something stands in it that is no story: marks, lists, questions to a user."""
    return _ARTEFACTS.search(_SPEECH.sub(" ", text.replace("’", "'"))) is not None


def finished(text: str) -> bool:
    """Whether it ends at the end of a sentence."""
    return _END.search(text.strip()) is not None


def keys(text: str) -> list[str]:
    """Its sentences, folded to their words: what is equal was said again."""
    return [" ".join(_WORD.findall(piece.casefold())) for piece in sentences(text)]


def repeated(turns: Sequence[str], reach: int = 10) -> tuple[int, int]:
    """Sentences of three words or more that stand in one of the last `reach` turns, or twice in
    their own; and how many sentences there are."""
    again = whole = 0
    for at, text in enumerate(turns):
        known = {key for before in turns[max(0, at - reach) : at] for key in keys(before)}
        for key in keys(text):
            if key.count(" ") >= 2:
                whole += 1
                again += key in known
                known.add(key)
    return again, whole


ECHO = 0.6
"""Share of the line's own words that make a sentence one that says the line again."""


def without_echo(text: str, line: str) -> str:
    """`text` without the sentences that say the player's line again.

    A judge that compares words finds such a turn's action whatever else is in it.
    """
    own = set(stems(line))
    if not own:
        return text.strip()
    kept = (
        piece for piece in sentences(text) if len(own.intersection(stems(piece))) / len(own) < ECHO
    )
    return "".join(kept).strip()


def distinct(texts: Sequence[str], size: int) -> float:
    """Share of rows of `size` words that are different from each other, over all texts (Li et
    al. 2016)."""
    rows: set[tuple[str, ...]] = set()
    count = 0
    for text in texts:
        words = _WORD.findall(text.casefold())
        these = [tuple(words[at : at + size]) for at in range(len(words) - size + 1)]
        rows.update(these)
        count += len(these)
    return len(rows) / count if count else 0.0


def loops(turns: Sequence[str], size: int = 8, times: int = 4) -> bool:
    """Whether a row of `size` words comes `times` times in a story."""
    words = _WORD.findall(" ".join(turns).casefold())
    rows = Counter(tuple(words[at : at + size]) for at in range(len(words) - size + 1))
    return bool(rows) and max(rows.values()) >= times


def on_stage(texts: Sequence[str], names: Sequence[str]) -> list[bool]:
    """Of each text, whether it says one of `names` (by its last word)."""
    last = {name.split()[-1] for name in names}
    return [bool(last & set(_WORD.findall(text.replace("'s", "")))) for text in texts]
