"""The one whom the story is about, in its person and tense: "you", "I", "Ansel", "she"."""

from __future__ import annotations

from enum import IntEnum
from typing import Literal

from dungeon.story.scenario import Style
from dungeon.story.verbs import is_past, past, third

Key = Literal["I", "one", "many"]
"""How a verb agrees: am, is or are."""


class Role(IntEnum):
    """What the hero is in a sentence."""

    SUBJECT = 0
    OBJECT = 1
    POSSESSIVE = 2
    OWN = 3
    SELF = 4


FORMS = {
    "first": ("I", "me", "my", "mine", "myself"),
    "second": ("you", "you", "your", "yours", "yourself"),
    "she": ("she", "her", "her", "hers", "herself"),
    "he": ("he", "him", "his", "his", "himself"),
    "it": ("it", "it", "its", "its", "itself"),
    "they": ("they", "them", "their", "theirs", "themselves"),
}
"""The pronouns by `Role`."""

MODALS = {
    "can": "could", "could": "could", "will": "would", "would": "would", "may": "might",
    "might": "might", "shall": "should", "should": "should", "must": "must",
    "cannot": "could not", "can't": "couldn't", "couldn't": "couldn't", "won't": "wouldn't",
    "wouldn't": "wouldn't", "shouldn't": "shouldn't", "mustn't": "mustn't",
}  # fmt: skip
"""Verbs that have no other form for "he", with their pasts."""

_BE: dict[Key, tuple[str, str]] = {
    "I": ("am", "was"),
    "one": ("is", "was"),
    "many": ("are", "were"),
}
_TAILS = {"m": "are", "re": "are", "ve": "have", "ll": "will", "d": "would"}
_SHORT = {"am": "m", "are": "re", "is": "s", "have": "ve", "will": "ll", "would": "d"}
HELPERS = frozenset("am is are was were have has had do does did".split())
HELPING = HELPERS | {f"{word}n't" for word in HELPERS} | MODALS.keys() | {"ain't"}
"""Verbs that turn round in a question: "am I", "can't I"."""


class Hero:
    """The hero of one line: called by name the first time, by pronoun after that."""

    def __init__(self, style: Style) -> None:
        self.past = style.tense == "past"
        self.person = style.person if style.person in ("first", "third") else "second"
        self._forms = FORMS[style.pronoun if self.person == "third" else self.person]
        self.name = ""
        if self.person == "third":
            # A story may be about "she" with no name; "they" would be taken for others.
            self.name = style.name or ("the hero" if style.pronoun == "they" else "")
        self._named = not self.name

    def named(self) -> None:
        """The line has the name already."""
        self._named = True

    def word(self, role: Role) -> tuple[str, Key]:
        """What the hero is called in a role, and how a verb agrees with it."""
        form = self._forms[role]
        if not self._named and role is not Role.SELF:
            self._named = True
            return self.name + "'s" * (role in (Role.POSSESSIVE, Role.OWN)), "one"
        if form == "I":
            return form, "I"
        return form, "many" if form in ("you", "they") else "one"

    def join(self, subject: str, key: Key, tail: str, mark: str) -> str:
        """A subject with "am", "have", "will" or "would", written short where that is clear.

        Args:
            subject, key: As `word` gave them.
            tail: What stood behind the apostrophe: m, re, ve, ll or d.
            mark: The apostrophe.
        """
        verb = self.agree(_TAILS[tail], key)
        short = _SHORT.get(verb, "")
        return f"{subject}{mark}{short}" if short and subject != self.name else f"{subject} {verb}"

    def agree(self, verb: str, key: Key) -> str:
        """A verb as it stands with the hero; one that tells of the past already stays."""
        low = verb.lower().replace("’", "'")
        if low in MODALS:
            return MODALS[low] if self.past and MODALS[low] != low else verb
        bare = low.removesuffix("n't") if low in HELPING else low
        if low in ("dont", "havent"):
            bare = low[:-2]
        end = verb[len(bare) :]
        new = self._inflected(bare, key)
        if new == "am" and end:
            return "am not"
        return verb if new == bare else new + end

    def _inflected(self, verb: str, key: Key) -> str:
        if verb in ("be", "am", "is", "are", "was", "were"):
            return _BE[key][self.past or verb in ("was", "were")]
        verb = {"has": "have", "does": "do"}.get(verb, verb)
        if verb in ("ai", "had") or is_past(verb):
            return verb
        if self.past:
            return past(verb)
        return third(verb) if key == "one" else verb
