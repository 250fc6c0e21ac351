"""What a turn introduces: names, items, places and open goals, found by rules.

English only, and only what the words show: a name is a capital inside a sentence, an item is
what somebody takes or is given, a place is a noun that is one, a goal is what "you must". A fact
is the sentence itself, never a retelling.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from dungeon.story.narrative import sentences
from dungeon.story.words import EMPTY

Kind = Literal["name", "item", "place", "goal"]

MOST_WORDS = 40
"""Longest sentence that is kept as a fact; a longer one is cut."""


@dataclass(frozen=True, slots=True)
class Mention:
    """A thing that a sentence speaks of.

    Attributes:
        kind: What it is.
        key: What tells it from others, folded: "odo brack", "whistle".
        label: As a card would call it: "Odo Brack", "brass whistle".
        sentence: Where it stands.
        introduced: Whether the sentence presents it ("a man named Odo", "hands you a whistle").
    """

    kind: Kind
    key: str
    label: str
    sentence: str
    introduced: bool = True


def mentions(text: str) -> list[Mention]:
    """All mentions in a turn's text, in order."""
    found: list[Mention] = []
    for piece in sentences(text):
        sentence = _short(piece)
        found += _names(piece, sentence)
        found += _things(piece, sentence)
        found += _places(piece, sentence)
        found += _goals(piece, sentence)
    return found


def _short(sentence: str) -> str:
    words = sentence.replace("\n", " ").split()
    cut = " ".join(words[:MOST_WORDS])
    return cut if len(words) <= MOST_WORDS else cut.rstrip(",;:-–—") + " …"


# -- names -----------------------------------------------------------------------------------

_TITLES = frozenset(
    """captain queen king lord lady sir madam mister mr mrs miss doctor dr father mother brother
    sister uncle aunt sergeant colonel professor inspector sheriff old young prince princess duke
    duchess count baron judge master mistress saint""".split()
)
_WORD = r"[A-Z][a-z]+(?:['’][A-Z]?[a-z]+)?(?:-[A-Z][a-z]+)*"
_NAME = re.compile(rf"(?<![\w'’])({_WORD}(?:\s+(?:of\s+(?:the\s+)?|the\s+)?{_WORD})*)")
_PRESENTS = re.compile(
    r"(?:named|called|name is|name was|names? (?:himself|herself|itself)|known as|christened)\W+$"
)
_ABBREVIATED = re.compile(r"\b(?:Mr|Mrs|Ms|Dr|St|Prof|Capt|Sgt)\.$")
_NO_NAMES = EMPTY | frozenset(
    """monday tuesday wednesday thursday friday saturday sunday january february march april june
    july august september october november december english french latin god sir madam ma'am
    mister miss okay ok please thank thanks hello hey ah today tonight tomorrow
    yesterday later once meanwhile perhaps maybe finally suddenly behind above beneath
    outside inside""".split()
)


def _names(piece: str, sentence: str) -> Iterator[Mention]:
    for match in _NAME.finditer(piece):
        name = match[1].removesuffix("'s").removesuffix("’s")
        before = piece[: match.start()].rstrip(" ")
        words = name.split()
        starts = not before or before[-1] in "\"“‘'(.!?…—–-:\n"
        starts = starts and _ABBREVIATED.search(before) is None
        if starts:
            # A capital at the head of a sentence shows nothing, but a second one does.
            while words and words[0].casefold() in _NO_NAMES:
                words = words[1:]
            if len(words) < 2 and (not words or len(words) == len(name.split())):
                continue
        while words and words[0].casefold() in {"the", "of"}:
            words = words[1:]
        if not words or all(word.casefold() in _NO_NAMES | _TITLES for word in words):
            continue
        label = " ".join(words)
        presented = _PRESENTS.search(before) is not None or piece[match.end() :].startswith(", ")
        yield Mention("name", label.casefold(), label, sentence, presented)


def name_keys(label: str) -> tuple[str, ...]:
    """What calls a name up: the whole, and each part that is a name of its own."""
    parts = [
        word
        for word in label.split()
        if word[:1].isupper() and len(word) > 2 and word.casefold() not in _TITLES | _NO_NAMES
    ]
    return tuple(dict.fromkeys([label, *parts]))


# -- items and places --------------------------------------------------------------------------

