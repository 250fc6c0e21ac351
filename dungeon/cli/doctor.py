"""`dungeon doctor`: how this machine stands, for a bug report; nothing of any story in it.

Titles, file names of stories, scenario names and everything that a player typed stay out;
paths begin with `~` where they are in the player's home.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import shutil
import sqlite3
import sys
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from dungeon import __version__
from dungeon.cli.common import Commands, Tools, give, give_json, saves_dir, settings_of
from dungeon.errors import DungeonError, SettingsError

if TYPE_CHECKING:
    from dungeon.settings import Settings

LIBRARIES = ("torch", "transformers", "textual", "numba", "pydantic", "filelock", "safetensors")
"""Whose versions are told; none is imported for that."""

LITTLE_SPACE = 50_000_000
"""Free bytes below which a story may soon not be saved any more."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report.

    Attributes:
        group: The heading it stands under.
        name: What was looked at.
        value: What was found.
        problem: What is wrong with it, one sentence; "" where nothing is.
    """

    group: str
    name: str
    value: str
    problem: str = ""


def add(commands: Commands) -> None:
    """Add `doctor`."""
    doctor = commands.add_parser("doctor", help="how this machine stands, for a bug report")
    doctor.add_argument("--json", action="store_true")
    doctor.add_argument("--model", metavar="M", default=argparse.SUPPRESS)
    doctor.add_argument("--saves", type=Path, metavar="DIR", default=argparse.SUPPRESS)
    doctor.set_defaults(run=_doctor)


def _doctor(args: argparse.Namespace, tools: Tools) -> int:
    found = _examine(args)
    problems = [one for one in found if one.problem]
    if args.json:
        groups: dict[str, dict[str, str]] = {}
        for one in found:
            groups.setdefault(one.group, {})[one.name] = one.value
        data = {**groups, "problems": [f"{one.name}: {one.problem}" for one in problems]}
        give_json(data)
        return 1 if problems else 0
    group = ""
    for one in found:
        if one.group != group:
            group = one.group
            give(group)
        give(f"  {one.name:14} {one.value}".rstrip())
        if one.problem:
            give(f"  {'':14} ! {one.problem}")
    give("Nothing is wrong." if not problems else f"Problems found: {len(problems)}")
    return 1 if problems else 0


def _examine(args: argparse.Namespace) -> list[Finding]:
    found = [*_versions(), *_terminal()]
    try:
        settings = settings_of(args)
    except SettingsError:
        # Its message quotes what the player wrote there.
        problem = "The settings cannot be used; `dungeon list` says why."
        return [*found, Finding("settings", "file", _settings_file(), problem)]
    return [
        *found,
        *_settings(settings),
        *_model(settings),
        *_kernels(settings),
        *_stories(settings),
        *_scenarios(),
    ]


def _versions() -> list[Finding]:
    found = [
        Finding("versions", "dungeon", __version__),
        Finding("versions", "python", platform.python_version()),
        Finding("versions", "system", f"{platform.platform()}, {os.cpu_count()} cores"),
        Finding("versions", "sqlite", sqlite3.sqlite_version),
    ]
    for name in LIBRARIES:
        try:
            found.append(Finding("versions", name, metadata.version(name)))
        except metadata.PackageNotFoundError:
            problem = "It is not installed; install Dungeon again."
            found.append(Finding("versions", name, "missing", problem))
    return found


def _terminal() -> list[Finding]:
    environ = os.environ
    size = shutil.get_terminal_size((0, 0))
    streams = {"input": sys.stdin, "output": sys.stdout, "errors": sys.stderr}
    ttys = [name for name, stream in streams.items() if stream is not None and stream.isatty()]
    encoding = getattr(sys.stdout, "encoding", None) or "unknown"
    problem = ""
    if "utf" not in encoding.lower():
        problem = "Text will be garbled: set LANG or PYTHONIOENCODING to UTF-8."
    named = (
        ("TERM", environ.get("TERM", "")),
        ("COLORTERM", environ.get("COLORTERM", "")),
        ("LANG", environ.get("LC_ALL") or environ.get("LC_CTYPE") or environ.get("LANG", "")),
        ("inside", " ".join(name for name in ("TMUX", "STY", "SSH_TTY") if name in environ)),
        ("NO_COLOR", "set" if "NO_COLOR" in environ else ""),
    )
    return [
        Finding("terminal", "size", f"{size.columns}x{size.lines}" if size.columns else "unknown"),
        Finding("terminal", "is one for", ", ".join(ttys) or "nothing (a pipe or a file)"),
        Finding("terminal", "encoding", encoding, problem),
        *(Finding("terminal", name, value[:60]) for name, value in named if value),
    ]


def _settings(settings: Settings) -> list[Finding]:
    found = [Finding("settings", "file", _settings_file())]
    for name, value in settings.model_dump(exclude_none=True).items():
        # Numbers and names of ours; anything else may be the player's own words.
        telling = isinstance(value, (bool, int, float)) or name in (
            "model",
            "engine",
            "saves",
            "theme",
        )
        found.append(Finding("settings", name, _home_in(str(value)) if telling else "set"))
    return found


def _settings_file() -> str:
    from dungeon.settings_file import settings_file

    file = settings_file()
    return _home(file) + ("" if file.is_file() else " (not there)")


def _model(settings: Settings) -> list[Finding]:
    from dungeon.engine import catalog, store, trained

    found = [Finding("models", "folder", _home(store.models_dir()))]
    if settings.engine == "remote":
        return [*found, Finding("models", "remote", "a server has them; it was not asked")]
    if settings.model == "scripted":
        return [*found, Finding("models", "scripted", "needs no model")]
    names = [*catalog.CATALOG, *trained.names()]
    if settings.model not in (None, "", "auto", *names):
        names.append(str(settings.model))
    here = 0
    for name in names:
        shown = _home(Path(name)) if os.sep in name else name
        try:
            model = store.installed(name)
            if model is None:
                continue
            digest = store.verify(model)
        except DungeonError as error:
            found.append(Finding("models", shown, "damaged", _home_in(str(error))))
            continue
        here += 1
        known = "verified" if model.entry.source != "directory" else "of no known digest"
        found.append(Finding("models", shown, f"{known}, sha256 {digest[:16]}"))
    if not here:
        problem = f"Fetch one with: dungeon models pull {catalog.EMBEDDED}"
        found.append(Finding("models", "here", "none that can be used", problem))
    return found


def _kernels(settings: Settings) -> list[Finding]:
    if settings.engine == "remote" or settings.model == "scripted":
        return []
    from dungeon.engine.torch_engine import kernels

    known = kernels.remembered()
    if known is None:
        value = "not yet: the first story told on this processor does that"
        return [Finding("kernels", "measured", value)]
    work = {"int8": "writing", "bf16": "reading"}
    return [
        *(
            Finding("kernels", work[name], kernels.described(name, verdict))
            for name, verdict in known.verdicts.items()
        ),
        Finding("kernels", "measured on", kernels.depends_on()),
    ]


def _stories(settings: Settings) -> list[Finding]:
    from dungeon.storage.check import check_saves
    from dungeon.ui.context import default_log_file

    found = [Finding("stories", "log", _home(default_log_file()))]
    try:
        directory = saves_dir(settings)
    except DungeonError as error:
        return [*found, Finding("stories", "folder", "cannot be used", _home_in(str(error)))]
    writable = os.access(directory, os.W_OK | os.X_OK)
    problem = "" if writable else "Nothing can be written there: no story can be saved."
    found.append(Finding("stories", "folder", _home(directory), problem))
    free = shutil.disk_usage(directory).free
    problem = "Free some space: stories may soon not be saved." if free < LITTLE_SPACE else ""
    found.append(Finding("stories", "free space", f"{free / 1e6:,.0f} MB", problem))
    checked = check_saves(directory)
    bad = sum(one.error is not None for one in checked)
    problem = "See `dungeon saves --check`." if bad else ""
    value = f"{len(checked) - bad} sound, {bad} not"
    return [*found, Finding("stories", "files", value, problem)]


def _scenarios() -> list[Finding]:
    from dungeon.authoring.library import list_scenarios, own_scenarios

    entries = list_scenarios()
    bad = sum(entry.scenario is None for entry in entries)
    problem = "" if len(entries) > bad else "There is no scenario to play; install Dungeon again."
    return [
        Finding("scenarios", "your own", _home(own_scenarios())),
        Finding("scenarios", "files", f"{len(entries) - bad} readable, {bad} not", problem),
    ]


def _home(path: Path) -> str:
    return _home_in(str(path))


def _home_in(text: str) -> str:
    home = str(Path.home())
    return re.sub(re.escape(home) + r"(?![\w.-])", "~", text) if len(home) > 1 else text
