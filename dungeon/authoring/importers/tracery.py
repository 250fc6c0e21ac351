"""Tracery grammars (Compton 2015), as AI Dungeon 2 kept its openings.

A rule is a list of texts in which `#rule#` stands for any text of another rule. AI Dungeon 2 has
the roots `<character>_context` and `<character>_prompt`. Where the text that tells who the player
is (the context; in other grammars all of it) uses a rule that is a handful of plain words, that
becomes a question with choices; everything else is expanded with a seed.
"""

from __future__ import annotations

import random
import re
from typing import Any

from dungeon.authoring.importers.draft import Draft
from dungeon.authoring.importers.fields import Fields
from dungeon.authoring.importers.placeholders import Questions, escaped
from dungeon.authoring.importers.report import Report, count
from dungeon.errors import ScenarioError

MAX_QUESTIONS = 3
MAX_CHOICES = 12
MAX_STEPS = 5_000
MAX_DEPTH = 60
MAX_ROOTS = 200
_LONGEST_CHOICE = 60

_TAG = re.compile(r"\[([^\[\]]*)\]|#((?:\[[^\[\]]*\])*)([^#\[\]]*)#|<(NAME|name)>")
_PUSH = re.compile(r"\[([^\[\]:]+):([^\[\]]*)\]")
_VOWELS = "aeiou"


def grammar(data: Any, report: Report, seed: int) -> list[Draft]:
    """A scenario for each `<character>_prompt` of a grammar, or one of its root."""
    rules = _rules(Fields(data))
    characters = [name.removesuffix("_prompt") for name in rules if name.endswith("_prompt")]
    if len(characters) > MAX_ROOTS:
        raise ScenarioError(f"The grammar has more than {MAX_ROOTS} roots.", "Split it.")
    if characters:
        return [_of(character, rules, seed) for character in characters]
    root = _root(rules)
    draft = Draft(report)
    _Expansion(rules, draft.questions, random.Random(f"{seed}:{root}")).into(draft, "", root)
    return [draft]


def _rules(source: Fields) -> dict[str, list[str]]:
    return {name: texts for name in source.data if (texts := source.texts(name))}


def _of(character: str, rules: dict[str, list[str]], seed: int) -> Draft:
    draft = Draft(Report("a Tracery grammar of AI Dungeon 2"))
    draft.title = escaped(character.replace("_", " ").capitalize())
    # The seed of each character is its own, so one more character changes no other.
    expansion = _Expansion(rules, draft.questions, random.Random(f"{seed}:{character}"))
    expansion.into(draft, f"{character}_context", f"{character}_prompt")
    return draft


def _root(rules: dict[str, list[str]]) -> str:
    """`origin`, or the first rule that no other uses."""
    if "origin" in rules:
        return "origin"
    used = {
        match[3].split(".")[0]
        for texts in rules.values()
        for text in texts
        for match in _TAG.finditer(text)
        if match[3]
    }
    return next((name for name in rules if name not in used), next(iter(rules), ""))


class _Expansion:
    """One expansion of a grammar, whose state are the rules that its own tags have set."""

    def __init__(
        self, rules: dict[str, list[str]], questions: Questions, chance: random.Random
    ) -> None:
        self._rules = rules
        self._set: dict[str, str] = {}
        self._questions = questions
        self._chance = chance
        self._asked: list[str] = []
        self._asking = False
        self._steps = 0
        self._missing: set[str] = set()

    def into(self, draft: Draft, context: str, prompt: str) -> None:
        """Fill memory and opening of a draft."""
        self._asking = True
        if context in self._rules:
            draft.remember(self._expand(self._pick(context), 0))
            self._asking = False
        opening = self._expand(self._pick(prompt), 0)
        draft.opening = " ".join(opening.split())
        draft.trail_off()
        report = draft.report
        report.keep("One expansion of the grammar; another --seed gives another.")
        if self._missing:
            names = ", ".join(sorted(self._missing)[:5])
            report.lose(f"{count(len(self._missing), 'rule')} that the grammar lacks: {names}.")

    def _pick(self, rule: str) -> str:
        return self._chance.choice(self._rules.get(rule) or [""])

    def _expand(self, text: str, depth: int) -> str:
        pieces = []
        end = 0
        for match in _TAG.finditer(text):
            self._steps += 1
            if self._steps > MAX_STEPS or depth > MAX_DEPTH:
                raise ScenarioError(
                    "This grammar never comes to an end.",
                    "A rule of it leads back to itself in every case; mend that first.",
                )
            pieces += [escaped(text[end : match.start()]), self._tag(match, depth)]
            end = match.end()
        pieces.append(escaped(text[end:]))
        return "".join(pieces)

    def _tag(self, match: re.Match[str], depth: int) -> str:
        if match[4]:
            return self._questions.name()
        if match[3] is None:
            self._push(f"[{match[1]}]", depth)
            return ""
        self._push(match[2], depth)
        name, *modifiers = match[3].split(".")
        name = name.strip()
        if name in self._set:
            return _modified(self._set[name], modifiers)
        if not self._rules.get(name):
            if name:
                self._missing.add(name)
            return escaped(name)
        if self._is_choice(name, modifiers):
            return self._choice(name)
        return _modified(self._expand(self._pick(name), depth + 1), modifiers)

    def _push(self, actions: str, depth: int) -> None:
        for name, value in _PUSH.findall(actions):
            self._set[name.strip()] = self._expand(value, depth + 1)

    def _is_choice(self, name: str, modifiers: list[str]) -> bool:
        texts = self._rules[name]
        return (
            self._asking
            and not modifiers
            and name not in self._asked
            and len(self._asked) < MAX_QUESTIONS
            and 2 <= len(texts) <= MAX_CHOICES
            and all(0 < len(text.strip()) <= _LONGEST_CHOICE for text in texts)
            and not any(mark in text for text in texts for mark in "#[]<>{}")
        )

    def _choice(self, name: str) -> str:
        shown = name.replace("_", " ")
        choices = tuple(dict.fromkeys(text.strip() for text in self._rules[name]))
        default = self._chance.choice(choices)
        placeholder = self._questions.blank(
            name, ask=f"Which {shown}?", default=default, choices=choices
        )
        if placeholder:
            self._asked.append(name)
        return placeholder or escaped(default)


def _modified(text: str, modifiers: list[str]) -> str:
    for modifier in modifiers:
        match modifier.strip():
            case "a":
                text = f"{'an' if text[:1].lower() in _VOWELS else 'a'} {text}"
            case "s":
                text = _plural(text)
            case "ed":
                text = text + ("d" if text.endswith("e") else "ed")
            case "capitalize":
                text = text[:1].upper() + text[1:]
            case "capitalizeAll":
                text = " ".join(word[:1].upper() + word[1:] for word in text.split(" "))
    return text


def _plural(text: str) -> str:
    if text.endswith("y") and text[-2:-1].lower() not in _VOWELS:
        return text[:-1] + "ies"
    return text + ("es" if text.endswith(("s", "x", "z", "ch", "sh")) else "s")
