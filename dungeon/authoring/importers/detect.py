"""What a file is, by what is in it; its name counts for nothing.

PNG pictures and zip archives are looked into, share links of KoboldAI Lite unpacked, and JSON
is told apart by the fields that only one tool writes.
"""

from __future__ import annotations

import base64
import binascii
import lzma
import re
from dataclasses import dataclass
from enum import Enum
from typing import Any

from dungeon import plain_json
from dungeon.authoring import source
from dungeon.authoring.faults import Fault
from dungeon.authoring.importers import archive, png
from dungeon.errors import ScenarioError
from dungeon.text import clean

MAX_BYTES = plain_json.MAX_BYTES
MAX_PROSE = 1_000_000
"""Longest file of bare prose that is taken for a prompt, in bytes."""


class Kind(Enum):
    """A form of file, by what it is called in a report."""

    OWN_EXPORT = "a story that Dungeon exported"
    AID_CARDS = "a set of AI Dungeon story cards"
    AID_ADVENTURES = "a set of AI Dungeon adventures"
    AID_SCENARIO = "an AI Dungeon scenario"
    AID2_SAVE = "an AI Dungeon 2 save"
    AID2_STORIES = "a set of AI Dungeon 2 scenarios"
    AETHER_ROOM = "a prompt of AetherRoom or a site like it"
    STORYBRO = "a storybro story"
    TRACERY = "a Tracery grammar"
    CLOVER_PROMPT = "a Clover Edition prompt, or plain prose"
    CLOVER_SAVE = "a Clover Edition save"
    KOBOLD = "a KoboldAI story"
    KOBOLD_SHARE = "a shared story of KoboldAI Lite"
    NAI_SCENARIO = "a NovelAI scenario"
    NAI_LOREBOOK = "a NovelAI lorebook"
    NAI_STORY = "a NovelAI story"
    WORLD_INFO = "a set of world info (SillyTavern or KoboldAI)"
    CHARACTER = "a character card"
    CHAT = "a SillyTavern chat"


@dataclass(frozen=True, slots=True)
class Found:
    """A file told apart: what it is, and its plain data or its text.

    Attributes:
        kind: What it is.
        data: Plain data; the text of a prompt, the bytes of an export of our own.
        twice: Names that stand twice where their tool allows it; the last counts.
    """

    kind: Kind
    data: Any
    twice: tuple[str, ...] = ()


_SQLITE = b"SQLite format 3\0"
_LINK = re.compile(r"https?://[^\s?]{1,200}/?\?s=([A-Za-z0-9_-]+)={0,2}")
_YAML_FIELD = re.compile(r"^([A-Za-z_]\w*):", re.MULTILINE)
_PAGE = re.compile(r"\s*<(?:!doctype\s+html|html)\b", re.IGNORECASE)
_SYMBOL = re.compile(r"#[^#\s]+#")


def recognise(data: bytes) -> Found:
    """What the bytes of a file are.

    Raises:
        ScenarioError: Nothing that is known here, damaged, or an attack.
    """
    try:
        return _recognise(data)
    except (ValueError, OverflowError) as error:
        raise ScenarioError(
            f"This file cannot be imported: {str(error).rstrip('.')}.",
            "See docs/importing.md for what can be; export it again from its tool if it should.",
        ) from None


def _recognise(data: bytes) -> Found:
    if len(data) > MAX_BYTES:
        raise ValueError(f"it is larger than {MAX_BYTES // 2**20} MB")
    if data.startswith(_SQLITE):
        raise ScenarioError(
            "This is a story file of Dungeon already, or another database.",
            "Put it into the folder of the stories; `dungeon resume FILE` plays it.",
        )
    if data.startswith(png.SIGNATURE):
        return _of_json(_picture(data))
    if data.startswith(archive.SIGNATURE):
        names = ("story.json", "card.json")
        return _of_json(archive.member(data, names, (".json", ".story", ".scenario")))
    start = data[:200].removeprefix(b"\xef\xbb\xbf").lstrip()
    if start[:1] in (b"{", b"["):
        return _of_chat(data) or _of_json(data)
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise ValueError("it is saved as UTF-16; save it as UTF-8")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError("it is neither text in UTF-8 nor a picture or archive") from None
    return _of_text(text)


