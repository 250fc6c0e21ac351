"""Every target of the fuzzer, its words, and where its inputs come from."""

from __future__ import annotations

from pathlib import Path

from dungeon.storage import export
from tests.fuzz import files, games, saves, words, worlds
from tests.fuzz.target import Target

ROOT = Path(__file__).resolve().parents[2]
CORPUS = Path(__file__).parent / "corpus"

_YAML = tuple(
    b"dungeon: 1|title: |opening: |memory: |questions:|cards:|generation:|banned:|examples:|"
    b"style:|tags:|rating: |{key: k, ask: a}|{name: n, text: t, keys: [k]}|always: true|{name}|"
    b"- |: |[|]|{|}|\"|'|*a|&a|!!str |!!python/object:os.system |<<: *a|\n|  |\t|#|---|...|"
    b"%YAML 1.1|@|`|?|\\x41|"
    b"\\UFFFFFFFF|\\ud800|\xe2\x80\xae|\xef\xbb\xbf|\xff\xfe|\x00|\x1b[2J|>-\n|NO|1.10|.nan|"
    b"1e999|0x10|temperature: |max_new_tokens: |person: first".split(b"|")
)
_PROSE = tuple(
    " |\n|\n\n|.|!|?|…|,|:|;|\"|“|”|'|’|‘|(|)|[|]|*|_|>|\n> |> You |<|<|im_end|>|<|endoftext|>|# |"
    "```|---|Chapter 1|Mr. |e.g. |3.5|http://x.y|user:|I |i'm |my |me |mine |we |give me |you |"
    "Henry I |say |/undo|\ufffd|\u200d|\u200b|\u202e|\U000e0041|👩|门|é|e\u0301|\x1b[31m|"
    "\x1b]0;t\x07|\x9b2J|\x00|\x1e|\u2028|\r\n|\t|。|！|」|\u0628|\u05d0".encode().split(b"|")
)
_JSON = tuple(
    b'{|}|[|]|,|:|"|\\u0000|\\ud800|\\udc00|\\u202e|null|true|NaN|-Infinity|1e999|-1|0|'
    b'9223372036854775808|"format": 1|"head"|"nodes"|"parent"|"id"|"action"|"mode": "say"|"origin"|'
    b'"format": 2|"automatic": 0|"forgotten"|'
    b'"seed"|"scenario"|"cards"|"model_type": "gpt2"|"auto_map"|\x1e|\xff|\xef\xbb\xbf'.split(b"|")
)
_SQLITE = (
    b"\x00",
    b"\xff",
    b"\x7f\xff\xff\xff",
    b"SQLite format 3\x00",
    b"CREATE TABLE ",
    b"nodes",
)
_SETTINGS = (b"model: gpt2", b"top_k: 5", b"saves: /x", b"word_filter: on", b"\\x00")
_ROWS = tuple(
    bytes([column, row, kind]) for column in range(23) for row in (0, 3) for kind in (0, 2, 5)
)


def _scenarios() -> list[bytes]:
    return [path.read_bytes() for path in sorted((ROOT / "scenarios").glob("*.yaml"))]


def _exports() -> list[bytes]:
    return [export.to_json(saves.session().story).encode()]


