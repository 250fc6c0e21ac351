"""What every command of the command line uses."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from dungeon.errors import SettingsError
from dungeon.text import clean

if TYPE_CHECKING:
    from dungeon.engine.base import Engine
    from dungeon.engine.downloads import OnProgress
    from dungeon.settings import Settings

EngineMaker = Callable[["Settings"], "Engine"]
"""Makes the engine that the settings ask for; it is not loaded yet."""

ENGINES = ("local", "remote")
"""What `--engine` takes."""


@dataclass(frozen=True)
class Tools:
    """What the composition root hands in: the only concrete things that are used here.

    Attributes:
        make_engine: Picks the engine of a model that is on this machine, or of a server.
        offer: Where a model should be here and is not, asks the player and fetches it.
        pull: Brings a model onto this machine, by its name.
        models: `dungeon models ...`: takes the verb and its arguments, gives the exit code.
        share: As `make_engine`, of an engine for so many stories at the same time.
    """

    make_engine: EngineMaker
    offer: Callable[[Settings], None]
    models: Callable[[argparse.Namespace], int]
    pull: Callable[[str, OnProgress], object] | None = None
    share: Callable[[Settings, int], Engine] | None = None


class Parser(argparse.ArgumentParser):
    """A parser whose messages, which quote what was typed, are harmless to a terminal."""

    def _print_message(self, message: str, file: Any = None) -> None:
        super()._print_message(clean(message), file)


Commands: TypeAlias = "argparse._SubParsersAction[Parser]"
"""What `ArgumentParser.add_subparsers` gives."""

# All that the command line writes goes through these three.


def tell(text: str, end: str = "\n") -> None:
    """Say something on standard error, harmless to a terminal."""
    print(clean(text), end=end, file=sys.stderr, flush=True)


def give(text: str) -> None:
    """Write what was asked for to standard output, harmless to a terminal."""
    print(clean(text))


def unwritten() -> str:
    """Why standard output cannot be written, after which it is silent; "" where it can."""
    try:
        # What failed may be forgotten, so that only one more try tells.
        sys.stdout.write("\n")
        sys.stdout.flush()
    except (OSError, ValueError) as error:
        # Python would try what is in the buffer once more at the end, and exit with 120.
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return getattr(error, "strerror", None) or "it is closed"
    return ""


def open_streams() -> None:
    """Give a process that was started without standard streams (`dungeon ... >&-`) silent ones.

    Else the next file that is opened, a story perhaps, would stand where output goes.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    sys.stdin = sys.stdin or os.fdopen(0, encoding="utf-8", closefd=False)
    sys.stdout = sys.stdout or os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = sys.stderr or os.fdopen(2, "w", encoding="utf-8", closefd=False)


def give_json(data: object) -> None:
    """Write plain data to standard output, for other programs: ASCII, so nothing is lost."""
    give(json.dumps(data, ensure_ascii=True, indent=2))


def usage(message: str) -> SystemExit:
    """Say what was wrong with the words of a command; to be raised."""
    tell(f"dungeon: {message}")
    return SystemExit(2)


def seed(text: str) -> int:
    """A seed, for argparse."""
    value = whole(text)
    if value < 0:
        raise argparse.ArgumentTypeError("a seed is a whole number from 0 up")
    return value & (2**63 - 1)


def whole(text: str) -> int:
    """A whole number, for argparse."""
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number") from None


def settings_of(args: argparse.Namespace) -> Settings:
    """The settings in force under the options that every command may have.

    Raises:
        SettingsError: One cannot be used, or is outside its range; the hint says where it stands.
    """
    from dungeon import settings
    from dungeon.settings import LIMITS
    from dungeon.story.generation import check_range

    given = {
        name: getattr(args, name, None)
        for name in ("model", "engine", "url", "saves", "max_new_tokens", "preset")
    }
    try:
        found = settings.load(**given)
    except settings.UnusableError as error:
        if error.name not in LIMITS:
            raise
        allowed = f"Use {LIMITS[error.name]}."
        raise settings.UnusableError(error.name, error.value, allowed, error.place) from None
    if given["url"] is not None and found.engine != "remote":
        raise usage("--url goes with --engine remote.")
    for name, allowed_range in LIMITS.items():
        if (value := getattr(found, name)) is None:
            continue
        try:
            check_range(name, value, allowed_range)
        except SettingsError as error:
            place = settings.place_of(name, given)
            raise SettingsError(error.message, f"{error.hint} It stands in {place}.") from None
    return found


def saves_dir(settings: Settings) -> Path:
    """Where stories are kept."""
    from dungeon.storage import library

    return library.saves_dir(settings.saves)


def loaded(tools: Tools, settings: Settings) -> Engine:
    """The engine that the settings ask for, its model fetched if the player agrees, loaded."""
    tools.offer(settings)
    engine = tools.make_engine(settings)
    engine.load(lambda line: tell(f"… {line}"))
    return engine
