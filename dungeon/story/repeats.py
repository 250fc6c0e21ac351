"""What was said before: loops, sentences told again, and the player's own line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence, Set

from dungeon.story.sentences import STOPS, sentences, spans, words

_PERIODS = 16
"""Longest phrase, in words, that is looked for as a loop."""
_LEAST = 8
"""Words that a loop has at least, all its rounds counted; "no, no, no" has three."""
_LEAST_WHOLE = 4
"""The same where each round is a sentence: "It's you. It's you. It's you."."""
_ROWS = 4
_SMALL = frozenset(
    """a an the and or but so then now of to in on at by for with from into onto up down out off
    over as is are was were be been am do does did has have had it its this that these those there
    here i me my mine you your yours he him his she her hers they them their we us our just very
    still again only also too say says said tell tells told ask asks asked""".split()
)
_WRITTEN_OUT = {"re": "are", "m": "am", "ll": "will", "ve": "have"}


def without_loops(text: str) -> str:
    """`text` with a phrase that comes round and round said once.

    A loop is a phrase of one to sixteen words, three times or more in a row, that takes eight
    words or more. Time grows with the number of words.
    """
    for period in range(1, _PERIODS + 1):
        found = spans(text)
        if len(found) < _LEAST_WHOLE:
            break
        text = _without(text, found, period)
    return text


def _without(text: str, found: Sequence[tuple[str, int]], period: int) -> str:
    kept, at = [], 0
    run = 0
    for i in range(period, len(found) + 1):
        if i < len(found) and found[i][0] == found[i - period][0]:
            run += 1
            continue
        first = i - run - period
        # A loop of sentences is taken so that each round ends one.
        shift = _to_sentence(found, first + period - 1, min(period - 1, run))
        whole = shift >= 0
        first, run = first + max(shift, 0), run - max(shift, 0)
        rounds = run // period + 1
        if rounds >= 3 and rounds * period >= (_LEAST_WHOLE if whole else _LEAST):
            kept.append(text[at : found[first + period - 1][1]])
            at = found[first + rounds * period - 1][1]
        run = 0
    return "".join([*kept, text[at:]]) if kept else text


def _to_sentence(found: Sequence[tuple[str, int]], end: int, most: int) -> int:
    """How many words after the word at `end` a sentence ends, if at most `most`; else -1."""
    for shift in range(most + 1):
        if found[end + shift][0][-1:] in STOPS:
            return shift
    return -1


def without_repeats(
    text: str, said: Iterable[str] = (), player_line: str = "", hero: str = ""
) -> str:
    """`text` without sentences that were said before, by it or in `said`.

    The same in other small words counts as said; so does a sentence nearly all of whose rows
    of four words were. A first sentence that only echoes the player goes, and from the third
    on sentences that begin alike.
    """
    known = _Known()
    for before in said:
        for piece in sentences(before):
            known.add(words_of(piece))
    kept = _Kept()
    begins: Counter[tuple[str, ...]] = Counter()
    first = True
    for piece in sentences(text):
        said_words = words_of(piece)
        if not said_words:
            kept.add(piece)
            continue
        begin = (*said_words[:3], str(len(said_words) > 3))
        begins[begin] += len(begin) > 3
        echo = first and echoes(piece, player_line, hero)
        first = False
        if echo or begins[begin] > 2 or known.has(said_words):
            kept.drop(piece)
        else:
            known.add(said_words)
            kept.add(piece)
    return "".join(kept.pieces)


def echoes(text: str, player_line: str, hero: str = "") -> bool:
    """Whether `text` says what the player typed and no more."""
    names = set(words_of(hero))
    echo = _core(words_of(player_line), names)
    return bool(echo) and _core(words_of(text), names) == echo


def words_of(text: str) -> list[str]:
    """The words of `text` in small letters, "you're" written out."""
    found: list[str] = []
    for word in words(text.casefold().replace("’", "'")):
        head, mark, tail = word.partition("'")
        found += [head, _WRITTEN_OUT[tail]] if mark and tail in _WRITTEN_OUT else [word]
    return found


class _Known:
    """Sentences that were said."""

    def __init__(self) -> None:
        self._whole: set[tuple[str, ...]] = set()
        self._cores: set[tuple[str, ...]] = set()
        self._rows: set[tuple[str, ...]] = set()

    def add(self, sentence: list[str]) -> None:
        if len(sentence) >= _ROWS:
            self._whole.add(tuple(sentence))
            self._rows.update(_rows(sentence))
        core = _core(sentence)
        if len(core) >= 3:
            self._cores.add(core)

    def has(self, sentence: list[str]) -> bool:
        """Whether it was said; short ones, "You wait.", may come again."""
        if tuple(sentence) in self._whole or _core(sentence) in self._cores:
            return True
        rows = _rows(sentence)
        return len(rows) >= _ROWS and sum(row in self._rows for row in rows) >= 0.8 * len(rows)


def _rows(sentence: Sequence[str]) -> list[tuple[str, ...]]:
    return [tuple(sentence[at : at + _ROWS]) for at in range(len(sentence) - _ROWS + 1)]


def _core(sentence: Iterable[str], but: Set[str] = frozenset()) -> tuple[str, ...]:
    """The words that carry a sentence, without their commonest endings."""
    return tuple(_stem(word) for word in sentence if word not in _SMALL and word not in but)


def _stem(word: str) -> str:
    for end in ("ing", "ed", "es", "s"):
        if word.endswith(end) and len(word) - len(end) >= 3:
            return word.removesuffix(end).removesuffix("e")
    return word.removesuffix("e")


class _Kept:
    """The sentences that stay; what a dropped one opened or closed goes to its neighbours."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self._speech = False
        self._to_open = ""
        self._lead = ""

    def add(self, piece: str) -> None:
        lead = piece[: len(piece) - len(piece.lstrip())]
        if self.pieces and "\n" in self._lead and "\n" not in lead:
            lead = self._lead
        self.pieces.append(f"{lead}{self._to_open}{piece.lstrip()}")
        self._turn(piece)
        self._to_open = self._lead = ""

    def drop(self, piece: str) -> None:
        lead = piece[: len(piece) - len(piece.lstrip())]
        self._lead = max(self._lead, lead, key=len)
        mark = self._turn(piece)
        if not mark:
            return
        if self._speech:
            self._to_open = mark
        elif self._to_open:
            self._to_open = ""
        elif self.pieces:
            self.pieces[-1] += mark

    def _turn(self, piece: str) -> str:
        """The mark with which `piece` begins or ends speech; "" where it does neither."""
        more = piece.count("“") - piece.count("”")
        mark = '"' if piece.count('"') % 2 else "“" if more > 0 else "”" if more < 0 else ""
        if mark:
            self._speech = mark == "“" or (mark == '"' and not self._speech)
        return mark
