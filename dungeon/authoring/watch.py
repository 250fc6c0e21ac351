"""Noticing that a scenario's file was saved.

The file is looked at by the clock (`changed` costs one `stat`, some microseconds) rather than
through the operating system's notices: editors that write a new file and rename it, network
drives and containers all show in the time and size of the file, while notices of them are lost
on one system or another; and there is no thread and no compiled library to it.
"""

from __future__ import annotations

from pathlib import Path

from dungeon.authoring.reader import Reading, read
from dungeon.authoring.source import read_bytes
from dungeon.errors import ScenarioError


class WatchedFile:
    """A scenario file, as it was when it was last looked at.

    Args:
        path: The file, read already by whoever watches it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seen = self._state()

    def _state(self) -> tuple[int, int, int] | None:
        try:
            found = self.path.stat()
        except (OSError, ValueError):
            # Many editors take the file away for a moment while they save.
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino

    def changed(self) -> bool:
        """Whether the file was saved since it was last read; false while it is away."""
        state = self._state()
        return state is not None and state != self._seen

    def read(self) -> Reading | None:
        """What the file holds now; None where it cannot be read at all."""
        self._seen = self._state()
        try:
            return read(read_bytes(self.path), self.path.name)
        except ScenarioError:
            return None
