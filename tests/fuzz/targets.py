"""Every target of the fuzzer, its words, and where its inputs come from."""

from __future__ import annotations

from pathlib import Path

from dungeon.storage import export
from tests.fuzz import files, saves, words
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


IMPORTERS: tuple[Target, ...] = ()
"""Readers of other tools' files: `Target("name", total(read), _JSON)`, where `read` takes bytes
and raises only a `DungeonError`."""

TARGETS = {
    target.name: target
    for target in (
        Target("scenario", files.scenario, _YAML, _scenarios),
        Target("prescan", files.prescan, _YAML, _scenarios),
        Target("settings", files.settings_file, (*_YAML, *_SETTINGS)),
        Target("model_files", files.model_files, _JSON, lambda: [files.model_seed()]),
        Target("save_json", saves.save_json, _JSON, _exports),
        Target("save_file", saves.save_file, _SQLITE, lambda: [saves.saved()]),
        Target("save_rows", saves.save_rows, (*_JSON, *_ROWS)),
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
