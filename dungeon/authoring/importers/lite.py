"""What KoboldAI Lite writes into a story in its other modes: tags, names, pictures, macros.

Its own form of a player's turn (`{{[INPUT]}}...{{[OUTPUT]}}`), the tags of its instruct mode and
the names of its chat mode all become a player's line, `> ...`, which is how every KoboldAI keeps
one.
"""

from __future__ import annotations

import re
from typing import Any

from dungeon.authoring.importers.fields import Fields
from dungeon.authoring.importers.report import Report, count

_INPUT = "{{[INPUT]}}"
_OUTPUT = "{{[OUTPUT]}}"
_ASKED = re.compile(r"\{\{\[INPUT\]\}\}(.*?)(?:\{\{\[OUTPUT\]\}\}|\Z)", re.DOTALL)
_PICTURE = re.compile(r"\[<\|(?P<kind>[a-z])\|[^|]*\|(?P=kind)\|>\]")
_PERSON = re.compile(r"\{\{\s*(user|char)\s*\}\}", re.IGNORECASE)
_CHAT = 3
_INSTRUCT = 4
_MANY = "||$||"
"""Parts the names of several characters of a chat."""


def plain(data: dict[str, Any], report: Report) -> dict[str, Any]:
    """A save without what only Lite understands; `data` itself stays as it is."""
    settings = Fields(data.get("savedsettings"))
    people = {"user": settings.text("chatname"), "char": settings.text("chatopponent")}
    people["char"] = people["char"].split(_MANY)[0]
    mode = settings.number("opmode")
    pictures = 0

    def put(text: str) -> str:
        nonlocal pictures
        text, gone = _PICTURE.subn("", text)
        pictures += gone
        return _PERSON.sub(lambda match: people[match[1].lower()] or match[0], text)

    def told(text: str) -> str:
        text = put(text)
        if mode == _INSTRUCT:
            text = _tagged(text, settings)
        if mode == _CHAT:
            text = _named(text, people["user"] or "You", people["char"])
        return _ASKED.sub(lambda match: _line(match[1]), text).replace(_OUTPUT, "\n")

    plain = {
        name: _everywhere(value, told if name in _STORY else put)
        for name, value in data.items()
        if name != "savedsettings"
    }
    if pictures:
        report.lose(f"{count(pictures, 'picture')} in the text.")
    return data | plain


_STORY = ("prompt", "actions", "actions_metadata", "altbranches")


def _everywhere(value: Any, put: Any) -> Any:
    if isinstance(value, str):
        return put(value)
    if isinstance(value, list):
        return [_everywhere(item, put) for item in value]
    if isinstance(value, dict):
        return {name: _everywhere(item, put) for name, item in value.items()}
    return value


def _line(typed: str) -> str:
    typed = " ".join(typed.split())
    return f"\n> {typed}\n" if typed else ""


def _tagged(text: str, settings: Fields) -> str:
    """A text of the instruct mode, its tags as Lite writes them today."""
    for name, tag, usual in (
        ("instruct_starttag", _INPUT, "### Instruction:"),
        ("instruct_endtag", _OUTPUT, "### Response:"),
    ):
        written = (settings.text(name) or usual).replace("\\n", "\n").strip()
        text = text.replace(written, tag) if written else text
    return text


def _named(text: str, user: str, character: str) -> str:
    """A text of the chat mode: `You: Hello` is said, `Robot: Hello` is what comes of it."""
    lines = []
    for line in text.split("\n"):
        if line.startswith(f"{user}:"):
            said = line[len(user) + 1 :].strip().replace('"', "'")
            line = f'\n> You say "{said}"\n' if said else ""
        elif character and line.startswith(f"{character}:"):
            line = line[len(character) + 1 :].strip()
        lines.append(line)
    return "\n".join(lines)
