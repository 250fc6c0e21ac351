"""What is legal in a scenario, but weak: told as warnings, each with what to do about it.

Room is counted for the smallest window that a story is told in, GPT-2's, by the shares that
`dungeon.story.context` gives to each part, with `estimate.tokens` in place of a tokenizer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from dungeon.authoring.estimate import tokens
from dungeon.authoring.importers.person import first_word, style_of
from dungeon.authoring.problem import short
from dungeon.authoring.walk import Finding, Where, find_whole, groups, listed, style, text_of
from dungeon.story.context import CARDS_SHARE, NOTE_SHARE, PINNED_SHARE
from dungeon.story.generation import RANGES, GenerationSettings

LONG_OPENING = 300
"""Words; beyond, the first turns already push the opening out of a small model's window."""
LONG_KEY = 4
"""Words; a longer key is a sentence that nobody types just so."""
WINDOW = 1024
"""Tokens of GPT-2's window."""

_LONGEST = 20_000
"""Characters of an opening that are searched; a longer one is told of anyway."""

# Said in nearly every turn, whatever happens.
_EVERYWHERE = frozenset(
    "a an and at by for from i in is it look of on the to with you your he she they".split()
)
_ENDED = re.compile(r"[.!?…。！？][\"'”’»)\]]*\Z")
_PERSON = {"first": "`I`", "second": "`you`", "third": "he, she or a name"}


def lint(data: Mapping[str, Any]) -> Iterator[Finding]:
    """Everything that is weak in the plain data of a scenario; all of it warnings."""
    yield from _opening(data)
    yield from _room(data)
    yield from _choices(data)
    yield from _keys(data)
    yield from _banned(data)
    yield from _examples(data)


def _warning(path: Where, message: str, fix: str, needle: str = "", nth: int = 0) -> Finding:
    return Finding(path, message, fix, "warning", needle, nth)


def _opening(data: Mapping[str, Any]) -> Iterator[Finding]:
    opening = text_of(data.get("opening"))
    words = len(opening.split())
    if words > LONG_OPENING:
        yield _warning(
            ("opening",),
            f"The opening has {words} words.",
            f"Under {LONG_OPENING}, the player acts sooner and a small model keeps all of it.",
        )
    person = style(data).get("person", "second")
    told = style_of(opening).person
    # No word of any person is no other one: "The caravan halts", or another language.
    found = first_word(opening, told) if person in _PERSON and told != person else None
    if found is not None:
        word, nth = found
        yield _warning(
            ("opening",),
            f"The story is told in the {person} person, and the opening says `{word}`.",
            f"Tell the opening with {_PERSON[person]}, or change `person` under `style`.",
            word,
            nth,
        )


# -- room in the window ------------------------------------------------------------------------


