"""The server: an engine that is loaded once, and asked by many players at the same time."""

from __future__ import annotations

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, TypeVar

from aiohttp import web
from pydantic import BaseModel, ValidationError

from dungeon.engine.base import CancelToken, Engine, Finished, GenerationRequest
from dungeon.engine.remote.own import OWNER
from dungeon.errors import DungeonError, EngineError
from dungeon.host.asked import Completion, Counted, complaint, part
from dungeon.host.door import Door
from dungeon.host.told import Answer, models, used, wrong

MAX_BODY = 256 * 1024
"""Largest request, in bytes: a prompt of some thousand tokens has a tenth of it."""

WAITING = 4
"""So many requests for every story that is told at the same time may be under way."""

Body = TypeVar("Body", bound=BaseModel)


class Host:
    """Serves one engine. Nothing that is sent or written is logged.

    Args:
        engine: Loaded. Threads ask it at the same time: it serves them together or in turn.
        host: Address to listen on.
        port: Port to listen on; 0 takes a free one.
        key: What clients must show; "" for nothing.
        stories: How many threads ask the engine.
    """

    def __init__(
        self, engine: Engine, host: str, port: int, *, key: str = "", stories: int = 8
    ) -> None:
        self._engine, self._host, self._port = engine, host, port
        self._pool = ThreadPoolExecutor(stories, "story")
        self._under_way: set[CancelToken] = set()
        door = Door(host, key, WAITING * stories)
        app = web.Application(middlewares=[door.middleware], client_max_size=MAX_BODY)
        app.router.add_get("/v1/models", self._models)
        app.router.add_post("/v1/completions", self._complete)
        app.router.add_post("/tokenize", self._count)
        # The handler ends where its client leaves, and with it the writing.
        self._runner = web.AppRunner(
            app, access_log=None, handler_cancellation=True, shutdown_timeout=1
        )

    @property
    def url(self) -> str:
        """Where it is, once started."""
        host, port = self._runner.addresses[0][:2]
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    async def start(self) -> None:
        """Listen.

        Raises:
            DungeonError: The address cannot be had.
        """
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, self._host, self._port).start()
        except OSError as error:
            await self.stop()
            raise DungeonError(
                f"Nothing can be served at {self._host}:{self._port}: {error.strerror or error}.",
                "Choose another with --port.",
            ) from None

    async def stop(self) -> None:
        """Break off what is under way, and listen no more."""
        for cancel in self._under_way:
            cancel.cancel()
        await self._runner.cleanup()
        self._pool.shutdown(wait=False, cancel_futures=True)

    # -- answers -------------------------------------------------------------------------------

    async def _models(self, request: web.Request) -> web.StreamResponse:
        return web.json_response(models(self._engine.info, OWNER))

    async def _count(self, request: web.Request) -> web.StreamResponse:
        asked = await _body(request, Counted)
        info = self._engine.info
        count = await asyncio.to_thread(self._engine.count, part(asked.prompt, info))
        return web.json_response({"count": count, "max_model_len": info.n_positions})

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        asked = await _body(request, Completion)
        info = self._engine.info
        if asked.model != info.name:
            raise web.HTTPNotFound(reason="There is no such model here.")
        wanted = asked.request(info)
        size = await asyncio.to_thread(self._size, wanted)
        if not size or size + wanted.max_new_tokens > info.n_positions:
            raise DungeonError(
                f"{size} tokens and {wanted.max_new_tokens} new ones do not fit the context length "
                f"of {info.n_positions}."
            )
        writing = _Writing(self._engine, wanted, self._pool)
        self._under_way.add(writing.cancel)
        try:
            if asked.stream:
                return await _streamed(request, asked, writing)
            finished = await writing.finished
            answer = Answer(asked.model).end(finished, finished.text)
            return web.json_response({**answer, "usage": used(finished)})
        except EngineError as error:
            return web.json_response(wrong(error.message, "server_error"), status=500)
        finally:
            writing.cancel.cancel()
            self._under_way.discard(writing.cancel)

    def _size(self, request: GenerationRequest) -> int:
        return sum(map(self._engine.count, request.prompt))


class _Writing:
    """A continuation that a thread of the pool writes while the event loop goes on.

    Attributes:
        cancel: Ends it.
        finished: Its result.
    """

    def __init__(
        self, engine: Engine, request: GenerationRequest, pool: ThreadPoolExecutor
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._grown = asyncio.Event()
        self.text = ""
        self.cancel = CancelToken()
        self.finished: asyncio.Future[Finished] = self._loop.run_in_executor(
            pool, engine.generate, request, self.cancel, self._told
        )
        self.finished.add_done_callback(self._end)

    def _told(self, text: str) -> None:
        """On the engine's thread."""
        # The loop is closed where the host was stopped meanwhile.
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._grow, text)

    def _grow(self, text: str) -> None:
        self.text = text
        self._grown.set()

    def _end(self, future: asyncio.Future[Finished]) -> None:
        if not future.cancelled():
            # Looked at, so that nobody logs it who does not wait for it any more.
            future.exception()
        self._grown.set()

    async def more(self) -> bool:
        """Wait until `text` has grown; False where it is finished instead."""
        await self._grown.wait()
        self._grown.clear()
        return not self.finished.done()


async def _streamed(
    request: web.Request, asked: Completion, writing: _Writing
) -> web.StreamResponse:
    more = await writing.more()
    if not more:
        # What the engine refuses is told as an error, and not in a stream.
        await writing.finished
    response = web.StreamResponse(
        headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
    )
    await response.prepare(request)
    answer, sent = Answer(asked.model), ""
    while more:
        text, before = writing.text, len(sent)
        sent = text
        if len(text) > before:
            await _send(response, answer.piece(text[before:]))
        more = await writing.more()
    try:
        finished = await writing.finished
    except EngineError as error:
        await _send(response, wrong(error.message, "server_error"))
        return response
    await _send(response, answer.end(finished, finished.text[len(sent) :]))
    if asked.stream_options.include_usage:
        await _send(response, answer.usage(finished))
    await response.write(b"data: [DONE]\n\n")
    return response


async def _send(response: web.StreamResponse, event: dict[str, Any]) -> None:
    await response.write(b"data: " + json.dumps(event).encode("ascii") + b"\n\n")


async def _body(request: web.Request, kind: type[Body]) -> Body:
    """What was posted.

    Raises:
        DungeonError: It is something else.
    """
    if request.content_type != "application/json":
        raise web.HTTPUnsupportedMediaType(reason="Send JSON.")
    try:
        return kind.model_validate_json(await request.read())
    except ValidationError as error:
        # Without its input, which is the story.
        told = complaint(error.errors(include_input=False, include_url=False))
        raise DungeonError(f"The request cannot be used: {told}") from None
