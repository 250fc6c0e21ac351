"""Clover Edition: prompts, which are bare text, and saves."""

from __future__ import annotations

from typing import Any

from dungeon.authoring.importers.aidungeon import paired
from dungeon.authoring.importers.draft import Draft, Tale
from dungeon.authoring.importers.fields import Fields
from dungeon.authoring.importers.placeholders import escaped
from dungeon.authoring.importers.report import Report, count


def prompt(text: str, report: Report) -> Draft:
    """A prompt: its first line stays in the context for ever, the others are the opening.

    The game joins the other lines by blanks; an empty line between them stays a paragraph here.
    """
    draft = Draft(report)
    first, _, rest = text.strip().partition("\n")
    if not rest.strip():
        draft.opening = escaped(first)
        report.keep("The text, as the opening.")
        return draft
    draft.remember(escaped(first.strip()))
    paragraphs = (" ".join(part.split()) for part in rest.split("\n\n"))
    draft.opening = escaped("\n\n".join(part for part in paragraphs if part))
    report.keep("The first line as memory, the rest as the opening.")
    return draft


def save(data: Any, report: Report) -> Draft:
    """A save. Its first action is the prompt, and the first result goes on from there."""
    source = Fields(data)
    draft = Draft(report)
    draft.remember(escaped(source.text("context")), *map(escaped, source.texts("memory")))
    draft.sample(
        source,
        {
            "temperature": ("temp",),
            "top_p": ("top-p",),
            "top_k": ("top-keks",),
            "repetition_penalty": ("rep-pen",),
        },
    )
    actions, results = source.texts("actions"), source.texts("results")
    opening = " ".join(part.strip() for part in (*actions[:1], *results[:1]) if part.strip())
    draft.tale = Tale(opening or source.text("context"))
    paired(draft.tale, actions[1:], results[1:])
    report.keep(f"The story, with {count(len(draft.tale) - 1, 'turn')} after its opening.")
    if draft.memory:
        report.keep("Context and memory, as memory.")
    if draft.settings:
        report.keep(f"Settings: {', '.join(draft.settings)}.")
    return draft
