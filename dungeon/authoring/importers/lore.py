"""World info of any tool as cards: keys, duplicates, what is switched off."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from dungeon.authoring.importers import patterns
from dungeon.authoring.importers.report import Report, count
from dungeon.story.scenario import Card
from dungeon.text import clean, shorten

MAX_NAME = 80

_SAID = re.compile(r"\w")


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of world info as its file has it.

    Attributes:
        name: What it is called; "" where its tool has no names.
        text: What the narrator should know.
        keys: What brings it in.
        always: Whether it stands at all times.
        enabled: Whether it is switched on.
        second: Keys of which one must be said as well.
        chance: Whether it comes in by chance only.
        against: Keys that keep it out.
        patterns: Whether its keys are regular expressions without slashes around them.
    """

    name: str
    text: str
    keys: Sequence[str] = ()
    always: bool = False
    enabled: bool = True
    second: Sequence[str] = ()
    chance: bool = False
    against: Sequence[str] = ()
    patterns: bool = False


def cards(entries: Iterable[Entry], report: Report, put: Callable[[str], str]) -> list[Card]:
    """The cards of `entries`; the report tells what did not come over as it was.

    Args:
        entries: In the order of the file.
        report: Gets a sentence for each kind of loss.
        put: Makes a text of the file one of ours: its blanks placeholders, its braces escaped.
    """
    found: list[Card] = []
    names: dict[str, int] = {}
    seen: set[tuple[str, str, tuple[str, ...]]] = set()
    lost = dict.fromkeys(_COUNTED, 0)
    chance = 0
    for entry in entries:
        text = put(clean(entry.text).strip())
        if not (text or entry.name or any(entry.keys)):
            # KoboldAI keeps an empty entry at the end, to be filled in.
            continue
        if not entry.enabled:
            lost["off"] += 1
            continue
        if not text:
            lost["empty"] += 1
            continue
        name = " ".join(shorten(entry.name, MAX_NAME).split())
        keys = _keys(entry.keys, lost, entry.patterns)
        name = put(name or (keys[0] if keys else shorten(entry.text, 40).strip()))
        said = tuple(put(key) for key in keys)
        if (name, text, said) in seen:
            lost["twice"] += 1
            continue
        seen.add((name, text, said))
        if not said and not entry.always:
            if not _SAID.search(entry.name):
                lost["mute"] += 1
                continue
            lost["named"] += 1
            said = (name,)
        lost["both"] += bool(entry.second)
        lost["against"] += bool(entry.against)
        chance += entry.chance
        found.append(Card(_unique(name, names), text, said, entry.always))
    _tell(found, lost, chance, report)
    return found


_COUNTED = ("off", "empty", "twice", "mute", "named", "regex", "words", "both", "and", "against")


def _keys(keys: Sequence[str], lost: dict[str, int], all_patterns: bool) -> tuple[str, ...]:
    told: dict[str, str] = {}
    for key in keys:
        line = " ".join(clean(key, newlines=False).split())
        pattern = patterns.slashed(line) or (line if all_patterns else "")
        # NovelAI's "a & b" asks for both words; one of them is nearer to it than neither.
        words: Sequence[str] = line.split(" & ") if " & " in line and not pattern else [line]
        lost["and"] += len(words) > 1
        if pattern:
            words = patterns.words_of(pattern)
            lost["words" if words else "regex"] += words != (line,)
        for word in words:
            if _SAID.search(word):
                told.setdefault(word.strip().casefold(), word.strip())
    return tuple(told.values())


def _unique(name: str, names: dict[str, int]) -> str:
    """`name`, numbered where another card has it; `names` remembers how far the numbers are."""
    folded = name.casefold()
    if folded not in names:
        names[folded] = 1
        return name
    number = names[folded]
    while True:
        number += 1
        unique = f"{name} ({number})"
        if unique.casefold() not in names:
            names[folded] = number
            names[unique.casefold()] = 1
            return unique


def _tell(found: Sequence[Card], lost: dict[str, int], chance: int, report: Report) -> None:
    if found:
        always = sum(card.always for card in found)
        kept = f" ({always:,} of them always in the context)" if always else ""
        keys = "" if lost["regex"] else ", with every key"
        report.keep(f"{count(len(found), 'card')}{kept}{keys}.")
    sentences = {
        "off": "{} switched off in the file and left out.",
        "empty": "{} without text and left out.",
        "twice": "{} in the file a second time and left out.",
        "mute": "{} without key and name, so that nothing could bring it in, and left out.",
        "named": "{} without key; the name became the key.",
    }
    for what, sentence in sentences.items():
        if lost[what]:
            verb = "entry was" if lost[what] == 1 else "entries were"
            report.lose(sentence.format(f"{lost[what]:,} {verb}"))
    if lost["regex"]:
        report.lose(f"{count(lost['regex'], 'key')} in the form of a regular expression.")
    if lost["words"]:
        what = count(lost["words"], "regular expression")
        report.lose(f"{what} among the keys: the words for which they stand are the keys here.")
    if lost["and"]:
        what = count(lost["and"], "key")
        report.lose(f"{what} asked for two words at once; here either word brings the card in.")
    if lost["both"]:
        cards_ = count(lost["both"], "card")
        report.lose(f"The second keys of {cards_}: here one key is enough to bring a card in.")
    if lost["against"]:
        report.lose(f"The words that kept {count(lost['against'], 'card')} out.")
    if chance:
        report.lose(f"{count(chance, 'card')} came in by chance; here a key always counts.")