_GETS = re.compile(
    r"\b(?:(?:take|pick(?:s|ed)? up|find|found|receive|pocket|carr(?:y|ies|ied)|keep|kept|buy|"
    r"bought|steal|stole|grab|grabbed|hold|held|draw|drew|hide|hid|wear|wore|lift|unwrap|uncover|"
    r"discover|collect|snatch|win|won|own|borrow|claim|dig(?:s)? up|pull(?:s|ed)? out|"
    r"press(?:es|ed)?|slip(?:s|ped)?|slid(?:e|es)?|took)(?:s|es|d|ed)?"
    r"|(?:hand|give|gave|offer|show|lend|lent|leave|left|toss|bring|brought|pass|throw|threw|sell|"
    r"sold)(?:s|es|d|ed)? (?:you|me|him|her|them))\s+",
    re.IGNORECASE,
)
_DETERMINER = re.compile(
    r"(?:out\s+|up\s+|back\s+)?(?:a|an|the|your|his|her|their|its|one|two|three|some|this|that)\s+",
    re.IGNORECASE,
)
_ENDS_PHRASE = frozenset(
    "tied wrapped made hidden covered filled that which lying hanging marked sealed".split()
) | (EMPTY - frozenset("old little long own left right first last".split()))
_NO_ITEMS = frozenset(
    """breath step steps look glance seat place turn chance risk note moment minute hour care
    courage sense sign hold grip aim cover shelter part side edge corner rest bit lot piece
    sight view path road way course lead charge control advantage advice order orders news
    reason answer question questions truth idea plan thought thoughts feeling heart mind
    attention distance direction kind sort end beginning middle top bottom front back arm
    arms leg legs foot feet finger fingers shoulder shoulders hair mouth lips ear ears nose
    neck chest stomach skin body life death air silence sound noise voice tongue gaze smile
    nod shake pause bow walk run room house door window floor wall ground others rest lost
    name world sun moon sky wind rain water fire light dark""".split()
)
_PLACE_NOUNS = frozenset(
    """tower bridge mill inn tavern cellar church chapel temple castle keep fort fortress village
    town city harbour harbor port dock docks pier lighthouse island forest wood woods cave
    cavern mine tunnel valley hill mountain peak river lake marsh swamp desert garden
    orchard farm barn stable library archive museum theatre theater market square street
    alley lane station platform ship boat deck cabin bridge hold hangar corridor laboratory
    lab hospital prison cell dungeon vault crypt graveyard cemetery palace hall kitchen
    attic office school shop bakery smithy forge camp shrine well gate wall warehouse court
    courthouse bank hotel cottage hut shack monastery observatory greenhouse quarry ruins
    ruin crossroads ferry""".split()
)
_TOKEN = re.compile(r"[A-Za-z][\w'’-]*|[^\w\s]")


def _phrase(text: str) -> list[str]:
    """The adjectives and the noun that `text` begins with, at most four words."""
    words: list[str] = []
    for token in _TOKEN.findall(text[:80]):
        lower = token.casefold()
        if not token[0].isalpha() or lower in _ENDS_PHRASE or lower.endswith("ly"):
            break
        words.append(lower.removesuffix("'s").removesuffix("’s"))
        if len(words) == 4:
            break
    return words


def _things(piece: str, sentence: str) -> Iterator[Mention]:
    for match in _GETS.finditer(piece):
        article = _DETERMINER.match(piece, match.end())
        if article is None:
            continue
        words = _phrase(piece[article.end() :])
        if not words or words[-1] in _NO_ITEMS or words[-1] in _PLACE_NOUNS or len(words[-1]) < 3:
            continue
        yield Mention("item", words[-1], " ".join(words), sentence)


_INTO = re.compile(
    r"\b(?:in|into|inside|at|to|before|outside|toward|towards|through|behind|beneath|under|near|past|beyond|from|"
    r"reach|enter|find|see|leave|stands?|is)\s+(?:a|an|the|this|your)\s+",
    re.IGNORECASE,
)


def _places(piece: str, sentence: str) -> Iterator[Mention]:
    for match in _INTO.finditer(piece):
        words = _phrase(piece[match.end() :])
        for at, word in enumerate(words):
            if word in _PLACE_NOUNS:
                label = " ".join(words[: at + 1])
                yield Mention("place", label, label, sentence, at > 0)
                break


# -- goals -------------------------------------------------------------------------------------

_GOAL = re.compile(
    r"\byou(?:['’]ve)?\s+(?:must|have to|had to|need to|needed to|ought to|promise|promised|swear|"
    r"swore|vow|vowed|agree to|agreed to|owe)\b"
    r"|\b(?:asks?|asked|begs?|begged|orders?|ordered|tells?|told|commands?|commanded|urges?|urged|"
    r"wants?|wanted|sends?|sent) you to\b"
    r"|\byour (?:task|goal|mission|quest|errand|promise|oath|duty) (?:is|was)\b"
    r"|[\"“](?:you must\b|you have to\b|(?:please )?(?:bring|find|deliver|return|fetch|rescue|"
    r"promise|take (?:this|it|him|her|them)|warn|protect|stop)\b)",
    re.IGNORECASE,
)


def _goals(piece: str, sentence: str) -> Iterator[Mention]:
    if _GOAL.search(piece) and not piece.rstrip("\"”’' ").endswith("?"):
        words = sentence.split()
        label = " ".join(words[:6]) + ("…" if len(words) > 6 else "")
        yield Mention("goal", sentence.casefold(), label, sentence)
