"""The command palette: every command that is possible now, by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from textual.binding import Binding
from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.screen import Screen

from dungeon.ui.commands import HELP, QUIT

Entry = tuple[str, str, Callable[[], object]]


def bindings_of(screen: type[Screen[Any]]) -> Iterator[Binding]:
    """The bindings that screens of ours add to Textual's own."""
    for kind in screen.__mro__:
        if kind.__module__.startswith("dungeon."):
            yield from (one for one in vars(kind).get("BINDINGS", ()) if isinstance(one, Binding))


class Commands(Provider):
    """Offers the commands of the screen that the palette was opened over."""

    def _entries(self) -> Iterator[Entry]:
        screen, app = self.screen, self.app
        app_wide = (HELP, QUIT)
        commands = (*getattr(screen, "COMMANDS_HERE", ()), *app_wide)
        told: set[str] = set()
        for command in commands:
            if command.action in told:
                continue
            told.add(command.action)
            target = app if command in app_wide else screen
            if target.check_action(command.action, ()) is True:
                run = partial(app.run_action, command.action, target)
                yield f"{command.title}  {command.shown_key}", command.help, run
        for binding in bindings_of(type(screen)):
            # What has no place in a table of commands: reading back and forth, closing.
            if binding.action not in told:
                told.add(binding.action)
                name = binding.action.partition("(")[0]
                if "." in name or screen.check_action(name, ()) is True:
                    run = partial(app.run_action, binding.action, screen)
                    yield binding.description, binding.tooltip, run
        yield "Theme", "Changes the colours.", app.action_change_theme

    async def discover(self) -> Hits:
        """All of them."""
        for title, about, run in self._entries():
            yield DiscoveryHit(title, run, help=about)

    async def search(self, query: str) -> Hits:
        """Those whose name fits."""
        matcher = self.matcher(query)
        for title, about, run in self._entries():
            score = matcher.match(title)
            if score > 0:
                yield Hit(score, matcher.highlight(title), run, help=about)
