"""From what a model wrote to a turn of the story.

`trim` is total: any text in, a clean narrative or "" out, never an exception, in time that grows
with the length. What it does, in order: cut where the story is left, say a loop once, cut back to
the last complete sentence, drop what was said before, drop questions to the player, mend
quotation marks.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from dungeon.story.outside import inside, without_questions
from dungeon.story.quotes import mend_quotes
from dungeon.story.repeats import echoes, without_loops, without_repeats
from dungeon.story.sentences import has_words, is_ended, sentences, words
from dungeon.text import clean

__all__ = ["draft", "mend_quotes", "sentences", "trim"]

MAX_RAW = 8_192
"""Characters of a raw text that are looked at: the longest turn has 512 tokens of five each."""
_MAX_SAID = 4_000
_ROUNDS = 12

_ORPHANS = re.compile(
    r"\A(?:[\s,;:)\]}»”]|(?:[a-z]{1,9}(?: [a-z]{1,9})?(?=[.!?]))?[.!?…]+(?=[\s\"“]))+"
)
_ANNOUNCES = frozenset("say says said ask asks asked reply replies whisper whispers".split())
_VERSE = 60
"""Longest line of verse, in characters."""
_POSED = re.compile(r"\s*>[ \t]*([^\n]*)\n")
_ENDLESS = re.compile(r"[A-Za-z\u00c0-\u024f\u0370-\u052f]{80,}")
"""More letters in a row than any word has."""
_TRAILS = re.compile(r"(?:\.\.\.|…)(?=\s)")
_BEGINNING = frozenset(
    """a an the you he she it they we i and but or so then as when while if in on at your his her
    its their my this that there""".split()
)
_DANGLING = re.compile(
    r"""(?:[\s,;:—–-]|\b(?:(?:and|but|or|as|that|while|when|if|because)\s+
    (?:you|he|she|it|they|we|I)
    |(?:and|but)\s+then|(?:mr|mrs|ms|dr|st)\.
    |and|or|but|nor|the|a|an|of|to|for|with|from|into|onto|as|that|than|which|whose|while|if|because|
    your|my|his|its|their|our|is|are|was|were|am))+\Z""",
    re.VERBOSE | re.IGNORECASE,
)


def draft(text: str) -> str:
    """What may be shown of a text that is still being written."""
    return clean(text).lstrip()


def trim(
    raw: str,
    *,
    said: Sequence[str] = (),
    player_line: str = "",
    complete: bool = False,
    hero: str = "",
) -> str:
    """The narrative in `raw`; "" when there is none.

    What comes out has no control characters, ends a sentence, has its quotation marks in pairs
    in each paragraph, and stays as it is when it is trimmed again.

    Args:
        raw: As the model wrote it, the stop string cut off; of more than `MAX_RAW` characters
            the first.
        said: Recent turns, whose sentences are not said again.
        player_line: What the player typed; a first sentence that only echoes it is dropped.
        complete: The model ended the text itself, so a last sentence without a full stop is
            kept, and ended, rather than cut.
        hero: What the third person calls the player, to know an echo by.
    """
    text = clean(raw[: 2 * MAX_RAW]).replace("\ufffd", "")[:MAX_RAW]
    posed = _POSED.match(text)
    if posed and echoes(posed[1], player_line, hero):
        text = text[posed.end() :]
    recent = [before[-_MAX_SAID:] for before in said]
    for _ in range(_ROUNDS):
        # What one step takes away can lay bare work for an earlier one.
        told = _once(text, recent, player_line, complete, hero)
        if told == text:
            return told
        text, player_line = told, ""
    return text


def _once(text: str, said: Sequence[str], player_line: str, complete: bool, hero: str) -> str:
    text = inside(text)
    if noise := _ENDLESS.search(text):
        text = text[: noise.start()]
    text = _collapsed(_paragraphs(text))
    shorter = without_loops(text)
    text = _ORPHANS.sub("", shorter).strip()
    if not has_words(text):
        return ""
    text = _finished(text, complete and shorter == text)
    if not text:
        return ""
    text = without_repeats(text, said, player_line, hero)
    text = without_questions(text)
    text = _collapsed(mend_quotes(_collapsed(text)))
    return text if has_words(text) else ""


def _paragraphs(text: str) -> str:
    """Lone line ends become blanks: small models like to break after every sentence.

    A blank line is a paragraph. Speech keeps its own line, and so do verses and the head of a
    letter: short lines, most of which end no sentence, each begun with a capital.
    """
    return "\n\n".join(_block(block) for block in re.split(r"\n[ \t]*\n\s*", text))


def _block(block: str) -> str:
    lines = [line.strip() for line in block.split("\n") if line.strip()]
    loose = [line for line in lines[:-1] if not is_ended(line)]
    capitals = all(line[:1].isupper() or not line[:1].isalpha() for line in lines)
    short = all(len(line) <= _VERSE for line in lines[:-1])
    verse = bool(loose) and 2 * len(loose) >= len(lines) - 1 and short and capitals
    joined = lines[:1]
    for line in lines[1:]:
        apart = verse or line[:1] in "\"“‘'—–-"
        if apart:
            joined.append(line)
        else:
            joined[-1] += f" {line}"
    return "\n".join(joined)


def _collapsed(text: str) -> str:
    text = re.sub(r"[^\S\n]{2,}|[^\S\n ]", " ", text)
    text = re.sub(r" ?\n ?", "\n", text)
    return re.sub(r"\n{3,}", "\n\n", text).strip()


def _finished(text: str, complete: bool) -> str:
    """Back to the last complete sentence, but never to nothing."""
    pieces = sentences(text)
    tail = pieces[-1]
    if is_ended(text):
        return text
    if complete and (len(pieces) == 1 or len(words(tail)) > 3):
        return _stopped(text)
    while len(pieces) > 1:
        pieces.pop()
        whole = "".join(pieces).rstrip()
        if is_ended(whole) and has_words(whole):
            return whole
    trails = [match.end() for match in _TRAILS.finditer(text)]
    if trails and len(words(text[: trails[-1]])) > 1 and len(words(text[trails[-1] :])) <= 3:
        return text[: trails[-1]]
    if all(word.lower() in _BEGINNING for word in words(text)):
        return ""
    cut = max(text.rfind(mark) for mark in (",", ";", ":", " —", " -", "–", "\n"))
    before = words(text[: max(cut, 0)])
    if len(before) >= 6 and before[-1].lower() not in _ANNOUNCES:
        text = text[:cut]
    bare = _DANGLING.sub("", text)
    return _stopped(bare if len(words(bare)) > 1 else text)


def _stopped(text: str) -> str:
    text = text.rstrip(" \n,;:-–—\"'“‘([{*_")
    return text if not text or is_ended(text) else f"{text}."
