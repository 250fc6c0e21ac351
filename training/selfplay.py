"""Self-play: the narrator tells, templates and the model itself play, and what is good is kept.

Every turn is told as in the game, of several candidates. One is kept that passes what the
evaluation counts (`dungeon.story.figures`): nothing of the first person, no artefact, a finished
end, nothing said again, new words, and some word of what the player did. What does not pass is
told once more after another line; a story ends where two in a row fail.
"""

from __future__ import annotations

import random
import re
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
from dungeon.story.narrative import sentences
from dungeon.turn import narrate, player_line
from training.scenes import Scene, Turn, written

MOST_TURNS = 12
"""Of a story: it may not outgrow a lesson."""

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


@dataclass
class Yield:
    """What came of it.

    Attributes:
        told: Turns that were written.
        kept: Of them.
        words: Of narrative in those that were kept.
        refused: Why the others were not kept, and how many.
    """

    told: int = 0
    kept: int = 0
    words: int = 0
    refused: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        why = ", ".join(f"{count} {reason}" for reason, count in self.refused.most_common())
        return f"{self.kept} of {self.told} turns kept, {self.words} words; refused: {why}"


def play(
    scenes: Sequence[Scene],
    engine: Engine,
    out: Path,
    *,
    seconds: float,
    seed: int,
    tell: Callable[[str], None],
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
        told = _story(scene, engine, lots, known, found)
        # Numbers without a story are taken too, so that a second run does not play them again.
        text = written(Scene(scene.genre, scene.scenario, told)) if told else ""
        write_whole(out / f"s-{number:05}.txt", text)
        number += 1
        tell(f"story {number}: {found}")
    return found


def _story(
    scene: Scene, engine: Engine, lots: random.Random, known: set[str], found: Yield
) -> tuple[Turn, ...]:
    session = GameSession.new(scene.scenario, engine, seed=lots.randrange(2**31))
    kept: list[Turn] = []
    failed = 0
    while failed < 2 and len(kept) < MOST_TURNS:
        said = [node.text for node in session.story.tree.path()]
        action = _line(session, lots, said)
        turn = session.begin_turn(action)
        try:
            narration = narrate(engine, turn, CancelToken())
        except EngineError:
            session.abort(turn)
            failed += 1
            continue
        found.told += 1
        reason = flaw(narration.text, action.text, said, scene, known)
        if reason:
            session.abort(turn)
            found.refused[reason] += 1
            failed += 1
            continue
        session.commit(turn, narration)
        failed = 0
        known |= _keys(narration.text)
        kept.append(Turn(action, narration.text))
        found.kept += 1
        found.words += len(narration.text.split())
    return tuple(kept)


def _line(session: GameSession, lots: random.Random, said: Sequence[str]) -> Action:
    """What the player does: from a template, now and then what the model would do, or nothing."""
    lot = lots.random()
    if lot < 0.1:
        return Action(Mode.CONTINUE)
    if lot < 0.4:
        return player_line(session.engine, session.line_request(), CancelToken())
    seen = mentions(" ".join(said[-2:]))
    names = [one.label for one in seen if one.kind == "name"]
    things = [one.label.lower() for one in seen if one.kind in ("item", "place")]
    fit = [
        line
        for line in TEMPLATES
        if (names or "{name}" not in line) and (things or "{thing}" not in line)
    ]
    # Lines that name something are many where there is something to name.
    line = lots.choice([line for line in fit if "{" in line] or fit if lot < 0.8 else fit)
    return parse(
        line.replace("{name}", lots.choice(names or [""])).replace(
            "{thing}", lots.choice(things or [""])
        )
    )


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
    folded = (" ".join(re.findall(r"\w+", piece.casefold())) for piece in sentences(text))
    return {key for key in folded if key.count(" ") >= 4}
