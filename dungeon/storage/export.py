"""A story for other programs and for reading: lossless JSON, Markdown, plain text, HTML."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import stat
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

from dungeon import plain_json
from dungeon.errors import SaveError, ScenarioError, SettingsError
from dungeon.storage import rows
from dungeon.story.action import as_line, as_narrative
from dungeon.story.marks import within
from dungeon.story.scenario import from_data, to_data
from dungeon.story.story import MAX_SEED, Story
from dungeon.story.tree import Node, StoryTree
from dungeon.text import clean

FORMAT = 2
"""As in `database.VERSION`: with format 1 came no automatic memory and fewer fields of cards."""
_MAYBE = frozenset(("automatic", "forgotten", "marks"))
"""Written only where they are not as in a new story."""
_FIELDS = frozenset(("format", "title", "scenario", "memory", "authors_note", "head", "nodes"))
_NODE_FIELDS = (
    "id",
    "parent",
    "action",
    "text",
    "raw",
    "origin",
    "seed",
    "model",
    "stop",
    "created",
)


def to_json(story: Story) -> str:
    """The whole tree as JSON; `from_json` reads it back.

    The scenario is the current one: with the player's cards and settings.
    """
    data = {
        "format": FORMAT,
        "title": story.title,
        "scenario": to_data(story.current_scenario()),
        "memory": story.memory,
        "authors_note": story.authors_note,
        "head": story.tree.head.id,
        "nodes": [_node_data(node) for node in story.tree],
    }
    if not story.automatic:
        data["automatic"] = 0
    if story.forgotten:
        data["forgotten"] = list(story.forgotten)
    if story.marks:
        data["marks"] = rows.marks_value(story.marks)
    return plain_json.dump(data, indent=1) + "\n"


def _node_data(node: Node) -> dict[str, Any]:
    data: dict[str, Any] = {name: getattr(node, name) for name in _NODE_FIELDS}
    if node.action is not None:
        data["action"] = {"mode": str(node.action.mode), "text": node.action.text}
    return data


def from_json(text: str | bytes) -> Story:
    """The story of an export. Trusts nothing in it.

    Redo follows the exported path; the seed of the turns to come is taken from the text, so
    the same import always plays the same.

    Raises:
        SaveError: It is no export of a known format, or something in it is wrong.
        ScenarioError: Its scenario is wrong.
    """
    try:
        data = plain_json.loads(text)
        return _story(data, _seed_of(text))
    except (ValueError, OverflowError, SettingsError) as error:
        reason = str(error).rstrip(".")
        raise SaveError(
            f"This is not a story export that can be read: {reason}.",
            "Export the story again, or mend the file.",
        ) from None


def _seed_of(text: str | bytes) -> int:
    raw = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    return int.from_bytes(hashlib.blake2b(raw, digest_size=8).digest(), "big") & MAX_SEED


def _story(data: Any, seed: int) -> Story:
    if not isinstance(data, dict) or "format" not in data:
        raise ValueError('it has no "format"')
    version = data["format"]
    if isinstance(version, bool) or version not in range(1, FORMAT + 1):
        raise SaveError(
            f"This story export has the format {str(version)[:20]!r}; this Dungeon knows up to"
            f" {FORMAT}.",
            "Update Dungeon, or export the story again.",
        )
    for name in sorted(_FIELDS ^ (data.keys() - _MAYBE)):
        what = "lacks" if name in _FIELDS else "has an unknown field"
        raise ValueError(f"it {what} {name[:40]!r}")
    nodes = data["nodes"]
    if not isinstance(nodes, list):
        raise ValueError("its nodes are not a list")
    try:
        scenario = from_data(data["scenario"])
    except OverflowError:
        raise ScenarioError("A number in the scenario is too large.") from None
    tree = StoryTree((_node(item) for item in nodes), rows.whole(data["head"], 1, rows.MAX_ID))
    # Makes redo lead along the path on which the story was exported.
    tree.go(tree.head.id)
    return Story(
        title=rows.line(data["title"], "its title"),
        scenario=scenario,
        tree=tree,
        memory=rows.prose(data["memory"], "its memory"),
        authors_note=rows.prose(data["authors_note"], "its author's note"),
        cards=scenario.cards,
        generation=scenario.generation,
        seed=seed,
        model=next((node.model for node in reversed(tree.path()) if node.model), ""),
        automatic=bool(rows.whole(data.get("automatic", 1), 0, 1)),
        forgotten=rows.names(data.get("forgotten", [])),
        marks=within(rows.read_marks(data.get("marks", [])), tree),
    )


def _node(item: Any) -> Node:
    if not isinstance(item, dict) or item.keys() != set(_NODE_FIELDS):
        raise ValueError(f"a node has not exactly the fields {', '.join(_NODE_FIELDS)}")
    action = item["action"]
    mode = said = None
    if action is not None:
        if not isinstance(action, dict) or action.keys() != {"mode", "text"}:
            raise ValueError("an action is not a mode and a text")
        mode, said = action["mode"], action["text"]
        if mode is None:
            raise ValueError("an action has no mode")
    values = (item[name] for name in _NODE_FIELDS[3:])
    return rows.read_node((item["id"], item["parent"], mode, said, *values))


# -- into a file ------------------------------------------------------------------------------


def write_file(path: Path, text: str) -> None:
    """Write an export to a file, whole or not at all: what had the name stays until then.

    A terminal, a pipe or another device is simply written to.

    Raises:
        SaveError: It cannot be written; a file that was there is as it was.
    """
    try:
        target = path.resolve()
        mode = target.stat().st_mode if target.exists() else None
        if mode is not None and not stat.S_ISREG(mode):
            with target.open("w", encoding="utf-8") as device:
                device.write(text)
            return
        draft = target.with_name(f".{target.name[:60]}.{secrets.token_hex(4)}.new")
        try:
            with draft.open("x", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            if mode is not None:
                draft.chmod(stat.S_IMODE(mode))
            draft.replace(target)
        finally:
            draft.unlink(missing_ok=True)
    except (OSError, ValueError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or "that is no name for a file"
        raise SaveError(
            f"{clean(str(path), newlines=False)} cannot be written: {reason}.",
            "Choose another place, or free some space.",
        ) from None


# -- for reading -----------------------------------------------------------------------------


def _turns(story: Story) -> Iterator[tuple[str, str]]:
    """The path root..head as pairs: the player's line ("" if none), then the narrative."""
    for node in story.tree.path():
        line = clean(as_line(node.action, story.style), newlines=False)
        own = as_narrative(node.action)
        yield line, "\n\n".join(part for part in (clean(own), clean(node.text)) if part.strip())


