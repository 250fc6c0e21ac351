"""The text of a NovelAI story: fragments of the first editor, sections of the second.

The first editor keeps a tree of blocks, each of which put a text at an index, and `currentBlock`
names the one that the story is at. The second keeps paragraphs in an order, with the newest
changes still beside them.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

from dungeon.authoring.importers import msgpackr
from dungeon.authoring.importers.draft import Tale, by_lines, opening_of, player_line
from dungeon.authoring.importers.fields import Fields
from dungeon.authoring.importers.report import Report, count
from dungeon.errors import ScenarioError
from dungeon.story.action import Action, Mode, parse

MAX_BLOCKS = 100_000


# -- the first editor ------------------------------------------------------------------------


def fragments(story: Fields, report: Report) -> Tale | None:
    """The turns of a story of the first editor; None where it holds no text."""
    blocks = story.data.get("datablocks")
    if isinstance(blocks, list) and 0 < len(blocks) <= MAX_BLOCKS:
        tale = _blocks([Fields(block) for block in blocks], story.whole("currentBlock"))
        if tale is not None:
            return tale
        report.lose("The other branches of the story: they were edits, not turns.")
    pieces = [piece for piece in story.parts("fragments") if piece.raw("data").strip()]
    if not pieces:
        return None
    opening, turns = opening_of(pieces[0].raw("data"))
    tale = Tale(opening)
    tale.turns([*turns, *(turn for piece in pieces[1:] for turn in _told(piece))])
    return tale


def _told(piece: Fields) -> list[tuple[Action | None, str]]:
    """The turns in a piece; what the player wrote into the story himself is an action too."""
    found = by_lines(piece.raw("data"))
    if piece.text("origin") == "user" and found and found[0][0] is None:
        own = parse(found[0][1], Mode.STORY)
        return [(own, ""), *found[1:]] if own.text else found
    return found


def _blocks(blocks: list[Fields], current: int | None) -> Tale | None:
    """A tree of blocks as turns; None where the path is no plain going on.

    A block goes on where it stands at the end of the text before it and takes nothing away.
    """
    path: list[int] = []
    at = len(blocks) - 1 if current is None else current
    while 0 <= at < len(blocks):
        if at in path[-1:] or len(path) > len(blocks):
            return None
        path.append(at)
        before = blocks[at].whole("prevBlock")
        at = before if before is not None else -1
    path.reverse()
    if not path:
        return None
    tale: Tale | None = None
    # For each block the turn after which it stands, and the player's line that waits there.
    node: dict[int, int] = {}
    waiting: dict[int, Action | None] = {}
    line: Action | None = None
    length: dict[int, int] = {}
    so_far = 0
    for number in path:
        text = _text(blocks[number])
        if not _goes_on(blocks[number], so_far):
            return None
        so_far += len(text)
        length[number] = so_far
        if tale is None:
            tale = Tale(text)
        elif text.strip():
            line = _go_on(tale, line, blocks[number])
        node[number], waiting[number] = tale.head, line
    assert tale is not None
    if line is not None:
        tale.turn(line, "")
    # A block comes after the one that it goes on from, for blocks are only ever added.
    for number, block in enumerate(blocks):
        if number in node:
            continue
        before = block.whole("prevBlock")
        text = _text(block)
        if before in node and text.strip() and _goes_on(block, length[before]):
            node[number] = node[before]
            first = waiting.get(before)
            for action, told in _told(block.part("dataFragment")):
                node[number] = tale.after(node[number], action or first, told)
                first = None
            length[number] = length[before] + len(text)
    return tale


def _go_on(tale: Tale, line: Action | None, block: Fields) -> Action | None:
    """Add the turns of a block; the player's line that waits for its answer goes on waiting."""
    pieces = _told(block.part("dataFragment"))
    rest = pieces.pop()[0] if pieces and not pieces[-1][1].strip() else None
    if pieces or rest is not None:
        if line is not None and (not pieces or pieces[0][0] is not None):
            tale.turn(line, "")
        elif line is not None:
            pieces[0] = (line, pieces[0][1])
        tale.turns(pieces)
        return rest
    return line


def _text(block: Fields) -> str:
    return block.part("dataFragment").raw("data")


def _goes_on(block: Fields, length: int) -> bool:
    start, end = block.whole("startIndex"), block.whole("endIndex")
    return (start is None or start >= length) and (end is None or end >= length)


# -- the second editor -----------------------------------------------------------------------


def sections(document: str, report: Report) -> Tale | None:
    """The paragraphs of a story of the second editor; None where it holds none.

    Raises:
        ScenarioError: The document cannot be read.
    """
    try:
        data = Fields(msgpackr.loads(base64.b64decode(document, validate=True)))
    except (ValueError, binascii.Error) as error:
        reason = "its document is damaged" if isinstance(error, binascii.Error) else str(error)
        raise ScenarioError(
            f"This NovelAI story cannot be read: {reason}.",
            "In NovelAI, export it as plain text, and import that.",
        ) from None
    texts, lost = _paragraphs(data)
    if lost:
        report.lose(f"{count(lost, 'change')} to the text that the editor had not put in yet.")
    if data.part("history").data.get("nodes"):
        report.lose("The editor's history of retries and edits.")
    if not texts:
        return None
    return _turns(texts)


def _turns(texts: list[str]) -> Tale:
    """Paragraphs up to the first player's line are the opening; then a turn for each line."""
    starts = [n for n, text in enumerate(texts) if text.lstrip().startswith(">") and n]
    first = starts[0] if starts else len(texts)
    tale = Tale("\n\n".join(texts[:first]))
    for number, start in enumerate(starts):
        end = starts[number + 1] if number + 1 < len(starts) else len(texts)
        tale.turn(player_line(texts[start]), "\n\n".join(texts[start + 1 : end]))
    return tale


def _paragraphs(data: Fields) -> tuple[list[str], int]:
    """The texts in their order, with the newest changes, and how many changes did not fit."""
    kept: dict[Any, Any] = dict(data.part("sections").data)
    order = data.data.get("order")
    ids = [key for key in order if _is_id(key) and key in kept] if isinstance(order, list) else []
    lost = 0
    for key, step in data.part("dirtySections").data.items():
        change = Fields(step)
        kind = change.whole("type")
        if kind == 0:
            kept[key] = change.data.get("section")
            after = change.data.get("after")
            ids = [known for known in ids if known != key]
            at = 0 if after == 0 else len(ids)
            at = ids.index(after) + 1 if _is_id(after) and after in ids else at
            ids.insert(at, key)
        elif kind == 2:
            ids = [known for known in ids if known != key]
        elif kind == 1:
            lost += not _changed(kept, key, change)
    texts = (Fields(kept.get(key)).raw("text").strip() for key in ids)
    return [text for text in texts if text], lost


def _is_id(value: object) -> bool:
    return isinstance(value, (int, str))


def _changed(kept: dict[Any, Any], key: Any, change: Fields) -> bool:
    """Put a change of one paragraph in; whether it fitted."""
    old = Fields(kept.get(key))
    text = old.raw("text")
    difference = change.data.get("diff")
    # The classes around it are read as their values, one of which may hold the other.
    while isinstance(difference, dict) and "parts" not in difference and "diff" in difference:
        difference = difference["diff"]
    for part in Fields(difference).parts("parts"):
        start = part.whole("from")
        gone, new = part.raw("delete"), part.raw("insert")
        if start is None or not text[start:].startswith(gone):
            return False
        text = text[:start] + new + text[start + len(gone) :]
    kept[key] = old.data | {"text": text}
    return True
