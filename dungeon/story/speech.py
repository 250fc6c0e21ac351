"""What the player says: what counts as speech, and how it stands in the story."""

from __future__ import annotations

import re

from dungeon.story.hero import Hero, Role
from dungeon.story.scenario import Style
from dungeon.story.verbs import VERBS

# Single marks are speech where they cannot be apostrophes: 'em, 'tis, the guards' keys.
_SINGLE = (
    r"(?<![^\s(,])'(?!(?:em|tis|twas|til|cause|round|n)\b)(?=\w)(?:[^'\"]|(?<=\w)'(?=\w))*+"
    r"(?:(?<=[.!?,…])'(?!\w)|(?<=[^\Ws])'(?!\w)|(?<=s)'(?=\s*[.!]?$))"
)
PIECES = re.compile(
    rf"""(?P<speech>"[^"]*"?|“[^”]*”?|‘[^‘]*?’(?!\w)|{_SINGLE})"""
    r"|(?P<word>[^\W_]+(?:['’][^\W_]+)*)|(?P<other>.)",
    re.DOTALL | re.IGNORECASE,
)
"""A line cut into speech with its marks, words, and single characters between."""

_GREETING = re.compile(
    r"(?:hello|hi|hey|yes|yeah|ok|okay|thanks|thank\s+you|sorry|good\s?bye|bye|farewell|no|nope|"
    r"never\s?mind|no\s+way|maybe|perhaps|fine|sure|of\s+course|certainly|huh|wow|damn|oh|hmm+|"
    r"(?:oh\s+)?my\s+god)(?=[,.!?…]|\s*$)|(?:hello|hi|hey|thanks|thank\s+you|good\s?bye)\s+\w|"
    r"(?:help|me|us|mine)\s*[.!?]*$|don['’]?t\s+be\s+\w",
    re.IGNORECASE,
)
_HELP = r"(?:is|are|was|were|do|does|did|can|could|will|would|shall|should|may|must|has|have|had)"
_QUESTION = re.compile(
    rf"""(?:(?:so|and|but|now|then|well|oh|wait)\b[,\s]+)?
        (?:who|whom|whose|what|where|why|how|which|when)
            (?:['’](?:s|re|ll|d)\b|\s+(?:am|{_HELP})(?:n['’]t)?\b|\b(?=.*\?["'”’]*$))
    | (?:am|is|are|was|were)(?:n['’]t)?\s+
        (?:i|you|we|he|she|it|they|there|this|that|these|those|the|my|your|his|her|any\w*)\b
    | (?:do|have|had)(?:n['’]t)?\s+(?:i|you|we|they)\b(?!\s*[.!]?$)
    | (?:does|did|can|could|will|would|shall|should|may|must|has)(?:n['’]t)?\s+
        (?:i|you|we|he|she|it|they|there|this|that|any\w*)\b""",
    re.IGNORECASE | re.VERBOSE,
)
# "help me", "wait for us", "give the sword to me"
_REQUEST = re.compile(
    r"""(?:please\s+)?(?:
        let\s+(?:me|us)\b
      | (?P<verb>[a-z]+)\s+(?:(?:to|for|with|at)\s+)?(?:me|us)\b(?!\s+and\b)
      | (?:give|hand|pass|bring|show|tell|lend|sell|throw|toss|send|fetch|offer|teach)\s+
        (?:[\w'’-]+\s+){1,5}to\s+(?:me|us)\s*[.!]?$
    )""",
    re.IGNORECASE | re.VERBOSE,
)
_ENDS = re.compile(r"""[.!?…。！？]["'”’)\]]*$""")


# "I love you", "you hurt me": somebody is spoken to.
_TO_YOU = re.compile(
    r"""(?:i|we)(?:['’](?:m|ll|d|ve|re))?\s+(?!(?:[a-z]+\s+)?(?:say|tell|ask|think|know|hope|wish|
        believe|guess|wonder|whisper|shout|swear|feel|hear|see)(?!\s+you\b)\b)
        [^"“”.!?]*\b(?:you|yours?|yourself)(?:['’]\w+)?\b[^"“”]*
    | you\s+(?P<verb>[a-z]+)\s+(?:me|us)\b(?!\s+and\b)[^"“”]*""",
    re.IGNORECASE | re.VERBOSE,
)


def is_said(text: str, style: Style) -> bool:
    """Whether a line of doing can only be meant as said: a question, a greeting, a request."""
    if _GREETING.match(text) or _QUESTION.match(text):
        return True
    if style.person != "first" and _TO_YOU.fullmatch(text):
        return True
    request = _REQUEST.match(text)
    return request is not None and (request["verb"] or "let").lower() in VERBS - {"be", "have"}


def as_speech(text: str, style: Style) -> str:
    """What the player says: `You say "Hello."`, `Ansel said "Hello."`; "" of nothing."""
    said = _unquoted(text.strip())
    if not said:
        return ""
    said = ended(capital(said), "?" if _QUESTION.match(said) else ".")
    for mark in '"“”':
        said = said.replace(mark, "'")
    hero = Hero(style)
    subject, key = hero.word(Role.SUBJECT)
    return f'{capital(subject)} {hero.agree("say", key)} "{said}"'


def _unquoted(text: str) -> str:
    """`text` without the marks around it; those of a speech in it stay."""
    marks = [at for at, mark in enumerate(text) if mark in '"“”']
    around = len(marks) > 1 and marks[0] == 0 and marks[-1] == len(text) - 1
    return text.strip('"“”').strip() if around or len(marks) < 2 else text


def capital(text: str) -> str:
    """`text` with a capital at its beginning."""
    return text[:1].upper() + text[1:]


def ended(text: str, mark: str = ".") -> str:
    """`text` with a mark at its end, inside speech that ends it, unless there is one."""
    text = text.rstrip()
    if _ENDS.search(text):
        return text
    if text[-1:] in ('"', "”"):
        return f"{text[:-1].rstrip(',;: ')}{mark}{text[-1]}"
    return text.rstrip(",;:-–— ") + mark