def _title(story: Story) -> str:
    return clean(story.title, newlines=False).strip() or "A story"


def to_text(story: Story) -> str:
    """The story on the screen as plain text, a paragraph to a line."""
    title = _title(story)
    parts = [f"{title}\n{'=' * min(len(title), 79)}"]
    for line, text in _turns(story):
        parts += [part for part in (line, text) if part]
    return "\n\n".join(parts) + "\n"


_MARKS = re.compile(r"([\\`*_\[\]<>|~#&])")
_LINE_STARTS = re.compile(r"^(\s*)([-+=]|\d+(?=[.)]))", re.MULTILINE)


def to_markdown(story: Story) -> str:
    """The story on the screen as Markdown; the player's lines are quotations.

    What would be mark-up in the story's own text is escaped (CommonMark 0.31, section 2.4).
    """
    parts = [f"# {escape_markdown(_title(story))}"]
    for line, text in _turns(story):
        if line:
            parts.append("> " + escape_markdown(line.removeprefix("> ")))
        if text:
            parts.append(re.sub(r"(?<=[^\n])\n(?=[^\n])", "  \n", escape_markdown(text)))
    return "\n\n".join(parts) + "\n"


def escape_markdown(text: str) -> str:
    """`text` as Markdown that shows it as it is written."""
    text = _MARKS.sub(r"\\\1", text)
    # "1." starts a list, and so would "1\.": the escape goes behind the digits.
    return _LINE_STARTS.sub(
        lambda m: f"{m[1]}{m[2]}\\" if m[2].isdigit() else f"{m[1]}\\{m[2]}", text
    )


_STYLE = """
:root { color-scheme: light dark; }
body { max-width: 38rem; margin: 3rem auto; padding: 0 1rem;
  font: 1.1rem/1.6 Georgia, "Times New Roman", serif; }
h1 { font-weight: normal; text-align: center; margin-bottom: 2.5rem; }
p { margin: 0 0 1em; white-space: pre-line; hyphens: auto; overflow-wrap: anywhere; }
.player { font-family: ui-monospace, Menlo, Consolas, monospace; font-size: .9em; opacity: .75;
  margin-top: 1.5em; break-after: avoid; }
@media print { body { margin: 0 auto; font-size: 11pt; } p { orphans: 3; widows: 3; } }
@page { margin: 2.5cm; }
"""


def to_html(story: Story) -> str:
    """The story on the screen as one HTML page: no script, nothing loaded, good on paper."""
    title = escape(_title(story))
    body = []
    for line, text in _turns(story):
        if line:
            body.append(f'<p class="player">{escape(line)}</p>')
        body += [f"<p>{escape(part)}</p>" for part in re.split(r"\n{2,}", text) if part.strip()]
    return "\n".join(
        (
            "<!doctype html>",
            "<html>",
            "<head>",
            '<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta http-equiv="Content-Security-Policy"'
            " content=\"default-src 'none'; style-src 'unsafe-inline'\">",
            f"<title>{title}</title>",
            f"<style>{_STYLE}</style>",
            "</head>",
            "<body>",
            f"<h1>{title}</h1>",
            *body,
            "</body>",
            "</html>",
            "",
        )
    )
