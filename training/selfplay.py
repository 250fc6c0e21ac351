"""Self-play: the narrator tells, templates and the model itself play, and what is good is kept.

Of every turn several tellings are written, and the one is kept that the game would choose among
those that pass what the evaluation counts (`dungeon.story.figures`): nothing of the first person,
no artefact, a finished end, nothing said again, new words, and some word of what the player did;
and of which the evaluation's judge, where there is one, finds the line even without the sentences
that say it again. Where none passes another line is tried; a story ends where two in a row fail.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dungeon.engine.base import CancelToken, Engine
from dungeon.errors import EngineError
from dungeon.files import write_whole
from dungeon.session import GameSession
from dungeon.story import figures, rerank
from dungeon.story.action import Action, Mode, parse
from dungeon.story.facts import mentions
from dungeon.turn import Narration, player_line, tellings
from dungeon.turn import Turn as Begun
from training.scenes import Scene, Turn, written

MOST_TURNS = 12
"""Of a story: it may not outgrow a lesson."""

TELLINGS = 8
"""Of a turn."""

OTHERS = 4
"""Lines among which the judge has to find the one that was answered."""

FEWEST_WORDS = 12
TEMPLATES = (
    "look around",
    "wait",
    "listen",
    "go on",
    "turn back",
    "call out",
    "run",
    '"Who is there?"',
    '"What happened here?"',
    "take the {thing}",
    "look at the {thing} closely",
    "open the {thing}",
    "hide the {thing}",
    "break the {thing}",
    "hide behind the {thing}",
    "give the {thing} to {name}",
    "show {name} the {thing}",
    "follow {name}",
    "watch {name}",
    "push {name} aside",
    "go to {name}",
    '"{name}, what do you know?"',
    '"{name}, help me."',
    '"I do not believe you, {name}."',
    "ask {name} about the {thing}",
)

Right = Callable[[str, str, Sequence[str]], bool]
"""Whether a text answers a line rather than other lines."""


@dataclass
class Yield:
    """What came of it.

    Attributes:
        told: Turns that were begun.
        kept: Of them.
        words: Of narrative in those that were kept.
        refused: What was wrong with tellings, and how many there were of each.
    """

    told: int = 0
    kept: int = 0
    words: int = 0
    refused: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        why = ", ".join(f"{count} {reason}" for reason, count in self.refused.most_common())
        return f"{self.kept} of {self.told} turns kept, {self.words} words; tellings refused: {why}"


def play(
    scenes: Sequence[Scene],
    engine: Engine,
    out: Path,
    *,
    seconds: float,
    seed: int,
    tell: Callable[[str], None],
    right: Right | None = None,
) -> Yield:
    """Play the beginnings of `scenes` over and over; write each story to a file in `out`.

    Stories that are there already are kept and count as told before; a second run with the same
    seed goes on after them.

    Args:
        scenes: Their turns are not used.
        engine: Loaded.
        out: Folder; made where it is not there.
        seconds: After which no story is begun.
        seed: Of lines and stories.
        tell: Gets a line after every story.
        right: The judge.
    """
    out.mkdir(parents=True, exist_ok=True)
    known = {
        key for file in sorted(out.glob("*.txt")) for key in _keys(file.read_text(encoding="utf-8"))
    }
    found, until = Yield(), time.monotonic() + seconds
    number = len(list(out.glob("*.txt")))
    while time.monotonic() < until:
        lots = random.Random(seed * 1_000_003 + number)
        scene = scenes[lots.randrange(len(scenes))]
        told = _story(scene, engine, lots, known, found, right)
        # Numbers without a story are taken too, so that a second run does not play them again.
        text = written(Scene(scene.genre, scene.scenario, told)) if told else ""
        write_whole(out / f"s-{number:05}.txt", text)
        number += 1
        tell(f"story {number}: {found}")
    return found


def _story(
    scene: Scene,
    engine: Engine,
    lots: random.Random,
    known: set[str],
    found: Yield,
    right: Right | None,
) -> tuple[Turn, ...]:
    session = GameSession.new(scene.scenario, engine, seed=lots.randrange(2**31))
    kept: list[Turn] = []
    failed = 0
    while failed < 2 and len(kept) < MOST_TURNS:
        said = [node.text for node in session.story.tree.path()]
        lines = _lines(said)
        action = _line(session, lots, lines)
        turn = session.begin_turn(action)
        found.told += 1
        rest = [line for line in lines if line != action.text]
        others = lots.sample(rest, min(OTHERS, len(rest)))
        narration = _best(turn, engine, said, scene, known, found, right, others)
        if narration is None:
            session.abort(turn)
            failed += 1
            continue
        session.commit(turn, narration)
        failed = 0
        known |= _keys(narration.text)
        kept.append(Turn(action, narration.text))
        found.kept += 1
        found.words += len(narration.text.split())
    return tuple(kept)


def _best(
    turn: Begun,
    engine: Engine,
    said: Sequence[str],
    scene: Scene,
    known: set[str],
    found: Yield,
    right: Right | None,
    others: Sequence[str],
) -> Narration | None:
    """The best telling that has no flaw; None where there is none."""
    line, style = turn.action.text, scene.scenario.style
    try:
        told = tellings(engine, turn, TELLINGS, CancelToken())
    except EngineError:
        return None
    scored = []
    for at, narration in enumerate(told):
        text = narration.text
        reason = flaw(text, line, said, scene, known)
        if not reason and line and right is not None:
            rest = figures.without_echo(text, line)
            if not right(rest or ".", line, others):
                reason = "answers something else"
        if reason:
            found.refused[reason] += 1
            continue
        scores = rerank.score(
            text, narration.raw, action=line, said=said, person=style.person, tense=style.tense
        )
        scored.append((scores.total(rerank.WEIGHTS), -at))
    return told[-max(scored)[1]] if scored else None


def _lines(said: Sequence[str]) -> list[str]:
    """The templates that fit what was told last, filled in every way."""
    seen = mentions(" ".join(said[-2:]))
    names = [one.label for one in seen if one.kind == "name"]
    things = [one.label.lower() for one in seen if one.kind in ("item", "place")]
    filled = {
        line.replace("{name}", name).replace("{thing}", thing)
        for line in TEMPLATES
        for name in (names if "{name}" in line else [""])
        for thing in (things if "{thing}" in line else [""])
    }
    return sorted(filled)


def _line(session: GameSession, lots: random.Random, lines: Sequence[str]) -> Action:
    """What the player does: a template, now and then what the model would do, or nothing."""
    lot = lots.random()
    if lot < 0.1:
        return Action(Mode.CONTINUE)
    if lot < 0.4:
        return player_line(session.engine, session.line_request(), CancelToken())
    return parse(lots.choice(lines))


def flaw(text: str, line: str, said: Sequence[str], scene: Scene, known: set[str]) -> str:
    """Why a turn is not kept; "" for a good one.

    Args:
        text: The turn.
        line: What the player did; "" for nothing.
        said: The story before it.
        scene: Where it began.
        known: Sentences of all stories before, folded.
    """
    style = scene.scenario.style
    scores = rerank.score(
        text, text, action=line, said=said, person=style.person, tense=style.tense
    )
    again, _ = figures.repeated([*said[-10:], text])
    before, _ = figures.repeated(said[-10:])
    keys = _keys(text)
    if style.person != "first" and figures.first_person(text):
        return "first person"
    if figures.artefact(text):
        return "artefact"
    if not figures.finished(text):
        return "unfinished"
    if len(text.split()) < FEWEST_WORDS:
        return "short"
    if again > before or scores.repeated > 0.1:
        return "said again"
    if scores.tense > 0.5:
        return "tense"
    if line and not scores.answers:
        return "no answer"
    if len(keys & known) > len(keys) / 2:
        return "told before"
    return ""


def _keys(text: str) -> set[str]:
    """Its sentences of five words or more, folded."""
    return {key for key in figures.keys(text) if key.count(" ") >= 4}
