"""`dungeon models`: what there is, what is here, bringing one; and the engine of a model."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from dungeon.engine import catalog, fetch, store
from dungeon.engine.catalog import Entry
from dungeon.engine.downloads import OnProgress, Progress
from dungeon.engine.remote import RemoteEngine
from dungeon.engine.scripted import ScriptedEngine
from dungeon.engine.torch_engine import TorchEngine, convert_gguf
from dungeon.errors import ModelError
from dungeon.text import clean

if TYPE_CHECKING:
    from dungeon.engine.base import Engine
    from dungeon.settings import Settings

SCRIPTED = "scripted"
MEGABYTE = 1_000_000


def engine_for(settings: Settings) -> Engine:
    """The engine that the settings ask for, not yet loaded. Connects to nothing.

    Raises:
        ModelError: The model is not here, or the server's address or key cannot be used.
    """
    if settings.engine != "remote":
        return make_engine(settings.model)
    if settings.url is None:
        raise ModelError(
            "There is no server to ask.", "Name one: --engine remote --url http://localhost:8000"
        )
    key = settings.remote_key.get_secret_value() if settings.remote_key else ""
    return RemoteEngine(settings.url, _named(settings.model), key=key)


def make_engine(model: str | None, stories: int = 1) -> Engine:
    """The engine of a model that is on this machine, not yet loaded. Downloads nothing.

    Args:
        model: Name or directory; "scripted" for the engine without weights; None chooses.
        stories: How many are told at the same time.

    Raises:
        ModelError: The model is unknown or not here.
    """
    if model == SCRIPTED:
        # An author's or tester's wish: the speed of a model without one.
        rate = os.environ.get("DUNGEON_SCRIPTED_RATE")
        return ScriptedEngine(tokens_per_second=float(rate) if rate else None)
    if named := _named(model):
        return TorchEngine(named, stories=stories)
    here = store.at_hand()
    if here is None:
        raise ModelError(
            "There is no language model on this machine yet.",
            f"Fetch one with `dungeon models pull {catalog.EMBEDDED}` (93 MB), or name a "
            "directory that holds a GPT-2 model with --model.",
        )
    return TorchEngine(here, stories=stories)


def offer(model: str | None) -> None:
    """Where the wanted model is not on this machine, ask the player and fetch it.

    Does nothing where nobody is at the terminal, or the player says no: the game then says
    itself what is missing.

    Raises:
        ModelError: The model is unknown, or cannot be fetched.
    """
    named = _named(model)
    if model == SCRIPTED or not (sys.stdin.isatty() and sys.stderr.isatty()):
        return
    if store.installed(named) is not None if named else store.at_hand() is not None:
        return
    with _bar(catalog.resolve(named or catalog.EMBEDDED)) as progress:
        try:
            fetch.auto(named, progress, convert_gguf, _ask)
        except ModelError as error:
            if named:
                raise
            print(clean(str(error)), file=sys.stderr)


def _named(model: str | None) -> str | None:
    return None if model in (None, "", "auto") else model


def _ask(entry: Entry) -> bool:
    size = f"{entry.download / MEGABYTE:.0f} MB"
    question = f"Download the model {entry.name} ({size}, {entry.licence})? [Y/n] "
    print(clean(question), end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("", "y", "yes")


def command(args: argparse.Namespace) -> int:
    """`dungeon models [list|pull NAME|path NAME|ensure]`.

    Returns:
        0, or 2 for wrong usage.

    Raises:
        ModelError: The model is unknown, not here, or cannot be fetched.
    """
    if args.verb == "list":
        return _list(as_json=args.json)
    if args.verb == "ensure":
        return _ensure()
    if args.name is None:
        needed = f"dungeon: models {args.verb} needs a NAME: {', '.join(_names())}"
        print(clean(needed), file=sys.stderr)
        return 2
    return _pull(args.name) if args.verb == "pull" else _path(args.name)


def _ensure() -> int:
    """For `make play`: whatever model is here will do; else the one that needs no hub."""
    if any(map(store.installed, _names())):
        return 0
    code = _pull(catalog.EMBEDDED)
    if code == 0:
        print("Getting it ready for this processor, once: about twenty seconds.", file=sys.stderr)
        make_engine(catalog.EMBEDDED).load(lambda line: None)
    return code


def _names() -> list[str]:
    return list(catalog.CATALOG)


def _path(name: str) -> int:
    entry = catalog.resolve(name)
    found = store.installed(name)
    if found is None:
        raise ModelError(
            f"The model {entry.name} is not on this machine.",
            f"Fetch it: dungeon models pull {entry.name}",
        )
    print(clean(str(found.path)))
    return 0


def _list(*, as_json: bool) -> int:
    rows = []
    entries = [*catalog.CATALOG.values(), *catalog.own()]
    for entry in entries:
        found = store.installed(entry.name)
        rows.append(
            {
                "name": entry.name,
                "about": entry.about,
                "licence": entry.licence,
                "parameters_millions": entry.parameters,
                "download_bytes": entry.download,
                "n_positions": entry.n_positions,
                "path": str(found.path) if found else None,
            }
        )
    if as_json:
        print(clean(json.dumps(rows, indent=2)))
        return 0
    for entry, row in zip(entries, rows, strict=True):
        state = "here" if row["path"] else f"{entry.download / MEGABYTE:,.0f} MB to fetch"
        licence = f" ({entry.licence})" if entry.licence else ""
        print(clean(f"{entry.name:24} {state:18} {entry.about}{licence}"))
    return 0


def pull(name: str, progress: OnProgress) -> object:
    """Bring a model onto this machine, in the form that the engine reads.

    Raises:
        ModelError: The model is unknown, or cannot be fetched or stored.
    """
    return fetch.pull(name, progress, convert_gguf)


def _pull(name: str) -> int:
    entry = catalog.resolve(name)
    with _bar(entry) as progress:
        found = fetch.pull(name, progress, convert_gguf)
    print(clean(f"{entry.name} is here: {found.path}"), file=sys.stderr)
    return 0


@contextmanager
def _bar(entry: Entry) -> Iterator[OnProgress]:
    """A progress bar on a terminal, a line for each step elsewhere. On standard error."""
    if not sys.stderr.isatty():
        last = ""

        def line(progress: Progress) -> None:
            nonlocal last
            if progress.step != last:
                last = progress.step
                print(clean(f"{entry.name}: {progress.step}"), file=sys.stderr, flush=True)

        yield line
        return
    from rich import progress as bars
    from rich.console import Console

    columns = (
        bars.SpinnerColumn(),
        bars.TextColumn("{task.description}", markup=False),
        bars.BarColumn(),
        bars.DownloadColumn(),
        bars.TransferSpeedColumn(),
        bars.TimeRemainingColumn(),
    )
    # Drawn from the first step on: before it there may be a question on the terminal.
    bar = bars.Progress(*columns, console=Console(stderr=True))
    task = bar.add_task(entry.name, total=None)

    def step(progress: Progress) -> None:
        bar.start()
        bar.update(
            task,
            description=clean(f"{entry.name}: {progress.step}", newlines=False),
            completed=progress.done,
            total=progress.total or None,
        )

    try:
        yield step
    finally:
        bar.stop()
