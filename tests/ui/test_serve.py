"""The game in a browser: visitors apart, strangers refused, and a turn played for real."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from dungeon.engine.scripted import ScriptedEngine
from dungeon.host.server import Host
from dungeon.serve import COOKIE, VisitorServer
from dungeon.storage.library import SaveSummary, list_saves

SCENARIO = """\
dungeon: 1
title: A Gate
opening: You stand at the gate.
"""
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, BROWSERS)), None)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def serving(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int = 2
) -> AsyncIterator[str]:
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "scenarios" / "gate.yaml").write_text(SCENARIO)
    monkeypatch.setenv("DUNGEON_SCENARIOS", str(tmp_path / "scenarios"))
    monkeypatch.setenv("DUNGEON_REMOTE_KEY", "k-0451")
    narrator = Host(ScriptedEngine(), "127.0.0.1", 0, key="k-0451")
    words = [sys.executable, "-m", "dungeon", "serve", "--engine", "remote", "--url"]
    port = free_port()
    server = VisitorServer(
        lambda place: [*words, narrator.url, "--visitor", str(place)],
        tmp_path / "visitors", "127.0.0.1", port, None, most, narrator,
    )  # fmt: skip
    runner = web.AppRunner(await server._make_app())
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        await runner.cleanup()


def told(tmp_path: Path) -> dict[str, int]:
    """Turns of the story of each visitor."""
    return {
        folder.name: save.turns
        for folder in (tmp_path / "visitors").glob("*")
        for save in list_saves(folder / "saves")
        if isinstance(save, SaveSummary)
    }


async def until(true: Callable[[], object], seconds: float = 60) -> None:
    for _ in range(int(seconds / 0.02)):
        if true():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("did not happen")


async def play_a_turn(send: Callable[[str], Awaitable[object]], seen: Callable[[], str]) -> None:
    await until(lambda: "A Gate" in seen() and "scripted" in seen())
    await send("n")
    await until(lambda: "called?" in seen())
    asked = len(seen())
    await send("\r")
    await until(lambda: "What do you do?" in seen()[asked:] and "ready" in seen()[asked:])
    await send("go in\r")


async def test_visitors_play_apart_and_strangers_do_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serving(tmp_path, monkeypatch, most=1) as url:
        jar = aiohttp.CookieJar(unsafe=True)
        async with aiohttp.ClientSession(cookie_jar=jar) as visitor, aiohttp.ClientSession() as new:
            ws = f"{url}/ws?width=80&height=24"
            async with new.get(ws) as answer:
                assert answer.status == 403
            for headers in ({"Origin": "http://evil.example"}, {"Host": "evil.example"}):
                async with visitor.get(url, headers=headers) as answer:
                    assert answer.status == 403
            async with visitor.get(url) as answer:
                assert answer.status == 200
                name = answer.cookies[COOKIE].value
            async with visitor.ws_connect(ws) as socket:
                heard = bytearray()

                async def listen() -> None:
                    async for message in socket:
                        if isinstance(message.data, bytes):
                            heard.extend(message.data)

                async def send(text: str) -> None:
                    await socket.send_json(["stdin", text])

                listening = asyncio.create_task(listen())
                async with new.get(url) as answer:
                    assert answer.status == 503
                await play_a_turn(send, lambda: heard.decode("utf-8", "replace"))
                await until(lambda: told(tmp_path) == {name: 1})
                listening.cancel()
        assert (tmp_path / "visitors" / name).stat().st_mode & 0o777 == 0o700


@pytest.mark.skipif(
    CHROMIUM is None or "DUNGEON_BROWSER" not in os.environ,
    reason="it needs a Chromium, and half a minute: DUNGEON_BROWSER=1 runs it",
)
async def test_a_turn_is_played_in_a_real_browser(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert CHROMIUM is not None
    async with serving(tmp_path, monkeypatch) as url:
        profile = tmp_path / "profile"
        browser = await asyncio.create_subprocess_exec(
            CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0",
            "--window-size=1000,700", f"--user-data-dir={profile}", url,
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        try:
            await until((profile / "DevToolsActivePort").exists)
            await until(lambda: "\n" in (profile / "DevToolsActivePort").read_text())
            port = (profile / "DevToolsActivePort").read_text().splitlines()[0]
            async with aiohttp.ClientSession() as session:
                async with session.get(f"http://127.0.0.1:{port}/json") as answer:
                    tabs = await answer.json()
                tab = next(tab for tab in tabs if tab["type"] == "page")
                async with session.ws_connect(tab["webSocketDebuggerUrl"]) as devtools:
                    await _play_in(devtools, tmp_path)
        finally:
            browser.kill()
            await browser.wait()
    assert list(told(tmp_path).values()) == [1]


async def _play_in(devtools: Any, tmp_path: Path) -> None:
    """Type as a person does, and look at the frames that the game sends to the page."""
    number = 0
    heard = bytearray()

    async def call(method: str, **params: object) -> None:
        nonlocal number
        number += 1
        await devtools.send_json({"id": number, "method": method, "params": params})

    async def send(text: str) -> None:
        for letter in text:
            key = {"text": "\r", "key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13}
            if letter != "\r":
                key = {"text": letter, "key": letter}
            await call("Input.dispatchKeyEvent", type="keyDown", **key)
            await call("Input.dispatchKeyEvent", type="keyUp", **key)

    async def listen() -> None:
        import base64

        async for message in devtools:
            said = message.json()
            if said.get("method") == "Network.webSocketFrameReceived":
                response = said["params"]["response"]
                if response["opcode"] == 2:
                    heard.extend(base64.b64decode(response["payloadData"]))

    listening = asyncio.create_task(listen())
    await call("Network.enable")
    await call("Page.enable")
    # From the beginning once more, now that every frame is seen.
    await call("Page.reload")
    await until(lambda: b"scripted" in heard)
    # The words of the title: nothing happens but that the page has the keys from now on.
    for kind in ("mousePressed", "mouseReleased"):
        await call("Input.dispatchMouseEvent", type=kind, x=500, y=40, button="left", clickCount=1)
    await play_a_turn(send, lambda: heard.decode("utf-8", "replace"))
    await until(lambda: list(told(tmp_path).values()) == [1])
    listening.cancel()
