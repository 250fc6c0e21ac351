"""The bottom line: which keys do what now."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.content import Content
from textual.events import Click
from textual.widget import Widget

from dungeon.ui.commands import Command


class KeyBar(Widget):
    """Commands with their keys, as many as there is room for, greyed out where impossible.

    Args:
        commands: In order. Of two that are never possible together, only the possible one
            is worth its room: see `hidden`.
        hidden: Actions that are left out, rather than greyed out, while impossible.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {"key-bar--key", "key-bar--label", "key-bar--off"}

    def __init__(
        self,
        commands: Sequence[Command],
        *,
        hidden: frozenset[str] = frozenset(),
        id: str | None = None,
    ) -> None:
        super().__init__(id=id)
        self._commands = tuple(commands)
        self._hidden = hidden
        self._spans: list[tuple[int, int, Command]] = []

    def possible(self, command: Command) -> bool:
        """Whether the command can be run now."""
        namespace = self.app if command.action in self.app_actions else self.screen
        return namespace.check_action(command.action, ()) is True

    app_actions: ClassVar[frozenset[str]] = frozenset({"help", "quit"})

    def _fitting(self, width: int) -> list[tuple[Command, str]]:
        shown = [c for c in self._commands if c.action not in self._hidden or self.possible(c)]
        labels = {c.action: c.label for c in shown}

        def needed(commands: Sequence[Command]) -> int:
            texts = [len(c.shown_key) + 1 + len(labels[c.action]) for c in commands]
            return sum(texts) + max(0, len(texts) - 1)

        for command in sorted(shown, key=lambda c: -c.rank):
            if needed(shown) > width and command.short:
                labels[command.action] = command.short
        while shown and needed(shown) > width:
            worst = max(shown, key=lambda c: c.rank)
            shown = [c for c in shown if c is not worst]
        return [(command, labels[command.action]) for command in shown]

    def render(self) -> Content:
        """The bar."""
        width = self.size.width
        fitting = self._fitting(width - 2)
        used = sum(len(c.shown_key) + 1 + len(label) for c, label in fitting)
        gap = " " * max(1, min(3, (width - used) // max(1, len(fitting) - 1 or 1)))
        key, label_style, off = (
            self.get_visual_style(f"key-bar--{name}") for name in ("key", "label", "off")
        )
        at = max(0, (width - used - len(gap) * (len(fitting) - 1)) // 2)
        pieces = [Content(" " * at)]
        self._spans = []
        for index, (command, label) in enumerate(fitting):
            if index:
                pieces.append(Content(gap))
                at += len(gap)
            on = self.possible(command)
            pieces.append(Content(command.shown_key).stylize(key if on else off))
            pieces.append(Content(f" {label}").stylize(label_style if on else off))
            size = len(command.shown_key) + 1 + len(label)
            self._spans.append((at, at + size, command))
            at += size
        return Content("").join(pieces)

    async def on_click(self, event: Click) -> None:
        """Run what was clicked."""
        offset = event.get_content_offset(self)
        if offset is None:
            return
        for start, end, command in self._spans:
            if start <= offset.x < end and self.possible(command):
                target = self.app if command.action in self.app_actions else self.screen
                await self.app.run_action(command.action, default_namespace=target)
