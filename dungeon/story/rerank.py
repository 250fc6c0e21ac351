"""Which of several continuations tells the turn best.

Small models write one good continuation in three. Every candidate is looked at for what spoils
a turn (the narrator says "I", says again what was said, leaves the story, falls into another
tense) and for what makes one (it answers what the player did, it is about the people at hand),
and the best is told. Pure text, a tenth of a millisecond each; the weights were fixed by
measurement (docs/stories.md).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from difflib import SequenceMatcher

from dungeon.story.narrative import sentences

_QUOTED = re.compile(r"\"[^\"\n]*(?:\"|$)|“[^”\n]*(?:”|$)")
_WORD = re.compile(r"\w+(?:['’]\w+)*")
_FIRST = re.compile(
    r"\b(?:I(?:['’](?:m|ve|ll|d))?|[Mm]e|[Mm]y|[Mm]ine|[Mm]yself|[Ww]e|[Oo]ur|us)\b"
)
_SECOND = re.compile(r"\b(?:you|your|yours|yourself)\b", re.IGNORECASE)
_PAST = re.compile(
    r"\b(?:was|were|had|did|said|went|came|saw|took|felt|knew|stood|looked|turned|asked|told|"
    r"heard|found|made|gave|thought|began|seemed|walked|could)\b"
)
_PRESENT = re.compile(
    r"\b(?:is|are|has|have|does|do|says|goes|comes|see|take|takes|feel|know|stand|stands|look|"
    r"looks|turn|turns|ask|asks|hear|find|make|makes|give|gives|begin|begins|can)\b"
)
_OUTSIDE = re.compile(
    r"\b(?:as an ai|what (?:do|would|will) you (?:do|like|choose)|would you like|"
    r"what(?:['’]s| is) your (?:name|character)|let me know|here (?:is|are) (?:a|the|some)|"
    r"the (?:story|player|character|reader|narrator|scene|game)|in conclusion|once upon)\b"
    r"|^\W*(?:you(?:['’]re| are) (?:right|correct|welcome)|sure|certainly|great|yes|no)\b"
    r"|^\s*(?:[-*•#]|\d+[.)])\s",
    re.IGNORECASE | re.MULTILINE,
)
_EMPTY = frozenset(
    """a an the and or but of to in on at by for with from into onto up down out off over under as
    is are was were be been am do does did has have had it its this that these those there here
    you your i me my he him his she her they them their we us our who what where when why how
    not no so if then than some any all one about around just very say says tell ask go look get
    take make try want""".split()
)

PARROTED = 4
"""Words of the player's line in a row that say it again on the screen."""

_WHOSE = frozenset("i me my mine you your yours he him his she her hers they them their".split())


@dataclass(frozen=True, slots=True)
class Scores:
    """What is counted of a candidate; each is multiplied with its weight and they are added.

    Attributes:
        answers: Share of the action's own words that come again.
        second: Whether it speaks to the player at all.
        names: Share of the names said lately that come again, at most two counted.
        cast: Whether somebody of the story's own cast is named.
        strangers: Names that nobody has said yet, up to three.
        sentences: Sentences, up to three.
        first: Words of the first person outside speech, up to three.
        outside: Marks of leaving the story, up to two.
        repeated: Share of its four-word rows that were said lately or twice.
        alike: Whether it begins with the same three words as one of the last turns.
        monotone: Share of its sentences that begin with the same two words as one before.
        tense: Share of its common verbs that are in the wrong tense.
        short: Whether it has fewer than twelve words.
        lost: Share of what the model wrote that had to be cut away.
        gain: How much likelier the action made it, in nats a token, from -1 to 2.
        parrot: Share of the action's words, of four or more, that come again as one row.
    """

    answers: float = 0.0
    second: float = 0.0
    names: float = 0.0
    cast: float = 0.0
    strangers: float = 0.0
    sentences: float = 0.0
    first: float = 0.0
    outside: float = 0.0
    repeated: float = 0.0
    alike: float = 0.0
    monotone: float = 0.0
    tense: float = 0.0
    short: float = 0.0
    lost: float = 0.0
    gain: float = 0.0
    parrot: float = 0.0

    def total(self, weights: Scores) -> float:
        """The sum of all, weighted."""
        pairs = ((getattr(self, f.name), getattr(weights, f.name)) for f in fields(self))
        return float(sum(count * weight for count, weight in pairs))


WEIGHTS = Scores(
    answers=3.0,
    second=0.5,
    names=0.5,
    cast=1.0,
    strangers=-0.7,
    sentences=0.2,
    first=-2.0,
    outside=-3.0,
    repeated=-4.0,
    alike=-1.5,
    monotone=-1.5,
    tense=-1.5,
    short=-1.5,
    lost=-0.5,
    gain=0.0,
    parrot=-2.0,
)


