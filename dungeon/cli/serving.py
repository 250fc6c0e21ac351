"""Serving: the game in a browser."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from dungeon.cli import playing
from dungeon.cli.common import Commands, Tools, saves_dir, settings_of, tell, whole
from dungeon.errors import DungeonError

PORT = 8000
MOST = 4
"""Visitors at a time by default: each is a process with a model of its own."""


def add(commands: Commands) -> None:
    """Add `serve`."""
    serve = commands.add_parser("serve", help="play in a browser; each visitor has own stories")
    serve.add_argument("--host", metavar="ADDRESS", default="127.0.0.1")
    serve.add_argument("--port", type=whole, metavar="N", default=PORT)
    serve.add_argument(
        "--public-url", metavar="URL", help="as browsers see it, behind another server"
    )
    serve.add_argument(
        "--most", type=whole, metavar="N", default=MOST, help="visitors at a time (4)"
    )
    serve.add_argument("--model", metavar="M", default=argparse.SUPPRESS)
    serve.add_argument("--saves", type=Path, metavar="DIR", default=argparse.SUPPRESS)
    # How the server starts the game of one visitor.
    serve.add_argument("--visitor", type=Path, help=argparse.SUPPRESS)
    serve.set_defaults(run=_serve)


def _serve(args: argparse.Namespace, tools: Tools) -> int:
    if args.visitor is not None:
        return _visit(args, tools)
    try:
        from dungeon.serve import VisitorServer
    except ModuleNotFoundError:
        raise DungeonError(
            "Serving needs textual-serve, which is not installed.",
            "Install it beside the game: pip install textual-serve",
        ) from None
    settings = settings_of(args)
    tools.offer(settings)
    folder = saves_dir(settings) / "visitors"
    model = [] if settings.model is None else ["--model", settings.model]
    words = [sys.executable, "-m", "dungeon", "serve", *model, "--visitor"]
    if args.host not in ("127.0.0.1", "localhost", "::1"):
        tell(
            f"Whoever reaches {args.host} can play here, without a password. The game has none: "
            "put a server before it that asks for one."
        )
    server = VisitorServer(
        lambda place: [*words, str(place)],
        folder,
        args.host,
        args.port,
        args.public_url,
        args.most,
    )
    try:
        server.serve()
    except OSError as error:
        raise DungeonError(
            f"Nothing can be served at {args.host}:{args.port}: {error.strerror or error}.",
            "Choose another with --port.",
        ) from None
    return 0


def _visit(args: argparse.Namespace, tools: Tools) -> int:
    """The game of one visitor: nothing outside of their folder is read for them or written."""
    os.environ["DUNGEON_SETTINGS"] = str(args.visitor / "settings.yaml")
    args.saves = args.visitor / "saves"
    return playing.title(args, tools, visitor=True)
