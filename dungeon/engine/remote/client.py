"""Requests to the server, bounded and patient; what goes wrong becomes a message to the player.

No message and no log line quotes an answer: servers repeat what they were sent, which is the
story, and now and then the key.
"""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any

from dungeon.engine.base import CancelToken
from dungeon.engine.remote.address import Address
from dungeon.engine.remote.exchange import Broken, Exchange, Head, TooSlow
from dungeon.errors import EngineError, ModelError

MAX_LINE = 1024 * 1024
"""Longest line of a stream, and largest whole answer, in bytes."""

MAX_STREAM = 32 * MAX_LINE
"""Longest stream, in bytes: some hundred thousand tokens with all that is said of each."""

_MAX_ERROR = 8 * 1024
_LONGEST_PAUSE = 10.0


@dataclass(frozen=True, slots=True)
class Patience:
    """How long things may take, in seconds.

    Attributes:
        connect: Making a connection.
        first: To the first byte: the server may have to load the model, or to finish for others.
        between: From one piece of text to the next.
        whole: A whole continuation.
        quick: Anything that is no continuation.
        pauses: Before each further try where the server is away or busy.
    """

    connect: float = 5.0
    first: float = 180.0
    between: float = 45.0
    whole: float = 900.0
    quick: float = 3.0
    pauses: tuple[float, ...] = (0.5, 1.0, 2.0)


class ServerError(EngineError):
    """The server is away, or does not do what was asked.

    Attributes:
        status: HTTP status of its answer; 0 where there was none.
        passing: Whether it may be over in a moment.
    """

    def __init__(
        self, message: str, hint: str = "", *, status: int = 0, passing: bool = False
    ) -> None:
        super().__init__(message, hint)
        self.status, self.passing = status, passing


