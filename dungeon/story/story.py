"""A story being played: the scenario as it was, what the player changed, and the tree."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from dungeon.story.generation import GenerationSettings
from dungeon.story.marks import Marks
from dungeon.story.scenario import Card, Scenario, Source, Style
from dungeon.story.tree import Node, StoryTree

MAX_SEED = 2**63 - 1


@dataclass
class Story:
    """Everything that a save holds.

    Attributes:
        title: As shown; says nothing about the file's name.
        scenario: As it was when the story began, its questions answered.
        tree: The turns.
        memory: Always in the context; the player may rewrite it.
        authors_note: Placed near the end of the context.
        cards: World info, at first the scenario's.
        generation: Sampling, at first the scenario's.
        seed: What every turn's own seed is derived from.
        model: Name of the model last played with.
        automatic: Whether what left the window comes back by itself (see `chronicle`).
        forgotten: Names, folded, of automatic cards that the player threw away or wrote anew.
        own: Names of the sampling numbers that the player chose for this story alone; they go
            before the player's settings.
        source: The scenario that it began from; None where that is not known.
        marks: Names of branches and bookmarks, by their turns; replaced, never changed.
    """

    title: str
    scenario: Scenario
    tree: StoryTree
    memory: str = ""
    authors_note: str = ""
    cards: tuple[Card, ...] = ()
    generation: GenerationSettings = field(default_factory=GenerationSettings)
    seed: int = 0
    model: str = ""
    automatic: bool = True
    forgotten: tuple[str, ...] = ()
    own: tuple[str, ...] = ()
    source: Source | None = None
    marks: Marks = field(default_factory=dict)

    def turn_seed(self, node_id: int) -> int:
        """The seed of the turn that becomes `node_id`: a hash, so neighbours are unrelated."""
        key = f"{self.seed}:{node_id}".encode()
        digest = hashlib.blake2b(key, digest_size=8).digest()
        return int.from_bytes(digest, "big") & MAX_SEED

    @property
    def style(self) -> Style:
        """In what person and tense it is told, and of whom."""
        return self.scenario.style

    def take_settings(self, numbers: Mapping[str, float], always: Collection[str] = ()) -> None:
        """Draw with the player's numbers wherever the story has none of its own.

        Args:
            numbers: Of the player's settings, by name.
            always: Names of those that go before the story's own too: asked for just now.

        Raises:
            SettingsError: A number is outside its range.
        """
        taken = {
            name: value for name, value in numbers.items() if name in always or name not in self.own
        }
        self.generation = replace(self.generation, **taken)  # type: ignore[arg-type]

    def current_scenario(self) -> Scenario:
        """The scenario with the player's own cards and settings in it, for exports."""
        return replace(self.scenario, cards=self.cards, generation=self.generation)


def begin(scenario: Scenario, *, title: str, seed: int, created: str, model: str = "") -> Story:
    """A new story at its opening.

    Args:
        scenario: With its questions answered (`Scenario.filled`).
        title: The story's title; the scenario's where empty.
        seed: Any integer from 0 to `MAX_SEED`.
        created: ISO 8601, UTC.
        model: Name of the model that will play.
    """
    root = Node(1, None, None, scenario.opening.strip(), origin="opening", created=created)
    return Story(
        title=title or scenario.title,
        scenario=scenario,
        tree=StoryTree([root]),
        memory=scenario.memory.strip(),
        authors_note=scenario.authors_note.strip(),
        cards=scenario.cards,
        generation=scenario.generation,
        seed=seed,
        model=model,
    )
