"""The text of a scenario file, to be edited."""

from __future__ import annotations

from itertools import takewhile
from typing import ClassVar

from textual import events

from dungeon.ui.screens.editor import SafeTextArea


class SourceArea(SafeTextArea):
    """A text area for YAML: line numbers, and a new line is indented as the one before."""

    # As many bytes as a scenario may have; its reader is not imported before it is needed.
    MOST: ClassVar[int] = 256 * 1024

    async def _on_key(self, event: events.Key) -> None:
        if event.key == "enter":
            # The base class has a handler of its own, which would break the line a second time.
            event.stop()
            event.prevent_default()
            row, column = self.cursor_location
            line = self.document.get_line(row)[:column]
            indent = line[: len(line) - len(line.lstrip(" "))]
            result = self.replace(f"\n{indent}", *self.selection, maintain_selection_offset=False)
            self.move_cursor(result.end_location)

    def become(self, text: str) -> None:
        """Make `text` of what is there, by the smallest change: undo takes it back."""
        before = self.text
        start = _shared(before, text)
        rest_before, rest = before[start:], text[start:]
        end = _shared(rest_before[::-1], rest[::-1])
        self.replace(
            rest[: len(rest) - end], _place(before, start), _place(before, len(before) - end)
        )
        self.history.checkpoint()

    def show_line(self, line: int, column: int = 0) -> None:
        """Put the cursor there; both count from 0."""
        line = min(line, self.document.line_count - 1)
        column = min(column, len(self.document.get_line(line)))
        self.move_cursor((line, column), center=True)


def _shared(one: str, other: str) -> int:
    """How many characters two texts have in common at their beginning."""
    pairs = zip(one, other, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _place(text: str, at: int) -> tuple[int, int]:
    """The line and the column of a character, from 0."""
    return text.count("\n", 0, at), at - (text.rfind("\n", 0, at) + 1)
