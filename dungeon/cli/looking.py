"""Looking: the library, the stories, and what the model sees."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from dungeon.cli.common import Commands, Tools, loaded, saves_dir, settings_of, tell
from dungeon.text import clean


def add(commands: Commands) -> None:
    """Add `list`, `saves` and `context`."""
    scenarios = commands.add_parser("list", help="the scenarios in the library")
    scenarios.add_argument("--json", action="store_true")
    scenarios.set_defaults(run=_list)

    saves = commands.add_parser("saves", help="the stories begun so far")
    saves.add_argument("--json", action="store_true")
    saves.add_argument("--saves", type=Path, metavar="DIR", default=argparse.SUPPRESS)
    saves.set_defaults(run=_saves)

    context = commands.add_parser("context", help="what the next turn would send to the model")
    context.add_argument("save", metavar="SAVE")
    context.add_argument("--json", action="store_true")
    context.add_argument("--model", metavar="M", default=argparse.SUPPRESS)
    context.add_argument("--saves", type=Path, metavar="DIR", default=argparse.SUPPRESS)
    context.set_defaults(run=_context)


def _list(args: argparse.Namespace, tools: Tools) -> int:
    from dungeon.authoring.library import list_scenarios

    entries = list_scenarios()
    if args.json:
        print(json.dumps([_entry_data(entry) for entry in entries], ensure_ascii=False, indent=2))
        return 0
    for entry in entries:
        if entry.scenario is None:
            first = next(iter(entry.problems), None)
            print(f"{entry.name}\n    cannot be read: {first or 'unknown reason'}")
        else:
            tags = f" ({', '.join(entry.scenario.tags)})" if entry.scenario.tags else ""
            print(f"{entry.name}\n    {entry.scenario.title}{tags}\n    {entry.scenario.summary}")
    return 0


def _entry_data(entry: object) -> dict[str, object]:
    scenario = getattr(entry, "scenario", None)
    data: dict[str, object] = {
        "name": getattr(entry, "name"),  # noqa: B009
        "path": clean(str(getattr(entry, "path"))),  # noqa: B009
        "problems": [str(problem) for problem in getattr(entry, "problems", ())],
    }
    if scenario is not None:
        data |= {
            "title": scenario.title,
            "summary": scenario.summary,
            "author": scenario.author,
            "tags": list(scenario.tags),
            "rating": scenario.rating,
            "questions": [question.key for question in scenario.questions],
        }
    return data


def _saves(args: argparse.Namespace, tools: Tools) -> int:
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
        print(json.dumps(data, ensure_ascii=False, indent=2))
        return 0
    for row in rows:
        if isinstance(row, DamagedSave):
            print(f"{row.name}\n    damaged: {row.reason}")
        else:
            turns = "1 turn" if row.turns == 1 else f"{row.turns} turns"
            print(f"{row.name}\n    {row.title}, {turns}, {row.updated:%Y-%m-%d %H:%M} UTC")
    if not rows:
        tell("No stories yet. Begin one with: dungeon play SCENARIO")
    return 0


def _context(args: argparse.Namespace, tools: Tools) -> int:
    from dungeon.session import GameSession
    from dungeon.storage.library import find_save
    from dungeon.ui.pending import PendingEngine

    settings = settings_of(args)
    path = find_save(saves_dir(settings), args.save)
    session = GameSession.resume(path, PendingEngine(), read_only=True)
    try:
        session.engine = loaded(tools, settings.model)
        context = session.context()
    finally:
        session.close()
    if args.json:
        data = {
            "segments": [
                {"kind": segment.kind, "tokens": segment.tokens, "text": segment.text}
                for segment in context.segments
            ],
            "tokens": context.tokens,
            "limit": context.limit,
            "cut": [
                {"kind": cut.kind, "what": cut.what, "tokens": cut.tokens} for cut in context.cut
            ],
            "prompt": context.prompt,
        }
        print(json.dumps(data, ensure_ascii=False, indent=2))
        return 0
    for segment in context.segments:
        print(f"--- {segment.kind}, {segment.tokens} tokens")
        print(clean(segment.text))
    print(
        f"--- {context.tokens} of {context.limit} tokens, "
        f"{context.max_new_tokens} more for the next turn"
    )
    for cut in context.cut:
        print(f"--- no room for {cut.what} ({cut.tokens} tokens)")
    return 0
