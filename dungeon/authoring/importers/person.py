"""In which grammatical person and tense a text is told, by counting."""

from __future__ import annotations

import re

from dungeon.story.scenario import Style

_SPEECH = re.compile(r'"[^"\n]*"?|“[^”\n]*”?|«[^»\n]*»?')
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_FIRST = frozenset("i i'm i've i'd i'll me my mine myself we we're we've us our ours".split())
_SECOND = frozenset("you you're you've you'd you'll your yours yourself".split())
_THIRD = frozenset("he he's him his she she's her hers they they're their".split())
_PAST = frozenset(
    "was were had did said went came saw took gave felt knew thought stood sat ran looked walked "
    "turned seemed wanted asked began could heard found left made told kept held lay fell".split()
)
_PRESENT = frozenset(
    "is are am i'm you're has have do does says goes comes sees takes gives feels knows thinks "
    "stands sits runs looks walks turns seems wants asks begins can hears finds leaves makes "
    "tells keeps holds lies falls see feel know hear find stand sit walk look".split()
)
_LONGEST = 20_000


def style_of(text: str) -> Style:
    """The style of the narrative in `text`; speech in double quotes does not count.

    A text that has neither "I" nor "you" but "he", "she" or "they" is in the third person, and
    one that has nobody at all in the usual style.
    """
    words = [
        word.lower().replace("’", "'") for word in _WORD.findall(_SPEECH.sub(" ", text[:_LONGEST]))
    ]
    if not words:
        return Style()
    first = sum(word in _FIRST for word in words)
    second = sum(word in _SECOND for word in words)
    third = any(word in _THIRD for word in words)
    person = "first" if first > second else "third" if third and not second else "second"
    past = sum(word in _PAST for word in words)
    present = sum(word in _PRESENT for word in words)
    tense = "past" if past > present else "present"
    return Style(person, tense, pronoun=_pronoun(words) if person == "third" else "they")


def _pronoun(words: list[str]) -> str:
    """Of whom a text in the third person tells: "he" or "she" where it tells of no other."""
    he = sum(word in ("he", "he's", "him", "his") for word in words)
    she = sum(word in ("she", "she's", "her", "hers") for word in words)
    return "they" if he and she else "he" if he else "she" if she else "they"


def first_word(text: str, person: str) -> tuple[str, int] | None:
    """The first word of `text`, outside speech, that tells it in `person`.

    Returns:
        The word as written, and how many equal ones stand before it, speech included; None
        where there is none.
    """
    near = text[:_LONGEST]
    words = {"first": _FIRST, "second": _SECOND, "third": _THIRD}[person]
    # Speech as blanks of the same length, so that places stay as they are.
    told = _SPEECH.sub(lambda match: " " * len(match[0]), near)
    for match in _WORD.finditer(told):
        if match[0].lower().replace("’", "'") in words:
            before = re.findall(rf"(?<!\w){re.escape(match[0])}(?!\w)", near[: match.start()])
            return match[0], len(before)
    return None
