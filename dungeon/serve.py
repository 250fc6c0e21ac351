"""The game in a browser: each visitor in a process, and with stories and settings, of their own.

Visitors are told apart by a cookie that holds a random name; a folder of that name holds what
is theirs. Needs textual-serve, which is an extra.
"""

from __future__ import annotations

import copy
import logging
import re
import secrets
import shlex
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from aiohttp import web
from textual_serve.server import Server

from dungeon.host import LOCAL
from dungeon.host.server import Host
from dungeon.text import clean

COOKIE = "dungeon-visitor"
_NAME = re.compile(r"[0-9a-f]{32}")
YEAR = 365 * 24 * 3600
"""How long a browser is remembered, in seconds."""


class VisitorServer(Server):
    """Serves the game.

    Args:
        command: What runs the game of a visitor, given their folder.
        folder: Where the visitors' folders are.
        host: Address to listen on.
        port: Port to listen on.
        public_url: As visitors' browsers see the server, where that is another address.
        most: How many may play at the same time.
        narrator: The host whose model tells all their stories; None where each has an engine of
            their own, or a server elsewhere.
    """

    def __init__(
        self,
        command: Callable[[Path], Sequence[str]],
        folder: Path,
        host: str,
        port: int,
        public_url: str | None,
        most: int,
        narrator: Host | None = None,
    ) -> None:
        super().__init__("dungeon", host, port, title="Dungeon", public_url=public_url)
        self._command_for = command
        self._folder = folder
        self._most = most
        self._narrator = narrator
        # A list, so that the copies that serve one visitor each share it.
        self._playing: list[str] = []

    def initialize_logging(self) -> None:
        """Say what goes wrong, and not who asked for what."""
        logging.basicConfig(level=logging.WARNING, format="%(message)s")

    async def on_startup(self, app: web.Application) -> None:
        """Say where the game is, and let the narrator be asked."""
        if self._narrator is not None:
            await self._narrator.start()
        self.console.print(
            clean(f"The game is at {self.public_url} (Ctrl+C ends it)."),
            markup=False,
            highlight=False,
        )

    async def on_shutdown(self, app: web.Application) -> None:
        """The narrator falls silent."""
        if self._narrator is not None:
            await self._narrator.stop()

    async def handle_index(self, request: web.Request) -> web.StreamResponse:
        """The page with the terminal; who comes for the first time gets a name."""
        self._refuse_strangers(request)
        if len(self._playing) >= self._most:
            raise web.HTTPServiceUnavailable(
                text="The game is full. Come back when somebody has left."
            )
        response: web.StreamResponse = await super().handle_index(request)
        if _name(request) is None:
            response.set_cookie(
                COOKIE, secrets.token_hex(16), max_age=YEAR, httponly=True, samesite="Strict"
            )
        return response

    async def handle_websocket(self, request: web.Request) -> web.WebSocketResponse:
        """The game of one visitor."""
        self._refuse_strangers(request)
        name = _name(request)
        if name is None:
            raise web.HTTPForbidden(text="Open the page first; the game needs its cookie.")
        if len(self._playing) >= self._most:
            raise web.HTTPServiceUnavailable(text="The game is full.")
        folder = self._folder / name
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        one = copy.copy(self)
        words = list(self._command_for(folder))
        # textual-serve hands the command to a shell.
        one.command = (
            subprocess.list2cmdline(words) if sys.platform == "win32" else shlex.join(words)
        )
        self._playing.append(name)
        try:
            return await Server.handle_websocket(one, request)
        finally:
            self._playing.remove(name)

    def _refuse_strangers(self, request: web.Request) -> None:
        """Refuse pages of other sites, and names that somebody else points to this machine."""
        ours = {urlsplit(self.public_url).netloc, f"{self.host}:{self.port}"}
        if self.host in LOCAL:
            ours |= {f"localhost:{self.port}", f"127.0.0.1:{self.port}", f"[::1]:{self.port}"}
        origin = request.headers.get("Origin")
        came_from = request.host if origin is None else urlsplit(origin).netloc
        if request.host not in ours or came_from not in ours:
            raise web.HTTPForbidden(text="This address is not known here; see --public-url.")


def _name(request: web.Request) -> str | None:
    name = request.cookies.get(COOKIE, "")
    return name if _NAME.fullmatch(name) else None
