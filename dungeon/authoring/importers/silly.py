"""SillyTavern and the tools beside it: world info, character cards of versions 1 to 3, chats."""

from __future__ import annotations

import re
from typing import Any

from dungeon.authoring.importers.draft import Draft, Tale
from dungeon.authoring.importers.fields import Fields, groups
from dungeon.authoring.importers.kobold import world_entries
from dungeon.authoring.importers.lore import cards
from dungeon.authoring.importers.placeholders import escaped
from dungeon.authoring.importers.report import Report, count
from dungeon.story.action import Action, Mode, as_line, clean_line, parse
from dungeon.story.scenario import Example
from dungeon.story.speech import ended
from dungeon.text import clean, shorten

MAX_EXAMPLES = 3
_LONGEST_ACTION = 200
_LONGEST_EXAMPLE = 600
_LONGEST_SUMMARY = 300

_PERSON = re.compile(r"\{\{\s*(user|char)\s*\}\}", re.IGNORECASE)
_DONE = re.compile(r"\*([^*\n]+)\*")
_PLACED = ("insertion_order", "insertorder", "order", "position", "depth")
_START = re.compile(r"<START>", re.IGNORECASE)
_USER = re.compile(r"(?:\{\{user\}\}|<user>|you)\s*:", re.IGNORECASE)
_STARS = re.compile(r"(\*{1,3})([^*\n]+)\1")


def world_info(data: Any, report: Report) -> Draft:
    """World info alone: SillyTavern's, KoboldAI's, or a lorebook of Character Card V3."""
    draft = Draft(report)
    source = Fields(data)
    if source.text("spec") == "lorebook_v3":
        source = source.part("data")
    draft.title = escaped(source.text("name", "title"))
    # RisuAI keeps its entries as `data`.
    found = source.parts("entries", "data") if source.data else list(groups(data))
    _add_book(draft, found, "")
    if any(name not in ("null", "root") for name in source.part("folders").data):
        draft.report.lose("The folders of the world info.")
    _tell_macros(draft)
    return draft


def _add_book(draft: Draft, found: list[Fields], character: str) -> None:
    draft.cards += cards(
        world_entries(found), draft.report, lambda text: draft.questions.macros(text, character)
    )
    if any(item.flag("case_sensitive") or item.flag("caseSensitive") for item in found):
        draft.report.lose("Keys that tell capitals from small letters: here all are alike.")
    if any(item.raw("content").lstrip().startswith("@@") for item in found):
        draft.report.lose("Decorators (`@@...`) of the cards but `@@activate`.")
    if any(len({item.text(name) for item in found}) > 1 for name in _PLACED):
        draft.report.lose("Order and depth of the cards: here the one just called goes first.")


# -- character cards ---------------------------------------------------------------------------


def character(data: Any, report: Report) -> Draft:
    """A character card: the first message opens the story, the description is its memory."""
    top = Fields(data)
    source = top.part("data") if top.part("data").data else top
    draft = Draft(report, companion=True)
    name = shorten(source.text("name", "char_name"), 80).strip() or "Somebody"
    # Version 3: what {{char}} stands for, where it is not the name.
    called = shorten(source.text("nickname"), 80).strip() or name

    def put(text: str) -> str:
        return draft.questions.macros(text, called)

    draft.title = draft.questions.macros(name, called)
    draft.author = source.text("creator")
    draft.tags = source.words("tags")
    notes = source.text("creator_notes")
    draft.summary = put(
        notes if len(notes) <= _LONGEST_SUMMARY else shorten(notes, _LONGEST_SUMMARY)
    )
    draft.opening = put(_unstarred(source.text("first_mes", "char_greeting", "greeting")))
    personality = source.text("personality")
    draft.remember(
        put(source.text("description", "char_persona", "context")),
        put(f"{called}'s personality: {personality}") if personality else "",
        put(source.text("scenario", "world_scenario")),
    )
    depth = source.part("extensions").part("depth_prompt").text("prompt")
    draft.note = put(depth or source.text("post_history_instructions"))
    _add_book(draft, source.part("character_book").parts("entries"), called)
    _examples(draft, source.text("mes_example", "example_dialogue"), called)
    _tell(draft, source)
    return draft


def _unstarred(text: str) -> str:
    """`text` with its `*acts*` as prose: a story has no marks for what is done."""
    return _STARS.sub(r"\2", text)


def _examples(draft: Draft, text: str, called: str) -> None:
    """Sample dialogues as sample turns: what the player says, and what comes of it."""
    speaker = re.compile(rf"(?:\{{\{{char\}}\}}|<bot>|{re.escape(called)})\s*:", re.IGNORECASE)
    left = 0
    for talk in _START.split(text):
        for said, told in _exchanges(talk, speaker):
            done = _DONE.fullmatch(said.strip())
            action = clean_line(done[1] if done else _unstarred(said))
            answer = clean(_unstarred(told)).strip()
            fits = action and len(action) <= _LONGEST_ACTION and len(answer) <= _LONGEST_EXAMPLE
            if not answer or not fits or len(draft.examples) == MAX_EXAMPLES:
                left += bool(answer)
                continue
            quote = action.strip('"“”').replace('"', "'")
            put = draft.questions.macros
            line = action if done else f'say "{quote}"'
            draft.examples.append(Example(put(line, called), put(ended(answer), called)))
    if draft.examples:
        draft.report.keep(f"{count(len(draft.examples), 'sample turn')} from the example dialogue.")
    if left:
        what = count(left, "example message")
        draft.report.lose(f"{what} more: {MAX_EXAMPLES} short exchanges are the most that help.")


