"""Worlds and stories in and out: `import` and `export`."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from dungeon.cli.common import Commands, Tools, give, saves_dir, seed, settings_of, tell
from dungeon.errors import DungeonError, SaveError, ScenarioError, SettingsError
from dungeon.text import clean

if TYPE_CHECKING:
    from dungeon.authoring.importers import Draft, Report
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
    export.add_argument("-o", "--output", type=Path, metavar="FILE")
    export.add_argument("--saves", type=Path, metavar="DIR", default=argparse.SUPPRESS)
    export.set_defaults(run=_export)


# -- in --------------------------------------------------------------------------------------


@dataclass
class _Brought:
    """A world or story of a file, as what it will be written."""

    report: Report
    scenario: Scenario | None = None
    story: Story | None = None


def _import(args: argparse.Namespace, tools: Tools) -> int:
    from dungeon.authoring import importers
    from dungeon.authoring.importers.detect import MAX_BYTES
    from dungeon.authoring.source import read_bytes

    path = _file(args.file)
    data = read_bytes(path, MAX_BYTES)
    found = importers.recognise(data)
    number = importers.seed_of(data) if args.seed is None else args.seed
    if found.kind is importers.Kind.OWN_EXPORT:
        brought = [_own(found.data, args.form)]
    else:
        stem = clean(path.stem, newlines=False).strip() or "Imported"
        brought = list(_made(importers.drafts(found, number), args.form, stem, number))
    _write(brought, args, path.name)
    return 0


def _file(path: Path) -> Path:
    """The file that is meant; of a folder, the one save in it.

    Raises:
        ScenarioError: A folder has none or several.
    """
    try:
        if not path.is_dir():
            return path
        found = [item for item in sorted(path.iterdir()) if item.suffix == ".json"]
    except (OSError, ValueError):
        return path
    if len(found) == 1:
        return found[0]
    names = ", ".join(item.name for item in found[:5])
    raise ScenarioError(
        f"The folder {path} holds {'several saves' if found else 'no save'}.",
        f"Name one of: {names}." if found else "Name the file itself.",
    )


def _own(data: bytes, form: str | None) -> _Brought:
    from dungeon.authoring.importers import Kind, Report
    from dungeon.authoring.importers.product import literal
    from dungeon.storage.export import from_json

    report = Report(Kind.OWN_EXPORT.value)
    story = from_json(data)
    if form == "scenario":
        report.keep("The scenario, as it was played: its questions are answered.")
        return _Brought(report, scenario=literal(story.current_scenario()))
    report.keep("Everything.")
    return _Brought(report, story=story)


def _made(drafts: list[Draft], form: str | None, stem: str, number: int) -> Iterator[_Brought]:
    created = datetime.now(UTC).isoformat(timespec="seconds")
    for draft in drafts:
        if (form or ("scenario" if draft.tale is None else "story")) == "scenario":
            yield _Brought(draft.report, scenario=draft.scenario(stem))
        else:
            story = draft.story(stem, seed=number, created=created)
            yield _Brought(draft.report, story=story)


def _write(brought: list[_Brought], args: argparse.Namespace, source: str) -> None:
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
    brought: list[_Brought], args: argparse.Namespace, many: bool
) -> list[tuple[Path | None, _Brought]]:
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
    places: list[tuple[Path | None, _Brought]] = []
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
    from dungeon.authoring.importers.product import cards_text, scenario_text

    assert path is not None
    comment = (
        f"Imported from {source}: {report.kind}.\n"
        "`dungeon check FILE` looks it over; docs/scenarios.md tells of the fields."
    )
    text, rest, warnings = scenario_text(scenario, report, comment)
    _create(path, text)
    tell(f"Wrote {path}. Play it with: dungeon play {path}")
    if rest:
        beside = path.with_name(f"{path.stem}.cards.json")
        _create(beside, cards_text(rest, scenario))
        tell(f"Wrote {beside}, with the cards that the scenario cannot hold.")
    if warnings:
        tell(f"`dungeon check` has {warnings} warning{'' if warnings == 1 else 's'} for it.")


def _create(path: Path, text: str) -> None:
    """Write a file that was not there.

    Raises:
        ScenarioError: It was, or it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except FileExistsError:
        raise ScenarioError(f"{path} is there already.", "Name another file with -o.") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "that is no file name"
        raise ScenarioError(
            f"{path} cannot be written: {reason}.", "Choose another place with -o."
        ) from None


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
    from dungeon.authoring.exporters.kobold import to_kobold
    from dungeon.storage import export
    from dungeon.storage.library import find_save
    from dungeon.storage.story_file import StoryFile

    if Path(args.name).suffix.lower() in (".yaml", ".yml"):
        raise _mismatch(args.name, "a scenario", SCENARIO_FORMATS)
    try:
        path = find_save(saves_dir(settings_of(args)), args.name)
    except SaveError as error:
        if _is_scenario(args.name):
            raise _mismatch(args.name, "a scenario", SCENARIO_FORMATS) from None
        raise error from None
    file = StoryFile.open(path, read_only=True)
    try:
        story = file.load()
    finally:
        file.close()
    if args.format == "kobold":
        return to_kobold(story)
    write = {
        "md": export.to_markdown,
        "txt": export.to_text,
        "html": export.to_html,
        "json": export.to_json,
    }
    return write[args.format](story), None


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
