"""The file of the player's settings: where it is, what stands in it, changing a line of it.

It is `name: value` lines of YAML and nothing else of it: no lists, no aliases, no tags.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import platformdirs
import yaml

from dungeon.errors import SettingsError
from dungeon.files import read_ordinary, write_whole
from dungeon.text import shorten

APP = "dungeon"

MAX_BYTES = 64 * 1024
"""Largest settings file; one with every setting has under 1 KiB."""

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]*")
"""Values that YAML reads as they stand."""


def settings_file() -> Path:
    """Where the settings are read from: `DUNGEON_SETTINGS`, else the platform's place."""
    named = os.environ.get("DUNGEON_SETTINGS")
    return Path(named) if named else platformdirs.user_config_path(APP) / "settings.yaml"


# The C parser is some twenty times faster; both give the same events and marks.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the file.

    Attributes:
        value: As written; None where nothing is.
        at: Where its name begins, in characters from the beginning of the file.
        start: Where its value begins.
        end: Where its value ends.
    """

    value: str | None
    at: int
    start: int
    end: int


def read(path: Path) -> dict[str, str | None]:
    """What stands in the settings file; nothing where there is none.

    Raises:
        OSError, ValueError: It cannot be read, or is more than `name: value` lines.
    """
    try:
        data = read_ordinary(path, MAX_BYTES)
    except FileNotFoundError:
        return {}
    return {name: entry.value for name, entry in _entries(data).items()}


def _entries(data: bytes) -> dict[str, Entry]:
    """The lines of a settings file by name.

    Raises:
        ValueError: It is more than `name: value` lines.
    """
    try:
        return _lines(yaml.parse(data.decode("utf-8-sig"), Loader=_Loader))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
        raise ValueError(f"{error.problem or error.context}{where}") from None
    except yaml.YAMLError:
        raise ValueError("it holds a character that no text has") from None
    except UnicodeDecodeError as error:
        raise ValueError(f"it is not UTF-8 (byte {error.start})") from None
    except OverflowError:
        # PyYAML lets one through on escapes such as "\UFFFFFFFF".
        raise ValueError("it holds an escape that is no character") from None


def _lines(events: Iterable[Any]) -> dict[str, Entry]:
    """The values by their names; stops at the first event that is no part of such a line."""
    content: dict[str, Entry] = {}
    key: Any = None
    lines: dict[str, int] = {}
    inside = False
    for event in events:
        start, end = event.start_mark, event.end_mark
        line = start.line + 1
        if isinstance(event, yaml.MappingStartEvent) and not inside:
            _refuse_extras(event, line)
            inside = True
        elif isinstance(event, yaml.ScalarEvent) and inside:
            _refuse_extras(event, line)
            if key is not None:
                # `model:` with nothing after it, or the null of YAML, is a setting left out.
                left_out = not event.style and event.value in ("", "~", "null")
                content[key.value] = Entry(
                    None if left_out else event.value,
                    key.start_mark.index,
                    start.index,
                    end.index,
                )
                key = None
            elif event.value in lines:
                first = lines[event.value]
                raise ValueError(
                    f"{shorten(event.value, 40)} stands in line {line} and in line {first}"
                )
            else:
                key = event
                lines[event.value] = line
        elif isinstance(event, yaml.DocumentStartEvent) and inside:
            raise ValueError(f"a second document begins in line {line}")
        elif isinstance(event, yaml.NodeEvent) and getattr(event, "value", None) != "":
            # The empty value is that of a file of nothing but comments under a `---`.
            raise ValueError(f"line {line} is not a `name: value` line")
    return content


def _refuse_extras(event: Any, line: int) -> None:
    if event.anchor is not None or event.tag not in (None, "!"):
        raise ValueError(f"an anchor or a tag stands in line {line}; put the value in quotes")


# -- changing it -------------------------------------------------------------------------------


def change(name: str, value: object) -> None:
    """Set a setting in the file, or take it out where `value` is None.

    All other lines stay as they are, comments too, and the file is replaced as a whole or not
    at all.

    Raises:
        SettingsError: The file cannot be read or written.
    """
    path = settings_file()
    try:
        try:
            data = read_ordinary(path, MAX_BYTES)
        except FileNotFoundError:
            data = b""
        before = _entries(data)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, _changed(data.decode("utf-8-sig"), before, name, value))
    except (OSError, ValueError) as error:
        reason = str(getattr(error, "strerror", None) or error)
        raise SettingsError(
            f"The settings in {path} cannot be changed: {shorten(reason, 200)}.",
            "What you chose holds until you leave the game.",
        ) from None


def _changed(text: str, before: dict[str, Entry], name: str, value: object) -> str:
    """The file's new text."""
    wanted = {key: entry.value for key, entry in before.items()}
    wanted.pop(name, None)
    if value is not None:
        wanted[name] = _as_text(value)
    entry = before.get(name)
    if entry is None:
        gap = "" if not text or text.endswith("\n") else "\n"
        new = text if value is None else f"{text}{gap}{_line(name, wanted[name])}"
    elif value is None:
        new = re.sub(r"\A[^\S\n]*\n?", "", text[entry.end :])
        new = text[: entry.at] + new
    else:
        new = f"{text[: entry.at]}{name}: {_scalar(wanted[name])}{text[entry.end :]}"
    try:
        same = {key: found.value for key, found in _entries(new.encode()).items()} == wanted
    except ValueError:
        same = False
    # Written in a way of its own (`{model: gpt2}`): the values are kept, its form is not.
    return new if same else "".join(_line(key, written) for key, written in wanted.items())


def _as_text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _scalar(value: str | None) -> str:
    if value is None:
        return ""
    plain = _PLAIN.fullmatch(value) and value != "null"
    # Any JSON string is a YAML string between double quotes.
    return value if plain else json.dumps(value, ensure_ascii=False)


def _line(name: str, value: str | None) -> str:
    return f"{name}: {_scalar(value)}".rstrip() + "\n"
