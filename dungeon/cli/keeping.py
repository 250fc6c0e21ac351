"""Keeping: the stories begun so far, whether they are sound, and what is left of a damaged one."""

from __future__ import annotations

import argparse
from pathlib import Path

from dungeon.cli.common import Commands, Tools, give, give_json, saves_dir, settings_of, tell, usage
from dungeon.text import clean


def add(commands: Commands) -> None:
    """Add `saves`."""
    saves = commands.add_parser("saves", help="the stories begun so far; check or recover them")
    saves.add_argument("save", nargs="?", metavar="SAVE", help="with --check: only this story")
    saves.add_argument("--json", action="store_true")
    saves.add_argument("--saves", type=Path, metavar="DIR", default=argparse.SUPPRESS)
    task = saves.add_mutually_exclusive_group()
    task.add_argument("--check", action="store_true", help="look through every turn of every file")
    task.add_argument(
        "--recover",
        metavar="SAVE",
        help="put what can be read of a damaged story into a new one; the file stays as it is",
    )
    saves.set_defaults(run=_saves)


def _saves(args: argparse.Namespace, tools: Tools) -> int:
    if args.check:
        return _check(args)
    if args.save is not None:
        raise usage("saves takes the name of a story only after --check or --recover.")
    return _list(args) if args.recover is None else _recover(args)


def _list(args: argparse.Namespace) -> int:
    from dungeon.storage.library import DamagedSave, list_saves

    rows = list_saves(saves_dir(settings_of(args)))
    if args.json:
        data: list[dict[str, object]] = []
        for row in rows:
            if isinstance(row, DamagedSave):
                data.append({"name": row.name, "path": str(row.path), "damaged": row.reason})
            else:
                data.append(
                    {
                        "name": row.name,
                        "path": str(row.path),
                        "title": row.title,
                        "scenario": row.scenario,
                        "turns": row.turns,
                        "updated": row.updated.isoformat(),
                        "model": row.model,
                        "size": row.size,
                    }
                )
        give_json(data)
        return 0
    for row in rows:
        if isinstance(row, DamagedSave):
            give(f"{row.name}\n    {row.reason}\n    {row.hint}".rstrip())
        else:
            when = f"{row.updated:%Y-%m-%d %H:%M} UTC"
            give(f"{row.name}\n    {row.title}, {_turns(row.turns)}, {when}")
    if not rows:
        tell("No stories yet. Begin one with: dungeon play SCENARIO")
    return 0


def _turns(number: int) -> str:
    return "1 turn" if number == 1 else f"{number} turns"


def _check(args: argparse.Namespace) -> int:
    """Exits with 1 where a story is not sound."""
    from dungeon.storage.check import check_save, check_saves
    from dungeon.storage.library import find_save

    directory = saves_dir(settings_of(args))
    if args.save is None:
        found = check_saves(directory)
    else:
        found = [check_save(find_save(directory, args.save))]
    if args.json:
        data = [
            {
                "name": clean(one.name),
                "path": clean(str(one.path)),
                "sound": one.error is None,
                "turns": one.turns,
                "problem": one.error.message if one.error else None,
            }
            for one in found
        ]
        give_json(data)
    else:
        for one in found:
            if one.error is None:
                give(f"{one.name}\n    sound: {_turns(one.turns)} on all branches")
            else:
                give(f"{one.name}\n    {one.error}")
        if not found:
            tell("No stories yet.")
    bad = [one for one in found if one.error is not None]
    if bad and not args.json:
        tell(
            f"{len(bad)} of {len(found)} not sound. What can be read goes into a new story with:"
            f" dungeon saves --recover {bad[0].name}"
        )
    return 1 if bad else 0


def _recover(args: argparse.Namespace) -> int:
    """Exits with 0 where a story was found, however little of it."""
    from dungeon.errors import SaveError
    from dungeon.storage.check import check_save
    from dungeon.storage.library import find_save
    from dungeon.storage.recovery import recover

    directory = saves_dir(settings_of(args))
    path = find_save(directory, args.recover)
    checked = check_save(path)
    if checked.error is None:
        raise SaveError(
            f"{path.name} is sound; there is nothing to recover.",
            f"Play it with: dungeon resume {path.stem}",
        )
    recovered = recover(path, directory)
    salvage = recovered.salvage
    if args.json:
        data = {
            "path": clean(str(recovered.path)),
            "problem": checked.error.message,
            "title": salvage.story.title,
            "turns": salvage.turns,
            "lost": salvage.lost,
            "notes": list(salvage.notes),
        }
        give_json(data)
        return 0
    tell(checked.error.message)
    for sentence in salvage.findings:
        give(sentence)
    give(f"Wrote {salvage.story.title!r} to {recovered.path}; {path.name} is as it was.")
    tell(clean(f"Play it with: dungeon resume {recovered.path.stem}"))
    return 0
