"""Serving: the game in a browser, and one model for many players."""

from __future__ import annotations

import argparse
import asyncio
import os
import secrets
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from dungeon.cli import playing
from dungeon.cli.common import (
    ENGINES,
    Commands,
    Tools,
    saves_dir,
    settings_of,
    tell,
    usage,
    whole,
)
from dungeon.errors import DungeonError
from dungeon.host import LOCAL

if TYPE_CHECKING:
    from dungeon.engine.base import Engine
    from dungeon.host.server import Host
    from dungeon.settings import Settings

PORT = 8000
HOST_PORT = 8010
MOST = 8
"""Visitors at a time by default: each is a process, and all are told to by one model."""
STORIES = 8
"""Stories at a time by default: each takes up to 94 MB with the embedded model."""
KEY = "DUNGEON_HOST_KEY"


def add(commands: Commands) -> None:
    """Add `serve` and `host`."""
    serve = commands.add_parser("serve", help="play in a browser; each visitor has own stories")
    serve.add_argument("--host", metavar="ADDRESS", default="127.0.0.1")
    serve.add_argument("--port", type=whole, metavar="N", default=PORT)
    serve.add_argument(
        "--public-url", metavar="URL", help="as browsers see it, behind another server"
    )
    serve.add_argument(
        "--most", type=whole, metavar="N", default=MOST, help=f"visitors at a time ({MOST})"
    )
    serve.add_argument("--model", metavar="M", default=argparse.SUPPRESS)
    serve.add_argument("--engine", choices=ENGINES, default=argparse.SUPPRESS)
    serve.add_argument("--url", metavar="URL", default=argparse.SUPPRESS)
    serve.add_argument("--saves", type=Path, metavar="DIR", default=argparse.SUPPRESS)
    # How the server starts the game of one visitor.
    serve.add_argument("--visitor", type=Path, help=argparse.SUPPRESS)
    serve.set_defaults(run=_serve)

    host = commands.add_parser("host", help="one model on this machine for several players")
    host.add_argument("--host", metavar="ADDRESS", default="127.0.0.1")
    host.add_argument("--port", type=whole, metavar="N", default=HOST_PORT)
    host.add_argument(
        "--stories", type=whole, metavar="N", default=STORIES, help=f"at a time ({STORIES})"
    )
    host.add_argument("--model", metavar="M", default=argparse.SUPPRESS)
    host.set_defaults(run=_host)


def _host(args: argparse.Namespace, tools: Tools) -> int:
    settings = settings_of(args)
    if settings.engine == "remote":
        raise usage("host runs a model of this machine; leave out --engine remote.")
    if not 1 <= args.stories <= 64:
        raise usage("--stories is a number from 1 to 64.")
    key = os.environ.get(KEY, "")
    narrator = _narrator(settings, tools, args.host, args.port, key, args.stories)
    if args.host not in LOCAL and not key:
        tell(
            f"Whoever reaches {args.host} can use this model, without a key. Set {KEY} to ask "
            "for one."
        )
    try:
        asyncio.run(_hosting(narrator))
    except KeyboardInterrupt:
        tell("Gone.")
    return 0


async def _hosting(narrator: Host) -> None:
    await narrator.start()
    tell(f"Play with: dungeon --engine remote --url {narrator.url} (Ctrl+C ends it here)")
    try:
        await asyncio.Event().wait()
    finally:
        await narrator.stop()


def _narrator(
    settings: Settings, tools: Tools, host: str, port: int, key: str, stories: int
) -> Host:
    """A host with the model that the settings ask for, loaded."""
    try:
        from dungeon.host.server import Host
    except ModuleNotFoundError:
        raise _missing() from None
    assert tools.share is not None
    tools.offer(settings)
    engine: Engine = tools.share(settings, stories)
    engine.load(lambda line: tell(f"… {line}"))
    return Host(engine, host, port, key=key, stories=stories)


def _missing() -> DungeonError:
    return DungeonError(
        "Serving needs textual-serve, which is not installed.",
        "Install it beside the game: pip install textual-serve",
    )


def _serve(args: argparse.Namespace, tools: Tools) -> int:
    if args.visitor is not None:
        return _visit(args, tools)
    try:
        from dungeon.serve import VisitorServer
    except ModuleNotFoundError:
        raise _missing() from None
    settings = settings_of(args)
    folder = saves_dir(settings) / "visitors"
    narrator: Host | None = None
    if settings.engine == "remote":
        # Whatever is wrong with its address is told here, and not to every visitor.
        tools.make_engine(settings)
        if settings.remote_key is not None:
            # Visitors have settings of their own; the key goes to that server only.
            os.environ["DUNGEON_REMOTE_KEY"] = settings.remote_key.get_secret_value()
    else:
        # Nobody but the visitors' games is to ask it: they inherit the key.
        key = os.environ["DUNGEON_REMOTE_KEY"] = secrets.token_urlsafe(24)
        stories = min(max(1, args.most), STORIES)
        narrator = _narrator(settings, tools, "127.0.0.1", 0, key, stories)
    if args.host not in LOCAL:
        tell(
            f"Whoever reaches {args.host} can play here, without a password. The game has none: "
            "put a server before it that asks for one."
        )
    server = VisitorServer(
        lambda place: _visiting(settings, narrator, place),
        folder,
        args.host,
        args.port,
        args.public_url,
        args.most,
        narrator,
    )
    try:
        server.serve()
    except OSError as error:
        raise DungeonError(
            f"Nothing can be served at {args.host}:{args.port}: {error.strerror or error}.",
            "Choose another with --port.",
        ) from None
    return 0


def _visiting(settings: Settings, narrator: Host | None, place: Path) -> list[str]:
    """The command that is the game of a visitor: told by the host, or by the owner's server."""
    url, model = settings.url, settings.model
    if narrator is not None:
        url, model = narrator.url, None
    words = [sys.executable, "-m", "dungeon", "serve", "--engine", "remote"]
    if url is not None:
        words += ["--url", url]
    if model is not None:
        words += ["--model", model]
    return [*words, "--visitor", str(place)]


def _visit(args: argparse.Namespace, tools: Tools) -> int:
    """The game of one visitor: nothing outside of their folder is read for them or written."""
    os.environ["DUNGEON_SETTINGS"] = str(args.visitor / "settings.yaml")
    args.saves = args.visitor / "saves"
    return playing.title(args, tools, visitor=True)
