"""The school book: scenes written for the project, each with eight turns as they should be told.

A file holds several scenes of this form; `training/README.md` says what makes a good one::

    === The Door That Dines
    genre: dungeon crawl
    style: second present
    memory: You are Brannoch, a lock-breaker, under the ruined abbey of Saint Ulm. ...
    card: The door | door, face, mouth | The iron door has a face, and its mouth is the lock. ...
    opening: The passage ends at an iron door with a face on it as broad as a cartwheel. ...
    > look down the pit
    Nine feet down lie a wet floor, a ladder with no rungs and a good many bones. ...
    > "What do you like to eat?"
    "Things that are missed," says the door. ...

A line `>` alone lets the story go on; `> +` begins what the player writes into it himself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dungeon.story.action import Action, Mode, parse
from dungeon.story.scenario import Card, Scenario, Style
from dungeon.story.story import Story, begin
from dungeon.story.tree import Node

DATA = Path(__file__).parent / "data"
"""Where the school book lies."""

_FIELDS = ("genre", "style", "memory", "opening")


class SceneError(ValueError):
    """A scene that is not written as it should be; says in which file and line."""


@dataclass(frozen=True, slots=True)
class Turn:
    """What the player did and what came of it."""

    action: Action
    text: str


@dataclass(frozen=True, slots=True)
class Scene:
    """A scenario and its turns as a very good narrator tells them."""

    genre: str
    scenario: Scenario
    turns: tuple[Turn, ...]

    @property
    def title(self) -> str:
        """As in the file."""
        return self.scenario.title

    def played(self) -> Story:
        """The scene as a story that was played."""
        story = begin(self.scenario, title=self.title, seed=0, created="")
        for turn in self.turns:
            head = story.tree.head.id
            story.tree.add(Node(story.tree.next_id, head, turn.action, turn.text, origin="model"))
        return story


def read_all(folder: Path = DATA, only: str = "*") -> list[Scene]:
    """All scenes of the `.txt` files in a folder, by file name.

    Args:
        folder: Where they lie.
        only: A pattern that the names of the files have to match, such as "[a-c]-*".

    Raises:
        SceneError: See there.
        OSError: A file cannot be read.
    """
    return [scene for file in sorted(folder.glob(f"{only}.txt")) for scene in read(file)]


def read(file: Path) -> list[Scene]:
    """The scenes of one file.

    Raises:
        SceneError: See there.
        OSError: The file cannot be read.
    """
    return list(_scenes(file.read_text(encoding="utf-8"), file.name))


def _scenes(text: str, name: str) -> Iterator[Scene]:
    begun: list[tuple[int, str]] = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("=== ") and begun:
            yield _scene(begun, name)
            begun = []
        if line.strip():
            begun.append((number, line.strip()))
    if begun:
        yield _scene(begun, name)


def _scene(lines: list[tuple[int, str]], name: str) -> Scene:
    (first, head), *rest = lines
    if not head.startswith("=== "):
        raise SceneError(f"{name}:{first}: a scene begins with `=== A title`")
    found: dict[str, str] = {}
    cards: list[Card] = []
    turns: list[tuple[Action, list[str]]] = []
    for number, line in rest:
        key, colon, value = line.partition(": ")
        if line.startswith(">"):
            turns.append((_action(line[1:].strip()), []))
        elif turns:
            turns[-1][1].append(line)
        elif colon and key == "card":
            cards.append(_card(value, f"{name}:{number}"))
        elif colon and key in _FIELDS and key not in found:
            found[key] = value.strip()
        elif "opening" in found:
            found["opening"] += f"\n\n{line}"
        else:
            raise SceneError(f"{name}:{number}: this belongs to no field: {line[:40]!r}")
    lacking = [key for key in _FIELDS if not found.get(key)]
    if lacking or not turns or not all(text for _, text in turns):
        what = f"no {lacking[0]}" if lacking else "a turn without a text, or no turn"
        raise SceneError(f"{name}:{first}: {head[4:]!r} has {what}")
    scenario = Scenario(
        title=head[4:].strip(),
        memory=found["memory"],
        opening=found["opening"],
        cards=tuple(cards),
        style=_style(found["style"], f"{name}:{first}"),
    )
    told = tuple(Turn(action, "\n\n".join(text)) for action, text in turns)
    return Scene(found["genre"], scenario, told)


def written(scene: Scene) -> str:
    """A scene as it stands in a file."""
    scenario = scene.scenario
    style = " ".join((scenario.style.person, scenario.style.tense, scenario.style.name)).strip()
    head = [
        f"=== {_flat(scene.title)}",
        f"genre: {_flat(scene.genre)}",
        f"style: {style}",
        f"memory: {_flat(scenario.memory)}",
        *(
            " | ".join((f"card: {_flat(card.name)}", ", ".join(card.keys), _flat(card.text)))
            for card in scenario.cards
            if card.keys
        ),
        f"opening: {_paragraphs(scenario.opening)}",
    ]
    turns = (f"> {_line(turn.action)}".rstrip() + f"\n{turn.text}" for turn in scene.turns)
    return "\n".join((*head, *turns)) + "\n"


def _flat(text: str) -> str:
    """On one line, without the mark between the fields of a card."""
    return " ".join(text.replace("|", "/").split())


def _paragraphs(text: str) -> str:
    return "\n\n".join(_flat(part) for part in text.split("\n\n") if part.strip())


def _line(action: Action) -> str:
    if action.mode is Mode.STORY:
        return f"+ {action.text}"
    if action.mode is Mode.SAY and not action.text.startswith('"'):
        return f'"{action.text}"'
    return action.text


def _action(line: str) -> Action:
    return Action(Mode.STORY, line[1:].strip()) if line.startswith("+") else parse(line)


def _card(value: str, place: str) -> Card:
    parts = [part.strip() for part in value.split("|")]
    if len(parts) != 3 or not all(parts):
        raise SceneError(f"{place}: a card is `name | keys | text`")
    name, keys, text = parts
    return Card(name=name, text=text, keys=tuple(re.split(r"\s*,\s*", keys)))


def _style(value: str, place: str) -> Style:
    person, _, rest = value.partition(" ")
    tense, _, name = rest.strip().partition(" ")
    if person not in ("first", "second", "third") or tense not in ("past", "present"):
        raise SceneError(f"{place}: a style is `second present`, `third past NAME` and the like")
    return Style(person=person, tense=tense, name=name.strip())
