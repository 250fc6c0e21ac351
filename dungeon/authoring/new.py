"""`dungeon new`: a scenario file to begin from, with every field explained where it stands."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dungeon import files
from dungeon.authoring.problem import short
from dungeon.authoring.reader import read_scenario_text
from dungeon.authoring.suggest import Suggester
from dungeon.errors import ScenarioError
from dungeon.text import shorten

MAX_TITLE = 120
_MAX_STEM = 60
# Device names of Windows, which no file may have there whatever its ending.
_DEVICES = re.compile(r"con|prn|aux|nul|(?:com|lpt)[0-9]")


@dataclass(frozen=True, slots=True)
class Genre:
    """The words of a template; `{name}` and `{calling}` are its two answers."""

    choices: tuple[str, str, str]
    memory: str
    note: str
    opening: str
    card: tuple[str, str, str]
    always: tuple[str, str]


GENRES: Mapping[str, Genre] = {
    "fantasy": Genre(
        ("ferryman", "hedge witch", "runaway squire"),
        "You are {name}, a {calling}. The river kingdom of Orrel has had no king for a year.",
        "The night is wet and smells of peat and lamp oil. Every favour has its price.",
        "You come to the last inn before the marsh as the lamps are lit. The innkeeper looks\n"
        'at your boots, then at your hands. "A {calling}," she says. "At last."',
        ("Mother Heron", "heron, innkeeper", "She keeps the inn and owes the marsh a debt."),
        ("The marsh", "Whoever names a thing aloud in the marsh calls it nearer."),
    ),
    "mystery": Genre(
        ("journalist", "retired constable", "piano tuner"),
        "You are {name}, a {calling}. Last night Edmund Carrow died in a locked library.",
        "The house is cold and smells of ash. Whoever speaks leaves something out.",
        "You stand in the library of Carrow House. The window is shut, the key is in the door,\n"
        "and the clock on the mantel has stopped at ten past four. Somebody coughs behind you.",
        ("Mrs Lisle", "lisle, housekeeper", "She found the body and moved one thing."),
        ("The clock", "The clock was stopped by hand, an hour before the death."),
    ),
    "science-fiction": Genre(
        ("salvage pilot", "ship's doctor", "stowaway"),
        "You are {name}, a {calling}. The freighter Patience is nine days from any help.",
        "The air tastes of metal. Something ticks behind the panels, and then it stops.",
        "You wake before the alarm. The air is warm, which is wrong, and the corridor lights of\n"
        "the Patience have turned from white to amber. On the wall panel one hatch stands open.",
        ("Ibsen", "ibsen, ship", "The ship's mind is polite and keeps one log to itself."),
        ("The cargo", "Nobody aboard has been told what is in hold four."),
    ),
    "horror": Genre(
        ("night nurse", "surveyor", "grandchild"),
        "You are {name}, a {calling}. The house at Fenwick stands empty and is never quiet.",
        "The rooms smell of coal and damp paper. A board gives above, and then nothing.",
        "You let yourself in with the key that came by post. The hall smells of wet coal.\n"
        "Upstairs, where nobody can be, a chair is drawn up to a table.",
        ("The neighbour", "neighbour, crane", "Mr Crane will not cross the gate, and knows why."),
        ("The rule", "The house keeps count of its doors; tonight there is one too many."),
    ),
}

_TEMPLATE = """\
# A scenario for Dungeon. Lines that begin with # are for you and are never read.
# Look it over with: dungeon check FILE
dungeon: 1                      # version of this format
title: {title}
summary: One or two lines that make somebody want to play this.
author: ""
tags: [{genre}]
rating: everyone                # everyone, teen or mature

# Asked before the first turn. An answer stands wherever its key is written in braces.
questions:
  - key: name
    ask: What is your name?
    default: Robin
  - key: calling
    ask: What are you?
    choices: [{choices}]

