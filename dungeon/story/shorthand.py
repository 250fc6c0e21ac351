"""How players shorten a line at the keyboard, written out."""

from __future__ import annotations

import re

from dungeon.story.verbs import VERBS

_LETS = re.compile(r"(?:let['’]s|lets(?=\s+go(?!\s+of\b)))\s+(?=[a-z])", re.IGNORECASE)
_STARRED = re.compile(r"(?<!\*)\*++([^*]++)\*++(?:([.!?])|(?=\s+[\"“])(?<![.!?,]\*)())?")
_YOU_AND_I = re.compile(r"(?:you and (?:i|me)|(?:me|i) and you)\b(?!['’])", re.IGNORECASE)
_ASIDE = re.compile(r"\([^()]*\)\s+(?=\w)")
# How lines are shortened in text adventures since 1977.
_SHORT = {
    "n": "go north", "s": "go south", "e": "go east", "w": "go west", "ne": "go northeast",
    "nw": "go northwest", "se": "go southeast", "sw": "go southwest", "u": "go up",
    "d": "go down", "l": "look around", "z": "wait", "i": "look at what I carry",
    "inv": "look at what I carry", "inventory": "look at what I carry",
}  # fmt: skip
_EXAMINED = re.compile(r"x\s+(?=[a-z])", re.IGNORECASE)
_BARE_TAIL = re.compile(r"i(ll|d)\s+(?=([a-z]+))", re.IGNORECASE)


def written_out(text: str) -> str:
    """A line in full: of "n" "go north", of "*bows*" "bows", of "LOOK UP" "look up"."""
    text = _STARRED.sub(_unstarred, text).strip()
    text = _SHORT.get(text.lower().rstrip(". "), text)
    text = _EXAMINED.sub("examine ", text, count=1) if _EXAMINED.match(text) else text
    text = _LETS.sub("we ", text, count=1) if _LETS.match(text) else text
    text = _YOU_AND_I.sub("we", text, count=1) if _YOU_AND_I.match(text) else text
    tail = _BARE_TAIL.match(text)
    if tail and tail[2].lower() in VERBS:
        text = f"I'{tail[1].lower()} {text[tail.end() :]}"
    if text.upper() == text and len(text.split()) > 1 and not any(mark in text for mark in '"“”'):
        # Shouted at the keyboard, not in the story.
        text = text.lower()
    return text


def aside(text: str) -> tuple[str, str]:
    """What stands in brackets before a line, "(softly) ", and the line itself."""
    match = _ASIDE.match(text)
    return (match[0], text[match.end() :]) if match else ("", text)


def _unstarred(match: re.Match[str]) -> str:
    stop = match[2] or ("." if match[3] is not None and match[1][-1:] not in ".!?," else "")
    return match[1] + stop
