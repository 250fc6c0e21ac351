"""A scenario that is written while it is played: what its file says now comes into the story."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dungeon.session import GameSession
from dungeon.story.revision import revise
from dungeon.story.scenario import Scenario, Source

BEFORE, SHOWN = 20, 44
"""Of a line with a mistake: a toast is narrow, and a caret below a wrapped line says nothing."""


@dataclass(frozen=True, slots=True)
class News:
    """What came of a save of the file.

    Attributes:
        text: For the author; an error with its line and caret.
        taken: Whether something of it is in the story now.
        failed: Whether the file cannot be used as it is.
    """

    text: str
    taken: bool = False
    failed: bool = False


class Watcher:
    """Looks at the file of the scenario that a story began from.

    Args:
        path: The file.
        scenario: As it was read from there.
        answers: To its questions, as the story began.
    """

    def __init__(self, path: Path, scenario: Scenario, answers: Mapping[str, str]) -> None:
        from dungeon.authoring.watch import WatchedFile

        self._file = WatchedFile(path)
        self._answers = dict(answers)
        self._before = scenario.filled(self._answers)

    @property
    def name(self) -> str:
        """The file's name."""
        return self._file.path.name

    def look(self, session: GameSession) -> News | None:
        """Take over what was saved since the last look; None where nothing was.

        Raises:
            TurnError: A turn is under way; look again when it is told.
        """
        if not self._file.changed():
            return None
        session.check_idle()
        reading = self._file.read()
        if reading is None:
            return News(f"{self.name} cannot be read.", failed=True)
        if reading.scenario is None:
            errors = [problem for problem in reading.problems if problem.severity == "error"]
            more = f"\nand {len(errors) - 1} more" if len(errors) > 1 else ""
            return News(errors[0].render(BEFORE, SHOWN) + more, failed=True)
        after = reading.scenario.filled(self._answers)
        revision = revise(session.story, self._before, after)
        self._before = after
        session.take_over(revision.story, Source.of(reading.scenario))
        return News(self._told(revision.taken, revision.kept), taken=bool(revision.taken))

    def _told(self, taken: tuple[str, ...], kept: tuple[str, ...]) -> str:
        if not taken and not kept:
            return f"{self.name} was saved; nothing in it changes this story."
        lines = [f"From {self.name}: {_listed(taken)}."] if taken else []
        if kept:
            lines.append(f"You changed {_listed(kept)} by hand, so yours stays.")
        return "\n".join(lines)


def _listed(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - 4} more" if len(names) > 4 else ""
    return ", ".join(names[:4]) + more
