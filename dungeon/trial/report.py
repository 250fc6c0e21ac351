"""What a trial showed, in Markdown: figures, room in the window, cards, and the story itself."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence

from dungeon.storage.export import escape_markdown
from dungeon.story import figures
from dungeon.story.cast import cast
from dungeon.story.segments import Context
from dungeon.text import clean
from dungeon.trial.play import Trial, TriedTurn

_NO_ROOM = "called, but other cards took the room. Shorten those, or give this one a `priority`."
_NOT_CALLED = "never called. Nobody spoke of it, or its keys are not what players type."
_ORDER = ("primer", "memory", "history", "recall", "cards", "recent", "note", "cue")


def report(trial: Trial) -> str:
    """The whole report. It holds no time of day: the same trial gives the same text but for the
    seconds."""
    title = _line(trial.story.scenario.title)
    played = f"{len(trial.turns)} turns with {trial.model}, seed {trial.seed}"
    parts = [
        f"# Trial of {title}\n\n{played}.",
        _figures(trial),
        _room(trial.turns),
        _cards(trial),
        _story(trial),
    ]
    return "\n\n".join(parts) + "\n"


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [_row(head), _row(["---"] * len(head)), *(_row(row) for row in rows)]
    return "\n".join(lines)


def _row(cells: Sequence[object]) -> str:
    return "| " + " | ".join(map(str, cells)) + " |"


# -- figures -----------------------------------------------------------------------------------


def _figures(trial: Trial) -> str:
    told = [turn.text for turn in trial.turns if turn.text]
    if not told:
        return "## Figures\n\nNothing was told."
    rows = [
        ("turns in which something was told", f"{len(told)} of {len(trial.turns)}"),
        ("words a turn", f"{statistics.fmean(len(text.split()) for text in told):.0f}"),
        ("seconds a turn", f"{statistics.fmean(turn.seconds for turn in trial.turns):.1f}"),
    ]
    if trial.story.style.person != "first":
        rows.append(("narrator without “I”", _share(not figures.first_person(t) for t in told)))
    rows += [
        ("free of what is no story", _share(not figures.artefact(text) for text in told)),
        ("ends with a whole sentence", _share(figures.finished(text) for text in told)),
    ]
    again, whole = figures.repeated(told)
    rows.append(("sentences said before", f"{again} of {whole}"))
    rows.append(("different pairs of words", f"{100 * figures.distinct(told, 2):.0f} %"))
    rows.append(("goes round in circles", "yes" if figures.loops(told) else "no"))
    names = cast(trial.story)
    if names:
        rows.append(("names somebody of the cast", _share(figures.on_stage(told, names))))
    return "## Figures\n\n" + _table(("what", "found"), rows)


def _share(tests: Iterable[bool]) -> str:
    found = list(tests)
    return f"{100 * sum(found) / len(found):.0f} %"


# -- room --------------------------------------------------------------------------------------


def _room(turns: Sequence[TriedTurn]) -> str:
    kinds = [kind for kind in _ORDER if any(_tokens(turn.context, kind) for turn in turns)]
    head = ("turn", *kinds, "all", "of")
    rows = [
        (
            number,
            *(_tokens(turn.context, kind) or "" for kind in kinds),
            turn.context.tokens,
            turn.context.limit,
        )
        for number, turn in enumerate(turns, 1)
    ]
    parts = ["## Tokens of each part of the context", _table(head, rows)]
    cut: dict[str, list[int]] = {}
    for number, turn in enumerate(turns, 1):
        for found in turn.context.cut:
            if found.kind != "history":
                cut.setdefault(found.what, []).append(number)
    if cut:
        rows_cut = ((_line(what), _turns(numbers)) for what, numbers in cut.items())
        parts.append(_table(("found no room", "in"), rows_cut))
    return "\n\n".join(parts)


def _tokens(context: Context, kind: str) -> int:
    return sum(segment.tokens for segment in context.segments if segment.kind == kind)


def _turns(numbers: Sequence[int]) -> str:
    """Numbers as words: "turn 3", "turns 1-4, 7"."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    shown = ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in runs)
    return f"turn{'s' if len(numbers) > 1 else ''} {shown}"


# -- cards -------------------------------------------------------------------------------------


def _cards(trial: Trial) -> str:
    cards = trial.story.cards
    if not cards:
        return "## Cards\n\nThe scenario has none."
    rows = []
    unseen: dict[str, list[str]] = {}
    for card in cards:
        name = _line(card.name)
        seen = [n for n, turn in enumerate(trial.turns, 1) if card.name in turn.cards]
        full = any(cut.what == f"card {card.name}" for t in trial.turns for cut in t.context.cut)
        if not seen:
            unseen.setdefault(_NO_ROOM if full else _NOT_CALLED, []).append(name)
        keys = "always" if card.always else _line(", ".join(card.keys))
        rows.append((name, keys, _turns(seen) if seen else "never"))
    parts = ["## Cards", _table(("card", "keys", "stood in"), rows)]
    parts += [f"{', '.join(names)}: {why}" for why, names in unseen.items()]
    return "\n\n".join(parts)


# -- the story ---------------------------------------------------------------------------------


def _story(trial: Trial) -> str:
    parts = ["## The story", _prose(trial.story.tree.root.text)]
    for number, turn in enumerate(trial.turns, 1):
        parts.append(f"### Turn {number}")
        if turn.line:
            parts.append(
                "> " + escape_markdown(clean(turn.line.removeprefix("> "), newlines=False))
            )
        parts.append(_prose(turn.text) if turn.text else f"*{escape_markdown(clean(turn.stop))}*")
        if turn.cards:
            names = ", ".join(escape_markdown(clean(name, newlines=False)) for name in turn.cards)
            parts.append(f"*Cards: {names}.*")
    return "\n\n".join(parts)


def _line(text: str) -> str:
    return escape_markdown(clean(text, newlines=False))


def _prose(text: str) -> str:
    return escape_markdown(clean(text))
