"""Trying a scenario out: `try`."""

from __future__ import annotations

import argparse
import itertools
from dataclasses import replace
from pathlib import Path

from dungeon.cli.common import Commands, Tools, give, loaded, seed, settings_of, tell, usage, whole


def add(commands: Commands) -> None:
    """Add `try`."""
    trial = commands.add_parser(
        "try",
        help="let a scenario play by itself, and report on it",
        description="Plays a scenario with a list of actions and writes a report in Markdown: "
        "the story, the tokens of each part of the context, which cards came in, and figures of "
        "quality. Nothing is saved.",
    )
    trial.add_argument("scenario", metavar="FILE", help="a file, or a name in the library")
    trial.add_argument("--turns", type=whole, metavar="N", help="how many turns")
    trial.add_argument("--seed", type=seed, metavar="N", default=1, help="the chances (1)")
    trial.add_argument(
        "--actions",
        type=Path,
        metavar="FILE",
        help="a line for each turn, as typed in the game; an empty one lets the story go on",
    )
    trial.add_argument(
        "--answer",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="answer a question of the scenario",
    )
    trial.add_argument("-o", "--output", type=Path, metavar="OUT", help="write the report there")
    trial.add_argument(
        "--model",
        metavar="M",
        default=argparse.SUPPRESS,
        help="a model's name or directory, or 'scripted'",
    )
    trial.set_defaults(run=_try)


def _try(args: argparse.Namespace, tools: Tools) -> int:
    from dungeon.authoring.library import find_scenario
    from dungeon.authoring.reader import read_scenario
    from dungeon.cli.playing import answers_of
    from dungeon.storage.export import write_file
    from dungeon.trial.play import TURNS, try_out, usual_lines
    from dungeon.trial.report import report

    if args.turns is not None and args.turns < 1:
        raise usage("--turns is a whole number from 1 up.")
    settings = settings_of(args)
    scenario = read_scenario(find_scenario(args.scenario))
    answers = answers_of(args.answer, scenario)
    if args.actions is not None:
        listed = _lines(args.actions)
        # Begun again from the top where more turns are asked for than there are lines.
        lines = list(itertools.islice(itertools.cycle(listed), args.turns or len(listed)))
    else:
        turns = args.turns or TURNS
        lines = list(usual_lines(scenario.filled(answers).cards, turns))
    trial = try_out(
        scenario,
        loaded(tools, settings),
        lines,
        seed=args.seed,
        answers=answers,
        generation=replace(scenario.generation, **settings.generation()),
        progress=lambda done, all_: tell(f"… turn {done + 1} of {all_}"),
    )
    text = report(trial)
    if args.output is None:
        give(text.removesuffix("\n"))
    else:
        write_file(args.output, text)
        tell(f"Wrote {args.output}.")
    return 0 if all(turn.text for turn in trial.turns) else 1


def _lines(path: Path) -> list[str]:
    from dungeon.authoring.faults import Fault
    from dungeon.authoring.source import decode, read_bytes
    from dungeon.errors import ScenarioError
    from dungeon.text import clean

    try:
        text = decode(read_bytes(path))
    except Fault as fault:
        raise ScenarioError(f"{path}:{fault.line + 1}: {fault.message}", fault.fix) from None
    lines = [clean(line, newlines=False).strip() for line in text.removesuffix("\n").split("\n")]
    if not text.strip():
        raise ScenarioError(f"{path} holds no action.", "Write a line for each turn.")
    return lines
