"""AI Dungeon, now and in its first form, and the sites and programs that grew around it."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from typing import Any

from dungeon.authoring.importers.draft import Draft, Tale, by_lines, opening_of, player_line
from dungeon.authoring.importers.fields import Fields, groups
from dungeon.authoring.importers.lore import Entry, cards
from dungeon.authoring.importers.placeholders import escaped
from dungeon.authoring.importers.report import Report, count
from dungeon.errors import ScenarioError
from dungeon.story.action import Mode, parse

_WORLD = ("storyCards", "worldInfo", "worldInfos", "worldEntries")
_UNTOLD = re.compile(r"[\s>]*")


# -- AI Dungeon ------------------------------------------------------------------------------


def story_cards(data: Any, report: Report) -> Draft:
    """Story cards or the older world info: a list, or an object that holds one."""
    draft = Draft(report)
    found = list(groups(data)) if isinstance(data, list) else _world(Fields(data))
    if isinstance(data, dict) and not found:
        found = [Fields(data)]
    _add_cards(draft, found)
    return draft


def scenarios(data: Any, report: Report) -> list[Draft]:
    """A scenario of AI Dungeon, or a prompt of AetherRoom and the sites like it.

    Its `${What is your name?}` become questions. Of the branches to choose from at the start,
    each that has a prompt is a scenario of its own.
    """
    source = Fields(data)
    found = list(_branches(source, 0))
    if len(found) > MAX_BRANCHES:
        raise ScenarioError(f"The scenario has more than {MAX_BRANCHES} branches.", "Split it.")
    if not found:
        return [scenario(source, report)]
    whole = [source] if source.text("promptContent", "prompt") else []
    return [scenario(item, Report(report.kind)) for item in (*whole, *found)]


def _branches(source: Fields, depth: int) -> Iterator[Fields]:
    """The branches that can be played; what they lack, they have from the whole."""
    own = {name: source.data[name] for name in _SHARED if source.data.get(name)}
    for item in source.parts(*_OPTIONS) if depth < 5 else ():
        title = ": ".join(filter(None, (source.text("title"), item.text("title"))))
        if item.text("promptContent", "prompt"):
            had = {name: value for name, value in item.data.items() if value}
            yield Fields(own | had | {"title": title} | dict.fromkeys(_OPTIONS))
        yield from _branches(Fields(own | item.data | {"title": title}), depth + 1)


_OPTIONS = ("options", "childPrompts", "subScenarios", "children")
_SHARED = ("memory", "plotEssentials", "authorsNote", "tags", "promptTags", *_WORLD)
MAX_BRANCHES = 200


def scenario(source: Fields, report: Report) -> Draft:
    """One scenario, without its branches."""
    draft = Draft(report)
    put = draft.questions.dollars
    draft.title = put(source.text("title", "name"))
    draft.summary = put(source.text("description"))
    draft.author = _author(source)
    draft.tags = source.words("tags", "promptTags", "tagNames")
    draft.opening = put(source.text("promptContent", "prompt"))
    draft.remember(put(source.text("memory", "plotEssentials", "context")))
    draft.note = put(source.text("authorsNote", "authorsnote", "authors_note"))
    _instructions(draft, source)
    _add_cards(draft, _world(source))
    options = [item for item in source.parts(*_OPTIONS) if not item.text("promptContent", "prompt")]
    if options:
        what = count(len(options), "branch", "branches")
        report.lose(f"{what} to choose from at the start: import each as a scenario of its own.")
    for name in ("script", "scripts", "gameCode", "quests"):
        if source.data.get(name):
            report.lose(f"`{name}`: a scenario here cannot run anything.")
    _tell_parts(draft)
    return draft


def adventures(data: Any, report: Report) -> list[Draft]:
    """Adventures: a list of them, `{stories: [...]}`, or one alone."""
    source = Fields(data)
    found = list(groups(data)) if isinstance(data, list) else source.parts("stories") or [source]
    drafts = [_adventure(item, Report("an AI Dungeon adventure")) for item in found]
    return [draft for draft in drafts if draft is not None] or [Draft(report)]


def _adventure(source: Fields, report: Report) -> Draft | None:
    draft = Draft(report)
    draft.title = escaped(source.text("title", "name"))
    draft.summary = escaped(source.text("description"))
    draft.author = _author(source)
    draft.tags = source.words("tags")
    draft.remember(escaped(source.text("memory", "plotEssentials")))
    draft.note = escaped(source.text("authorsNote", "authorsnote"))
    _instructions(draft, source)
    _add_cards(draft, _world(source))
    told = [(text, kind) for text, kind in _told(source) if not _UNTOLD.fullmatch(text)]
    if not told and not draft.cards and not draft.memory:
        return None
    if told:
        draft.tale = _tale(told)
        report.keep(f"The story, with {count(len(draft.tale) - 1, 'turn')} after its opening.")
    _tell_parts(draft)
    return draft


def _told(source: Fields) -> Iterator[tuple[str, str]]:
    """The pieces of an adventure and their kinds, without those that were taken back."""
    for item in source.parts("actions", "actionWindow"):
        if not item.text("undoneAt", "deletedAt") and not item.flag("undone"):
            yield item.raw("text"), item.text("type").lower()


def _tale(told: list[tuple[str, str]]) -> Tale:
    opening, turns = opening_of(told[0][0])
    tale = Tale(opening)
    for text, kind in told[1:]:
        pieces = by_lines(text)
        if kind in ("do", "say") and pieces and pieces[0][0] is None:
            pieces = [(player_line(pieces[0][1]), ""), *pieces[1:]]
        elif kind == "story" and pieces and pieces[0][0] is None:
            pieces = [(parse(text, Mode.STORY), "")]
        turns += pieces
    tale.turns(turns)
    return tale


def _world(source: Fields) -> list[Fields]:
    return source.parts(*_WORLD)


def _add_cards(draft: Draft, found: list[Fields]) -> None:
    entries = (
        Entry(
            name=item.text("title", "name"),
            text=item.text("value", "entry"),
            keys=item.words("keys", "keysList"),
            enabled=not item.flag("isDeleted"),
        )
        for item in found
    )
    draft.cards += cards(entries, draft.report, draft.questions.dollars)
    notes = ("type", "description", "useForCharacterCreation")
    had = [f"`{name}`" for name in notes if any(item.data.get(name) for item in found)]
    if had:
        draft.report.lose(f"{', '.join(had)} of the cards, which no narrator is shown.")


def _instructions(draft: Draft, source: Fields) -> None:
    told = source.part("instructions").text("custom", "scenario") or source.text(
        "instructions", "aiInstructions"
    )
    if told:
        draft.report.lose("The instructions to the AI: the narrator here has rules of its own.")
    if source.text("storySummary", "summary"):
        draft.remember(escaped(source.text("storySummary", "summary")))


def _author(source: Fields) -> str:
    return source.text("author", "authorName") or source.part("user").text("username", "name")


def _tell_parts(draft: Draft) -> None:
    told = [
        name
        for name, text in (
            ("title", draft.title),
            ("description", draft.summary),
            ("opening", draft.opening),
            ("memory", draft.memory),
            ("author's note", draft.note),
        )
        if text
    ]
    if told:
        first = told[0][0].upper() + told[0][1:]
        draft.report.keep(", ".join([first, *told[1:]]) + ".")


# -- AI Dungeon 2 ----------------------------------------------------------------------------


def save(data: Any, report: Report) -> Draft:
    """A save of AI Dungeon 2 or a fork of it: actions and results take turns."""
    source = Fields(data)
    draft = Draft(report)
    context = source.text("context")
    draft.remember(escaped(context))
    start = source.raw("story_start") or source.raw("story_prompt")
    # Some forks begin the story with the context, which is in the memory already.
    opening = start.strip().removeprefix(context).strip() or context
    draft.sample(source, {"temperature": ("temp",), "top_p": ("top_p",), "top_k": ("top_k",)})
    draft.tale = tale = Tale(opening)
    paired(tale, source.texts("actions"), source.texts("results"))
    report.keep(f"The story, with {count(len(tale) - 1, 'turn')} after its opening.")
    possible = source.data.get("possible_action_results")
    for pair in possible if isinstance(possible, list) else []:
        if isinstance(pair, list) and len(pair) == 2 and all(isinstance(p, str) for p in pair):
            tale.after(tale.head, player_line(pair[0]), pair[1])
    if tale.beside:
        what = count(tale.beside, "possible next turn")
        report.keep(f"{what}, side by side after the last one.")
    if source.part("game_state").data:
        report.lose("`game_state`, which nothing here uses.")
    return draft


def paired(tale: Tale, actions: list[str], results: list[str]) -> None:
    """Add turns of two lists that belong together; either may be longer."""
    for number in range(max(len(actions), len(results))):
        action = actions[number] if number < len(actions) else ""
        result = results[number] if number < len(results) else ""
        if not _UNTOLD.fullmatch(action):
            tale.turn(player_line(action), result)
        elif result.strip():
            tale.turn(None, result)


def stories(data: Any, report: Report, seed: int) -> list[Draft]:
    """`story_data.yaml`: a scenario for each character of each setting.

    The game asked for a name and put context and prompt together like this.
    """
    drafts = []
    chance = random.Random(seed)
    for setting, group in Fields(Fields(data).data.get("settings")).data.items():
        place = Fields(group)
        characters = place.part("characters").data
        for character, described in characters.items():
            own = Report("an AI Dungeon 2 scenario")
            drafts.append(_character(str(setting), str(character), place, Fields(described), own,
                                     chance))  # fmt: skip
    return drafts or [Draft(report)]


def _character(
    setting: str,
    character: str,
    place: Fields,
    described: Fields,
    report: Report,
    chance: random.Random,
) -> Draft:
    draft = Draft(report)
    draft.title = escaped(f"{setting.capitalize()}: {character}")
    draft.tags = [setting]
    name = draft.questions.name()
    things = [described.text("item1"), described.text("item2")]
    article = "an" if character[:1].lower() in "aeiou" else "a"
    living = escaped(place.text("description").rstrip(". "))
    memory = f"You are {name}, {article} {escaped(character)} {living}.".replace(" .", ".")
    items = " and ".join(
        f"a {escaped(item)}" for item in things if item and not item.startswith("nothing")
    )
    draft.remember(memory + (f" You have {items}." if items else ""))
    prompts = [prompt for prompt in described.texts("prompts") if prompt.strip()]
    if prompts:
        draft.opening = escaped(" ".join(chance.choice(prompts).split()))
    if len(prompts) > 1:
        report.lose(f"{count(len(prompts) - 1, 'other opening')}; the seed chose this one.")
    report.keep("Setting, character, items and opening.")
    draft.trail_off()
    return draft


def storybro(data: Any, report: Report) -> Draft:
    """A story of storybro: blocks of input and output."""
    source = Fields(data)
    draft = Draft(report)
    draft.title = escaped(source.part("attrs").text("title", "name"))
    blocks = [(block.raw("text"), block.part("attrs")) for block in source.parts("blocks")]
    blocks = [(text, attrs) for text, attrs in blocks if text.strip()]
    pinned = [text for text, attrs in blocks if attrs.flag("pinned")]
    draft.remember(*(escaped(text) for text in pinned))
    if pinned:
        report.keep(f"{count(len(pinned), 'pinned block')}, as memory and in the story.")
    opening, turns = opening_of(blocks[0][0] if blocks else "")
    draft.tale = tale = Tale(opening)
    for text, attrs in blocks[1:]:
        typed = attrs.text("type") == "input"
        turns += [(player_line(text), "")] if typed else by_lines(text)
    tale.turns(turns)
    report.keep(f"The story, with {count(len(tale) - 1, 'turn')} after its opening.")
    return draft
