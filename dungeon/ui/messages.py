"""What background threads tell the screen: facts in the past tense.

For every turn that is begun there is any number of `DraftChanged` and then exactly one of
`TurnFinished`, `TellingsOffered`, `TurnCancelled` and `TurnFailed`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.message import Message

from dungeon.engine.base import Engine, TokenOdds
from dungeon.engine.downloads import Progress
from dungeon.errors import DungeonError
from dungeon.session import Narration
from dungeon.story.action import Action
from dungeon.story.tree import Node

if TYPE_CHECKING:
    from dungeon.authoring.editable import Look
    from dungeon.authoring.library import ScenarioEntry
    from dungeon.storage.library import DamagedSave, SaveSummary
    from dungeon.storage.recovery import Recovered
    from dungeon.ui.preview import Preview


class EngineProgress(Message):
    """Loading the engine took another step; `line` says which."""

    def __init__(self, line: str) -> None:
        super().__init__()
        self.line = line


class EngineReady(Message):
    """The engine was loaded."""

    def __init__(self, engine: Engine) -> None:
        super().__init__()
        self.engine = engine


class EngineFailed(Message):
    """The engine could not be loaded."""

    def __init__(self, error: DungeonError) -> None:
        super().__init__()
        self.error = error


class LibraryRead(Message):
    """Scenarios and saves were listed; `error` says why one of the lists is empty."""

    def __init__(
        self,
        scenarios: Sequence[ScenarioEntry],
        saves: Sequence[SaveSummary | DamagedSave],
        error: DungeonError | None = None,
    ) -> None:
        super().__init__()
        self.scenarios = scenarios
        self.saves = saves
        self.error = error


class RecoveryEnded(Message):
    """A damaged story was looked through: what came of it, or why nothing did."""

    def __init__(self, outcome: Recovered | DungeonError) -> None:
        super().__init__()
        self.outcome = outcome


class FetchMoved(Message):
    """Fetching a model came a step further."""

    def __init__(self, name: str, progress: Progress) -> None:
        super().__init__()
        self.name = name
        self.progress = progress

    def can_replace(self, message: Message) -> bool:
        """A later step makes an earlier one needless."""
        return isinstance(message, FetchMoved) and message.name == self.name


class FetchEnded(Message):
    """A model was fetched, or was not: `error` says why; None with `stopped` where asked to."""

    def __init__(self, name: str, error: DungeonError | None, *, stopped: bool = False) -> None:
        super().__init__()
        self.name = name
        self.error = error
        self.stopped = stopped


class ImportEnded(Message):
    """A file was brought into the library, as `report` says, or was not: `error` says why."""

    def __init__(self, report: str, error: DungeonError | None = None) -> None:
        super().__init__()
        self.report = report
        self.error = error


class LookedOver(Message):
    """The text of a scenario was read: its fields, and what is wrong with it.

    `serial` says which text: the newest has the greatest. `first` is what its first turn would
    send; None where that was not asked for.
    """

    def __init__(self, serial: int, look: Look, first: Preview | None = None) -> None:
        super().__init__()
        self.serial = serial
        self.look = look
        self.first = first


class TurnTold(Message):
    """A turn became part of the story; `speed` is in tokens a second, 0 where not known."""

    def __init__(self, node: Node, speed: float) -> None:
        super().__init__()
        self.node = node
        self.speed = speed


class Crashed(Message):
    """A thread ended with an exception that nothing expected."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error


class TurnMessage(Message):
    """Something about one turn; `serial` tells which, so that a late one can be dropped."""

    def __init__(self, serial: int) -> None:
        super().__init__()
        self.serial = serial


class DraftChanged(TurnMessage):
    """The turn's text grew, or began anew; `text` is all of it, so the last one says all."""

    def __init__(self, serial: int, text: str) -> None:
        super().__init__(serial)
        self.text = text

    def can_replace(self, message: Message) -> bool:
        """A later draft of the same turn makes an earlier one needless."""
        return isinstance(message, DraftChanged) and message.serial == self.serial


class TurnFinished(TurnMessage):
    """The narrator gave a text; after a stop, what there was of whole sentences."""

    def __init__(self, serial: int, narration: Narration) -> None:
        super().__init__(serial)
        self.narration = narration


class TellingsOffered(TurnMessage):
    """Several tellings are there, of which the player takes one or none."""

    def __init__(self, serial: int, told: Sequence[Narration]) -> None:
        super().__init__(serial)
        self.told = told


class TurnCancelled(TurnMessage):
    """The player stopped the narrator before there was anything to keep."""


class TurnFailed(TurnMessage):
    """The narrator gave nothing."""

    def __init__(self, serial: int, error: DungeonError) -> None:
        super().__init__(serial)
        self.error = error


class OddsWeighed(Message):
    """The words of a turn were weighed; `odds` is None where that cannot be done."""

    def __init__(self, odds: Sequence[TokenOdds] | None, error: DungeonError | None = None) -> None:
        super().__init__()
        self.odds = odds
        self.error = error


class LineWritten(Message):
    """The model wrote the player's line, or could not."""

    def __init__(self, action: Action | None, error: DungeonError | None = None) -> None:
        super().__init__()
        self.action = action
        self.error = error
