"""From a scene to what the model is taught: the game's own prompt, and which tokens to learn.

A lesson is the context that the game would send before one of a scene's turns, made by the same
`ContextBuilder`, with that turn's text after it. Only what the narrator tells is learnt: the turns
shown in the context and the last one. What cannot be known is not taught: where cards stand in the
context only when they are called, turns that stand before them are left out, since a fact of a card
that is not in view would be made up.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace

from dungeon.engine.base import ChatMarks, PromptPart
from dungeon.engine.training.lessons import Encode, Lesson, narrated
from dungeon.story.context import ChatForm, ContextBuilder, Shape
from dungeon.story.segments import Context, Part
from training.scenes import Scene

N_POSITIONS = 2048
"""The window in which the game plays the model."""


def lesson(
    scene: Scene, turns: int, marks: ChatMarks, encode: Encode, *, pinned: bool = False
) -> Lesson:
    """The lesson that ends with the scene's turn number `turns`, from 1.

    Args:
        scene: What is told.
        turns: How many turns of it.
        marks: Of the model's chat template.
        encode: The model's tokenizer.
        pinned: Whether the cards always stand, so that all turns may be learnt.
    """
    context = _context(scene, turns, marks, encode, pinned=pinned)
    told = scene.turns[turns - 1].text
    parts = [*context.parts, Part(told), Part(marks.close, special=True)]
    begins = 0 if pinned else _after_cards(context)
    opening = scene.scenario.opening.strip()
    ids: list[int] = []
    learnt: list[bool] = []
    for at, (new, said) in enumerate(narrated(parts, marks, encode)):
        own = at >= begins and opening not in (parts[at].text, parts[at - 1].text)
        ids += new
        learnt += [own and one for one in said]
    return Lesson(tuple(ids), (False, *learnt[1:]))


def _context(
    scene: Scene, turns: int, marks: ChatMarks, encode: Encode, *, pinned: bool
) -> Context:
    scenario = scene.scenario
    if pinned:
        cards = tuple(replace(card, always=True) for card in scenario.cards)
        scenario = replace(scenario, cards=cards)
    story = replace(scene, scenario=scenario, turns=scene.turns[: turns - 1]).played()
    form = ChatForm(marks.system, marks.user, marks.assistant, marks.close)
    return ContextBuilder().build(
        story,
        story.tree.head.id,
        scene.turns[turns - 1].action,
        Shape(N_POSITIONS, form, opener=False),
        lambda text, special: len(encode(PromptPart(text, special))),
    )


def _after_cards(context: Context) -> int:
    """Index of the first part that follows the called cards; 0 where there are none."""
    parts = begins = 0
    for segment in context.segments:
        parts += len(segment.parts)
        if segment.kind == "cards":
            begins = parts
    return begins


def course(
    scenes: Sequence[Scene], rounds: int, seed: int, marks: ChatMarks, encode: Encode
) -> Iterator[Lesson]:
    """The lessons of `rounds` rounds, each scene once a round, in a seeded order.

    Odd rounds show a whole scene with its cards pinned; even ones end after a turn drawn by lot,
    with the cards called as in the game.
    """
    lots = random.Random(seed)
    for number in range(rounds):
        for scene in lots.sample(list(scenes), len(scenes)):
            whole = number % 2 == 0
            turns = len(scene.turns) if whole else lots.randint(1, len(scene.turns))
            yield lesson(scene, turns, marks, encode, pinned=whole)
