"""Worlds and stories of other tools, read with care and told about.

file -> `detect.recognise`: what it is, by its content
     -> the importer of its family: a `Draft` for each world or story in it
     -> a scenario, or a story as a tree, and a `Report` of what had no home
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from dungeon.authoring.importers import (
    aidungeon,
    clover,
    kobold,
    novelai,
    silly,
    tracery,
)
from dungeon.authoring.importers.detect import Found, Kind, recognise
from dungeon.authoring.importers.draft import Draft
from dungeon.authoring.importers.report import Report
from dungeon.story.story import MAX_SEED

__all__ = ["Draft", "Found", "Kind", "Report", "drafts", "recognise", "seed_of"]

_ONE: dict[Kind, Callable[[Any, Report], Draft]] = {
    Kind.AID_CARDS: aidungeon.story_cards,
    Kind.AID2_SAVE: aidungeon.save,
    Kind.STORYBRO: aidungeon.storybro,
    Kind.CLOVER_PROMPT: clover.prompt,
    Kind.CLOVER_SAVE: clover.save,
    Kind.KOBOLD: kobold.story,
    Kind.KOBOLD_SHARE: kobold.shared,
    Kind.NAI_SCENARIO: novelai.scenario,
    Kind.NAI_LOREBOOK: novelai.lorebook,
    Kind.NAI_STORY: novelai.story,
    Kind.WORLD_INFO: silly.world_info,
    Kind.CHARACTER: silly.character,
    Kind.CHAT: silly.chat,
}


def drafts(found: Found, seed: int) -> list[Draft]:
    """What is in a recognised file; most hold one world or story, some hold many.

    Args:
        found: Of any kind but `Kind.OWN_EXPORT`, which storage reads.
        seed: Decides where a file leaves a choice to chance.

    Raises:
        ScenarioError: It cannot be made sense of.
    """
    report = Report(found.kind.value)
    if found.kind in (Kind.AID_SCENARIO, Kind.AETHER_ROOM):
        return aidungeon.scenarios(found.data, report)
    if found.kind is Kind.AID_ADVENTURES:
        return aidungeon.adventures(found.data, report)
    if found.kind is Kind.AID2_STORIES:
        return aidungeon.stories(found.data, report, seed)
    if found.kind is Kind.TRACERY:
        grammars = tracery.grammar(found.data, report, seed)
        for name in found.twice if grammars else ():
            grammars[0].report.lose(f"The rule `{name}` stands twice; the last one counts.")
        return grammars
    return [_ONE[found.kind](found.data, report)]


def seed_of(data: bytes) -> int:
    """A seed of the file's own, so that the same import always gives the same."""
    digest = hashlib.blake2b(data, digest_size=8).digest()
    return int.from_bytes(digest, "big") & MAX_SEED
