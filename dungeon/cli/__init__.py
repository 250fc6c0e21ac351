"""The command line: `dungeon [play|resume|list|saves|check|import|export|context|models|...]`.

Stories go to standard output and everything else to standard error. Exit codes: 0, 1 for an
error that was told, 2 for wrong usage, 128 plus the number of a signal that ended the game.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from dungeon import __version__
from dungeon.cli import (
    doctor,
    importing,
    keeping,
    looking,
    playing,
    serving,
    training,
    trying,
    writing,
)
from dungeon.cli.common import ENGINES, Commands, Parser, Tools, open_streams, tell, unwritten
from dungeon.errors import DungeonError

__all__ = ["Tools", "open_streams", "run"]


def run(argv: Sequence[str], tools: Tools) -> int:
    """Run one command.

    Returns:
        The exit code. Errors meant for the player are printed here, without a traceback.
    """
    args, rest = _parser().parse_known_args(argv)
    args.rest = rest
    if rest and args.run is not _bench:
        _parser().error(f"unrecognized arguments: {' '.join(rest)}")
    command: Callable[[argparse.Namespace, Tools], int] = args.run
    try:
        code = command(args, tools)
        sys.stdout.flush()
        return code
    except DungeonError as error:
        tell(f"dungeon: {error.report()}")
        return 1
    except BrokenPipeError:
        # The reader of a pipe went away (`| head`): nothing is wrong, nobody is listening.
        unwritten()
        return 0
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        if isinstance(error, OSError) and (reason := unwritten()):
            tell(f"dungeon: What was asked for cannot be written: {reason}.")
            tell("Send it somewhere else, or free some space.")
            return 1
        tell("dungeon: something went wrong in the game itself; what was saved stays saved.")
        tell(f"The details are in {_log(error)}; please report them.")
        return 1


def _log(error: Exception) -> Path:
    """Write where `error` came from into the log: no message, as that could hold story text."""
    import logging

    from dungeon.ui.background import outline
    from dungeon.ui.context import default_log_file

    path = default_log_file()
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    logging.basicConfig(filename=path, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("dungeon.cli").error("crashed\n%s", outline(error))
    path.chmod(0o600)
    return path


def _parser() -> argparse.ArgumentParser:
    top = Parser(
        prog="dungeon",
        description="A terminal text adventure told by GPT-2 on your own processor.",
        epilog="Without a command, the title screen opens.",
    )
    top.add_argument("--version", action="version", version=f"dungeon {__version__}")
    top.add_argument("--model", metavar="M", help="a model's name or directory, or 'scripted'")
    top.add_argument("--engine", choices=ENGINES, help="who runs the model (default: local)")
    top.add_argument("--url", metavar="URL", help="of the server that --engine remote asks")
    top.add_argument("--saves", type=Path, metavar="DIR", help="where stories are kept")
    top.set_defaults(run=playing.title)
    commands = top.add_subparsers(title="commands", metavar="COMMAND")
    for room in (playing, looking, keeping, writing, trying, training, importing, serving, doctor):
        room.add(commands)
    _add_others(commands)
    return top


def _add_others(commands: Commands) -> None:
    # Its options are those of the benchmark itself.
    bench = commands.add_parser(
        "bench", help="time the engine beside its peers (in a checkout)", add_help=False
    )
    bench.set_defaults(run=_bench)

    models = commands.add_parser("models", help="the language models, and bringing one here")
    models.add_argument(
        "verb", nargs="?", choices=["list", "pull", "path", "ensure"], default="list"
    )
    models.add_argument("name", nargs="?", metavar="NAME")
    models.add_argument("--json", action="store_true")
    models.set_defaults(run=lambda args, tools: tools.models(args))


def _bench(args: argparse.Namespace, tools: Tools) -> int:
    import importlib
    import importlib.util

    if importlib.util.find_spec("benchmarks") is None:
        raise DungeonError(
            "The benchmarks are not part of an installed game.",
            "Run this in a checkout of the source, where the folder benchmarks is.",
        )
    importlib.import_module("benchmarks.engine.__main__").main(args.rest)
    return 0
