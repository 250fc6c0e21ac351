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
from dungeon.story.action import Action, Mode, clean_line
from dungeon.story.scenario import Example
from dungeon.text import clean, shorten

MAX_EXAMPLES = 3
_LONGEST_ACTION = 200
_LONGEST_EXAMPLE = 600
_LONGEST_SUMMARY = 300

_START = re.compile(r"<START>", re.IGNORECASE)
_USER = re.compile(r"(?:\{\{user\}\}|<user>|you)\s*:", re.IGNORECASE)
_STARS = re.compile(r"\*([^*\n]+)\*")


def world_info(data: Any, report: Report) -> Draft:
    """World info alone: SillyTavern's, KoboldAI's, or a lorebook of Character Card V3."""
    draft = Draft(report)
    source = Fields(data)
    if source.text("spec") == "lorebook_v3":
        source = source.part("data")
    draft.title = escaped(source.text("name", "title"))
    found = source.parts("entries") if source.data else list(groups(data))
    _add_book(draft, found, "{{char}}")
    return draft


def _add_book(draft: Draft, found: list[Fields], character: str) -> None:
    draft.cards += cards(
        world_entries(found), draft.report, lambda text: draft.questions.macros(text, character)
    )
    if any(item.flag("use_regex") for item in found):
        draft.report.lose("Keys as regular expressions: here they are words.")
    if any(item.flag("case_sensitive") or item.flag("caseSensitive") for item in found):
        draft.report.lose("Keys that tell capitals from small letters: here all are alike.")
    if any("@@" in item.raw("content")[:200] for item in found):
        draft.report.lose("Decorators (`@@...`) in the cards: they stand in the text as it is.")


# -- character cards ---------------------------------------------------------------------------


def character(data: Any, report: Report) -> Draft:
    """A character card: the first message opens the story, the description is its memory."""
    top = Fields(data)
    source = top.part("data") if top.part("data").data else top
    draft = Draft(report)
    name = shorten(source.text("name", "char_name"), 80).strip() or "Somebody"
    # Version 3: what {{char}} stands for, where it is not the name.
    called = shorten(source.text("nickname"), 80).strip() or name

    def put(text: str) -> str:
        return draft.questions.macros(text, called)

    draft.title = draft.questions.macros(name, called)
    draft.author = source.text("creator")
    draft.tags = source.words("tags")
    draft.summary = put(shorten(source.text("creator_notes"), _LONGEST_SUMMARY))
    draft.opening = put(_unstarred(source.text("first_mes", "char_greeting")))
    personality = source.text("personality")
    draft.remember(
        put(source.text("description", "char_persona")),
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
    return _STARS.sub(r"\1", text)


def _examples(draft: Draft, text: str, called: str) -> None:
    """Sample dialogues as sample turns: what the player says, and what comes of it."""
    speaker = re.compile(rf"(?:\{{\{{char\}}\}}|<bot>|{re.escape(called)})\s*:", re.IGNORECASE)
    left = 0
    for talk in _START.split(text):
        for said, told in _exchanges(talk, speaker):
            action = clean_line(_unstarred(said))
            answer = clean(_unstarred(told)).strip()
            fits = action and len(action) <= _LONGEST_ACTION and len(answer) <= _LONGEST_EXAMPLE
            if not answer or not fits or len(draft.examples) == MAX_EXAMPLES:
                left += bool(answer)
                continue
            quote = action.strip('"“”')
            put = draft.questions.macros
            draft.examples.append(Example(put(f'say "{quote}"', called), put(answer, called)))
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
    report.keep("Name as title, first message as opening, description as memory.")
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
    if re.search(r"\{\{(?!user|char|original|trim)\w+", str(source.data.get("first_mes", ""))):
        report.lose("Macros other than {{user}} and {{char}}: they stand in the text as they are.")


# -- chats -----------------------------------------------------------------------------------


def chat(data: Any, report: Report) -> Draft:
    """A chat: the first line tells who talks, then a message a line; swipes are other versions."""
    lines = list(groups(data))
    draft = Draft(report)
    draft.title = escaped(lines[0].text("character_name"))
    lines = [line for line in lines[1:] if line.raw("mes").strip() and not line.flag("is_system")]
    if lines and not lines[0].flag("is_user"):
        first, lines = lines[0].raw("mes"), lines[1:]
    else:
        first = ""
    draft.tale = tale = Tale(_unstarred(first))
    action: Action | None = None
    for line in lines:
        text = _unstarred(line.raw("mes"))
        if line.flag("is_user"):
            if action is not None:
                tale.turn(action, "")
            action = Action(Mode.SAY, clean_line(text).strip('"“”')) if text.strip() else None
            continue
        before = tale.head
        tale.turn(action, text)
        for swipe in line.texts("swipes"):
            if swipe.strip() and swipe != line.raw("mes"):
                tale.after(before, action, _unstarred(swipe))
        action = None
    if action is not None:
        tale.turn(action, "")
    report.keep(f"The story, with {count(len(tale) - 1 - tale.beside, 'turn')} after its opening.")
    if tale.beside:
        report.keep(f"{count(tale.beside, 'swipe')}, beside the one chosen.")
    report.lose("What a chat holds beside its messages: times, pictures, settings.")
    return draft
