"""Writing scenarios: `new`, `edit`, `check` and `schema`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from dungeon.cli.common import Commands, Tools, settings_of, tell, usage


def add(commands: Commands) -> None:
    """Add `new`, `edit`, `check` and `schema`."""
    check = commands.add_parser(
        "check",
        help="look scenario files over",
        description="Tells every problem of scenario files: where it is, what it is, and what "
        "to write instead.",
        epilog="Exit codes: 0 when all can be played, 1 when one has an error (with --strict "
        "also a warning), 2 for wrong usage.",
    )
    check.add_argument(
        "files", nargs="+", type=Path, metavar="FILE", help="a file, or a directory of them"
    )
    check.add_argument("--json", action="store_true", help="a list of problems, for programs")
    check.add_argument("--strict", action="store_true", help="warnings fail too")
    check.set_defaults(run=_check)

    new = commands.add_parser("new", help="write a scenario file to begin from")
    new.add_argument("title", metavar="TITLE")
    new.add_argument("--genre", metavar="G", default="fantasy", help="what the sample text is of")
    new.add_argument("--dir", type=Path, metavar="DIR", default=Path())
    new.set_defaults(run=_new)

    edit = commands.add_parser(
        "edit",
        help="edit a scenario file: fields, text and problems on one screen",
        description="Opens a scenario's file on the screen: its fields as a form, its text beside "
        "them, and what is wrong with it while you write. Comments and order stay.",
    )
    edit.add_argument("file", metavar="FILE", help="a file, or a name in the library")
    edit.set_defaults(run=_edit)

    schema = commands.add_parser("schema", help="print the JSON Schema of scenario files")
    schema.set_defaults(run=_schema)


def _check(args: argparse.Namespace, tools: Tools) -> int:
    from dungeon.authoring.check import check_files

    return check_files(args.files, sys.stdout, as_json=args.json, strict=args.strict)


def _new(args: argparse.Namespace, tools: Tools) -> int:
    from dungeon.authoring.new import GENRES, write_new

    if args.genre not in GENRES:
        raise usage(f"--genre is one of: {', '.join(GENRES)}.")
    path = write_new(args.title, args.dir, args.genre)
    tell(f"Wrote {path}. Try it with: dungeon check {path} && dungeon play {path}")
    return 0


def _edit(args: argparse.Namespace, tools: Tools) -> int:
    from dungeon.authoring.library import find_scenario
    from dungeon.cli.playing import edit
    from dungeon.errors import ScenarioError

    try:
        path = find_scenario(args.file)
    except ScenarioError as error:
        hint = f"{error.hint} A new one is made with: dungeon new TITLE."
        raise ScenarioError(error.message, hint) from None
    return edit(path, settings_of(args), tools)


def _schema(args: argparse.Namespace, tools: Tools) -> int:
    from dungeon.authoring.schema import write_schema

    return write_schema(sys.stdout)
