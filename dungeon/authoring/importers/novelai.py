"""NovelAI: scenarios, lorebooks, and stories of both of its editors."""

from __future__ import annotations

from typing import Any

from dungeon.authoring.importers.draft import Draft, Tale
from dungeon.authoring.importers.fields import Fields
from dungeon.authoring.importers.lore import Entry, cards
from dungeon.authoring.importers.naihistory import fragments, sections
from dungeon.authoring.importers.placeholders import escaped
from dungeon.authoring.importers.report import Report, count

_SETTINGS: dict[str, tuple[str, ...]] = {
    "temperature": ("temperature",),
    "top_p": ("top_p",),
    "top_k": ("top_k",),
    "min_p": ("min_p",),
    "max_new_tokens": ("max_length",),
}


def scenario(data: Any, report: Report) -> Draft:
    """A `.scenario`: prompt, memory, author's note, placeholders and lorebook."""
    source = Fields(data)
    draft = Draft(report)
    questions = draft.questions
    questions.listed(source.parts("placeholders"))
    prompt = questions.table(source.text("prompt"))
    draft.title = questions.dollars(source.text("title"))
    draft.author = source.text("author")
    draft.tags = source.words("tags")
    draft.summary = questions.dollars(source.text("description"))
    draft.opening = questions.dollars(prompt)
    memory, note = _context(source)
    draft.remember(questions.dollars(memory))
    draft.note = questions.dollars(note)
    _add_lore(draft, source.part("lorebook"), blanks=True)
    _around(draft, source)
    told = [name for name in ("title", "description", "author", "tags") if source.data.get(name)]
    texts = {"prompt": prompt, "memory": memory, "author's note": note}
    told += [name for name, text in texts.items() if text]
    if told:
        report.keep(f"{', '.join(told).capitalize()}.")
    return draft


def lorebook(data: Any, report: Report) -> Draft:
    """A `.lorebook` alone."""
    draft = Draft(report)
    _add_lore(draft, Fields(data), blanks=False)
    return draft


def story(data: Any, report: Report) -> Draft:
    """A `.story`: the text as it was written, with its other branches where they can be told."""
    source = Fields(data)
    about, content = source.part("metadata"), source.part("content")
    draft = Draft(report)
    draft.title = escaped(about.text("title"))
    draft.summary = escaped(about.text("description"))
    draft.tags = about.words("tags")
    memory, note = _context(content)
    draft.remember(escaped(memory))
    draft.note = escaped(note)
    _add_lore(draft, content.part("lorebook"), blanks=False)
    _around(draft, content)
    document = content.data.get("document")
    if isinstance(document, str) and document:
        draft.tale = sections(document, report)
    else:
        draft.tale = fragments(content.part("story"), report)
    draft.tale = draft.tale or Tale(about.text("textPreview"))
    turns = len(draft.tale) - 1 - draft.tale.beside
    report.keep(f"The story, with {count(turns, 'turn')} after its opening.")
    if draft.tale.beside:
        report.keep(f"{count(draft.tale.beside, 'other version')} of turns, beside the one chosen.")
    return draft


def _context(source: Fields) -> tuple[str, str]:
    """Memory and author's note: the first two entries of the context."""
    found = [entry.text("text") for entry in source.parts("context")]
    memory, note = [*found, "", ""][:2]
    # A note stands between brackets in NovelAI, and gets brackets of its own here.
    if note.startswith("[") and note.endswith("]"):
        note = note[1:-1].strip()
    return memory, note


def _add_lore(draft: Draft, book: Fields, *, blanks: bool) -> None:
    off = {
        category.text("id")
        for category in book.parts("categories")
        if category.text("id") and not category.flag("enabled", True)
    }
    found = book.parts("entries")
    entries = (
        Entry(
            name=entry.text("displayName", "name"),
            text=entry.text("text"),
            keys=[key for key in entry.texts("keys") if key.strip()],
            always=entry.flag("forceActivation"),
            enabled=entry.flag("enabled", True) and entry.text("category") not in off,
        )
        for entry in found
    )
    put = draft.questions.dollars if blanks else escaped
    draft.cards += cards(entries, draft.report, put)
    if book.parts("categories"):
        draft.report.lose("The categories of the lorebook.")
    if any(entry.part("contextConfig").data for entry in found):
        draft.report.lose("Budgets, priorities and positions of the lorebook's entries.")
    if any(entry.parts("loreBiasGroups") for entry in found):
        draft.report.lose("Biases of words in the lorebook.")


def _around(draft: Draft, source: Fields) -> None:
    """What stands around text and lore: settings, what is banned, what has no home."""
    report = draft.report
    parameters = source.part("settings").part("parameters")
    draft.sample(parameters, _SETTINGS)
    if draft.settings:
        report.keep(f"Settings: {', '.join(draft.settings)}. They were made for another model.")
    if parameters.number("repetition_penalty") is not None:
        report.lose("The repetition penalty, which NovelAI counts on a scale of its own.")
    for group in source.parts("bannedSequenceGroups"):
        if group.flag("enabled", True):
            draft.banned += [text for text in group.texts("sequences") if text.strip()]
    if draft.banned:
        report.keep(f"{count(len(draft.banned), 'banned phrase')}.")
    if any(entry.text("text") for entry in source.parts("ephemeralContext")):
        report.lose("Ephemeral context, which comes and goes by the number of the turn.")
    if any(group.texts("phrases") or group.data.get("phrases")
           for group in source.parts("phraseBiasGroups")):  # fmt: skip
        report.lose("Biases of phrases.")