# Always in front of the narrator: who the player is, where, and what matters. Keep it short.
memory: |-
  {memory}

# Stands just before the newest turn, so it colours what comes next: place, things, weather, as the
# story would tell of them. Two or three sentences.
authors_note: |-
  {note}

# The first scene. It should end where the player wants to act.
opening: >-
  {opening}

# What the narrator is told when one of the keys was just said; `always: true` needs no key.
cards:
  - name: {card}
    keys: [{keys}]
    text: {told}
  - name: {known}
    always: true
    text: {fact}

style:
  person: second                # first, second or third
  tense: present                # present or past
  # pronoun: she                # for the third person, with the answer `name`; else they

# How the next words are drawn. The defaults are good; take the # away to change one.
# generation:
#   preset: lively              # steady, lively or wild; numbers beside it go first
#   temperature: 0.5            # 0 always takes the likeliest word, 2 is wild
#   max_new_tokens: 80          # longest turn
#   candidates: 0               # continuations of which the best is told; 0 suits the model

# Phrases that the narrator never writes.
banned: []
"""


def template(title: str, genre: str = "fantasy") -> str:
    """The text of a new scenario file: in order as it stands, and made to be written over.

    Args:
        title: As typed by the author; braces in it stay braces.
        genre: A key of `GENRES`.

    Raises:
        ScenarioError: The title is empty or cannot be written, or there is no such genre.
    """
    words = GENRES.get(genre)
    if words is None:
        near = Suggester().nearest(genre, GENRES)
        hint = f"Did you mean {near}?" if near else f"Choose one of: {', '.join(GENRES)}."
        raise ScenarioError(f"There is no genre `{short(genre)}`.", hint)
    shown = shorten(title, MAX_TITLE).strip()
    if not shown:
        raise ScenarioError("A scenario needs a title.", "Give it one: dungeon new TITLE.")
    card, keys, told = words.card
    known, fact = words.always
    text = _TEMPLATE.format(
        # A JSON string is a double-quoted string of YAML.
        title=json.dumps(shown.replace("{", "{{").replace("}", "}}"), ensure_ascii=False),
        genre=genre,
        choices=", ".join(words.choices),
        memory=words.memory,
        note=words.note,
        opening=words.opening.replace("\n", "\n  "),
        card=card,
        keys=keys,
        told=told,
        known=known,
        fact=fact,
    )
    try:
        read_scenario_text(text)
    except ScenarioError:
        raise ScenarioError(
            f"The title `{short(shown)}` holds a character that no file can keep.",
            "Leave it out; the title can be changed in the file later.",
        ) from None
    return text


def write_new(title: str, directory: Path, genre: str = "fantasy") -> Path:
    """Write a new scenario file into `directory`, which is made if need be.

    Returns:
        The file: the title in small letters, `a-z`, digits and hyphens. Never one that was there.

    Raises:
        ScenarioError: As `template`; or the file is there already, or cannot be written.
    """
    text = template(title, genre)
    path = directory / f"{file_stem(title)}.yaml"
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        raise _unwritable(directory, error) from None
    try:
        files.write_new(path, text)
    except FileExistsError:
        raise ScenarioError(
            f"{short(path, 200)} is there already.", "Choose another title, or edit that file."
        ) from None
    except (OSError, ValueError) as error:
        raise _unwritable(path, error) from None
    return path


def _unwritable(path: Path, error: Exception) -> ScenarioError:
    reason = getattr(error, "strerror", None) or "that is no file name"
    return ScenarioError(
        f"{short(path, 200)} cannot be written: {reason}.", "Choose another directory."
    )


def file_stem(title: str) -> str:
    """A file's name for a title, without ending: `a-z`, digits, hyphens, and no device's name."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode("ascii")
    stem = re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")[:_MAX_STEM].strip("-")
    return f"scenario-{stem}".rstrip("-") if not stem or _DEVICES.fullmatch(stem) else stem
