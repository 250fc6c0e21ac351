"""Looking: the library, and what the model sees."""

from __future__ import annotations

import argparse
from pathlib import Path

from dungeon.cli.common import (
    ENGINES,
    Commands,
    Tools,
    give,
    give_json,
    loaded,
    saves_dir,
    settings_of,
    tell,
)


def add(commands: Commands) -> None:
    """Add `list` and `context`."""
    scenarios = commands.add_parser("list", help="the scenarios in the library")
    scenarios.add_argument("--json", action="store_true")
    scenarios.set_defaults(run=_list)

    context = commands.add_parser("context", help="what the next turn would send to the model")
    context.add_argument("save", metavar="SAVE")
    context.add_argument("--json", action="store_true")
    context.add_argument("--model", metavar="M", default=argparse.SUPPRESS)
    context.add_argument("--engine", choices=ENGINES, default=argparse.SUPPRESS)
    context.add_argument("--url", metavar="URL", default=argparse.SUPPRESS)
    context.add_argument("--saves", type=Path, metavar="DIR", default=argparse.SUPPRESS)
    context.set_defaults(run=_context)


def _list(args: argparse.Namespace, tools: Tools) -> int:
    from dungeon.authoring.library import list_scenarios
    from dungeon.story.scenario import within

    highest = settings_of(args).rating
    listed = list_scenarios()
    entries = [entry for entry in listed if within(entry.scenario, highest)]
    if args.json:
        give_json([_entry_data(entry) for entry in entries])
        return 0
    for entry in entries:
        if entry.scenario is None:
            first = next(iter(entry.problems), None)
            give(f"{entry.name}\n    cannot be read: {first or 'unknown reason'}")
        else:
            scenario = entry.scenario
            facts = ", ".join((scenario.rating, *scenario.tags))
            give(f"{entry.name}\n    {scenario.title} ({facts})\n    {scenario.summary}")
    if len(entries) < len(listed):
        tell(f"{len(listed) - len(entries)} more are rated above {highest}, the limit you set.")
    return 0


def _entry_data(entry: object) -> dict[str, object]:
    scenario = getattr(entry, "scenario", None)
    data: dict[str, object] = {
        "name": getattr(entry, "name"),  # noqa: B009
        "path": str(getattr(entry, "path")),  # noqa: B009
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


def _context(args: argparse.Namespace, tools: Tools) -> int:
    from dungeon.session import GameSession
    from dungeon.storage.library import find_save
    from dungeon.ui.pending import PendingEngine

    settings = settings_of(args)
    path = find_save(saves_dir(settings), args.save)
    session = GameSession.resume(path, PendingEngine(), read_only=True)
    try:
        session.engine = loaded(tools, settings)
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
                {"kind": cut.kind, "what": cut.what, "tokens": cut.tokens, "why": cut.why}
                for cut in context.cut
            ],
            "prompt": context.prompt,
        }
        give_json(data)
        return 0
    for segment in context.segments:
        give(f"--- {segment.kind}, {segment.tokens} tokens")
        give(segment.text)
    give(
        f"--- {context.tokens} of {context.limit} tokens, "
        f"{context.max_new_tokens} more for the next turn"
    )
    for cut in context.cut:
        give(f"--- no room for {cut.what} ({cut.tokens} tokens): {cut.why}")
    return 0
