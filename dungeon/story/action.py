"""What the player did: a mode and a line, and how it stands in the story.

The action keeps the line as typed; `as_line` gives its form in the story ("> You open your
door."), so better rewriting later improves old stories too.

Decisions where English is ambiguous:

- "give the sword to me", "help me": a verb without a subject that is done to "me" is a request
  to somebody in the scene, so it becomes speech: `You say "Give the sword to me."` Everywhere
  else "me" is "you". "Who are you?" and "hello" are speech too.
- A line that has its own subject ("the guard attacks me", "my sword breaks") gets no "You".
- "mine" is a pit unless it stands where a possessive must ("that is mine").
- "We" is the player: whoever is with him comes along without being asked.
- "You" is the player as well, in a line in which he does not also call himself "I". Where he
  does ("I love you", "you hurt me"), somebody in the scene is spoken to, so it becomes speech.
- A whole line in capitals is a key held down, not a shout: it is told in small letters.
- "n", "x lamp", "i" and the like are what they are in text adventures: "You go north."
- In a story of the past a line is told in the past ("You opened your door."): the model goes on
  in the tense that it just read. A verb that is in the past already stays, in either tense.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from dungeon.story.rewriting import as_sentence
from dungeon.story.scenario import Style
from dungeon.story.speech import as_speech, is_said
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


_SECOND = Style()
_QUOTED = re.compile(r'["“”][^"“”]*["“”]')
_ACTED = re.compile(r"\*([^*]+)\*\s*(?=.*\w)")
_POSING = re.compile(r"\A[\s>]+")

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


def as_line(action: Action | None, style: Style = _SECOND) -> str:
    """The action as its line in the story: `> You look around.`; "" where it has none.

    Args:
        action: What the player did.
        style: Of the story, its `name` filled in: `> Ansel looked around.`
    """
    if action is None or action.mode in (Mode.STORY, Mode.CONTINUE):
        return ""
    text, done = action.text, ""
    if action.mode is Mode.SAY and (act := _ACTED.match(text)):
        # "*waves* Hello!" is done, then said.
        text, done = text[act.end() :], as_sentence(act[1], style)
    said = action.mode is Mode.SAY or is_said(text, style)
    line = (as_speech if said else as_sentence)(text, style)
    line = f"{done} {line}".strip()
    return f"> {line}" if line else ""


def as_narrative(action: Action | None) -> str:
    """What the player wrote into the story himself: the text of `STORY`, else ""."""
    return action.text if action is not None and action.mode is Mode.STORY else ""


def clean_line(text: str) -> str:
    """`text` on one line, harmless to a terminal, runs of blanks folded."""
    return " ".join(clean(text, newlines=False).split())


def clean_story(text: str) -> str:
    """`text` harmless to a terminal, its ends trimmed, no line that looks like an action's."""
    lines = [_POSING.sub("", line).rstrip() for line in clean(text).split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
