"""Where a server is, from the URL that the player gave."""

from __future__ import annotations

import http.client
import re
import ssl
from dataclasses import dataclass
from urllib.parse import urlsplit

from dungeon.errors import ModelError

_ENDINGS = ("/completions", "/v1")
_HOST = re.compile(r"[a-z0-9._:-]+")


@dataclass(frozen=True, slots=True)
class Address:
    """A server, and where on it the paths begin.

    Attributes:
        secure: Whether TLS is spoken; certificates are then checked against the system's.
        host: Name or IP address.
        port: TCP port.
        base: What comes before `/v1/...`; "" at most servers.
    """

    secure: bool
    host: str
    port: int
    base: str = ""

    @classmethod
    def parse(cls, url: str) -> Address:
        """The address in `url`; its `/v1` or `/v1/completions` may be there or not.

        Raises:
            ModelError: It is no such URL. The message does not quote it, as it may hold a key.
        """
        try:
            parts = urlsplit(url.strip())
            host, port = parts.hostname or "", parts.port
        except ValueError:
            raise _unusable("cannot be read") from None
        if parts.scheme not in ("http", "https") or not host:
            raise _unusable("does not begin with http:// or https:// and a host")
        if not _HOST.fullmatch(host):
            raise _unusable("has a host that is no name and no IP address")
        if parts.username is not None or parts.query or parts.fragment:
            raise ModelError(
                "The server's URL holds more than an address.",
                "Put a key into the environment as DUNGEON_REMOTE_KEY, never into the URL.",
            )
        base = parts.path.rstrip("/")
        for ending in _ENDINGS:
            base = base.removesuffix(ending)
        if not (base.isascii() and base.isprintable()) or " " in base:
            raise _unusable("has a path that is not plain ASCII")
        secure = parts.scheme == "https"
        return cls(secure, host, port or (443 if secure else 80), base)

    @property
    def name(self) -> str:
        """Host and port, for the player."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.secure else 80) else f"{host}:{self.port}"

    def connection(self, timeout: float) -> http.client.HTTPConnection:
        """A connection, not yet opened. No proxy is used and no redirect followed."""
        if self.secure:
            context = ssl.create_default_context()
            return http.client.HTTPSConnection(
                self.host, self.port, timeout=timeout, context=context
            )
        return http.client.HTTPConnection(self.host, self.port, timeout=timeout)


def _unusable(why: str) -> ModelError:
    return ModelError(
        f"The server's URL {why}.", "Write it like http://localhost:8000 (see --url)."
    )