def _of_text(text: str) -> Found:
    link = _LINK.fullmatch(text.strip())
    if link is not None:
        return _of_json(_unshared(link[1]))
    names = set(_YAML_FIELD.findall(text[:10_000]))
    if "settings" in names:
        return Found(Kind.AID2_STORIES, _plain(text))
    if "name" in names and names & {"greeting", "context"}:
        # What text-generation-webui calls a character.
        return Found(Kind.CHARACTER, _plain(text))
    if "dungeon" in names and names & {"title", "opening"}:
        raise ScenarioError(
            "This is a scenario of Dungeon already.",
            "Look it over with `dungeon check FILE`, play it with `dungeon play FILE`.",
        )
    if len(text) > MAX_PROSE:
        raise ValueError("it is no tool's file, and too long for a prompt")
    if _PAGE.match(text):
        raise ValueError("it is a web page, not the file itself; fetch that again")
    if "\0" in text or not text.strip():
        raise ValueError("it is empty" if not text.strip() else "it is no text")
    return Found(Kind.CLOVER_PROMPT, clean(text))


def _plain(text: str) -> Any:
    """The plain data of a YAML text, read as carefully as a scenario."""
    if len(text) > source.MAX_BYTES:
        raise ValueError(f"it is YAML of more than {source.MAX_BYTES // 1024} KiB")
    try:
        return _bare(source.parse(source.decode(text.encode())))
    except Fault as fault:
        raise ValueError(
            f"{fault.message.rstrip('.')} (line {fault.line + 1}, column {fault.column + 1})"
        ) from None


def _bare(tree: source.Tree) -> Any:
    if isinstance(tree, source.Scalar):
        return clean(tree.text)
    if isinstance(tree, source.Sequence):
        return [_bare(item) for item in tree.items]
    data: dict[str, Any] = {}
    for key, value in tree.entries:
        name = clean(key.text, newlines=False)
        if name in data:
            raise ValueError(f"it has the key {name[:40]!r} twice (line {key.mark.line + 1})")
        data[name] = _bare(value)
    return data


def _picture(data: bytes) -> bytes:
    texts = png.texts(data)
    for keyword in ("ccv3", "chara", "naidata"):
        if keyword in texts:
            return _base64(texts[keyword])
    raise ValueError("the picture holds no character card")


