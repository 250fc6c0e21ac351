"""One HTTP request that can be broken off at any moment.

Python's sockets cannot be waited for together with a flag, on every system, while a name is
looked up, a connection made and a first byte awaited. So each request runs on a thread of its
own, and the caller takes what it reads from a queue, looking at the flag in between. Breaking
off shuts the socket, which ends the thread and tells the server to stop writing.
"""

from __future__ import annotations

import queue
import socket
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType

from dungeon.engine.base import CancelToken
from dungeon.engine.remote.address import Address

POLL = 0.05
"""Seconds between two looks at the cancel flag."""

_CHUNK = 64 * 1024
_AHEAD = 16
"""Chunks that are read ahead of the caller at most."""


class Cancelled(Exception):
    """The caller's flag was set."""


class TooSlow(Exception):
    """Nothing came in the time allowed."""


class Broken(Exception):
    """The connection could not be made or broke; `__cause__` says how."""


@dataclass(frozen=True, slots=True)
class Head:
    """The beginning of an answer.

    Attributes:
        status: HTTP status.
        kind: Media type, in small letters, without its parameters.
        retry_after: Seconds after which the server wants to be asked again; 0 where it is silent.
    """

    status: int
    kind: str
    retry_after: float


class Exchange:
    """Sends a request and reads its answer, on a thread of its own. A context manager.

    Args:
        address: Where to.
        method, path, body, headers: What; `path` comes after the address's base.
        connect: Seconds in which the connection has to be made.
        idle: Seconds after which the thread gives up a silent connection.
    """

    def __init__(
        self,
        address: Address,
        method: str,
        path: str,
        body: bytes | None,
        headers: dict[str, str],
        *,
        connect: float,
        idle: float,
    ) -> None:
        self._request = (method, address.base + path, body, headers)
        self._address, self._connect, self._idle = address, connect, idle
        self._read: queue.Queue[Head | bytes | Exception] = queue.Queue(_AHEAD)
        self._socket: socket.socket | None = None
        self._closed = threading.Event()
        threading.Thread(target=self._run, name="remote", daemon=True).start()

    def __enter__(self) -> Exchange:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Break the request off, or do nothing where it is over."""
        self._closed.set()
        if self._socket is not None:
            # It may be closed already.
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)

    def head(self, cancel: CancelToken, seconds: float) -> Head:
        """The beginning of the answer; to be asked for first, and once.

        Raises:
            Cancelled, TooSlow, Broken: There is none.
        """
        head = self._take(cancel, seconds)
        assert isinstance(head, Head)
        return head

    def chunk(self, cancel: CancelToken, seconds: float) -> bytes:
        """The next bytes of the answer's body; b"" at its end.

        Raises:
            Cancelled, TooSlow, Broken: There are none.
        """
        chunk = self._take(cancel, seconds)
        assert isinstance(chunk, bytes)
        return chunk

    def _take(self, cancel: CancelToken, seconds: float) -> Head | bytes:
        end = time.monotonic() + seconds
        while not cancel.cancelled:
            left = end - time.monotonic()
            try:
                item = self._read.get(timeout=max(0.0, min(POLL, left)))
            except queue.Empty:
                if left <= 0:
                    raise TooSlow from None
                continue
            if isinstance(item, Exception):
                raise Broken from item
            return item
        raise Cancelled

    # -- the thread ----------------------------------------------------------------------------

    def _run(self) -> None:
        connection = None
        try:
            connection = self._address.connection(self._connect)
            connection.connect()
            self._socket = connection.sock
            self._socket.settimeout(self._idle)
            if self._closed.is_set():
                return
            method, path, body, headers = self._request
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            kind = response.headers.get_content_type()
            self._put(Head(response.status, kind, _seconds(response.headers.get("Retry-After"))))
            while chunk := response.read1(_CHUNK):
                self._put(chunk)
            self._put(b"")
        except Exception as error:
            # Of whatever kind: the caller decides what it means. Nobody asks after `close`.
            self._put(error)
        finally:
            if connection is not None:
                connection.close()

    def _put(self, item: Head | bytes | Exception) -> None:
        while not self._closed.is_set():
            try:
                self._read.put(item, timeout=POLL)
            except queue.Full:
                continue
            return


def _seconds(text: str | None) -> float:
    """The number of a `Retry-After` header; 0 for a date or nonsense."""
    return float(text) if text and text.isascii() and text.isdigit() and len(text) < 6 else 0.0
