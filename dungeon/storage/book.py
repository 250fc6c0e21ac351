"""A story as a book: one page of HTML, no script, nothing loaded, good on screen and on paper."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape

from dungeon.story.action import as_line, as_narrative
from dungeon.story.scenario import Style
from dungeon.story.story import Story
from dungeon.story.tree import Node, NodeId
from dungeon.text import clean

TEASER = 70
"""Longest line of a choice, in characters."""

_STYLE = """
:root { color-scheme: light dark;
  --paper: #f6f0e2; --ink: #2b241c; --soft: #84735a; --line: #d8cab0; --accent: #8a4a12; }
@media (prefers-color-scheme: dark) { :root {
  --paper: #171310; --ink: #ddd2bf; --soft: #95866f; --line: #3d3328; --accent: #e3a857; } }
* { box-sizing: border-box; }
body { margin: 0; padding: 0 1.25rem 6rem; background: var(--paper); color: var(--ink);
  font: 1.15rem/1.62 "Iowan Old Style", "Palatino Linotype", Palatino, Georgia, serif;
  font-feature-settings: "kern", "liga", "onum"; }
header { display: flex; flex-direction: column; justify-content: center;
  min-height: min(62vh, 34rem); text-align: center; }
h1 { margin: 0; font-size: clamp(2rem, 7vw, 3.2rem); font-weight: normal; line-height: 1.15;
  letter-spacing: .01em; overflow-wrap: anywhere; }
header p { margin: 1.2rem 0 0; color: var(--soft); font-style: italic; text-indent: 0; }
header::after, .end { content: "\\2766"; display: block; margin: 2rem auto 0; color: var(--accent);
  font-size: 1.4rem; text-align: center; }
main, footer { max-width: 34rem; margin: 0 auto; }
p { margin: 0; text-indent: 1.4em; white-space: pre-line; hyphens: auto; overflow-wrap: anywhere; }
.first, .player + p, h2 + p { text-indent: 0; }
.first::first-letter { float: left; padding: .06em .09em 0 0; color: var(--accent);
  font-size: 3.3em; line-height: .82; }
.player { margin: 1.5em 0 .9em; padding-left: 1em; border-left: 2px solid var(--accent);
  color: var(--soft); font-style: italic; text-indent: 0; break-after: avoid; }
h2 { margin: 4rem 0 1.4rem; color: var(--accent); font-size: 1.25rem; font-weight: normal;
  text-align: center; break-after: avoid; }
section { scroll-margin-top: 2rem; }
section:target h2 { text-decoration: underline; text-underline-offset: .3em; }
.turn { margin: 2em 0 0; padding: 0; list-style: none; border-top: 1px solid var(--line);
  break-inside: avoid; }
.turn li { padding: .55em 0; border-bottom: 1px solid var(--line); }
.turn a { display: flex; gap: 1em; justify-content: space-between; color: var(--ink);
  text-decoration: none; }
.turn a:hover, .turn a:focus { color: var(--accent); }
.turn b { color: var(--accent); font-weight: normal; white-space: nowrap; }
.end { text-indent: 0; }
.end::before { content: "\\2766"; }
footer { margin-top: 4rem; color: var(--soft); font-size: .8rem; text-align: center; }
footer p { text-indent: 0; }
@page { margin: 22mm 20mm; }
@media print {
  :root { --paper: #fff; --ink: #000; --soft: #555; --line: #bbb; --accent: #000; }
  body { padding: 0; font-size: 11pt; line-height: 1.45; }
  header { min-height: 85vh; break-after: page; }
  main { max-width: none; }
  p { orphans: 3; widows: 3; text-align: justify; }
}
"""


@dataclass
class Section:
    """Turns that follow each other without a choice.

    Attributes:
        number: From 1.
        nodes: The turns.
        turns: Where the story went from the last of them: sections, none at an end.
    """

    number: int
    nodes: list[Node]
    turns: list[Section] = field(default_factory=list)


def to_book(story: Story, *, branches: bool = False) -> str:
    """The story as one page of HTML.

    Args:
        story: The story.
        branches: Whether all of its branches are in it, as numbered sections to turn to;
            else it is the story on the screen.
    """
    title = escape(_title(story))
    if branches:
        sections = sections_of(story)
        body = [part for section in sections for part in _section(section, story.style)]
    else:
        body = list(_prose(story.tree.path(), story.style))
        body.append('<p class="end"></p>')
    author = clean(story.scenario.author, newlines=False).strip()
    world = clean(story.scenario.title, newlines=False).strip()
    below = f"from {world}" if world and world != _title(story) else ""
    credit = " ".join(part for part in (below, f"by {author}" if author else "") if part)
    return "\n".join(
        (
            "<!doctype html>",
            '<html lang="en">',
            "<head>",
            '<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta http-equiv="Content-Security-Policy"'
            " content=\"default-src 'none'; style-src 'unsafe-inline'\">",
            f"<title>{title}</title>",
            f"<style>{_STYLE}</style>",
            "</head>",
            "<body>",
            f"<header><h1>{title}</h1>{f'<p>{escape(credit)}</p>' if credit else ''}</header>",
            "<main>",
            *body,
            "</main>",
            "<footer><p>Told with Dungeon</p></footer>",
            "</body>",
            "</html>",
            "",
        )
    )


def sections_of(story: Story) -> list[Section]:
    """The whole tree as sections, numbered as a reader meets them: the way on screen first."""
    tree = story.tree
    on_screen = {node.id for node in tree.path()}

    def ways(node_id: NodeId) -> list[Node]:
        # `sorted` is stable: beside the way on screen the oldest comes first.
        return sorted(tree.children(node_id), key=lambda node: node.id not in on_screen)

    root = tree.path()[0]
    sections = [Section(1, [root])]
    # Not by recursion: a story may be thousands of turns deep.
    waiting = [sections[0]]
    while waiting:
        section = waiting.pop()
        children = ways(section.nodes[-1].id)
        while len(children) == 1:
            section.nodes.append(children[0])
            children = ways(children[0].id)
        section.turns = [Section(0, [child]) for child in children]
        waiting.extend(reversed(section.turns))
        if section.number != 1:
            sections.append(section)
            section.number = len(sections)
    return sections


def _section(section: Section, style: Style) -> Iterator[str]:
    yield f'<section id="s{section.number}"><h2>{section.number}</h2>'
    yield from _prose(section.nodes, style, first=section.number == 1)
    if section.turns:
        yield '<ul class="turn">'
        first_nodes = [way.nodes[0] for way in section.turns]
        for way in section.turns:
            teaser = escape(_teaser(way.nodes[0], first_nodes, style))
            yield (
                f'<li><a href="#s{way.number}"><span>{teaser}</span>'
                f"<b>turn to {way.number}</b></a></li>"
            )
        yield "</ul>"
    else:
        yield '<p class="end"></p>'
    yield "</section>"


def _teaser(node: Node, others: list[Node], style: Style) -> str:
    """What leads into a branch: the player's line; where that is shared, what came of it too."""
    said = _line(node, style)
    text = said
    if not said or [_line(other, style) for other in others].count(said) > 1:
        told = " ".join(clean(node.text, newlines=False).split())
        text = f"{said} {told}".strip()
    if len(text) > TEASER:
        text = text[:TEASER].rsplit(" ", 1)[0].rstrip(".,;:") + "…"
    return text or "The story goes on"


def _line(node: Node, style: Style) -> str:
    return clean(as_line(node.action, style), newlines=False).removeprefix("> ")


def _prose(nodes: list[Node], style: Style, *, first: bool = True) -> Iterator[str]:
    for node in nodes:
        if line := _line(node, style):
            yield f'<p class="player">{escape(line)}</p>'
        text = "\n\n".join(
            part for part in (clean(as_narrative(node.action)), clean(node.text)) if part.strip()
        )
        for part in re.split(r"\n{2,}", text):
            if part.strip():
                yield f'<p class="first">{escape(part)}</p>' if first else f"<p>{escape(part)}</p>"
                first = False


def _title(story: Story) -> str:
    return clean(story.title, newlines=False).strip() or "A story"
