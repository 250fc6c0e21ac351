"""KoboldAI (saves of versions 1 and 2) and KoboldAI Lite, which KoboldCpp brings along.

A save holds an opening and pieces of text. Where the player acted, a line begins with `> `;
everything else went on from what stood before. Values that begin with `base64:` are pickles of
the program's own and are never looked into.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from dungeon.authoring.importers import lite
from dungeon.authoring.importers.draft import Draft, Tale, by_lines, opening_of
from dungeon.authoring.importers.fields import Fields, as_index, groups
from dungeon.authoring.importers.lore import Entry
from dungeon.authoring.importers.placeholders import escaped
from dungeon.authoring.importers.report import Report, count
from dungeon.story.action import Action

PICKLE = "base64:"

_DECORATOR = re.compile(r"\s*@@@?(\w+)[^\n]*(?:\n|\Z)")


def story(data: Any, report: Report) -> Draft:
    """A save of any version, also KoboldAI Lite's own."""
    source = Fields(lite.plain(Fields(data).data, report))
    draft = Draft(report)
    pickled = [name for name, value in source.data.items() if _is_pickle(value)]
    if pickled:
        what = count(len(pickled), "value")
        report.lose(f"{what} in a form that only KoboldAI itself may read ({pickled[0]} ...).")
    draft.title = escaped(_text(source, "story_name", "title"))
    draft.remember(escaped(_text(source, "memory")))
    draft.note = escaped(_text(source, "authornote", "authorsnote"))
    if _text(source, "authornotetemplate", "anotetemplate"):
        report.lose("The author's note's template: the note stands where it does in every story.")
    _add_world(draft, source)
    _settings(draft, source)
    second = source.part("actions")
    if second.data:
        _second_version(draft, source, second)
    else:
        _first_version(draft, source)
    _tell(draft, source)
    return draft


def shared(data: Any, report: Report) -> Draft:
    """The short form that KoboldAI Lite shares as a link."""
    source = Fields(data)
    pieces = source.texts("ga")
    long = {
        "prompt": pieces[0] if pieces else "",
        "actions": pieces[1:],
        "memory": source.data.get("cm"),
        "authorsnote": source.data.get("ca"),
        "anotetemplate": source.data.get("ct"),
        "worldinfo": source.data.get("cwi"),
    }
    return story(long, report)


def _is_pickle(value: object) -> bool:
    return isinstance(value, str) and value.startswith(PICKLE)


def _text(source: Fields, *names: str) -> str:
    for name in names:
        text = source.text(name)
        if text and not _is_pickle(text):
            return text
    return ""


# -- turns -----------------------------------------------------------------------------------


class _Pieces:
    """Pieces of text as turns: a player's line waits for what came of it."""

    def __init__(self, tale: Tale) -> None:
        self.tale = tale
        self._line: Action | None = None

    def add(self, text: str, others: Iterable[str] = ()) -> None:
        """The next piece, and what could have stood in its place."""
        turns = by_lines(text)
        if turns and turns[0][0] is not None:
            self.end()
        before, line = self.tale.head, self._line
        self.go_on(turns)
        self._beside(before, (other for other in others if other != text), line)

    def go_on(self, turns: Iterable[tuple[Action | None, str]]) -> None:
        """The turns of a piece; a line at its end waits for the next piece."""
        for action, told in turns:
            if action is not None:
                self.end()
            if told.strip():
                self.tale.turn(action or self._line, told)
                self._line = None
            elif action is not None:
                self._line = action

    def _beside(self, before: int, others: Iterable[str], waiting: Action | None) -> None:
        for other in others:
            at, line = before, waiting
            for action, told in by_lines(other):
                at, line = self.tale.after(at, action or line, told), None

    def open(self, others: Iterable[str]) -> None:
        """What could come next; none of it was chosen."""
        before = len(self.tale)
        self._beside(self.tale.head, others, self._line)
        if len(self.tale) > before:
            self._line = None

    def end(self) -> None:
        """A line of which nothing came yet is a turn too."""
        if self._line is not None:
            self.tale.turn(self._line, "")
            self._line = None


def _opened(source: Fields, pieces: list[str]) -> tuple[_Pieces, list[str]]:
    """The turns at their opening: the prompt, or the first piece where that is empty."""
    prompt = "" if _is_pickle(source.data.get("prompt")) else source.raw("prompt")
    if not prompt.strip():
        while pieces and not pieces[0].strip():
            pieces = pieces[1:]
        prompt, pieces = (pieces[0], pieces[1:]) if pieces else ("", [])
    opening, rest = opening_of(prompt)
    turns = _Pieces(Tale(opening))
    turns.go_on(rest)
    return turns, pieces


def _first_version(draft: Draft, source: Fields) -> None:
    # Left empty, not out: alternatives and branches go by the number of a piece.
    pieces = ["" if _is_pickle(text) else text for text in source.texts("actions")]
    count_before = len(pieces)
    turns, pieces = _opened(source, pieces)
    moved = count_before - len(pieces)
    metadata = _numbered(source.data.get("actions_metadata"))
    branches = _branches(source.data.get("altbranches"))
    draft.tale = turns.tale
    for number, piece in enumerate(pieces, moved):
        others = _alternatives(Fields(metadata.get(str(number))), "Alternative Text", "Text")
        turns.add(piece, [*others, *branches.get(number, ())])
    beyond = len(pieces) + moved
    next_ = _alternatives(Fields(metadata.get(str(beyond))), "Alternative Text", "Text")
    turns.open([*next_, *branches.get(beyond, ())])
    turns.end()


def _numbered(value: Any) -> dict[str, Any]:
    """What stands beside the pieces, by their numbers; older saves keep a list."""
    if isinstance(value, list):
        return {str(number): item for number, item in enumerate(value)}
    return Fields(value).data


