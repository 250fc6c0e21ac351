"""The command line: `dungeon [play|resume|list|saves|check|export|context|models|...]`.

Stories go to standard output and everything else to standard error. Exit codes: 0, 1 for an
error that was told, 2 for wrong usage, 128 plus the number of a signal that ended the game.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from dungeon import __version__
from dungeon.errors import DungeonError, SettingsError
from dungeon.text import clean

if TYPE_CHECKING:
    from dungeon.engine.base import Engine
    from dungeon.session import GameSession
    from dungeon.settings import Settings
    from dungeon.story.scenario import GenerationSettings, Scenario

EngineMaker = Callable[[str | None], "Engine"]
"""Makes the engine of a model's name or directory (None: choose); it is not loaded yet."""


@dataclass(frozen=True)
class Tools:
    """What the composition root hands in: the only concrete things that are used here.

    Attributes:
        make_engine: Picks the engine of a model that is on this machine.
        offer: Where that model is not, asks the player on the terminal and fetches it.
        models: `dungeon models ...`: takes the verb and its arguments, gives the exit code.
    """

    make_engine: EngineMaker
    offer: Callable[[str | None], None]
    models: Callable[[argparse.Namespace], int]


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
        return command(args, tools)
    except DungeonError as error:
        _tell(f"dungeon: {error.message}")
        if error.hint:
            _tell(error.hint)
        return 1
    except BrokenPipeError:
        # The reader of a pipe went away (`| head`): nothing is wrong, nobody is listening.
        sys.stderr.close()
        return 0
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        _tell("dungeon: something went wrong in the game itself; what was saved stays saved.")
        _tell(f"The details are in {_log(error)}; please report them.")
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


def _tell(text: str) -> None:
    print(clean(text), file=sys.stderr)


def _usage(message: str) -> SystemExit:
    _tell(f"dungeon: {message}")
    return SystemExit(2)


# -- the arguments -----------------------------------------------------------------------------


def _parser() -> argparse.ArgumentParser:
    game = argparse.ArgumentParser(add_help=False)
    game.add_argument("--plain", action="store_true", help="no screen: lines in, story out")
    game.add_argument("--seed", type=_seed, metavar="N", help="replay the same chances")
    game.add_argument("--model", metavar="M", help="a model's name or directory, or 'scripted'")
    game.add_argument("--saves", type=Path, metavar="DIR", help="where stories are kept")
    game.add_argument("--max-new-tokens", type=_whole, metavar="N", help="longest turn, in tokens")

    top = argparse.ArgumentParser(
        prog="dungeon",
        description="A terminal text adventure told by GPT-2 on your own processor.",
        epilog="Without a command, the title screen opens.",
    )
    top.add_argument("--version", action="version", version=f"dungeon {__version__}")
    top.add_argument("--model", metavar="M", help="a model's name or directory, or 'scripted'")
    top.add_argument("--saves", type=Path, metavar="DIR", help="where stories are kept")
    top.set_defaults(run=_title)
    commands = top.add_subparsers(title="commands", metavar="COMMAND")

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
    play.set_defaults(run=_play)

    resume = commands.add_parser("resume", parents=[game], help="go on with a story")
    resume.add_argument("save", metavar="SAVE", help="a story's name, or its file")
    resume.add_argument("--read-only", action="store_true", help="look, change nothing")
    resume.set_defaults(run=_resume)

    scenarios = commands.add_parser("list", help="the scenarios in the library")
    scenarios.add_argument("--json", action="store_true")
    scenarios.set_defaults(run=_list)

    saves = commands.add_parser("saves", help="the stories begun so far")
    saves.add_argument("--json", action="store_true")
    saves.add_argument("--saves", type=Path, metavar="DIR", default=argparse.SUPPRESS)
    saves.set_defaults(run=_saves)

    check = commands.add_parser("check", help="look scenario files over")
    check.add_argument("files", nargs="+", type=Path, metavar="FILE")
    check.set_defaults(run=_check)

    new = commands.add_parser("new", help="write a scenario file to begin from")
    new.add_argument("title", metavar="TITLE")
    new.add_argument("--genre", metavar="G", default="fantasy", help="what the sample text is of")
    new.add_argument("--dir", type=Path, metavar="DIR", default=Path())
    new.set_defaults(run=_new)

    schema = commands.add_parser("schema", help="print the JSON Schema of scenario files")
    schema.set_defaults(run=_schema)

    # Its options are those of the benchmark itself.
    bench = commands.add_parser(
        "bench", help="time the engine beside its peers (in a checkout)", add_help=False
    )
    bench.set_defaults(run=_bench)

    export = commands.add_parser("export", help="write a story out")
    export.add_argument("save", metavar="SAVE")
    export.add_argument("--format", choices=["md", "txt", "html", "json"], required=True)
    export.add_argument("-o", "--output", type=Path, metavar="FILE")
    export.add_argument("--saves", type=Path, metavar="DIR", default=argparse.SUPPRESS)
    export.set_defaults(run=_export)

    context = commands.add_parser("context", help="what the next turn would send to the model")
    context.add_argument("save", metavar="SAVE")
    context.add_argument("--json", action="store_true")
    context.add_argument("--model", metavar="M", default=argparse.SUPPRESS)
    context.add_argument("--saves", type=Path, metavar="DIR", default=argparse.SUPPRESS)
    context.set_defaults(run=_context)

    models = commands.add_parser("models", help="the language models, and bringing one here")
    models.add_argument(
        "verb", nargs="?", choices=["list", "pull", "path", "ensure"], default="list"
    )
    models.add_argument("name", nargs="?", metavar="NAME")
    models.add_argument("--json", action="store_true")
    models.set_defaults(run=lambda args, tools: tools.models(args))
    return top


