"""A scenario as values: what an author wrote, checked and ready to begin a story from.

Reading scenario files (with positions and full reports) is `dungeon.authoring`; this module
only knows the finished values and their plain-data form, which saves and exports use.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Set
from dataclasses import asdict, dataclass, field, fields, is_dataclass, replace
from typing import Any

from dungeon.errors import ScenarioError
from dungeon.story.generation import RANGES, GenerationSettings

FORMAT_VERSION = 1
MAX_PRIORITY = 9
PERSONS = ("first", "second", "third")
TENSES = ("present", "past")
PRONOUNS = ("they", "she", "he", "it")
RATINGS = ("everyone", "teen", "mature")

_PLACEHOLDER = re.compile(r"\{\{|\}\}|\{([A-Za-z_][A-Za-z0-9_]*)\}")


def within(scenario: Scenario | None, highest: str | None) -> bool:
    """Whether a scenario is rated no higher than `highest`; None stands for no limit.

    One that cannot be read (None) has no rating, and is shown so that it can be mended.
    """
    if scenario is None or highest is None:
        return True
    return RATINGS.index(scenario.rating) <= RATINGS.index(highest)


@dataclass(frozen=True, slots=True)
class Question:
    """Something the player is asked before the first turn; `{key}` stands for the answer.

    Attributes:
        key: Name of the placeholder.
        ask: The question as shown.
        default: The answer of an empty line; with `choices` and no default, the first choice.
        choices: If not empty, the only answers offered (another answer may still be typed).
    """

    key: str
    ask: str
    default: str = ""
    choices: tuple[str, ...] = ()

    @property
    def fallback(self) -> str:
        """What an empty line answers."""
        return self.default or (self.choices[0] if self.choices else "")


@dataclass(frozen=True, slots=True)
class Card:
    """World info: text that enters the context when one of its keys was just said.

    Attributes:
        name: The card's title, unique in its scenario.
        text: What the narrator should know.
        keys: Words or phrases that trigger it: whole words, case folded.
        always: In the context at all times, keys or not.
        priority: From -9 to 9; where not all cards fit that are called, greater ones go first.

    Raises:
        ScenarioError: The priority is outside its range.
    """

    name: str
    text: str
    keys: tuple[str, ...] = ()
    always: bool = False
    priority: int = 0

    def __post_init__(self) -> None:
        whole = isinstance(self.priority, int) and not isinstance(self.priority, bool)
        if not whole or abs(self.priority) > MAX_PRIORITY:
            raise ScenarioError(
                f"The card {self.name[:40]!r} has the priority {str(self.priority)[:20]}.",
                f"Use a whole number from -{MAX_PRIORITY} to {MAX_PRIORITY}.",
            )


@dataclass(frozen=True, slots=True)
class Style:
    """The grammatical person and tense the story is told in, and of whom.

    Attributes:
        person: One of `PERSONS`.
        tense: One of `TENSES`.
        name: Of the one whom the player plays, for the third person.
        pronoun: One of `PRONOUNS`, for the third person.
    """

    person: str = "second"
    tense: str = "present"
    name: str = ""
    pronoun: str = "they"


@dataclass(frozen=True, slots=True)
class Example:
    """A sample turn that shows a base model the style: what was done, what came of it."""

    action: str
    text: str


@dataclass(frozen=True, slots=True)
class Scenario:
    """All that an author gives: see `DESIGN` section 4 for the file these come from."""

    title: str
    opening: str
    summary: str = ""
    author: str = ""
    tags: tuple[str, ...] = ()
    rating: str = "everyone"
    questions: tuple[Question, ...] = ()
    memory: str = ""
    authors_note: str = ""
    cards: tuple[Card, ...] = ()
    style: Style = field(default_factory=Style)
    generation: GenerationSettings = field(default_factory=GenerationSettings)
    banned: tuple[str, ...] = ()
    examples: tuple[Example, ...] = ()

    def filled(self, answers: Mapping[str, str]) -> Scenario:
        """This scenario with every `{key}` replaced by its answer.

        Questions without an answer take their fallback. One pass: an answer that itself
        contains `{key}` stays as typed. A style without a name takes the answer `name`.
        """
        known = {q.key: answers.get(q.key, "").strip() or q.fallback for q in self.questions}

        def put(text: str) -> str:
            return fill(text, known)

        return replace(
            self,
            title=put(self.title),
            summary=put(self.summary),
            opening=put(self.opening),
            memory=put(self.memory),
            authors_note=put(self.authors_note),
            cards=tuple(
                replace(
                    card,
                    name=put(card.name),
                    text=put(card.text),
                    keys=tuple(put(key) for key in card.keys),
                )
                for card in self.cards
            ),
            style=replace(self.style, name=put(self.style.name) or known.get("name", "")),
            examples=tuple(Example(put(e.action), put(e.text)) for e in self.examples),
        )


@dataclass(frozen=True, slots=True)
class Source:
    """Which scenario a story began from, as its author wrote it.

    Attributes:
        title: With its placeholders.
        digest: SHA-256 of what the author set, hexadecimal.
    """

    title: str
    digest: str

    @classmethod
    def of(cls, scenario: Scenario) -> Source:
        """The source of a story that begins from `scenario`, its questions not yet answered."""
        text = json.dumps(_chosen(scenario), sort_keys=True)
        return cls(scenario.title, hashlib.sha256(text.encode()).hexdigest())


def _chosen(value: object) -> Any:
    """Plain data without what is at its default, so that a new field changes no digest."""
    if isinstance(value, tuple):
        return [_chosen(item) for item in value]
    if not is_dataclass(value):
        return value
    chosen = {}
    for part in fields(value):
        found = getattr(value, part.name)
        default = part.default_factory() if callable(part.default_factory) else part.default
        if found != default:
            chosen[part.name] = _chosen(found)
    return chosen


_PLAIN_STYLE = {"name": "", "pronoun": "they"}


def placeholders(text: str) -> Iterator[tuple[str, int]]:
    """Each `{key}` in `text` with the offset of its brace; `{{` and `}}` are plain braces."""
    if "{" not in text:
        return
    for match in _PLACEHOLDER.finditer(text):
        if match[1] is not None:
            yield match[1], match.start()


def fill(text: str, answers: Mapping[str, str]) -> str:
    """`text` with each known `{key}` replaced; unknown keys stay as written."""

    def one(match: re.Match[str]) -> str:
        if match[1] is None:
            return match[0][0]
        return answers.get(match[1], match[0])

    return _PLACEHOLDER.sub(one, text)


def to_data(scenario: Scenario) -> dict[str, Any]:
    """The scenario as plain dicts, lists, strings and numbers, ready for JSON."""
    data = asdict(scenario)
    data["dungeon"] = FORMAT_VERSION
    # Left out where they say nothing: a Dungeon from before them reads the story too.
    data["style"] = {k: v for k, v in data["style"].items() if v != _PLAIN_STYLE.get(k)}
    for name in ("tags", "questions", "cards", "banned", "examples"):
        data[name] = list(data[name])
    for item in data["questions"]:
        item["choices"] = list(item["choices"])
    for item in data["cards"]:
        item["keys"] = list(item["keys"])
    return data


def from_data(data: object) -> Scenario:
    """The inverse of `to_data`, for saves and imports: trusts nothing, guesses nothing.

    Raises:
        ScenarioError: A field is missing, unknown or of the wrong type.
        SettingsError: A generation number is out of range.
    """
    raw = _mapping(data, "scenario")
    raw.pop("dungeon", None)
    values: dict[str, Any] = {}
    for name, value in raw.items():
        if name in ("title", "opening", "summary", "author", "rating", "memory", "authors_note"):
            values[name] = _text(value, name)
        elif name in ("tags", "banned"):
            values[name] = _texts(value, name)
        elif name == "questions":
            values[name] = tuple(
                _record(Question, item, f"questions[{i}]", texts={"choices"})
                for i, item in enumerate(_list(value, name))
            )
        elif name == "cards":
            values[name] = tuple(
                _record(Card, item, f"cards[{i}]", {"keys"}, flags={"always"}, numbers={"priority"})
                for i, item in enumerate(_list(value, name))
            )
        elif name == "examples":
            values[name] = tuple(
                _record(Example, item, f"examples[{i}]")
                for i, item in enumerate(_list(value, name))
            )
        elif name == "style":
            values[name] = _style(value)
        elif name == "generation":
            values[name] = generation_from_data(value)
        else:
            raise ScenarioError(f"The scenario has an unknown field {name[:40]!r}.")
    for name in ("title", "opening"):
        if name not in values:
            raise ScenarioError(f"The scenario has no {name}.")
    return Scenario(**values)


def _style(data: object) -> Style:
    style: Style = _record(Style, data, "style")
    for name, allowed in (("person", PERSONS), ("tense", TENSES), ("pronoun", PRONOUNS)):
        if getattr(style, name) not in allowed:
            raise ScenarioError(
                f"style.{name} is none that is known.", f"Use one of: {', '.join(allowed)}."
            )
    return style


def generation_from_data(data: object) -> GenerationSettings:
    """Generation settings from a plain dict.

    Raises:
        ScenarioError: An unknown name.
        SettingsError: A value out of range or of the wrong type.
    """
    raw = _mapping(data, "generation")
    unknown = raw.keys() - RANGES.keys()
    if unknown:
        raise ScenarioError(f"generation has an unknown field {min(unknown)[:40]!r}.")
    return GenerationSettings(**raw)


def _mapping(value: object, where: str) -> dict[str, Any]:
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise ScenarioError(f"{where} is not a set of named fields.")
    return dict(value)


def _list(value: object, where: str) -> list[Any]:
    if not isinstance(value, list):
        raise ScenarioError(f"{where} is not a list.")
    return value


def _text(value: object, where: str) -> str:
    if not isinstance(value, str):
        raise ScenarioError(f"{where} is not text.")
    return value


def _texts(value: object, where: str) -> tuple[str, ...]:
    return tuple(_text(item, where) for item in _list(value, where))


def _record(
    kind: type[Any],
    data: object,
    where: str,
    texts: Set[str] = frozenset(),
    flags: Set[str] = frozenset(),
    numbers: Set[str] = frozenset(),
) -> Any:
    raw = _mapping(data, where)
    names = {f.name for f in fields(kind)}
    values: dict[str, Any] = {}
    for name, value in raw.items():
        if name not in names:
            raise ScenarioError(f"{where} has an unknown field {name[:40]!r}.")
        if name in texts:
            values[name] = _texts(value, f"{where}.{name}")
        elif name in flags:
            if not isinstance(value, bool):
                raise ScenarioError(f"{where}.{name} is neither true nor false.")
            values[name] = value
        elif name in numbers:
            # Its own class looks at the value.
            values[name] = value
        else:
            values[name] = _text(value, f"{where}.{name}")
    try:
        return kind(**values)
    except TypeError:
        raise ScenarioError(f"{where} lacks a field.") from None
