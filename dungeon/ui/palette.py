"""The command palette: every command that is possible now, by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from textual.command import DiscoveryHit, Hit, Hits, Provider

from dungeon.ui.commands import HELP, QUIT, Command
from dungeon.ui.guide import TABLES

Entry = tuple[str, str, Callable[[], object]]


class Commands(Provider):
    """Offers the commands of the screen that the palette was opened over."""

    def _entries(self) -> Iterator[Entry]:
        app_wide = (HELP, QUIT)
        commands: tuple[Command, ...] = ()
        for screen, table in TABLES.items():
            if isinstance(self.screen, screen):
                commands = table
        for command in dict.fromkeys((*commands, *app_wide)):
            target = self.app if command in app_wide else self.screen
            if target.check_action(command.action, ()) is True:
                run = partial(self.app.run_action, command.action, target)
                yield f"{command.title}  {command.shown_key}", command.help, run
        yield "Theme", "Changes the colours.", self.app.action_change_theme

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