def _seed(text: str) -> int:
    value = _whole(text)
    if value < 0:
        raise argparse.ArgumentTypeError("a seed is a whole number from 0 up")
    return value & (2**63 - 1)


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number") from None


def _settings(args: argparse.Namespace) -> Settings:
    from dungeon import settings

    return settings.load(
        model=getattr(args, "model", None),
        saves=getattr(args, "saves", None),
        max_new_tokens=getattr(args, "max_new_tokens", None),
    )


def _saves_dir(settings: Settings) -> Path:
    from dungeon.storage.library import saves_dir

    return saves_dir(settings.saves)


# -- playing -------------------------------------------------------------------------------------


def _title(args: argparse.Namespace, tools: Tools) -> int:
    settings = _settings(args)
    return _screen(settings, tools, overrides=settings.generation())


def _play(args: argparse.Namespace, tools: Tools) -> int:
    from dungeon.authoring.library import find_scenario
    from dungeon.authoring.reader import read_scenario

    settings = _settings(args)
    path = find_scenario(args.scenario)
    scenario = read_scenario(path)
    answers = _answers(args.answer, scenario)
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
        )
    from dungeon.session import GameSession

    if sys.stdin.isatty():
        answers = _ask(scenario, answers)
    saves = _saves_dir(settings)
    engine = _loaded(tools, settings.model)
    session = GameSession.new(
        scenario,
        engine,
        answers=answers,
        saves=saves,
        title=args.title,
        seed=args.seed,
        generation=generation,
    )
    return _plain(session)


def _resume(args: argparse.Namespace, tools: Tools) -> int:
    from dungeon.storage.library import find_save

    settings = _settings(args)
    path = find_save(_saves_dir(settings), args.save)
    if not args.plain:
        return _screen(
            settings,
            tools,
            save=path,
            seed=args.seed,
            overrides=settings.generation(),
            read_only=args.read_only,
        )
    from dungeon.session import GameSession

    # The story is opened before the model is loaded: a locked or damaged one is told at once.
    from dungeon.ui.pending import PendingEngine

    session = GameSession.resume(path, PendingEngine(), read_only=args.read_only)
    try:
        session.engine = _loaded(tools, settings.model)
    except BaseException:
        session.close()
        raise
    if args.seed is not None:
        session.story.seed = args.seed
    session.story.generation = _generation(settings, session.story.generation)
    return _plain(session)