_WORLDS = (
    *_JSON,
    *(
        b'"actions": [|"prompt": |"keys": "a,b"|"value": |"entry": |"worldInfo": [|"storyCards": [|'
        b'"key": |"content": |"entries": {|"spec": "chara_card_v2"|"first_mes": |"mes_example": |'
        b'"lorebookVersion": 5|"storyContainerVersion": 1|"scenarioVersion": 3|"ga": [|'
        b'"datablocks": [|"prevBlock": |"startIndex": |"fragments": [|"swipes": [|"mes": |'
        b'"origin": ["#a#"]|#a.capitalize#|#[b:c]a#|#a#|${a}|%{x[y]:z}|{{user}}|{{char}}|'
        b'{{random:a,b}}|{{[INPUT]}}|"> a\\nb"|<START>|"base64:gASV"|You |I |\\n> |settings:\n|'
        b"stories:|chara\x00|ccv3|story.json".split(b"|")
    ),
)
_CHUNKS = tuple(b"\x1e" + kind for kind in (b"tEXt", b"zTXt", b"iTXt", b"IEND"))
_PACKED = (
    *(bytes([mark]) for mark in range(0x40, 0x48)),
    *(bytes.fromhex(mark) for mark in "c0 c1 c2 c3 ca cb cc cd ce cf d0 d2 d3 d4 d6 d9".split()),
    *(bytes.fromhex(mark) for mark in "db dc dd de df d47240 d41400 d662 ffffffff 9f 8f".split()),
    b"sections",
    b"order",
    b"dirtySections",
    b"history",
)
_GAME = (
    *_PROSE,
    *(
        b"/say |/story |/do |/continue|/retry|/undo|/redo|/alter |/remember |/note |/cards|/card |"
        b"/forget |/automatic|/preset wild|/save|/filter|/help|/quit|Mira: |Keeper|\x1d|\x1e|"
        b"\x1e\x1dThe old ferryman nods.|\x1e\x1dYou find a brass key.|rat|bad egg".split(b"|")
    ),
)


def _games() -> list[bytes]:
    lines = (ROOT / "tests" / "transcripts").glob("*.lines")
    return [path.read_bytes().replace(b"\n", b"\x1e") for path in sorted(lines)]


IMPORTERS = (
    Target("aidungeon", worlds.imported, _WORLDS, worlds.samples_of("AID", "AETHER", "STORYBRO")),
    Target("novelai", worlds.imported, _WORLDS, worlds.samples_of("NAI")),
    Target("novelai_documents", worlds.documents, _PACKED, worlds.document_seeds),
    Target("kobold", worlds.imported, _WORLDS, worlds.samples_of("KOBOLD")),
    Target("kobold_links", worlds.links, _WORLDS, worlds.samples_of("KOBOLD_SHARE")),
    Target("clover", worlds.imported, (*_WORLDS, *_PROSE), worlds.samples_of("CLOVER")),
    Target("silly", worlds.imported, _WORLDS, worlds.samples_of("CARD_V", "WORLD", "CHAT")),
    Target("card_pictures", worlds.pictures, _WORLDS, worlds.samples_of("CARD_V")),
    Target("chunks", worlds.chunks, (*_WORLDS, *_CHUNKS), worlds.chunk_seeds),
    Target("archives", worlds.archives, (*_WORLDS, b"a/story.json\x1e"), worlds.archive_seeds),
    Target("tracery", worlds.imported, _WORLDS, worlds.samples_of("TRACERY")),
)
"""Readers of other tools' files, and of what is wrapped in them."""

TARGETS = {
    target.name: target
    for target in (
        Target("scenario", files.scenario, _YAML, _scenarios),
        Target("prescan", files.prescan, _YAML, _scenarios),
        Target("edited", files.edited, (*_YAML, b"\x1e"), files.edit_seeds),
        Target("settings", files.settings_file, (*_YAML, *_SETTINGS)),
        Target("model_files", files.model_files, _JSON, lambda: [files.model_seed()]),
        Target("save_json", saves.save_json, _JSON, _exports),
        Target("save_file", saves.save_file, _SQLITE, lambda: [saves.saved()]),
        Target("save_rows", saves.save_rows, (*_JSON, *_ROWS)),
        Target("salvage", games.salvage, _SQLITE, lambda: [saves.saved()]),
        Target("game", games.game, _GAME, _games),
        Target("word_list", games.word_list, _PROSE),
        Target("trim", words.trim, _PROSE),
        Target("player", words.player, _PROSE),
        Target("sanitiser", words.sanitiser, _PROSE),
        *IMPORTERS,
    )
}
"""Every target by name."""


def inputs(target: Target) -> list[bytes]:
    """Where mutation starts: the target's own inputs and its corpus."""
    found = sorted((CORPUS / target.name).glob("*"))
    return [*target.seeds(), *(path.read_bytes() for path in found), b""]