def _second_version(draft: Draft, source: Fields, second: Fields) -> None:
    numbered = {}
    for key, value in second.part("actions").data.items():
        number = as_index(key)
        if number is not None and isinstance(value, dict):
            numbered[number] = Fields(value)
    last = second.whole("action_count")
    last = max(numbered, default=-1) if last is None else last
    order = [number for number in sorted(numbered) if number <= last]
    turns, rest = _opened(source, [numbered[number].raw("Selected Text") for number in order])
    order = order[len(order) - len(rest) :]
    draft.tale = turns.tale
    for number, piece in zip(order, rest, strict=True):
        turns.add(piece, _alternatives(numbered[number], "Options", "text"))
    beyond = [number for number in sorted(numbered) if number > last]
    if beyond:
        found = numbered[beyond[0]]
        turns.open([*_alternatives(found, "Options", "text"), found.raw("Selected Text")])
    turns.end()
    if len(beyond) > 1:
        what = count(len(beyond) - 1, "piece")
        draft.report.lose(f"{what} that had been taken back, further on than the next one.")


def _alternatives(action: Fields, options: str, text: str) -> list[str]:
    found = [item.raw(text) for item in action.parts(options)]
    return [item for item in found if not _is_pickle(item)]


def _branches(value: Any) -> dict[int, list[str]]:
    """KoboldAI Lite's other branches: for the number of a piece, what could stand there.

    They are a table from number to texts, a list of such lists, or a list of groups that name
    their place; all three are taken.
    """
    found: dict[int, list[str]] = {}
    items: Iterable[tuple[Any, Any]] = ()
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    for key, item in items:
        number = key if isinstance(key, int) else as_index(key)
        if isinstance(item, dict):
            place = Fields(item)
            named = (place.whole(name) for name in ("index", "position", "pos", "at", "turn"))
            number = next((n for n in named if n is not None), number)
        if number is not None:
            found.setdefault(number, []).extend(_said(item))
    return found


def _said(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            # A branch of several pieces: what follows its first one stands with it.
            if isinstance(item, list):
                yield "".join(part for part in item if isinstance(part, str))
            else:
                yield from _said(item)
    elif isinstance(value, dict):
        for name in ("text", "texts", "actions", "content", "options", "branches", "data"):
            if name in value:
                yield from _said(value[name])
                return


# -- what stands around the turns --------------------------------------------------------------


def _add_world(draft: Draft, source: Fields) -> None:
    second = source.part("worldinfo_v2")
    found = second.parts("entries") or source.parts("worldinfo")
    draft.add_cards(world_entries(found))
    folders = second.part("folders").data or source.part("wifolders_d").data
    if sum(name not in ("null", "root") for name in folders) and found:
        draft.report.lose("The folders of the world info.")


def world_entries(found: Iterable[Fields]) -> Iterator[Entry]:
    """World info as KoboldAI and SillyTavern keep it, as entries."""
    for item in found:
        chance = item.number("probability")
        extensions = item.part("extensions")
        if chance is None:
            chance = extensions.number("probability")
        uses = item.data.get("useProbability", extensions.data.get("useProbability", True))
        seconds = item.words("keysecondary", "secondary_keys", "secondkey")
        text, orders = _ordered(item.text("content", "entry", "manual_text"))
        yield Entry(
            name=item.text("name", "title", "comment", "memo"),
            text="" if _is_pickle(text) else text,
            keys=item.words("key", "keys", "keywords"),
            always=item.flag("constant") or item.flag("alwaysActive") or "activate" in orders,
            enabled=item.flag("enabled", True)
            and not item.flag("disable")
            and not item.flag("widisabled")
            and "dont_activate" not in orders,
            second=seconds if item.flag("selective") else (),
            chance=chance is not None and chance < 100 and uses is not False,
            against=item.words("keyanti"),
            patterns=item.flag("use_regex"),
        )


def _ordered(text: str) -> tuple[str, list[str]]:
    """The text of an entry without the decorators of Character Card V3 above it, and those."""
    orders = []
    while match := _DECORATOR.match(text):
        orders.append(match[1].lower())
        text = text[match.end() :]
    return text, orders


def _settings(draft: Draft, source: Fields) -> None:
    saved = source.part("savedsettings")
    draft.sample(
        saved,
        {
            "temperature": ("temperature",),
            "top_p": ("top_p",),
            "top_k": ("top_k",),
            "min_p": ("min_p",),
            "repetition_penalty": ("rep_pen",),
            "max_new_tokens": ("max_length",),
        },
    )
    if draft.settings:
        draft.report.keep(f"Settings: {', '.join(draft.settings)}.")


def _tell(draft: Draft, source: Fields) -> None:
    report, tale = draft.report, draft.tale
    if tale is not None and (tale.opening or len(tale) > 1):
        report.keep(
            f"The story, with {count(len(tale) - 1 - tale.beside, 'turn')} after its opening."
        )
        if tale.beside:
            report.keep(f"{count(tale.beside, 'other version')} of turns, beside the one chosen.")
    told = [
        name for name, text in (("memory", draft.memory), ("author's note", draft.note)) if text
    ]
    if told:
        report.keep(f"{' and '.join(told).capitalize()}.")
    for name, what in (
        ("notes", "The notes, which no model was shown."),
        ("personal_notes", "The notes, which no model was shown."),
        ("biases", "Biases of words."),
        ("extrastopseq", "Further stop sequences."),
        ("documentdb_data", "The text database."),
    ):
        if source.data.get(name):
            report.lose(what)
    if any(groups(source.data.get("substitutions"))):
        report.lose("Substitutions of words.")
