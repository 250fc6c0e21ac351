"""Blanks in other tools' texts that the player fills, as questions of our own.

AI Dungeon   ${What is your name?}
both         ${1#name[Ansel]:Your name:Who you are}    order, key, default, title, description
NovelAI      %{name[Ansel]:Your name:Who you are ...}  the same in a table, then ${name}
SillyTavern  {{user}}, {{char}}, <USER>, <BOT>, {{random:one,two}}, {{// a remark}}
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable

from dungeon.authoring.importers.fields import Fields
from dungeon.story.scenario import Question
from dungeon.text import clean

NAME = "Robin"
"""The answer of an empty line where a tool asks for a name and gives no default."""

OTHER = "Alex"
"""The same for the character of a chat, where a file of world info leaves it open."""

MAX_QUESTIONS = 40
_MAX_KEY = 24

_KEY = re.compile(r"[a-z][a-z0-9_]{0,40}")
_BLANK = re.compile(r"\$\{([^{}]{1,400})\}")
_TABLE = re.compile(r"%\{([^{}]{0,10000})\}[ \t]*\n?")
_SPEC = re.compile(
    r"\s*(?:(?P<order>\d{1,4})\s*#)?\s*(?P<key>[^\[\]:#]*?)\s*(?:\[(?P<default>[^\]]*)\])?"
    r"\s*(?::(?P<title>[^:]*))?(?::(?P<more>.*))?",
    re.DOTALL,
)
_MACRO = re.compile(r"\{\{([^{}]{1,2000})\}\}|<(user|bot|char)>", re.IGNORECASE)
_DIE = re.compile(r"(\d{0,2})d?(\d{1,4})")
_INNER = re.compile(r"\{\{\s*(user|char)\s*\}\}", re.IGNORECASE)
_SILENT = {"newline": "\n", "trim": "", "noop": "", "original": ""}

# Words of a question that say nothing of its answer.
_IDLE = frozenset(
    "what whats which who whose where when why how is are was were do does did will would should "
    "could can a an the your you yours of in on at for to from and or be been go by please enter "
    "type write choose pick select insert give tell me my i character characters player s like "
    "want called have has this that it its".split()
)


def escaped(text: str) -> str:
    """`text` with its braces doubled, so that none of them is a placeholder."""
    return text.replace("{", "{{").replace("}", "}}")


class Questions:
    """The questions that come of a file's blanks, each asked once.

    Attributes:
        unknown: Names of macros that nothing here knows; they stand in the text.
        drawn: How many macros that draw lots were drawn, once for all.
    """

    def __init__(self) -> None:
        self._found: dict[str, Question] = {}
        self._orders: dict[str, int] = {}
        self._keys: dict[str, str] = {}
        self.unknown: dict[str, None] = {}
        self.drawn = 0

    @property
    def asked(self) -> tuple[Question, ...]:
        """All of them: those that a file numbers first, in that order."""
        return tuple(sorted(self._found.values(), key=lambda q: self._orders.get(q.key, 10_000)))

    def name(self) -> str:
        """The placeholder of the player's name."""
        return self.blank("name", ask="What is your name?", default=NAME)

    def blank(
        self,
        label: str,
        *,
        ask: str = "",
        default: str = "",
        choices: tuple[str, ...] = (),
        order: int | None = None,
    ) -> str:
        """The placeholder `{key}` of a blank; "" where a file has too many.

        Args:
            label: What the file calls it: a key, or the whole question.
            ask: The question, where the label is not it.
            default: The answer of an empty line.
            choices: Answers to choose from.
            order: The file's own number for it.
        """
        label, ask = _line(label), _line(ask)
        known = _known(label)
        key = self._keys.get(known)
        if key is None:
            if len(self._found) >= MAX_QUESTIONS:
                return ""
            key = self._new_key(label)
            self._keys[known] = key
        was = self._found.get(key)
        is_phrase = " " in label or label.endswith("?")
        default = _line(default) or (was.default if was else "")
        self._found[key] = Question(
            key,
            ask or (was.ask if was else "") or (label if is_phrase else f"{_words(key)}?"),
            default,
            choices or (was.choices if was else ()),
        )
        if order is not None:
            self._orders.setdefault(key, order)
        return f"{{{key}}}"

    def _new_key(self, label: str) -> str:
        if _KEY.fullmatch(label) and label not in self._found:
            return label
        parts = re.findall(r"[a-z0-9]+", label.lower().replace("'", "").replace("’", ""))
        told = [part for part in parts if part not in _IDLE] or parts
        key = "_".join(told)[:_MAX_KEY].strip("_")
        if not key or not key[0].isalpha():
            key = f"answer_{key}".rstrip("_")
        unique, number = key, 2
        while unique in self._found:
            unique, number = f"{key}_{number}", number + 1
        return unique

    # -- texts with blanks -------------------------------------------------------------------

    def table(self, text: str) -> str:
        """`text` without the tables `%{...}` in it; what they define is asked."""

        def take(match: re.Match[str]) -> str:
            for row in re.split(r"[\n;]", match[1]):
                if row.strip(" ,"):
                    self._spec(row.strip(" ,"))
            return ""

        return _TABLE.sub(take, text)

    def listed(self, items: list[Fields]) -> None:
        """Ask what a list of placeholders defines: `{key, description, defaultValue, ...}`."""
        for item in items:
            label = item.text("key", "name")
            if label:
                ask = item.text("description", "title", "longDescription")
                order = item.whole("order")
                self.blank(
                    label, ask=ask, default=item.text("defaultValue", "default"), order=order
                )

    def dollars(self, text: str) -> str:
        """`text` with each `${...}` a placeholder of ours, and all other braces escaped."""
        return replaced(self.table(text), _BLANK, lambda match: self._spec(match[1]))

    def macros(self, text: str, character: str) -> str:
        """`text` with `{{user}}` a placeholder and `{{char}}` the character's own name.

        Where the file has no character (`character` is ""), `{{char}}` is a question too.
        """

        def put(match: re.Match[str]) -> str:
            macro = (match[1] or match[2]).strip()
            low = macro.lower()
            if low in ("user", "persona"):
                return self.name()
            if low in ("char", "bot"):
                ask = "What is the other one's name?"
                return escaped(character) or self.blank("other", ask=ask, default=OTHER)
            if low in _SILENT or low.startswith("//"):
                return _SILENT.get(low, "")
            drawn = _drawn(macro)
            if drawn is None:
                self.unknown[re.split(r"[:\s]", low, maxsplit=1)[0][:30]] = None
                return escaped(match[0])
            self.drawn += 1
            return self.macros(drawn, character)

        # One of several may hold macros of its own, which stand inside it.
        inner = _INNER.sub(lambda match: f"<{match[1]}>", text)
        return replaced(inner, _MACRO, put)

    def _spec(self, spec: str) -> str:
        match = _SPEC.fullmatch(spec)
        # A question may hold a colon of its own: "Your name (e.g.: Ann)?".
        if match is None or not match["key"] or (match["title"] and " " in match["key"]):
            return self._phrase(spec)
        bare = match["default"] is None and match["order"] is None
        title = match["title"] or ""
        if bare and match["key"][:1].isupper() and (title.startswith(" ") or not title):
            # "Choose: a knight or a thief?", "Enter your name:"
            return self._phrase(spec)
        if match["default"] is None and match["title"] is None and match["order"] is None:
            return self._phrase(match["key"])
        order = int(match["order"]) if match["order"] else None
        ask = (match["title"] or "").strip() or (match["more"] or "").strip()
        return self.blank(match["key"], ask=ask, default=match["default"] or "", order=order)

    def _phrase(self, label: str) -> str:
        """The placeholder of a blank without a default; one for a name gets the usual name."""
        known = _known(label) in self._keys
        is_name = "name" in re.findall(r"[a-z]+", label.lower())
        return self.blank(label, default=NAME if is_name and not known else "")


