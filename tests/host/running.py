"""A host in this process, on an event loop of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from dungeon.engine.base import Engine
from dungeon.host.server import Host


@contextmanager
def running(engine: Engine, *, key: str = "", stories: int = 8) -> Iterator[str]:
    """The URL of a host that serves `engine` on a free port of the loopback interface."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def made() -> Host:
        host = Host(engine, "127.0.0.1", 0, key=key, stories=stories)
        await host.start()
        return host

    host = asyncio.run_coroutine_threadsafe(made(), loop).result(30)
    try:
        yield host.url
    finally:
        asyncio.run_coroutine_threadsafe(host.stop(), loop).result(30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(30)
        loop.close()
