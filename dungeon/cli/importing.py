"""Worlds and stories in and out: `import` and `export`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from dungeon.cli.common import Commands, Tools, give, saves_dir, seed, settings_of, tell
from dungeon.errors import DungeonError, SaveError, ScenarioError, SettingsError

if TYPE_CHECKING:
    from dungeon.authoring.importers import Report
    from dungeon.exchange import Brought
    from dungeon.story.scenario import Scenario
    from dungeon.story.story import Story

STORY_FORMATS = ("md", "txt", "html", "json", "kobold")
SCENARIO_FORMATS = ("novelai", "card")


def add(commands: Commands) -> None:
    """Add `import` and `export`."""
    bring = commands.add_parser("import", help="bring a world or story of another tool here")
    bring.add_argument("file", type=Path, metavar="FILE", help="a file, or the folder of a save")
    bring.add_argument(
        "--as",
        dest="form",
        choices=["scenario", "story"],
        help="what to make of it; by itself a story is what somebody played",
    )
    bring.add_argument("-o", "--output", type=Path, metavar="OUT", help="a file, or a folder")
    bring.add_argument("--seed", type=seed, metavar="N", help="decides what is left to chance")
    bring.add_argument("--saves", type=Path, metavar="DIR", default=argparse.SUPPRESS)
    bring.set_defaults(run=_import)

    export = commands.add_parser("export", help="write a story or a scenario out")
    export.add_argument("name", metavar="SAVE|SCENARIO")
    export.add_argument(
        "--format",
        choices=[*STORY_FORMATS, *SCENARIO_FORMATS],
        required=True,
        help="novelai and card are for a scenario, all others for a story",
    )
    export.add_argument(
        "--branches", action="store_true", help="with html: every branch, as choices to turn to"
    )
    export.add_argument("-o", "--output", type=Path, metavar="FILE")
    export.add_argument("--saves", type=Path, metavar="DIR", default=argparse.SUPPRESS)
    export.set_defaults(run=_export)


# -- in --------------------------------------------------------------------------------------


def _import(args: argparse.Namespace, tools: Tools) -> int:
    from dungeon.exchange import bring

    _write(bring(args.file, args.form, args.seed), args, args.file.name)
    return 0


def _write(brought: list[Brought], args: argparse.Namespace, source: str) -> None:
    many = len(brought) > 1
    for path, item in _places(brought, args, many):
        if item.scenario is not None:
            _write_scenario(item.scenario, item.report, path, source)
        elif item.story is not None:
            _write_story(item.story, path, args)
        if not many:
            tell(item.report.render())
    if many:
        told = brought[0].report
        told.kind += f" ({len(brought)} in all)"
        for item in brought[1:]:
            for sentence in item.report.homeless:
                told.lose(sentence)
        tell(told.render())


def _places(
    brought: list[Brought], args: argparse.Namespace, many: bool
) -> list[tuple[Path | None, Brought]]:
    """Where each goes, decided before anything is written; None is the folder of stories.

    Raises:
        ScenarioError: A file is there already, or one name was given for many.
    """
    from dungeon.authoring.new import file_stem

    out: Path | None = args.output
    folder = out is not None and (many or out.is_dir())
    if many and out is not None and out.exists() and not out.is_dir():
        raise ScenarioError(
            f"{out} is a file, and there are {len(brought)} to write.", "Name a folder with -o."
        )
    places: list[tuple[Path | None, Brought]] = []
    taken: set[Path] = set()
    for item in brought:
        if item.scenario is None:
            places.append((out, item))
            continue
        title = item.scenario.filled({}).title
        path = (
            out if out is not None and not folder else (out or Path()) / f"{file_stem(title)}.yaml"
        )
        number = 2
        while path in taken:
            path = path.with_name(f"{file_stem(title)}-{number}.yaml")
            number += 1
        if path.exists():
            raise ScenarioError(f"{path} is there already.", "Name another file or folder with -o.")
        taken.add(path)
        places.append((path, item))
    return places


def _write_scenario(scenario: Scenario, report: Report, path: Path | None, source: str) -> None:
    from dungeon.exchange import write_scenario

    assert path is not None
    written = write_scenario(scenario, report, path, source)
    tell(f"Wrote {path}. Play it with: dungeon play {path}")
    if written.cards is not None:
        tell(f"Wrote {written.cards}, with the cards that the scenario cannot hold.")
    if (warnings := written.warnings) > 0:
        tell(f"`dungeon check` has {warnings} warning{'' if warnings == 1 else 's'} for it.")


def _write_story(story: Story, out: Path | None, args: argparse.Namespace) -> None:
    from dungeon.storage.names import SUFFIX
    from dungeon.storage.story_file import StoryFile, publish

    named = out if out is not None and out.suffix == SUFFIX else None
    if named is not None and named.exists():
        raise SaveError(f"{named} is there already.", "Name another file with -o.")
    directory = named.parent if named else out or saves_dir(settings_of(args))
    file = StoryFile.create(directory, story)
    path = file.path
    file.close()
    if named is not None:
        try:
            publish(path, named)
        except OSError as error:
            raise SaveError(f"{named} cannot be written: {error.strerror}.") from None
        path = named
    tell(f"Wrote {path}. Go on with it: dungeon resume {path.stem if out is None else path}")


# -- out -------------------------------------------------------------------------------------


def _export(args: argparse.Namespace, tools: Tools) -> int:
    export = _export_scenario if args.format in SCENARIO_FORMATS else _export_story
    text, report = export(args)
    text = text.removesuffix("\n")
    if args.output is None:
        give(text)
    else:
        from dungeon.storage.export import write_file

        write_file(args.output, text + "\n")
        tell(f"Wrote {args.output}.")
    if report is not None:
        tell(report.render())
    return 0


def _export_scenario(args: argparse.Namespace) -> tuple[str, Report | None]:
    from dungeon.authoring.exporters.card import to_card
    from dungeon.authoring.exporters.novelai import to_novelai
    from dungeon.authoring.library import find_scenario
    from dungeon.authoring.reader import read_scenario

    try:
        path = find_scenario(args.name)
    except ScenarioError as error:
        if _is_story(args):
            raise _mismatch(args.name, "a story", STORY_FORMATS) from None
        raise error from None
    if path.suffix == ".dungeon":
        raise _mismatch(args.name, "a story", STORY_FORMATS)
    scenario = read_scenario(path)
    return to_novelai(scenario) if args.format == "novelai" else to_card(scenario)


def _export_story(args: argparse.Namespace) -> tuple[str, Report | None]:
    from dungeon.exchange import FORMATS
    from dungeon.storage.library import find_save, load_save

    if Path(args.name).suffix.lower() in (".yaml", ".yml"):
        raise _mismatch(args.name, "a scenario", SCENARIO_FORMATS)
    try:
        path = find_save(saves_dir(settings_of(args)), args.name)
    except SaveError as error:
        if _is_scenario(args.name):
            raise _mismatch(args.name, "a scenario", SCENARIO_FORMATS) from None
        raise error from None
    story = load_save(path)
    branches = args.branches and args.format == "html"
    return FORMATS["gamebook" if branches else args.format].write(story)


def _is_story(args: argparse.Namespace) -> bool:
    from dungeon.storage.library import find_save

    try:
        find_save(saves_dir(settings_of(args)), args.name)
    except DungeonError:
        return False
    return True


def _is_scenario(name: str) -> bool:
    from dungeon.authoring.library import find_scenario

    try:
        find_scenario(name)
    except DungeonError:
        return False
    return True


def _mismatch(name: str, what: str, formats: tuple[str, ...]) -> SettingsError:
    choice = f"{', '.join(formats[:-1])} or {formats[-1]}"
    return SettingsError(f"{name} is {what}.", f"Use --format {choice} for {what}.")