def replaced(text: str, pattern: re.Pattern[str], put: Callable[[re.Match[str]], str]) -> str:
    """`text` with each match replaced, and the braces of all the rest escaped."""
    pieces = []
    end = 0
    for match in pattern.finditer(text):
        pieces += [escaped(text[end : match.start()]), put(match)]
        end = match.end()
    pieces.append(escaped(text[end:]))
    return "".join(pieces)


def _known(label: str) -> str:
    """A label as it is known again: "What is your name ?" is "what is your name?"."""
    return " ".join(label.casefold().rstrip("?:. ").split())


def _drawn(macro: str) -> str | None:
    """What a macro that draws lots comes to, the same at every import; None for any other."""
    name, mark, rest = macro.partition(":")
    name, rest = name.strip().lower(), rest.removeprefix(":").strip()
    chance = random.Random(macro)
    if name in ("random", "pick") and mark:
        parts = rest.split("::") if "::" in rest else rest.split(",")
        return chance.choice(parts).strip()
    die = _DIE.fullmatch(rest.lower() or name.partition(" ")[2].strip().lower())
    if name.partition(" ")[0] in ("roll", "dice") and die is not None and int(die[2]):
        return str(sum(chance.randint(1, int(die[2])) for _ in range(int(die[1] or 1))))
    return None


def _line(text: str) -> str:
    return " ".join(clean(text, newlines=False).split())


def _words(key: str) -> str:
    return key.replace("_", " ").capitalize()
