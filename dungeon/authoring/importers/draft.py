"""What an importer fills in, and what becomes of it: a scenario, and a story where one was played.

The texts of a draft are those of a scenario file: `{key}` is a placeholder and `{{` a brace.
What was told in a story is no template and stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from dungeon.authoring.importers import lore
from dungeon.authoring.importers.fields import Fields
from dungeon.authoring.importers.person import style_of
from dungeon.authoring.importers.placeholders import Questions, escaped
from dungeon.authoring.importers.report import Report, count
from dungeon.errors import ScenarioError
from dungeon.story.action import Action, Mode, as_line, clean_line
from dungeon.story.generation import RANGES, GenerationSettings
from dungeon.story.scenario import Card, Example, Question, Scenario, Style, placeholders
from dungeon.story.story import Story, begin
from dungeon.story.tree import Node, StoryTree
from dungeon.text import clean

MAX_TITLE = 120
MAX_NODES = 200_000
OPENING = "You stand at the beginning. Nothing has been told yet."
"""Stands where a file has no opening; an author will write a better one."""

_ENDS = ".!?…\"”'’)]*"
_BLANK_LINES = re.compile(r"\n{3,}")
_SPEECH = re.compile(r'(?:you\s+)?says?,?\s*["“](.*?)["”]?', re.IGNORECASE | re.DOTALL)


def tidy(text: str) -> str:
    """`text` harmless, without blanks at the ends of its lines and with single empty lines."""
    lines = (line.rstrip() for line in clean(text).split("\n"))
    return _BLANK_LINES.sub("\n\n", "\n".join(lines)).strip()


def player_line(text: str) -> Action:
    """What a player did, from a line as other tools keep it: `> You open the door.`"""
    line = clean_line(text).lstrip("> ").strip()
    said = _SPEECH.fullmatch(line)
    if said is not None and said[1].strip() and '"' not in said[1]:
        return Action(Mode.SAY, said[1].strip())
    return Action(Mode.DO, line) if line else Action(Mode.CONTINUE)


_NAMED = re.compile(r"\{name\}(?:'s)? [a-z]")
_SPOKEN_OF = re.compile(r"\b(?:I|you|your|my|we)\b", re.IGNORECASE)
_MUTE = re.compile(r"^[ \t]*>[> \t]*$\n?", re.MULTILINE)
"""A player's line on which nothing was typed."""
_LINE = re.compile(r"^[ \t]*>[ \t]*(?P<line>[^\s>][^\n]*)$\n?", re.MULTILINE)


def by_lines(text: str) -> list[tuple[Action | None, str]]:
    """A piece of a story cut at the player's lines (`> You open the door.`) in it.

    Returns:
        Each line with what came of it; first, where there is any, what stands before them all.
    """
    found: list[tuple[Action | None, str]] = []
    action: Action | None = None
    text, at = _MUTE.sub("", text), 0
    for match in _LINE.finditer(text):
        before = text[at : match.start()]
        if action is not None or before.strip():
            found.append((action, before))
        action, at = player_line(match["line"]), match.end()
    if action is not None or text[at:].strip():
        found.append((action, text[at:]))
    return found


def opening_of(text: str) -> tuple[str, list[tuple[Action | None, str]]]:
    """The opening in the first piece of a story, and the turns that follow in the same piece.

    A line of the player's that stands before everything is part of the opening.
    """
    pieces = by_lines(text)
    if not pieces or pieces[0][0] is None:
        return (pieces[0][1] if pieces else text), pieces[1:]
    action, told = pieces[0]
    return f"{as_line(action).removeprefix('> ')}\n\n{told}", pieces[1:]