def _plain(session: GameSession) -> int:
    from dungeon import plain

    return plain.play(session)


def _screen(settings: Settings, tools: Tools, **start: object) -> int:
    from dungeon.ui.app import AppContext, run_app

    tools.offer(settings.model)
    return run_app(
        AppContext(
            make_engine=lambda: tools.make_engine(settings.model),
            saves=_saves_dir(settings),
            theme=settings.theme,
            **start,  # type: ignore[arg-type]
        )
    )


def _loaded(tools: Tools, model: str | None) -> Engine:
    tools.offer(model)
    engine = tools.make_engine(model)
    engine.load(lambda line: _tell(f"… {line}"))
    return engine


def _generation(settings: Settings, base: GenerationSettings) -> GenerationSettings:
    return replace(base, **settings.generation())


def _answers(pairs: Sequence[str], scenario: Scenario) -> dict[str, str]:
    keys = [question.key for question in scenario.questions]
    answers = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals:
            raise _usage(f"--answer takes KEY=VALUE, not {pair!r}.")
        if key not in keys:
            asked = ", ".join(keys) or "nothing"
            raise _usage(f"the scenario does not ask for {key!r}; it asks for: {asked}.")
        answers[key] = clean(value, newlines=False).strip()
    return answers


def _ask(scenario: Scenario, answers: dict[str, str]) -> dict[str, str]:
    answers = dict(answers)
    for question in scenario.questions:
        if question.key in answers:
            continue
        _tell(question.ask)
        for number, choice in enumerate(question.choices, 1):
            _tell(f"  {number}. {choice}")
        print(f"[{clean(question.fallback, newlines=False)}] ", end="", file=sys.stderr, flush=True)
        line = clean(sys.stdin.readline(), newlines=False).strip()
        if line.isdigit() and 1 <= int(line) <= len(question.choices):
            line = question.choices[int(line) - 1]
        answers[question.key] = line
    return answers


# -- looking -------------------------------------------------------------------------------------


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

    rows = list_saves(_saves_dir(_settings(args)))
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
        _tell("No stories yet. Begin one with: dungeon play SCENARIO")
    return 0


def _check(args: argparse.Namespace, tools: Tools) -> int:
    from dungeon.authoring.check import check_files

    return check_files(args.files, sys.stdout)


def _new(args: argparse.Namespace, tools: Tools) -> int:
    from dungeon.authoring.new import GENRES, write_new

    if args.genre not in GENRES:
        raise _usage(f"--genre is one of: {', '.join(GENRES)}.")
    path = write_new(args.title, args.dir, args.genre)
    _tell(f"Wrote {path}. Try it with: dungeon check {path} && dungeon play {path}")
    return 0


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


def _schema(args: argparse.Namespace, tools: Tools) -> int:
    from dungeon.authoring.schema import write_schema

    return write_schema(sys.stdout)


def _export(args: argparse.Namespace, tools: Tools) -> int:
    from dungeon.storage import export
    from dungeon.storage.library import find_save
    from dungeon.storage.story_file import StoryFile

    path = find_save(_saves_dir(_settings(args)), args.save)
    file = StoryFile.open(path, read_only=True)
    try:
        story = file.load()
    finally:
        file.close()
    write = {
        "md": export.to_markdown,
        "txt": export.to_text,
        "html": export.to_html,
        "json": export.to_json,
    }
    text = write[args.format](story)
    text = text if text.endswith("\n") else text + "\n"
    if args.output is None:
        sys.stdout.write(text)
        return 0
    try:
        args.output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise SettingsError(
            f"{args.output} cannot be written: {error.strerror}.", "Choose another place with -o."
        ) from None
    _tell(f"Wrote {args.output}.")
    return 0


def _context(args: argparse.Namespace, tools: Tools) -> int:
    from dungeon.session import GameSession
    from dungeon.storage.library import find_save
    from dungeon.ui.pending import PendingEngine

    settings = _settings(args)
    path = find_save(_saves_dir(settings), args.save)
    session = GameSession.resume(path, PendingEngine(), read_only=True)
    try:
        session.engine = _loaded(tools, settings.model)
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
