"""One line that says how things stand."""

from __future__ import annotations

from typing import ClassVar, Literal

from rich.cells import cell_len
from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from dungeon.text import clean

Phase = Literal["loading", "failed", "idle", "generating", "choosing", "cancelling"]

SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
FRAMES_PER_SECOND = 10
GAUGE = 8


class StatusBar(Widget):
    """Model and phase on the left; speed, context, save and turn on the right."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"status-bar--{name}" for name in ("strong", "busy", "good", "bad", "faint")
    }

    model = reactive("")
    phase: reactive[Phase] = reactive[Phase]("loading")
    detail = reactive("")
    elapsed = reactive(0.0)
    speed = reactive(0.0)
    context_used = reactive(0)
    context_limit = reactive(0)
    saved = reactive(True)
    save_note = reactive("")
    filtered = reactive(False)
    turn = reactive(0)
    telling = reactive("")
    picked = reactive(-1)
    plays_itself = reactive(False)

    def _left(self) -> list[tuple[str, str]]:
        spin = SPINNER[int(self.elapsed * FRAMES_PER_SECOND) % len(SPINNER)]
        model = clean(self.model, newlines=False)
        if self.phase == "loading":
            said = f"{spin} {clean(self.detail, newlines=False) or 'loading the narrator'}"
            return [(said, "busy"), (f"{self.elapsed:.0f}s", "faint")]
        if self.phase == "failed":
            return [("no narrator", "bad"), ("the story can be read", "faint")]
        if self.phase == "generating":
            return [(f"{spin} telling", "busy"), (f"{self.elapsed:.1f}s", "faint"), (model, "")]
        if self.phase == "choosing":
            return [("? choosing", "busy"), (model, "")]
        if self.phase == "cancelling":
            return [(f"{spin} stopping", "busy"), (model, "")]
        ready = ("▶ plays itself", "busy") if self.plays_itself else ("● ready", "good")
        return [ready, (model, "")]

    def _right(self) -> list[tuple[str, str]]:
        parts: list[tuple[str, str]] = []
        if self.speed:
            parts.append((f"{self.speed:.0f} tok/s", "faint"))
        if self.context_limit:
            filled = round(GAUGE * min(1.0, self.context_used / self.context_limit))
            gauge = "━" * filled + "╌" * (GAUGE - filled)
            parts.append((f"{gauge} {self.context_used}/{self.context_limit}", "faint"))
        if self.filtered:
            parts.append(("filter on", "faint"))
        if self.saved:
            parts.append(("saved", "good"))
        else:
            note = clean(self.save_note, newlines=False)
            parts.append((f"NOT SAVED: {note}" if note else "NOT SAVED", "bad"))
        turn = "opening" if not self.turn else f"turn {self.turn}"
        if self.picked >= 0:
            picked = f"turn {self.picked}" if self.picked else "opening"
            turn = f"picked {picked} of {self.turn}" if self.turn else "picked opening"
        parts.append((f"{turn}{self.telling}", "strong"))
        return parts

    def render(self) -> Content:
        """The line: where there is no room for everything, the least important goes."""
        width = self.size.width
        left, right = self._left(), self._right()

        def needed() -> int:
            both = left + right
            return sum(cell_len(text) for text, _ in both) + 3 * len(both) - 4

        while needed() > width and len(right) > 2:
            right.pop(0)
        while needed() > width and len(left) > 1:
            left.pop()
        if needed() > width:
            spare = width - sum(cell_len(t) for t, _ in left) - cell_len(right[-1][0]) - 5
            text, kind = right[0]
            right[0] = (text[: max(9, spare - 1)] + "…", kind)
        styles = {
            name: self.get_visual_style(f"status-bar--{name}")
            for name in ("strong", "busy", "good", "bad", "faint")
        }

        def put(parts: list[tuple[str, str]]) -> Content:
            return Content("  ").join(
                Content(text).stylize(styles[kind]) if kind else Content(text)
                for text, kind in parts
            )

        before, after = put(left), put(right)
        gap = " " * max(1, width - before.cell_length - after.cell_length)
        return Content("").join([before, Content(gap), after])