def _exchanges(talk: str, speaker: re.Pattern[str]) -> list[tuple[str, str]]:
    """Pairs of what the user says and what the character answers, both unnamed."""
    pairs: list[tuple[str, str]] = []
    said, told, at_user = "", "", True
    for line in talk.strip().split("\n"):
        user, char = _USER.match(line), speaker.match(line)
        if user is not None:
            if told:
                pairs.append((said, told))
                said = told = ""
            said, at_user = f"{said} {line[user.end() :]}".strip(), True
        elif char is not None:
            told, at_user = f"{told}\n{line[char.end() :].strip()}".strip(), False
        elif at_user:
            said = f"{said} {line}".strip() if said else said
        else:
            told = f"{told}\n{line}"
    if told:
        pairs.append((said, told))
    return pairs


def _tell(draft: Draft, source: Fields) -> None:
    report = draft.report
    told = [
        what
        for what, text in (
            ("name as title", source.text("name", "char_name")),
            ("first message as opening", draft.opening),
            ("description as memory", draft.memory),
        )
        if text
    ]
    if told:
        report.keep(f"{', '.join(told)}.".capitalize())
    if draft.note:
        report.keep("The instructions after the chat, as author's note.")
    for name, what in (
        ("system_prompt", "The system prompt: the narrator here has rules of its own."),
        ("mes_example", ""),
        ("group_only_greetings", "Greetings for groups."),
        ("assets", "Pictures and sounds."),
    ):
        if what and source.data.get(name):
            report.lose(what)
    others = [text for text in source.texts("alternate_greetings") if text.strip()]
    if others:
        what = count(len(others), "other greeting")
        report.lose(f"{what}: a scenario has one opening; copy another one over it if you like.")
    if len(source.text("creator_notes")) > _LONGEST_SUMMARY:
        report.lose("The end of the creator's notes: a summary is short.")
    _tell_macros(draft)


def _tell_macros(draft: Draft) -> None:
    if draft.questions.drawn:
        what = count(draft.questions.drawn, "text", "texts")
        draft.report.lose(f"{what} drawn by lot (`{{{{random}}}}`): drawn once, at the import.")
    if draft.questions.unknown:
        names = ", ".join(f"`{{{{{name}}}}}`" for name in list(draft.questions.unknown)[:5])
        draft.report.lose(f"Macros that nothing here knows, which stand in the text: {names}.")


def _acted(typed: str, text: str) -> Action:
    """What a user's message is: with `*acts*` or speech in marks it tells, else all is said."""
    line = clean_line(text)
    tells = _STARS.search(typed) or any(mark in line.strip('"“”') for mark in '"“”')
    return parse(line, Mode.DO) if tells else parse(line.strip('"“”'), Mode.SAY)


# -- chats -----------------------------------------------------------------------------------


def chat(data: Any, report: Report) -> Draft:
    """A chat: the first line tells who talks, then a message a line; swipes are other versions."""
    lines = list(groups(data))
    draft = Draft(report)
    draft.title = escaped(lines[0].text("character_name"))
    people = {"user": lines[0].text("user_name"), "char": lines[0].text("character_name")}
    people["user"] = "you" if people["user"] == "You" else people["user"]

    def told(text: str) -> str:
        return _unstarred(_PERSON.sub(lambda match: people[match[1].lower()] or match[0], text))

    lines = [line for line in lines[1:] if line.raw("mes").strip() and not line.flag("is_system")]
    first = told(lines[0].raw("mes")) if lines else ""
    if lines and lines[0].flag("is_user"):
        # What the user says before anybody else opens the story.
        first = as_line(_acted(lines[0].raw("mes"), first)).removeprefix("> ")
    draft.tale = tale = Tale(first)
    lines = lines[1:]
    action: Action | None = None
    for line in lines:
        text = told(line.raw("mes"))
        if line.flag("is_user"):
            if action is not None:
                tale.turn(action, "")
            action = _acted(line.raw("mes"), text)
            continue
        before = tale.head
        tale.turn(action, text)
        for swipe in line.texts("swipes"):
            if swipe.strip() and swipe != line.raw("mes"):
                tale.after(before, action, told(swipe))
        action = None
    if action is not None:
        tale.turn(action, "")
    report.keep(f"The story, with {count(len(tale) - 1 - tale.beside, 'turn')} after its opening.")
    if tale.beside:
        report.keep(f"{count(tale.beside, 'swipe')}, beside the one chosen.")
    report.lose("What a chat holds beside its messages: times, pictures, settings.")
    return draft