class Tale:
    """Turns as an importer reads them, and the branch that the story was on."""

    def __init__(self, opening: str) -> None:
        self._nodes = [Node(1, None, None, tidy(opening), raw=clean(opening), origin="imported")]
        self._known: dict[tuple[int, Action | None, str], int] = {}
        self.head = 1
        self.beside = 0

    def __len__(self) -> int:
        return len(self._nodes)

    def turn(self, action: Action | None, text: str) -> None:
        """A turn after the head; it becomes the head."""
        self.head = self._add(self.head, action, text)

    def turns(self, pieces: Iterable[tuple[Action | None, str]]) -> None:
        """Turns after the head; a line of which nothing came waits for the next text."""
        waiting: Action | None = None
        for action, text in pieces:
            if waiting is not None and action is not None:
                self.turn(waiting, "")
                waiting = None
            if text.strip():
                self.turn(action or waiting, text)
                waiting = None
            else:
                waiting = action or waiting
        if waiting is not None:
            self.turn(waiting, "")

    def other(self, action: Action | None, text: str) -> None:
        """Another turn in the place of the head, which stays."""
        parent = self._nodes[self.head - 1].parent
        if parent is not None:
            self.after(parent, action, text)

    def after(self, parent: int, action: Action | None, text: str) -> int:
        """A turn after any other, off the path of the story."""
        known = self._known.get((parent, action or Action(Mode.CONTINUE), text))
        if known is not None:
            return known
        self.beside += 1
        return self._add(parent, action, text)

    def _add(self, parent: int, action: Action | None, text: str) -> int:
        if len(self._nodes) >= MAX_NODES:
            raise ScenarioError(
                f"The story has more than {MAX_NODES:,} turns.", "Split it in the tool it is from."
            )
        node = Node(
            len(self._nodes) + 1,
            parent,
            action or Action(Mode.CONTINUE),
            tidy(text),
            raw=clean(text),
            origin="imported",
        )
        self._nodes.append(node)
        self._known[(parent, node.action, text)] = node.id
        return node.id

    @property
    def opening(self) -> str:
        """What stands before the first turn."""
        return self._nodes[0].text

    @property
    def sample(self) -> str:
        """The beginning of what is told, and in what person the player types."""
        return "\n".join(f"{node.text}\n{as_line(node.action)}" for node in self._nodes[:40])

    def tree(self, created: str) -> StoryTree:
        """The turns as a tree whose redo leads along the path."""
        tree = StoryTree((replace(node, created=created) for node in self._nodes), self.head)
        tree.go(self.head)
        return tree


