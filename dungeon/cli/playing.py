"""Playing: the title screen, `play` and `resume`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING

from dungeon.cli.common import (
    ENGINES,
    Commands,
    Parser,
    Tools,
    loaded,
    saves_dir,
    seed,
    settings_of,
    tell,
    usage,
    whole,
)
from dungeon.story.presets import PRESETS
from dungeon.text import clean

if TYPE_CHECKING:
    from dungeon.session import GameSession
    from dungeon.settings import Settings
    from dungeon.story.generation import GenerationSettings
    from dungeon.story.scenario import Scenario
    from dungeon.ui.preferences import Look, Preferences


def add(commands: Commands) -> None:
    """Add `play` and `resume`."""
    game = Parser(add_help=False)
    game.add_argument("--plain", action="store_true", help="no screen: lines in, story out")
    game.add_argument("--seed", type=seed, metavar="N", help="replay the same chances")
    # Both may stand before the command too, and a default here would take that back.
    for name, metavar, kind, what in (
        ("--model", "M", str, "a model's name or directory, or 'scripted'"),
        ("--url", "URL", str, "of the server that --engine remote asks"),
        ("--saves", "DIR", Path, "where stories are kept"),
    ):
        game.add_argument(name, type=kind, metavar=metavar, help=what, default=argparse.SUPPRESS)
    game.add_argument(
        "--engine",
        choices=ENGINES,
        help="who runs the model: this machine, or a server",
        default=argparse.SUPPRESS,
    )
    game.add_argument("--max-new-tokens", type=whole, metavar="N", help="longest turn, in tokens")
    game.add_argument("--preset", choices=[*PRESETS], help="how freely words are drawn")

    play = commands.add_parser("play", parents=[game], help="begin a story")
    play.add_argument("scenario", metavar="SCENARIO", help="a name in the library, or a file")
    play.add_argument("--title", metavar="T", default="", help="the story's title")
    play.add_argument(
        "--answer",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="answer a question of the scenario",
    )
    play.add_argument(
        "--watch",
        action="store_true",
        help="for authors: take over what is saved in the scenario's file while it is played",
    )
    play.set_defaults(run=_play)

    resume = commands.add_parser("resume", parents=[game], help="go on with a story")
    resume.add_argument("save", metavar="SAVE", help="a story's name, or its file")
    resume.add_argument("--read-only", action="store_true", help="look, change nothing")
    resume.set_defaults(run=_resume)


def title(args: argparse.Namespace, tools: Tools, *, visitor: bool = False) -> int:
    """Open the title screen; a `visitor` fetches no models onto somebody else's machine."""
    settings = settings_of(args)
    if visitor:
        tools = replace(tools, pull=None)
    return _screen(settings, tools, overrides=settings.generation())


def edit(path: Path, settings: Settings, tools: Tools) -> int:
    """Open a scenario's file in the editor: there is no model to it."""
    return _screen(settings, replace(tools, offer=lambda settings: None), edit=path)


def _play(args: argparse.Namespace, tools: Tools) -> int:
    from dungeon.authoring.library import find_scenario
    from dungeon.authoring.reader import read_scenario

    if args.watch and args.plain:
        raise usage("--watch needs the screen; leave out --plain.")
    settings = settings_of(args)
    path = find_scenario(args.scenario)
    scenario = read_scenario(path)
    answers = answers_of(args.answer, scenario)
    generation = _generation(settings, scenario.generation)
    if not args.plain:
        return _screen(
            settings,
            tools,
            scenario=path,
            answers=answers,
            title=args.title,
            seed=args.seed,
            overrides=settings.generation(),
            watch=args.watch,
        )
    from dungeon.session import GameSession

    if sys.stdin.isatty():
        answers = _ask(scenario, answers)
    saves = saves_dir(settings)
    engine = loaded(tools, settings)
    session = GameSession.new(
        scenario,
        engine,
        answers=answers,
        saves=saves,
        title=args.title,
        seed=args.seed,
        generation=generation,
    )
    return _plain(session, settings)


