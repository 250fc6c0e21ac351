"""What the player did: a mode and a line, and how it stands in the story.

The action keeps the line as typed; `as_line` gives its form in the story ("> You open your
door."), so better rewriting later improves old stories too.

Decisions where English is ambiguous:

- "give the sword to me", "show me the map": a giving verb without a subject whose receiver is
  "me" is a request to somebody in the scene, so it becomes speech: `You say "Give the sword
  to me."` Everywhere else "me" is "you".
- A line that has its own subject ("the guard attacks me", "my sword breaks") gets no "You".
- "mine" is a pit unless it stands where a possessive must ("that is mine").
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from dungeon.text import clean


class Mode(StrEnum):
    """How a player's line is meant."""

    DO = "do"
    SAY = "say"
    STORY = "story"
    CONTINUE = "continue"


@dataclass(frozen=True, slots=True)
class Action:
    """A player's line.

    Attributes:
        mode: How it is meant.
        text: As typed, on one line (several for `STORY`); "" for `CONTINUE`.
    """

    mode: Mode
    text: str = ""


MAX_LINE = 4000
"""Longest player's line kept, in characters; longer than any turn that a model can read."""


def parse(line: str, mode: Mode = Mode.DO) -> Action:
    """The action of a typed line; an empty one continues, whatever the mode.

    A line of `DO` that is one quotation is speech, and a leading `>` is dropped: both are
    how players of other games type.
    """
    text = clean_story(line) if mode is Mode.STORY else clean_line(line)
    if mode is not Mode.STORY:
        text = text.lstrip("> ").rstrip()
    text = text[:MAX_LINE].rstrip()
    if not text or mode is Mode.CONTINUE:
        return Action(Mode.CONTINUE)
    if mode is Mode.DO and _QUOTED.fullmatch(text):
        mode = Mode.SAY
    return Action(mode, text)


def as_line(action: Action | None) -> str:
    """The action as its line in the story: `> You look around.`; "" where it has none."""
    if action is None or action.mode in (Mode.STORY, Mode.CONTINUE):
        return ""
    if action.mode is Mode.SAY:
        return "> " + _speech(action.text)
    return "> " + second_person(action.text)


def as_narrative(action: Action | None) -> str:
    """What the player wrote into the story himself: the text of `STORY`, else ""."""
    return action.text if action is not None and action.mode is Mode.STORY else ""


def clean_line(text: str) -> str:
    """`text` on one line, harmless to a terminal, runs of blanks folded."""
    return " ".join(clean(text, newlines=False).split())


def clean_story(text: str) -> str:
    """`text` harmless to a terminal, its ends trimmed, no line that looks like an action's."""
    lines = [line.rstrip().lstrip(">").lstrip(" ") for line in clean(text).split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


# -- rewriting -------------------------------------------------------------------------------

_QUOTED = re.compile(r'["“”][^"“”]*["“”]')
_QUOTES = re.compile(r'("[^"]*"?|“[^”]*”?)')
_ENDS = re.compile(r"""[.!?…]["'”’)\]]*$""")

_LEADS = (
    "and|then|now|so|but|next|again|still|finally|suddenly|quickly|quietly|slowly|carefully|"
    "instead|meanwhile|afterwards|later|today|here|maybe|perhaps|please"
)
_OWN_SUBJECT = re.compile(
    rf"(?:(?:{_LEADS}|[a-z]+ly),?\s+)*"
    r"(?:you|we|i|you'(?:re|ll|ve|d)|the|an?|he|she|it|they|there|this|that|these|those|his|her|"
    r"its|their|my|our|your|someone|somebody|something|everyone|everybody|nobody|no\s+one|nothing|"
    r"when|while|if|as\s+soon|after|before|suddenly|once)\b",
    re.IGNORECASE,
)
_REQUEST = re.compile(
    r"(?:please\s+)?(?:give|hand|pass|bring|show|tell|lend|sell|throw|toss|send|fetch|offer|"
    r"get|buy|teach|tell|ask|help|follow|let|answer|listen\s+to|wait\s+for|come\s+with)\s+"
    r"(?:me\b|(?:[\w'’-]+\s+){1,5}to\s+me\s*[.!]?$)",
    re.IGNORECASE,
)

# Order matters: contractions and verb pairs come before the lone pronouns.
_REWRITES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), new)
    for pattern, new in (
        (r"\b(?:i|we)\s+(?:am|are)\b", "you are"),
        (r"\b(?:am|are)\s+(?:i|we)\b", "are you"),
        (r"\bi\s+was\b", "you were"),
        (r"\bwas\s+i\b", "were you"),
        (r"\b(?:i['’]m|we['’]re)(?!\w)", "you're"),
        (r"\b(?:i|we)(['’](?:ll|ve|d))\b", r"you\1"),
        (r"\bmyself\b|\bourselves\b", "yourself"),
        (r"\b(is|are|was|were|be|become|of|than|as)\s+(?:mine|ours)\b(?!\s+\w)", r"\1 yours"),
        (r"\bours\b", "yours"),
        (r"\b(?:my|our)\b", "your"),
        (r"\b(?:i|me|us|we)\b", "you"),
    )
)
_ROMAN = re.compile(r"\b([A-Z][a-z]+) I\b(?=[\s,.!?;:]|$)(?!\s+(?:am|was|have|will|want|go|do)\b)")


def second_person(text: str) -> str:
    """A line of a player as a sentence about "you".

    Speech inside double quotes is left alone. Ends in a full stop unless it ends a sentence
    already.
    """
    text = " ".join(text.split())
    if not text:
        return ""
    if _REQUEST.match(text):
        return _speech(text)
    parts = [part if part[:1] in ('"', "“") else _rewrite(part) for part in _QUOTES.split(text)]
    line = "".join(parts)
    if _OWN_SUBJECT.match(line):
        line = _capital(line)
    elif line[:1] not in ('"', "“"):
        line = "You " + _lower_first_word(line)
    return _ended(line)


def _rewrite(text: str) -> str:
    # A name with a numeral ("Henry I") is set aside while "I" is the player.
    text = _ROMAN.sub(lambda m: f"{m[1]} \ue000" if m[1].lower() not in _VERBISH else m[0], text)
    for pattern, new in _REWRITES:
        text = pattern.sub(new, text)
    return text.replace("\ue000", "I")


_VERBISH = frozenset(
    "think say know hope wish guess believe then now and but so that if when while where as "
    "because after before maybe perhaps suddenly finally again".split()
)


def _speech(text: str) -> str:
    said = text.strip().strip('"“”').strip()
    said = _ended(_capital(said)).replace('"', "'").replace("“", "'").replace("”", "'")
    return f'You say "{said}"'


def _ended(text: str) -> str:
    text = text.rstrip()
    if _ENDS.search(text):
        return text
    if text[-1:] in ('"', "”"):
        return f"{text[:-1].rstrip(',;: ')}.{text[-1]}"
    return text.rstrip(",;:-–— ") + "."


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _lower_first_word(text: str) -> str:
    first = text.split(" ", 1)[0]
    # "LOOK" and "Look" are typed by habit; "McGuffin" is a name.
    keep = first[1:] != first[1:].lower() and first != first.upper()
    return text if keep else first.lower() + text[len(first) :]