def _base64(text: bytes) -> bytes:
    try:
        return base64.b64decode(b"".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("the card in the picture is damaged") from None


def _unshared(code: str) -> bytes:
    """The JSON in a share link: base64 for addresses around LZMA in its old form."""
    stream = lzma.LZMADecompressor(lzma.FORMAT_ALONE, memlimit=256 * 2**20)
    try:
        packed = base64.urlsafe_b64decode(code + "=" * (-len(code) % 4))
        text = stream.decompress(packed, MAX_BYTES + 1)
    except (lzma.LZMAError, binascii.Error, EOFError):
        raise ValueError("the link is damaged") from None
    if len(text) > MAX_BYTES:
        raise ValueError(f"the link unpacks to more than {MAX_BYTES // 2**20} MB")
    return text


# -- JSON ------------------------------------------------------------------------------------


def _of_json(data: bytes) -> Found:
    twice: list[str] = []
    value = plain_json.loads(data, twice=twice.append)
    kind = _kind_of_list(value) if isinstance(value, list) else _kind(value)
    if kind is None and not any(_held(value)):
        raise ValueError("it is JSON with nothing in it")
    if kind is None:
        raise ValueError("it is JSON, and of no kind that is known here")
    # Grammars are written by hand, and their own reader lets the last rule of a name win.
    if twice and kind is not Kind.TRACERY:
        raise ValueError(f"it has the key {plain_json.named(twice[0])} twice")
    # The reader of our own exports takes the text as it is.
    return Found(kind, data if kind is Kind.OWN_EXPORT else value, tuple(dict.fromkeys(twice)))


def _held(value: Any) -> list[Any]:
    """What a file holds, a list or table in it taken for what is in that."""
    values = list(value.values()) if isinstance(value, dict) else value
    return values if isinstance(values, list) else [values]


def _of_chat(data: bytes) -> Found | None:
    """A chat: one JSON object a line, the first of which names the two who talk."""
    first, _, rest = data.partition(b"\n")
    if not rest.strip() or b"character_name" not in first:
        return None
    try:
        head = plain_json.loads(first)
    except ValueError:
        return None
    if not isinstance(head, dict) or "character_name" not in head:
        return None
    # One reading for all lines: bounded as a whole.
    lines = b",".join(line for line in data.splitlines() if line.strip())
    return Found(Kind.CHAT, plain_json.loads(b"[" + lines + b"]"))


def _kind_of_list(items: list[Any]) -> Kind | None:
    groups = [item for item in items if isinstance(item, dict)]
    if not groups:
        return None
    names = groups[0].keys()
    if names & {"actions", "actionWindow"}:
        return Kind.AID_ADVENTURES
    if "keys" in names and names & {"value", "entry"}:
        return Kind.AID_CARDS
    if names & {"key", "keys"} and "content" in names:
        return Kind.WORLD_INFO
    return None


def _kind(value: Any) -> Kind | None:
    if not isinstance(value, dict):
        return None
    names = value.keys()
    if "actions" in names and _is_kobold(value):
        return Kind.KOBOLD
    for kind, groups in _MARKS:
        if all(names & group for group in groups):
            return kind
    if isinstance(value.get("spec"), str) and str(value["spec"]).startswith("chara_card"):
        return Kind.CHARACTER
    if value.get("spec") == "lorebook_v3":
        return Kind.WORLD_INFO
    if "stories" in names:
        return _kind_of_list(value["stories"]) if isinstance(value["stories"], list) else None
    if value.get("type") == "risu" and isinstance(value.get("data"), list):
        return Kind.WORLD_INFO
    if "entries" in names:
        return _kind_of_entries(value["entries"])
    if "keys" in names and names & {"value", "entry"}:
        return Kind.AID_CARDS
    if _is_grammar(value):
        return Kind.TRACERY
    return None


_WORLD = ("storyCards", "worldInfo", "worldInfos")
# Each kind with groups of names, of every one of which it has at least one.
_MARKS: tuple[tuple[Kind, tuple[set[str], ...]], ...] = (
    (Kind.OWN_EXPORT, ({"format"}, {"nodes"}, {"scenario"})),
    (Kind.NAI_STORY, ({"storyContainerVersion"},)),
    (Kind.NAI_SCENARIO, ({"scenarioVersion"},)),
    (Kind.NAI_LOREBOOK, ({"lorebookVersion"},)),
    (Kind.AID2_SAVE, ({"story_start"}, {"actions", "results"})),
    (Kind.CLOVER_SAVE, ({"results"}, {"actions"}, {"context", "memory", "top-keks"})),
    (Kind.STORYBRO, ({"blocks"}, {"attrs"})),
    (Kind.KOBOLD_SHARE, ({"ga"},)),
    (Kind.KOBOLD, ({"file_version", "gamestarted"}, {"actions", "prompt"})),
    (Kind.AID_ADVENTURES, ({"actions", "actionWindow"},)),
    (Kind.AETHER_ROOM, ({"promptContent"},)),
    (Kind.CHARACTER, ({"first_mes", "char_greeting"}, {"name", "char_name"})),
    (Kind.AID_SCENARIO, ({"prompt"}, {"memory", "authorsNote", "options", *_WORLD})),
    (Kind.AID_CARDS, (set(_WORLD),)),
)


def _is_kobold(value: dict[str, Any]) -> bool:
    actions = value.get("actions")
    if isinstance(actions, dict):
        return "actions" in actions
    texts = isinstance(actions, list) and all(isinstance(item, str) for item in actions)
    return texts and "prompt" in value


def _kind_of_entries(entries: Any) -> Kind | None:
    items = list(entries.values()) if isinstance(entries, dict) else entries
    if not isinstance(items, list):
        return None
    first = next((item for item in items if isinstance(item, dict)), None)
    if first is None:
        return None
    return Kind.NAI_LOREBOOK if "text" in first and "content" not in first else Kind.WORLD_INFO


def _is_grammar(value: dict[str, Any]) -> bool:
    def is_rule(rule: Any) -> bool:
        if isinstance(rule, list):
            return all(isinstance(item, str) for item in rule)
        return isinstance(rule, str)

    if not value or not all(is_rule(rule) for rule in value.values()):
        return False
    named = any(name == "origin" or name.endswith(("_prompt", "_context")) for name in value)
    rules = (
        item for rule in value.values() for item in (rule if isinstance(rule, list) else [rule])
    )
    return named or any(_SYMBOL.search(item) for item in rules)