def _resume(args: argparse.Namespace, tools: Tools) -> int:
    from dungeon.storage.library import find_save

    settings = settings_of(args)
    path = find_save(saves_dir(settings), args.save)
    if not args.plain:
        return _screen(
            settings,
            tools,
            save=path,
            seed=args.seed,
            overrides=settings.generation(),
            commanded=_commanded(args),
            read_only=args.read_only,
        )
    from dungeon.authoring.library import change_since, list_scenarios
    from dungeon.session import GameSession

    # The story is opened before the model is loaded: a locked or damaged one is told at once.
    from dungeon.ui.pending import PendingEngine

    session = GameSession.resume(path, PendingEngine(), read_only=args.read_only)
    if changed := change_since(session.story.source, list_scenarios()):
        tell(changed)
    try:
        session.engine = loaded(tools, settings)
    except BaseException:
        session.close()
        raise
    if args.seed is not None:
        session.story.seed = args.seed
    session.story.take_settings(settings.generation(), _commanded(args))
    return _plain(session, settings)


def _plain(session: GameSession, settings: Settings) -> int:
    from dungeon import plain, words

    if settings.word_filter:
        try:
            session.word_filter = words.load()
        except BaseException:
            session.close()
            raise
    return plain.play(session)


def _screen(settings: Settings, tools: Tools, **start: object) -> int:
    from dungeon.ui.app import AppContext, run_app

    tools.offer(settings)
    return run_app(
        AppContext(
            make_engine=lambda: tools.make_engine(settings),
            engine_of=lambda name: tools.make_engine(settings.model_copy(update={"model": name})),
            pull_model=tools.pull,
            saves=saves_dir(settings),
            theme=settings.theme,
            word_filter=settings.word_filter,
            rating=settings.rating,
            look=_look(settings),
            preferences=_preferences(settings),
            **start,  # type: ignore[arg-type]
        )
    )


def _commanded(args: argparse.Namespace) -> frozenset[str]:
    """The sampling numbers that the command line itself sets."""
    names = set() if args.preset is None else set(PRESETS[args.preset].numbers())
    return frozenset(names | ({"max_new_tokens"} if args.max_new_tokens is not None else set()))


def _look(settings: Settings) -> Look:
    from dungeon.ui.preferences import Look

    given = {field.name: getattr(settings, field.name) for field in fields(Look)}
    return Look(**{name: value for name, value in given.items() if value is not None})


def _preferences(settings: Settings) -> Preferences:
    from dungeon import settings_file
    from dungeon.ui.preferences import Preferences

    values = settings.model_dump(exclude_none=True, exclude_unset=True, exclude={"remote_key"})
    preset = PRESETS[values["preset"]].numbers() if "preset" in values else {}
    # What a preset brought with it is not set by itself.
    own = {name: value for name, value in values.items() if preset.get(name) != value}
    return Preferences(own, settings_file.change)


def _generation(settings: Settings, base: GenerationSettings) -> GenerationSettings:
    return replace(base, **settings.generation())


def answers_of(pairs: Sequence[str], scenario: Scenario) -> dict[str, str]:
    """The answers given as KEY=VALUE.

    Raises:
        SystemExit: One is written otherwise, or answers nothing that the scenario asks.
    """
    keys = [question.key for question in scenario.questions]
    answers = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals:
            raise usage(f"--answer takes KEY=VALUE, not {pair!r}.")
        if key not in keys:
            asked = ", ".join(keys) or "nothing"
            raise usage(f"the scenario does not ask for {key!r}; it asks for: {asked}.")
        answers[key] = clean(value, newlines=False).strip()
    return answers


def _ask(scenario: Scenario, answers: dict[str, str]) -> dict[str, str]:
    answers = dict(answers)
    for question in scenario.questions:
        if question.key in answers:
            continue
        tell(question.ask)
        for number, choice in enumerate(question.choices, 1):
            tell(f"  {number}. {choice}")
        tell(f"[{question.fallback}] ", end="")
        line = clean(sys.stdin.readline(), newlines=False).strip()
        if line.isdigit() and 1 <= int(line) <= len(question.choices):
            line = question.choices[int(line) - 1]
        answers[question.key] = line
    return answers
