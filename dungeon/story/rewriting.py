"""A player's line as a sentence of the story: whose it is, and the verbs that go with it.

"I open my door" is "You open your door.", "I opened my door." or "Ansel opens her door.", by
the scenario's style. What stands in quotation marks is left as typed, and so is spelling. One
pass over the words; no dictionary but the verbs that players type (`verbs`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from dungeon.story.grammar import (
    AFTER_MINE,
    AFTER_VERB,
    BESIDE,
    CLAUSE,
    JOINS,
    LEADS,
    NUMBERED,
    OWNING,
    PLACES,
    SUBJECTS,
    TAILS,
    TOWARDS,
    WHEN,
    is_adverb,
    is_doing,
    is_third,
    leads,
)
from dungeon.story.hero import HELPING, MODALS, Hero, Key, Role
from dungeon.story.scenario import Style
from dungeon.story.sentences import sentences
from dungeon.story.shorthand import aside, written_out
from dungeon.story.speech import PIECES, capital, ended
from dungeon.story.verbs import SURE, VERBS, base_of, is_past, past

_MINE = {"i": Role.SUBJECT, "me": Role.OBJECT, "my": Role.POSSESSIVE, "mine": Role.OWN,
         "myself": Role.SELF}  # fmt: skip
_OURS = {"we": Role.SUBJECT, "us": Role.OBJECT, "our": Role.POSSESSIVE, "ours": Role.OWN,
         "ourselves": Role.SELF}  # fmt: skip
_YOURS = {"you": Role.OBJECT, "your": Role.POSSESSIVE, "yours": Role.OWN,
          "yourself": Role.SELF}  # fmt: skip
_FIRST = _MINE | _OURS


def as_sentence(text: str, style: Style) -> str:
    """What the player does, told in `style`; "" for a blank line.

    Ends in a full stop unless it ends a sentence already.
    """
    text = written_out(" ".join(text.split()))
    if not any(mark.isalnum() for mark in text):
        return text.strip('*"“” ')
    before, text = aside(text)
    teller = _Teller(style, text)
    return ended(before + "".join(teller.tell(sentence) for sentence in _whole(text)))


def _whole(text: str) -> list[str]:
    """`text` by sentences, but never cut inside speech."""
    whole: list[str] = []
    quotes = 0
    for piece in sentences(text):
        ours = re.match(r"\s*(?:i|we|you)\b", piece, re.IGNORECASE)
        if quotes % 2 or (whole and ours and whole[-1].rstrip().endswith(('"', "”"))):
            # `"Run!" I shout` goes on.
            whole[-1] += piece
        else:
            whole.append(piece)
        quotes += sum(piece.count(mark) for mark in '"“”')
    return whole


@dataclass(slots=True)
class _Word:
    """A word, or a whole speech, and what stands before it."""

    gap: str
    text: str
    speech: bool = False

    @property
    def low(self) -> str:
        return "" if self.speech else self.text.lower().replace("’", "'")

    @property
    def stem(self) -> str:
        return {"im": "i", "ive": "i"}.get(self.low) or self.low.split("'")[0]

    @property
    def tail(self) -> str:
        """Of "I'm", "I'll" and "im" the "m" and "ll"."""
        if self.low in ("im", "ive"):
            return self.low[1:]
        return self.low.partition("'")[2]


_MARKS = frozenset("([]{}<>@#&=/\\|~^`%$")
"""Marks that a sentence does not begin with."""


class _Teller:
    """Tells the sentences of one line."""

    def __init__(self, style: Style, text: str) -> None:
        self.hero = Hero(style)
        stems = [word.stem for word in _split(text)[0]]
        # "You" is the player himself, unless he calls himself "I" and means somebody else.
        self.you = not _FIRST.keys() & set(stems) or stems[:1] == ["you"]
        self.shouted = text.upper() == text

    def tell(self, sentence: str) -> str:
        """One sentence, with a subject and verbs that agree."""
        self.words, rest = _split(sentence)
        if not self.words:
            return sentence
        lead, self.words[0].gap = self.words[0].gap, ""
        if _MARKS.intersection(lead):
            # "[laughs]" or "<3" is no clause of ours: it stays as it was typed.
            return f"{capital(self.hero.word(Role.SUBJECT)[0])} {sentence.lstrip()}"
        self.told: list[str] = []
        self.subject: str = ""
        self.key: Key = "many"
        self.pending = self.base = self.typed = self.shared = False
        self.verb = -1
        self._begin()
        for i, word in enumerate(self.words):
            self.told.append(word.text if word.speech else self._word(i, word))
        pairs = zip(self.words, self.told, strict=True)
        return lead + capital("".join(word.gap + told for word, told in pairs)) + rest

    # -- who acts ----------------------------------------------------------------------------

    def _begin(self) -> None:
        """Put "i" in where the player left himself out."""
        words = self.words
        if words[0].speech:
            self.subject = "hero"
            if len(words) > 1 and words[1].low in JOINS:
                words[:1] = [_Word("", "i"), _Word(" ", "say"), _Word(" ", words[0].text, True)]
            return
        at = start = 0
        while at < len(words) - 1 and leads(words[at].low):
            if words[at].low == "please":
                del words[at]
                words[at].gap = " " if at else ""
                continue
            at += 1
            start = at if "," in words[at].gap else start
        word = words[at]
        if self._hero_acts(at) or self._hero_follows(at):
            self.typed = True
            return
        if word.low in WHEN or word.low in BESIDE:
            start = self._after_comma(at, start)
        elif self._other_acts(at):
            start = -1
        elif self._goes_without_saying(at):
            # "north", "into the cave"
            words.insert(at, _Word(word.gap, "go"))
            word.gap = " "
        elif is_doing(word.low):
            words.insert(at, _Word(word.gap, "are"))
            word.gap = " "
        elif base_of(word.low) and word.low not in VERBS:
            word.text = base_of(word.low)
        if start < 0:
            self.subject = "other"
            return
        if not start:
            _lower(words[0])
        words.insert(start, _Word(words[start].gap, "i"))
        words[start + 1].gap = " "

    def _hero_acts(self, at: int) -> bool:
        stem = self.words[at].stem
        return stem in ("we", "you") or (stem == "i" and not self._is_numeral(at))

    def _hero_follows(self, at: int) -> bool:
        """Whether "I" comes after something before it: "to my surprise, I win"."""
        word = self.words[at]
        if word.low in VERBS or word.low in WHEN or word.low in BESIDE or word.stem in SUBJECTS:
            return False
        behind = range(at + 1, len(self.words))
        after_comma = any(
            "," in self.words[i].gap and self.words[i].stem in ("i", "we") for i in behind
        )
        begins = word.low in TOWARDS or word.low in ("myself", "ourselves") or is_doing(word.low)
        return after_comma and begins

    def _other_acts(self, at: int) -> bool:
        """Whether the sentence that begins here is about somebody else."""
        word, after = self.words[at], self._low(at + 1)
        if word.stem in SUBJECTS and (word.low in SUBJECTS or word.tail):
            return True
        if self.hero.name and word.stem == self.hero.name.lower().split()[0]:
            self.hero.named()
            return True
        if word.low in ("me", "us") and word.text != "US":
            return after == "and"
        if word.low in VERBS:
            return word.low == "mine" and is_third(after)
        if word.tail == "s" or (after == "and" and any(w.low == "i" for w in self.words)):
            return True
        if after == "and" and self._low(at + 2) in ("me", "us"):
            return True
        if base_of(word.low) and after in VERBS - {"open", "shut", "free", "go"}:
            # "guards attack me"
            return True
        follow = [after] if after in AFTER_VERB else [after, self._low(at + 2)]
        if any(is_third(low) for low in follow):
            return True
        # "Anna ran", "wolves came"; but "opened the door", "quickly ran".
        named = not (is_past(word.low) or is_adverb(word.low) or is_doing(word.low))
        return named and any(is_past(low) for low in follow[: 1 + word.text[:1].isupper()])

    def _goes_without_saying(self, at: int) -> bool:
        low, after = self.words[at].low, self._low(at + 1)
        if low in TOWARDS:
            return not (low == "back" and after in ("away", "off", "up"))
        return low in PLACES and not after

    def _after_comma(self, at: int, start: int) -> int:
        """Where the hero comes in after "when the bell rings," or "with my sword,"."""
        beside = self.words[at].low in BESIDE
        for i in range(at + 1, len(self.words)):
            if "," in self.words[i].gap:
                verb = next((w.low for w in self.words[i:] if not is_adverb(w.low)), "")
                if verb in VERBS:
                    return i
            if beside and self.words[i].low in ("i", "we"):
                return -1
        return start if beside else -1

    # -- a word --------------------------------------------------------------------------------

    def _word(self, i: int, word: _Word) -> str:
        low = word.low
        if word.tail in TAILS and (word.stem in ("i", "we") or (word.stem == "you" and self.you)):
            return self._contracted(i, word)
        role = self._role(i, low)
        if role is not None:
            return self._pronoun(i, low, role)
        if self.pending and low == "and":
            self.key, self.shared = "many", True
        elif self.pending and not is_adverb(low):
            if self.shared or any(mark in word.gap for mark in ",;:"):
                # "I and old Pell go", "I, too tired, go": the verb comes later.
                self.pending = low not in VERBS
                return word.text if self.pending else self._verb(i, word)
            self.pending = False
            return self._verb(i, word)
        if low == "to":
            self.base = self.base or (self._low(i + 1) in SURE and self._low(i + 1) != "sleep")
        elif self.subject == "hero" and not self.base and self._goes_on(i):
            return self._verb(i, word)
        elif self.hero.past and i:
            return self._others_verb(i, word)
        return word.text

    def _verb(self, i: int, word: _Word) -> str:
        self.verb = i
        self.base = word.low in MODALS or word.low in ("do", "don't", "dont", "did", "didn't")
        if is_doing(word.low) or (word.low == "saw" and self.typed):
            return word.text
        return self.hero.agree(word.text, self.key)

    def _others_verb(self, i: int, word: _Word) -> str:
        """The verb of somebody else, in a story of the past: "the guard attacks"."""
        bare = word.low.removesuffix("n't")
        if bare in ("is", "has", "does"):
            return self.hero.agree(word.text, "one")
        if bare in ("are", "have", "do"):
            return self.hero.agree(word.text, "many")
        base = base_of(word.low) if word.low not in VERBS else ""
        sure = self.subject == "other" or any(self._low(n) in WHEN for n in range(i - 4, i - 1))
        noun = self._low(i - 1) in SUBJECTS - {"he", "she", "it"}
        return past(base) if base and sure and not noun else word.text

    def _goes_on(self, i: int) -> bool:
        """Whether the hero does one more thing here: "and run", ", open the door"."""
        before = i - 1
        while before > 0 and is_adverb(self._low(before)) and self._low(before) != "then":
            before -= 1
        gaps = "".join(word.gap for word in self.words[before + 1 : i + 1])
        if self._low(before) not in JOINS and not any(mark in gaps for mark in ",;-–—"):
            return False
        low = self.words[i].low
        return low in SURE or (low in VERBS and self._low(i + 1) in AFTER_VERB)

    # -- the player himself --------------------------------------------------------------------

    def _role(self, i: int, low: str) -> Role | None:
        if low == "i" and self._is_numeral(i):
            return None
        if low == "us" and self.words[i].text == "US" and not self.shouted:
            return None
        if low == "mine" and not self._owns(i):
            return None
        if low in ("me", "us") and not i and self._low(1) == "and":
            return Role.SUBJECT
        if low in ("me", "us") and i == 2 and self._low(1) == "and" and self.subject == "other":
            # "Anna and me run"
            return Role.SUBJECT
        if low == "you" and self.you and self._you_acts(i):
            return Role.SUBJECT
        return _FIRST.get(low) if low in _FIRST or not self.you else _YOURS.get(low)

    def _you_acts(self, i: int) -> bool:
        before, after = self._low(i - 1), self._low(i + 1)
        if all(leads(word.low) for word in self.words[:i]):
            return True
        acts = after in HELPING or after in VERBS or is_adverb(after)
        return acts and (before in CLAUSE or before in HELPING or "," in self.words[i].gap)

    def _owns(self, i: int) -> bool:
        """Whether "mine" is no pit."""
        before, after = self._low(i - 1), self._low(i + 1)
        ends = not after or after in AFTER_MINE or not self.words[i + 1].gap.isspace()
        if not i:
            return is_third(after)
        return ends and (before in OWNING or before in VERBS or before.endswith("'s"))

    def _is_numeral(self, i: int) -> bool:
        """Whether "I" is a number: "Henry I", "Part I", "the letter I"."""
        if not i or self.words[i].text != "I" or self.words[i].gap != " ":
            return False
        name, before, after = self.words[i - 1].text, self._low(i - 1), self._low(i + 1)
        acts = after in HELPING or after in VERBS or is_adverb(after)
        if before in NUMBERED:
            return not acts
        if not name[:1].isupper() or name == name.upper() or before in CLAUSE | LEADS | WHEN:
            return False
        if i == 1 and (before in VERBS or leads(before)):
            return False
        return not acts

    def _pronoun(self, i: int, low: str, role: Role) -> str:
        if self.hero.person == "first" and low in _OURS:
            word, key = low, "many"  # type: tuple[str, Key]
        else:
            word, key = self.hero.word(role)
        if role is Role.SUBJECT:
            self._acts(i, key)
        return word

    def _acts(self, i: int, key: Key) -> None:
        if self._low(i - 1) in HELPING and self.verb != i - 1:
            # "am I", "wasn't I", "can I": the verb stood before.
            self.told[i - 1] = self.hero.agree(self.told[i - 1], key)
            self.pending, self.base = False, True
        else:
            self.pending, self.base = True, False
        if self._low(i - 1) == "and" and self.subject == "other" and not self._done(i):
            key = "many"
        self.subject, self.key = "hero", key

    def _done(self, i: int) -> bool:
        """Whether a verb stands before, so that "and I" begins something new."""
        return any(is_third(w.low) or w.low in SURE or w.low in HELPING for w in self.words[:i])

    def _contracted(self, i: int, word: _Word) -> str:
        if self.hero.person == "first" and word.stem == "we":
            subject, self.key = "we", "many"
        else:
            subject, self.key = self.hero.word(Role.SUBJECT)
        self.subject, self.verb, self.pending = "hero", i, False
        self.base = word.tail in ("ll", "d")
        return self.hero.join(subject, self.key, word.tail, "’" if "’" in word.text else "'")

    def _low(self, i: int) -> str:
        return self.words[i].low if 0 <= i < len(self.words) else ""


def _split(text: str) -> tuple[list[_Word], str]:
    """The words and speeches of a sentence, and what stands behind the last."""
    words, gap = [], ""
    for match in PIECES.finditer(text):
        if match["other"]:
            gap += match[0]
        else:
            words.append(_Word(gap, match[0], bool(match["speech"])))
            gap = ""
    return words, gap


def _lower(word: _Word) -> None:
    # "LOOK" and "Look" are typed by habit; "McGuffin" is a name.
    if word.text[1:] == word.text[1:].lower() or word.text == word.text.upper():
        word.text = word.text.lower()
