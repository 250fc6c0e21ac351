"""Worlds and stories in and out of files, whoever asks: the command line or the screen."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from dungeon.authoring import importers
from dungeon.authoring.exporters.kobold import to_kobold
from dungeon.authoring.importers import Draft, Kind, Report
from dungeon.authoring.importers.detect import MAX_BYTES
from dungeon.authoring.importers.product import cards_text, literal, scenario_text
from dungeon.authoring.library import own_scenarios
from dungeon.authoring.new import file_stem
from dungeon.authoring.source import read_bytes
from dungeon.errors import ScenarioError
from dungeon.files import write_new
from dungeon.storage import export
from dungeon.storage.book import to_book
from dungeon.storage.story_file import StoryFile
from dungeon.story.scenario import Scenario
from dungeon.story.story import Story
from dungeon.text import clean

# -- in --------------------------------------------------------------------------------------


@dataclass
class Brought:
    """A world or story of a file, as what it will be written: one of the two is there.

    Attributes:
        report: What was kept and what had no home.
        scenario: The world.
        story: The story that was played.
    """

    report: Report
    scenario: Scenario | None = None
    story: Story | None = None


def bring(path: Path, form: str | None = None, seed: int | None = None) -> list[Brought]:
    """What is in a file, whose kind is found from its content.

    Args:
        path: The file, or a folder with one save in it.
        form: "scenario" or "story"; None makes a story of what somebody played.
        seed: Decides what is left to chance; None takes it from the file.

    Raises:
        ScenarioError: It cannot be read, or is of no known kind.
        SaveError: It is a story export of ours that is damaged.
    """
    file = _file(path)
    data = read_bytes(file, MAX_BYTES)
    found = importers.recognise(data)
    number = importers.seed_of(data) if seed is None else seed
    if found.kind is Kind.OWN_EXPORT:
        return [_own(found.data, form)]
    stem = _title(file.stem) or "Imported"
    return list(_made(importers.drafts(found, number), form, stem, number))


def _title(stem: str) -> str:
    """A title from the name of a file: "the_salt-road" is "The salt road"."""
    stem = clean(stem, newlines=False).strip()
    if " " in stem or not re.fullmatch(r"[a-z0-9_-]+", stem):
        return stem
    words = " ".join(re.split(r"[_-]+", stem)).strip()
    return words[:1].upper() + words[1:]


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


def _own(data: bytes, form: str | None) -> Brought:
    report = Report(Kind.OWN_EXPORT.value)
    story = export.from_json(data)
    if form == "scenario":
        report.keep("The scenario, as it was played: its questions are answered.")
        return Brought(report, scenario=literal(story.current_scenario()))
    report.keep("Everything.")
    return Brought(report, story=story)


def _made(drafts: list[Draft], form: str | None, stem: str, number: int) -> Iterator[Brought]:
    created = datetime.now(UTC).isoformat(timespec="seconds")
    for draft in drafts:
        if (form or ("scenario" if draft.tale is None else "story")) == "scenario":
            yield Brought(draft.report, scenario=draft.scenario(stem))
        else:
            story = draft.story(stem, seed=number, created=created)
            yield Brought(draft.report, story=story)


@dataclass(frozen=True)
class WrittenScenario:
    """What became of a world.

    Attributes:
        path: Its file.
        cards: The file beside it with the cards that a scenario cannot hold; None for none.
        warnings: How many `dungeon check` has for it.
    """

    path: Path
    cards: Path | None
    warnings: int


def write_scenario(scenario: Scenario, report: Report, path: Path, source: str) -> WrittenScenario:
    """Write a world to a file that is not there yet; `source` names where it is from.

    Raises:
        ScenarioError: The file is there, or cannot be written.
    """
    comment = (
        f"Imported from {source}: {report.kind}.\n"
        "`dungeon check FILE` looks it over; docs/scenarios.md tells of the fields."
    )
    text, rest, warnings = scenario_text(scenario, report, comment)
    _create(path, text)
    beside = None
    if rest:
        beside = path.with_name(f"{path.stem}.cards.json")
        _create(beside, cards_text(rest, scenario))
    return WrittenScenario(path, beside, warnings)


def _create(path: Path, text: str) -> None:
    """Write a file that was not there.

    Raises:
        ScenarioError: It was, or it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_new(path, text)
    except FileExistsError:
        raise ScenarioError(f"{path} is there already.", "Name another file with -o.") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "that is no file name"
        raise ScenarioError(
            f"{path} cannot be written: {reason}.", "Choose another place with -o."
        ) from None


def keep(brought: list[Brought], saves: Path, source: str) -> str:
    """Put what a file brought into the player's own library: stories beside the others in
    `saves`, worlds beside the player's scenarios.

    Returns:
        What became of it, for the player.

    Raises:
        ScenarioError, SaveError: Something could not be written.
    """
    folder = own_scenarios()
    lines = []
    for item in brought:
        if item.story is not None:
            StoryFile.create(saves, item.story).close()
            lines.append(f"The story {item.story.title}.")
        elif item.scenario is not None:
            stem = file_stem(item.scenario.filled({}).title)
            path, number = folder / f"{stem}.yaml", 2
            while path.exists():
                path, number = folder / f"{stem}-{number}.yaml", number + 1
            write_scenario(item.scenario, item.report, path, source)
            lines.append(f"The scenario {item.scenario.title}, in {path}.")
    if len(brought) == 1:
        lines.append(brought[0].report.render())
    return "\n".join(lines)


# -- out -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Format:
    """A form in which a story is written out.

    Attributes:
        name: For the player.
        about: A few words.
        suffix: Of its files.
        write: Makes the text, and a report of what has no place in it, if anything.
    """

    name: str
    about: str
    suffix: str
    write: Callable[[Story], tuple[str, Report | None]]


def _whole(write: Callable[[Story], str]) -> Callable[[Story], tuple[str, Report | None]]:
    return lambda story: (write(story), None)


FORMATS: Mapping[str, Format] = {
    "md": Format("Markdown", "the story on the screen", ".md", _whole(export.to_markdown)),
    "txt": Format("Plain text", "the story on the screen", ".txt", _whole(export.to_text)),
    "html": Format("Book", "one page for a browser or a printer", ".html", _whole(to_book)),
    "gamebook": Format(
        "Book with branches", "every way the story went, as choices to turn to", ".html",
        _whole(lambda story: to_book(story, branches=True)),
    ),
    "json": Format("JSON", "everything, to be imported again", ".json", _whole(export.to_json)),
    "kobold": Format("KoboldAI", "the story for KoboldAI and its kin", ".json", to_kobold),
}  # fmt: skip
"""Forms by the name that the command line takes."""