def _limit(data: Mapping[str, Any]) -> int:
    """Most tokens of a prompt, as the file sets the length of a turn."""
    generation = data.get("generation")
    written = generation.get("max_new_tokens") if isinstance(generation, dict) else None
    allowed = RANGES["max_new_tokens"]
    new = GenerationSettings().max_new_tokens
    if isinstance(written, str) and written.isascii() and written.isdigit():
        new = int(min(max(int(written[:9]), allowed.low), allowed.high))
    return WINDOW - min(new, WINDOW // 3)


def _room(data: Mapping[str, Any]) -> Iterator[Finding]:
    limit = _limit(data)
    pinned, most = int(limit * PINNED_SHARE), int(limit * CARDS_SHARE)
    memory = tokens(text_of(data.get("memory")))
    if memory > pinned:
        yield _warning(
            ("memory",),
            f"The memory takes about {memory} tokens; a window of {WINDOW} has {pinned} for it, "
            "so its end is cut off.",
            "Put what is only sometimes needed into cards.",
        )
    note, least = tokens(text_of(data.get("authors_note"))), int(limit * NOTE_SHARE)
    if note > least:
        yield _warning(
            ("authors_note",),
            f"The author's note takes about {note} tokens; a window of {WINDOW} has {least} for "
            "it, so its end is cut off.",
            "Two or three sentences weigh most; the rest belongs into the memory or a card.",
        )
    left = pinned - min(memory, pinned)
    for index, card in groups(data, "cards"):
        size = tokens(text_of(card.get("text")))
        where = ("cards", index, "text")
        if card.get("always") is True:
            if size > left and memory <= pinned:
                yield _warning(
                    where,
                    f"This takes about {size} tokens, and beside the memory a window of {WINDOW} "
                    f"has {left} left, so the card is left out.",
                    "Shorten the memory or the card, or give the card keys instead of `always`.",
                )
            else:
                left -= min(size, left)
        elif size > most:
            yield _warning(
                where,
                f"This takes about {size} tokens; a window of {WINDOW} has {most} for all cards, "
                "so it never comes in.",
                "Cut it to what matters, or make two cards of it.",
            )


# -- lists -------------------------------------------------------------------------------------


def _choices(data: Mapping[str, Any]) -> Iterator[Finding]:
    for index, question in groups(data, "questions"):
        seen: set[str] = set()
        for number, choice in listed(question.get("choices")):
            if choice.casefold() in seen:
                yield _warning(
                    ("questions", index, "choices", number),
                    f"The choice `{short(choice)}` is offered twice.",
                    "Take one of the two out.",
                )
            seen.add(choice.casefold())


def _keys(data: Mapping[str, Any]) -> Iterator[Finding]:
    owners: dict[str, int] = {}
    for index, card in groups(data, "cards"):
        keys = list(listed(card.get("keys")))
        if keys and card.get("always") is True:
            yield _warning(
                ("cards", index, "keys"),
                "A card that always stands there needs no keys.",
                "Take out the keys, or `always: true` if it should come when one is said.",
            )
            continue
        for number, key in keys:
            yield from _key(data, ("cards", index, "keys", number), key, owners)


def _key(
    data: Mapping[str, Any], path: Where, key: str, owners: dict[str, int]
) -> Iterator[Finding]:
    index, folded = int(path[1]), " ".join(key.casefold().split())
    owner = owners.setdefault(folded, index)
    if owner != index:
        other = text_of(data["cards"][owner].get("name"))
        yield _warning(
            path,
            f"The card `{short(other)}` has the key `{short(key)}` too.",
            "That is allowed: both come in. Take one out if it is not meant.",
        )
    if folded in _EVERYWHERE:
        yield _warning(
            path,
            f"`{short(key)}` stands in nearly every turn, so the card is always there.",
            "Choose a word that is said only when the card matters.",
        )
    elif not re.search(r"\w", key):
        yield _warning(
            path,
            f"`{short(key)}` holds no word, so no text brings the card in by it.",
            "Write a word that a player types.",
        )
    elif len(folded.split()) > LONG_KEY:
        yield _warning(
            path,
            f"A key of {len(folded.split())} words is only found where all of them are said in "
            "a row.",
            "Give its one or two words that a player types.",
        )


def _banned(data: Mapping[str, Any]) -> Iterator[Finding]:
    opening = text_of(data.get("opening"))[:_LONGEST]
    for number, phrase in listed(data.get("banned")):
        # In the case in which it is written, as the engine takes it.
        if phrase and find_whole(opening, phrase) >= 0:
            yield _warning(
                ("banned", number),
                f"The narrator may never write `{short(phrase)}`, and the opening does.",
                "Take it out of one of the two: a model goes on as the opening sounds.",
            )


def _examples(data: Mapping[str, Any]) -> Iterator[Finding]:
    for index, example in groups(data, "examples"):
        text = text_of(example.get("text"))
        if text and not _ENDED.search(text):
            yield _warning(
                ("examples", index, "text"),
                "This sample turn ends within a sentence, and the narrator will do so too.",
                "End it with a full stop.",
            )