class Client:
    """Speaks to one server.

    Args:
        address: Where it is.
        key: Sent as a bearer token; "" for none.
        patience: How long things may take.

    Raises:
        ModelError: The key has a character that no key has.
    """

    def __init__(self, address: Address, key: str = "", patience: Patience | None = None) -> None:
        self.address, self.patience = address, patience or Patience()
        if not all("!" <= character <= "~" for character in key):
            raise ModelError(
                "The server's key holds a blank or a character outside ASCII.",
                "Set DUNGEON_REMOTE_KEY again, without quotes or line breaks.",
            )
        self._key = key

    def json(
        self,
        method: str,
        path: str,
        body: Mapping[str, object] | None = None,
        *,
        again: bool = False,
    ) -> Any:
        """The JSON that the server answers with, in little time.

        Args:
            method, path, body: What is asked.
            again: Whether a server that is away or busy is asked again, after a pause.

        Raises:
            ServerError: There is none.
        """
        quick, cancel = self.patience.quick, CancelToken()
        patience = replace(
            self.patience,
            connect=min(quick, self.patience.connect),
            first=quick,
            between=quick,
            whole=2 * quick,
            pauses=self.patience.pauses if again else (),
        )
        with self._opened(method, path, body, cancel, patience) as (exchange, _):
            return self.parsed(b"".join(self._chunks(exchange, cancel, patience, MAX_LINE)))

    @contextmanager
    def stream(
        self, path: str, body: Mapping[str, object], cancel: CancelToken
    ) -> Iterator[Iterator[bytes]]:
        """Post `body` and give the data of each event of the answer, as it comes.

        A server that answers with one JSON text instead has sent one event.

        Raises:
            Cancelled: `cancel` was set.
            ServerError: The server is away (after some tries), or answers something else.
        """
        with self._opened("POST", path, body, cancel, self.patience) as (exchange, head):
            if head.kind == "application/json":
                whole = b"".join(self._chunks(exchange, cancel, self.patience, MAX_LINE))
                yield iter((whole,))
            elif head.kind == "text/event-stream":
                yield self._events(exchange, cancel)
            else:
                raise self.wrong()

    def parsed(self, data: bytes) -> Any:
        """The JSON in `data`.

        Raises:
            ServerError: It is none.
        """
        try:
            return json.loads(data)
        except (ValueError, RecursionError):
            raise self.wrong() from None

    def wrong(self) -> ServerError:
        """What is there speaks another language."""
        return ServerError(
            f"What answers at {self.address.name} is no server for completions.",
            "Look at the address given with --url: it should lead to an OpenAI-compatible server.",
        )

    # -- one request ---------------------------------------------------------------------------

    @contextmanager
    def _opened(
        self,
        method: str,
        path: str,
        body: Mapping[str, object] | None,
        cancel: CancelToken,
        patience: Patience,
    ) -> Iterator[tuple[Exchange, Head]]:
        pauses = iter(patience.pauses)
        while True:
            with self._exchange(method, path, body, patience) as exchange:
                try:
                    head = self._head(exchange, cancel, patience)
                except ServerError as error:
                    pause = next(pauses, None)
                    if pause is None or not error.passing:
                        raise
                    wanted = error.retry_after if isinstance(error, _Busy) else 0.0
                else:
                    yield exchange, head
                    return
            # Cancelled meanwhile, the next look at the flag says so.
            cancel.wait(max(pause, min(wanted, _LONGEST_PAUSE)))

    def _exchange(
        self, method: str, path: str, body: Mapping[str, object] | None, patience: Patience
    ) -> Exchange:
        headers = {"Accept": "text/event-stream, application/json", "Connection": "close"}
        data = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            data = json.dumps(body).encode("ascii")
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        # Longer than the caller waits: it is the caller that gives up.
        idle = patience.connect + max(patience.first, patience.between) + 1
        return Exchange(
            self.address, method, path, data, headers, connect=patience.connect, idle=idle
        )

    def _head(self, exchange: Exchange, cancel: CancelToken, patience: Patience) -> Head:
        with self._told():
            head = exchange.head(cancel, patience.connect + patience.first)
        if head.status == 200:
            return head
        said = ""
        if head.status in (400, 404, 422):
            # It only tells apart what is known to be an error already.
            with suppress(ServerError):
                body = b"".join(self._chunks(exchange, cancel, patience, _MAX_ERROR))
                said = body.decode("utf-8", "replace")
        raise self._refusal(head, said.lower())

    def _refusal(self, head: Head, said: str) -> ServerError:
        where, status = self.address.name, head.status
        if status in (429, 502, 503, 504):
            return _Busy(
                f"The server at {where} is busy or starting ({status}).",
                "Wait a moment and try again.",
                status=status,
                passing=True,
                retry_after=head.retry_after,
            )
        if status in (401, 403):
            return ServerError(
                f"The server at {where} wants a key, or another one ({status}).",
                "Put its key into the environment as DUNGEON_REMOTE_KEY.",
                status=status,
            )
        if 300 <= status < 400:
            return ServerError(
                f"The server at {where} sends the game on to another address ({status}); "
                "the story does not follow.",
                "Give the right address with --url.",
                status=status,
            )
        if status in (400, 422) and any(
            word in said for word in ("context length", "too long", "exceed", "context size")
        ):
            return ServerError(
                f"The story is too long for the model at {where}.",
                "Start the server with a longer context, or shorten the memory.",
            )
        if status == 404:
            return ServerError(
                f"The server at {where} has no such model, or no completions (404).",
                "Look at --model and --url.",
                status=status,
            )
        return ServerError(
            f"The server at {where} refuses the request or failed ({status}).",
            "Its own log says why; look at --model too.",
            status=status,
        )

    # -- bodies --------------------------------------------------------------------------------

    def _chunks(
        self, exchange: Exchange, cancel: CancelToken, patience: Patience, most: int
    ) -> Iterator[bytes]:
        end = time.monotonic() + patience.whole
        size = 0
        while True:
            left = end - time.monotonic()
            with self._told():
                chunk = exchange.chunk(cancel, min(patience.between, max(0.0, left)))
            size += len(chunk)
            if size > most:
                raise self.wrong()
            if not chunk:
                return
            yield chunk

    def _events(self, exchange: Exchange, cancel: CancelToken) -> Iterator[bytes]:
        """The data of server-sent events; each event is one line at these servers."""
        held = b""
        for chunk in self._chunks(exchange, cancel, self.patience, MAX_STREAM):
            *lines, held = (held + chunk).split(b"\n")
            if len(held) > MAX_LINE or any(len(line) > MAX_LINE for line in lines):
                raise self.wrong()
            for line in lines:
                if line.startswith(b"data:"):
                    yield line[5:].strip()

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Turns the ways in which a connection fails into a message to the player."""
        where = self.address.name
        try:
            yield
        except TooSlow:
            raise ServerError(
                f"The server at {where} does not answer in time.",
                "Your line is back in the input: try again, or look at the server.",
            ) from None
        except Broken as error:
            if isinstance(error.__cause__, ssl.SSLCertVerificationError):
                raise ServerError(
                    f"The server at {where} has a certificate that this machine does not trust.",
                    "Nothing was sent to it. Use the name that the certificate is for.",
                ) from None
            raise ServerError(
                f"The server at {where} cannot be reached, or broke off.",
                "See that it runs and that --url is right, then try again.",
                passing=True,
            ) from None


class _Busy(ServerError):
    """The server asks for a pause."""

    def __init__(
        self, message: str, hint: str, *, status: int, passing: bool, retry_after: float
    ) -> None:
        super().__init__(message, hint, status=status, passing=passing)
        self.retry_after = retry_after