def best(
    candidates: Sequence[tuple[str, str]],
    *,
    action: str,
    said: Sequence[str],
    person: str = "second",
    tense: str = "present",
    cast: Sequence[str] = (),
    gains: Sequence[float] = (),
) -> int:
    """The number of the candidate to tell; of equals the first.

    Args:
        candidates: Of each the narrative ("" for none) and what the model wrote.
        action: The player's line.
        said: Recent narrative.
        person, tense: Of the scenario's style.
        cast: Names of the story's own.
        gains: How much likelier the action made each, in nats a token; empty where unknown.
    """
    totals = [
        score(
            text, raw, action=action, said=said, person=person, tense=tense, cast=cast, gain=gain
        ).total(WEIGHTS)
        if text
        else float("-inf")
        for (text, raw), gain in zip(candidates, gains or [0.0] * len(candidates), strict=True)
    ]
    return totals.index(max(totals))


def score(
    text: str,
    raw: str,
    *,
    action: str = "",
    said: Sequence[str] = (),
    person: str = "second",
    tense: str = "present",
    cast: Sequence[str] = (),
    gain: float = 0.0,
) -> Scores:
    """Everything that is counted of one candidate; arguments as `best`."""
    plain = _QUOTED.sub(" ", text)
    words = [word.casefold() for word in _WORD.findall(text)]
    stems = {_stem(word) for word in words}
    line = [word.casefold() for word in _WORD.findall(action)]
    asked = {_stem(word) for word in line} - _EMPTY_STEMS
    names = _names(said[-3:])
    own = {part for name in cast for part in name.split()}
    new = _names([text]) - _names(said) - own - set(_WORD.findall(action))
    past, present = len(_PAST.findall(plain)), len(_PRESENT.findall(plain))
    wrong = {"present": past, "past": present}.get(tense, 0)
    return Scores(
        answers=len(asked & stems) / len(asked) if asked else 0.0,
        second=float(person == "second" and _SECOND.search(plain) is not None),
        names=min(2, sum(name in text for name in names)) / 2,
        cast=float(any(name.split()[-1] in text for name in cast)),
        strangers=min(3, len(new)),
        sentences=min(3, len(sentences(text.strip()))),
        first=float(person != "first") * min(3, len(_FIRST.findall(plain))),
        outside=min(2, len(_OUTSIDE.findall(plain))),
        repeated=_repeated(words, said),
        monotone=_monotone(text),
        alike=float(any(_begins(text) == _begins(before) for before in said)),
        tense=wrong / (past + present) if past + present else 0.0,
        short=float(len(words) < 12),
        lost=max(0.0, 1 - len(text) / len(raw.strip())) if raw.strip() else 0.0,
        gain=min(2.0, max(-1.0, gain)),
        parrot=_parrot(words, line),
    )


def _parrot(words: Sequence[str], line: Sequence[str]) -> float:
    """Whose the things are changes between a line and its telling, and does not count."""
    told, asked = (["*" if word in _WHOSE else word for word in part] for part in (words, line))
    run = SequenceMatcher(None, asked, told, autojunk=False).find_longest_match().size
    return run / len(asked) if run >= PARROTED else 0.0


def _monotone(text: str) -> float:
    begins = [tuple(_begins(piece)[:2]) for piece in sentences(text.strip())]
    return 1 - len(set(begins)) / len(begins) if begins else 0.0


def _begins(text: str) -> list[str]:
    return [word.casefold() for word in _WORD.findall(text[:80])[:3]]


def _stem(word: str) -> str:
    """A word without its commonest endings, so that "opens" answers "open"."""
    for end in ("ing", "ed", "es", "s"):
        if word.endswith(end) and len(word) - len(end) >= 3:
            word = word.removesuffix(end)
            break
    return word.removesuffix("e")


_EMPTY_STEMS = frozenset(_stem(word) for word in _EMPTY)


def _names(texts: Iterable[str]) -> set[str]:
    """Capitalised words that do not begin a sentence."""
    found: set[str] = set()
    for text in texts:
        found.update(re.findall(r"(?<=[a-z,;] )[A-Z][a-z]{2,}", text))
    return found


def _rows(words: Sequence[str]) -> list[tuple[str, ...]]:
    return [tuple(words[at : at + 4]) for at in range(len(words) - 3)]


def _repeated(words: Sequence[str], said: Sequence[str]) -> float:
    rows = _rows(words)
    if not rows:
        return 0.0
    known: set[tuple[str, ...]] = set()
    for text in said:
        known.update(_rows([word.casefold() for word in _WORD.findall(text)]))
    again = 0
    for row in rows:
        again += row in known
        known.add(row)
    return again / len(rows)
