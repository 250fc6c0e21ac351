"""How scenarios and saves are listed and described on the title screen."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from textual.content import Content

from dungeon.storage.library import DamagedSave, SaveSummary
from dungeon.story.scenario import RATINGS
from dungeon.ui.shown import joined, line, shown

if TYPE_CHECKING:
    from dungeon.authoring.library import ScenarioEntry


def turns(save: SaveSummary) -> str:
    """How far the story has come."""
    if not save.turns:
        return "at its opening"
    return "1 turn" if save.turns == 1 else f"{save.turns} turns"


def scenario_option(entry: ScenarioEntry) -> Content:
    """A line of the list of scenarios."""
    if entry.scenario is None:
        return joined(line(entry.name, "$error"), ("  cannot be read", "$faint"))
    rating = entry.scenario.rating
    return joined(
        line(entry.scenario.title), (f"  {rating}" if rating != RATINGS[0] else "", "$faint")
    )


def save_option(save: SaveSummary | DamagedSave) -> Content:
    """A line of the list of saves."""
    if isinstance(save, DamagedSave):
        return joined(line(save.name, "$error"), ("  damaged", "$faint"))
    return joined(line(save.title), (f"  {turns(save)}", "$faint"))


def scenario_details(entry: ScenarioEntry) -> Content:
    """All that is worth knowing before a story begins."""
    scenario = entry.scenario
    if scenario is None:
        rows = [line(entry.name, "bold $error")]
        errors = [problem for problem in entry.problems if problem.severity == "error"]
        rows += [shown(problem.render(), "$ink") for problem in errors[:1]]
        if len(errors) > 1:
            rows.append(shown(f"and {len(errors) - 1} more: dungeon check shows all", "$faint"))
        return Content("\n").join(rows)
    facts = [f"by {scenario.author}" if scenario.author else "", scenario.rating]
    facts += [", ".join(scenario.tags)]
    rows = [
        joined(
            line(scenario.title, "bold $primary"),
            ("   ", ""),
            line(" · ".join(fact for fact in facts if fact), "$faint"),
        ),
        shown(scenario.summary or scenario.opening[:400], "$ink"),
    ]
    return Content("\n").join(rows)


def scenario_has(entry: ScenarioEntry, words: Sequence[str]) -> bool:
    """Whether all `words`, folded, stand in what is listed of a scenario."""
    texts = [entry.name]
    if (scenario := entry.scenario) is not None:
        texts += [scenario.title, scenario.summary, scenario.author, scenario.rating]
        texts += scenario.tags
    text = "\n".join(texts).casefold()
    return all(word in text for word in words)


def save_has(save: SaveSummary | DamagedSave, words: Sequence[str]) -> bool:
    """Whether all `words`, folded, stand in what is listed of a story."""
    texts = [save.name]
    if isinstance(save, SaveSummary):
        texts += [save.title, save.scenario, save.last_text]
    text = "\n".join(texts).casefold()
    return all(word in text for word in words)


def age(then: datetime, now: datetime) -> str:
    """How long ago something was, in words."""
    seconds = max(0.0, (now - then).total_seconds())
    for size, unit in ((86400 * 365, "year"), (86400 * 30, "month"), (86400, "day"),
                       (3600, "hour"), (60, "minute")):  # fmt: skip
        if (count := int(seconds // size)) > 0:
            return f"{count} {unit}{'' if count == 1 else 's'} ago"
    return "just now"


def save_details(save: SaveSummary | DamagedSave, now: datetime) -> Content:
    """Where the story stands."""
    if isinstance(save, DamagedSave):
        return Content("\n").join(
            [
                line(save.name, "bold $error"),
                shown(save.reason, "$ink"),
                shown(save.hint, "$faint"),
            ]
        )
    when = save.updated.astimezone().strftime("%d %B %Y, %H:%M")
    size = f"{save.size / 1000:,.0f} kB" if save.size >= 1000 else f"{save.size} bytes"
    facts = [save.scenario, turns(save), f"{age(save.updated, now)} ({when})", size, save.model]
    return Content("\n").join(
        [
            joined(
                line(save.title, "bold $primary"),
                ("   ", ""),
                line(" · ".join(fact for fact in facts if fact), "$faint"),
            ),
            shown(save.last_text.strip(), "$ink"),
        ]
    )
