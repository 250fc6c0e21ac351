"""Who is let in: no web page, nobody without the key, and not more than there is room for."""

from __future__ import annotations

import hmac
import ipaddress
import logging
import socket
from contextlib import suppress
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from dungeon.errors import DungeonError
from dungeon.host import LOCAL
from dungeon.host.told import wrong

log = logging.getLogger(__name__)


class Door:
    """Looks at every request before it is answered; an aiohttp middleware.

    Args:
        host: The address that is listened on.
        key: What clients must show as a bearer token; "" for nothing.
        most: Requests that are answered at the same time.
    """

    def __init__(self, host: str, key: str, most: int) -> None:
        self._names = {host.lower(), "localhost"}
        if host not in LOCAL:
            self._names.add(socket.gethostname().lower())
        self._key, self._most = key, most
        self._inside = 0

    @property
    def middleware(self) -> Middleware:
        """For `web.Application`."""

        @web.middleware
        async def look(request: web.Request, handler: Handler) -> web.StreamResponse:
            refused = self._refusal(request)
            if refused is not None:
                return refused
            self._inside += 1
            try:
                return await handler(request)
            except web.HTTPException as error:
                return web.json_response(wrong(error.reason), status=error.status)
            except DungeonError as error:
                return web.json_response(wrong(error.message), status=400)
            except Exception as error:
                # Its kind alone: a message may quote the story.
                log.warning("a request failed: %s", type(error).__name__)
                failed = wrong("The host failed.", "server_error")
                return web.json_response(failed, status=500)
            finally:
                self._inside -= 1

        return look

    def _refusal(self, request: web.Request) -> web.Response | None:
        if not self._ours(request.host):
            # A page of another site gets here by a name of its own that leads to this machine.
            return web.json_response(wrong("This name is not known here."), status=403)
        if "Origin" in request.headers:
            return web.json_response(wrong("This is not for web pages."), status=403)
        if self._key:
            shown = request.headers.get("Authorization", "").encode("utf-8", "replace")
            if not hmac.compare_digest(shown, f"Bearer {self._key}".encode()):
                return web.json_response(wrong("A key is needed, or another one."), status=401)
        if self._inside >= self._most:
            return web.json_response(
                wrong("Too much is asked for at once.", "overloaded"),
                status=429,
                headers={"Retry-After": "1"},
            )
        return None

    def _ours(self, host: str) -> bool:
        """Whether a `Host` header names this machine: by a number, or a name that we know."""
        name = ""
        with suppress(ValueError):
            name = urlsplit(f"//{host}").hostname or ""
        with suppress(ValueError):
            ipaddress.ip_address(name)
            return True
        return name in self._names