@dataclass
class Draft:
    """A world on its way in.

    Attributes:
        report: What came over.
        title, summary, memory, note, opening: Texts of a scenario file; "" where there is none.
        author: Plain.
        tags, banned, cards, examples: As in a scenario.
        questions: What the blanks in its texts ask.
        settings: Generation settings by our names, not yet checked.
        tale: The turns; None where nothing was played.
        companion: Whether the text tells of somebody whom the player meets, not plays.
    """

    report: Report
    title: str = ""
    summary: str = ""
    author: str = ""
    tags: list[str] = field(default_factory=list)
    memory: str = ""
    note: str = ""
    opening: str = ""
    cards: list[Card] = field(default_factory=list)
    questions: Questions = field(default_factory=Questions)
    banned: list[str] = field(default_factory=list)
    examples: list[Example] = field(default_factory=list)
    settings: dict[str, float] = field(default_factory=dict)
    tale: Tale | None = None
    companion: bool = False

    # -- filling -----------------------------------------------------------------------------

    def remember(self, *texts: str) -> None:
        """Add plain or filled-in texts to the memory, a paragraph each."""
        self.memory = "\n\n".join(part for part in (self.memory, *map(tidy, texts)) if part)

    def add_cards(self, entries: Iterable[lore.Entry]) -> None:
        """Add world info whose texts hold no blanks."""
        self.cards += lore.cards(entries, self.report, escaped)

    def sample(self, source: Fields, names: dict[str, tuple[str, ...]]) -> None:
        """Take generation settings: for each name of ours, the file's names for it."""
        for name, theirs in names.items():
            value = source.number(*theirs)
            if value is None:
                continue
            allowed = RANGES[name]
            value = round(value) if allowed.whole else value
            if allowed.low <= value <= allowed.high:
                self.settings[name] = value
            else:
                self.report.lose(f"{theirs[0]} {value:g}, which is outside {allowed.low:g} to "
                                 f"{allowed.high:g}.")  # fmt: skip

    def trail_off(self) -> None:
        """End an opening that was made for the model to finish: here the player acts first."""
        if self.opening and self.opening[-1] not in _ENDS:
            self.opening += "…"
            self.report.lose("The opening stops where the model was to go on; it trails off now.")

    # -- what becomes of it ------------------------------------------------------------------

    def scenario(self, name: str) -> Scenario:
        """The scenario; `name` is its title where the file has none."""
        title = " ".join(clean(self.title or escaped(name), newlines=False).split())[:MAX_TITLE]
        opening = tidy(self.opening)
        if not opening and self.tale is not None:
            opening = escaped(self.tale.opening)
        if not opening:
            self.report.lose("The file has no opening; a stand-in is written, to be replaced.")
        scenario = Scenario(
            title=title.strip() or "A scenario",
            opening=opening or OPENING,
            summary=tidy(self.summary),
            author=" ".join(clean(self.author, newlines=False).split()),
            tags=tuple(dict.fromkeys(filter(None, map(clean_line, self.tags)))),
            memory=tidy(self.memory),
            authors_note=tidy(self.note),
            cards=tuple(self.cards),
            style=self._style(opening),
            generation=self._generation(),
            banned=tuple(dict.fromkeys(filter(None, map(clean_line, self.banned)))),
            examples=tuple(self.examples),
        )
        return replace(scenario, questions=self._asked(scenario))

    def _style(self, opening: str) -> Style:
        style = style_of(opening)
        if _NAMED.search(opening) and not _SPOKEN_OF.search(f"{opening}\n{self.memory}"):
            # "{name} steps off the ship."
            return replace(style, person="third", pronoun="they")
        if self.companion and style.person == "third":
            return replace(style, person="second", pronoun="they")
        if self.tale is not None and style.person == "third":
            # A player's line is "You ..." where nothing else is typed.
            return style_of(self.tale.sample)
        return style

    def _generation(self) -> GenerationSettings:
        whole = {name: int(value) for name, value in self.settings.items() if RANGES[name].whole}
        return GenerationSettings(**(self.settings | whole))  # type: ignore[arg-type]

    def _asked(self, scenario: Scenario) -> tuple[Question, ...]:
        """The questions that a text uses; others would be asked for nothing."""
        used = {key for text in _filled(scenario) for key, _ in placeholders(text)}
        asked = tuple(question for question in self.questions.asked if question.key in used)
        unused = len(self.questions.asked) - len(asked)
        if asked:
            keys = ", ".join(question.key for question in asked)
            self.report.keep(f"{count(len(asked), 'question')} for the blanks in it: {keys}.")
        if unused:
            self.report.lose(f"{count(unused, 'question')} that no text uses.")
        bare = [q.key for q in asked if not q.fallback]
        if bare:
            self.report.lose(
                f"No default in the file for {', '.join(bare)}: an empty answer leaves a gap."
            )
        return asked

    def story(self, name: str, *, seed: int, created: str) -> Story:
        """The story: its turns, or only its opening where nothing was played."""
        scenario = self.scenario(name).filled({})
        story = begin(scenario, title=scenario.title, seed=seed, created=created)
        if self.tale is not None and (self.tale.opening or len(self.tale) > 1):
            story.tree = self.tale.tree(created)
        return story


def _filled(scenario: Scenario) -> Sequence[str]:
    cards = [text for card in scenario.cards for text in (card.name, card.text, *card.keys)]
    examples = [text for example in scenario.examples for text in (example.action, example.text)]
    texts = (scenario.title, scenario.summary, scenario.memory, scenario.authors_note)
    return [*texts, scenario.opening, *cards, *examples]
