"""Files that are made to break a reader: each ends in an error that was told.

DUNGEON_EXAMPLES sets how many are made by chance (15 times a small factor by default); the long
runs are those of `python -m tests.fuzz`.
"""

from __future__ import annotations

import base64
import io
import lzma
import os
import pickle
import random
import re
import time
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dungeon.authoring import importers
from dungeon.authoring.importers.product import scenario_text
from dungeon.errors import DungeonError
from tests.unit.importers import samples
from tests.unit.importers.samples import ALL, chunk, dump, picture

FEW = int(os.environ.get("DUNGEON_EXAMPLES", "15"))


def bring(data: bytes, seed: int = 1) -> None:
    """Everything that an import does, up to the writing."""
    for draft in importers.drafts(importers.recognise(data), seed):
        scenario_text(draft.scenario("file"), draft.report, "")
        draft.story("file", seed=seed, created="2026-01-01T00:00:00+00:00")
        draft.report.render()


def zip_bomb() -> bytes:
    """Blanks, a thousand times as many as the bytes that they are packed into."""
    packed = io.BytesIO()
    with (
        zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("story.json", "w", force_zip64=True) as member,
    ):
        block = b" " * 2**20
        for _ in range(60):
            member.write(block)
    return packed.getvalue()


def lying_zip() -> bytes:
    """A member whose headers say that it has four bytes."""
    data = bytearray(zip_bomb())
    for signature, offset in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):
        at = data.find(signature) + offset
        data[at : at + 4] = (4).to_bytes(4, "little")
    return bytes(data)


def in_kobold(text: bytes) -> bytes:
    return b'{"gamestarted": true, "prompt": "You wait.", "actions": [], "x": ' + text + b"}"


ATTACKS: dict[str, Callable[[], bytes]] = {
    "NaN": lambda: in_kobold(b"NaN"),
    "Infinity": lambda: in_kobold(b"-Infinity"),
    "a number beyond all": lambda: in_kobold(b"1e999"),
    "5,000 digits": lambda: in_kobold(b"9" * 5000),
    "depth 100,000 of lists": lambda: in_kobold(b"[" * 100_000),
    "depth 100,000 of objects": lambda: b'{"a":' * 100_000,
    "a key twice": lambda: in_kobold(b'{"a": 1, "a": 2}'),
    "half a surrogate pair": lambda: in_kobold(b'"\\ud800"'),
    "not UTF-8": lambda: in_kobold(b'"\xff"'),
    "cut short": lambda: samples.KOBOLD_V1[:200],
    "millions of items": lambda: in_kobold(b"[" + b"0," * 6_000_000 + b"0]"),
    "YAML deep": lambda: b"settings: " + b"[" * 100_000,
    "YAML with an alias": lambda: b"settings: &a [*a]",
    "YAML with a tag": lambda: b"settings: !!python/object/apply:os.system [id]",
    "YAML with a key twice": lambda: b"settings:\n  a: {}\n  a: {}\n",
    "a zip of 60 MB": zip_bomb,
    "a zip that lies": lying_zip,
    "a zip of text": lambda: samples.zipped("a.txt", b"x"),
    "a zip of two": lambda: two_members(),
    "half a zip": lambda: samples.KOBOLD_ZIP[: len(samples.KOBOLD_ZIP) // 2],
    "a picture that unpacks to 32 MB": lambda: picture(
        chunk(b"zTXt", b"chara\0\0" + zlib.compress(b" " * 2**25))
    ),
    "a picture with a false sum": lambda: samples.CARD_PNG.replace(b"chara", b"chAra"),
    "a picture cut short": lambda: samples.CARD_PNG[:-400],
    "a picture with no base64": lambda: picture(chunk(b"tEXt", b"chara\0{}")),
    "a picture of a picture": lambda: picture(
        chunk(b"tEXt", b"chara\0" + base64.b64encode(samples.CARD_PNG))
    ),
    "a link that unpacks to 60 MB": lambda: (
        b"https://x.example/?s="
        + base64.urlsafe_b64encode(
            lzma.compress(b" " * (60 * 2**20), format=lzma.FORMAT_ALONE, preset=0)
        )
    ),
    "a link of nothing": lambda: b"https://x.example/?s=AAAA",
    "a document of NovelAI in depth": lambda: nai(b"\x91" * 10_000),
    "a document of NovelAI without end": lambda: nai(b"\xdd\xff\xff\xff\xff"),
    "a document of NovelAI with strings nowhere": lambda: nai(b"\xd6\x62\x00\x00\xff\xff\x01"),
    "a document of NovelAI, no base64": lambda: dump(
        {"storyContainerVersion": 1, "content": {"document": "?"}}
    ),
    "a grammar without end": lambda: dump({"origin": ["#origin##origin#"]}),
    "a grammar that doubles": lambda: dump(
        {"origin": ["#a0#"]} | {f"a{n}": [f"#a{n + 1}##a{n + 1}#"] for n in range(59)}
    ),
}


def two_members() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.json", b"{}")
        archive.writestr("b.json", b"{}")
    return packed.getvalue()


def nai(document: bytes) -> bytes:
    code = base64.b64encode(document).decode()
    return dump({"storyContainerVersion": 1, "content": {"document": code}})


@pytest.mark.parametrize("name", ATTACKS)
def test_accept_31_an_attack_is_a_clean_error(name: str) -> None:
    data = ATTACKS[name]()
    began = time.process_time()
    tracemalloc.start()
    try:
        with pytest.raises(DungeonError) as error:
            bring(data)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert time.process_time() - began < 5
    assert most < 200 * 2**20
    assert error.value.message.endswith(".")
    assert error.value.hint
    assert len(error.value.message) < 300


def test_accept_31_a_pickle_in_a_kobold_file_is_never_loaded(tmp_path: Path) -> None:
    # A pickle in its text form that makes a folder when it is loaded.
    folder = tmp_path / "made-by-a-pickle"
    code = f"cos\nmkdir\n(S'{folder}'\ntR.".encode()
    poison = f"base64:{base64.b64encode(code).decode()}"
    data = samples.KOBOLD_V2_DATA | {"memory": poison, "prompt": poison, "alt_gen": poison}
    (draft,) = importers.drafts(importers.recognise(dump(data)), 1)
    story = draft.story("file", seed=1, created="")
    assert "base64:" not in "".join(node.text for node in story.tree) + story.memory
    assert "3 values" in "\n".join(draft.report.homeless)
    assert not folder.exists()
    pickle.loads(code)
    assert folder.exists(), "the pickle is one that would have worked"


WORDS = [
    b"null", b"[]", b"{}", b"-1", b"true", b'""', b'"x"', b"0.5", b'[["a"]]', b'{"0": {"a": 1}}',
    b'"${a}"', b'"{{user}}"', b'"> "', b"9999999999", b'["> a\\nb", 3]',
]  # fmt: skip
_VALUE = re.compile(rb'"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?|true|false|null|\[\]|\{\}')


def mutated(data: bytes, chance: random.Random) -> bytes:
    """A few values of a JSON text replaced by others, or a few bytes of any file."""
    if data[:1] in (b"{", b"[") and chance.random() < 0.8:
        for _ in range(chance.randint(1, 4)):
            found = list(_VALUE.finditer(data))
            match = chance.choice(found)
            is_key = data[match.end() : match.end() + 1] == b":"
            new = chance.choice(found)[0] if is_key else chance.choice(WORDS)
            data = data[: match.start()] + new + data[match.end() :]
        return data
    changed = bytearray(data)
    for _ in range(chance.randint(1, 5)):
        at = chance.randrange(len(changed))
        match chance.randrange(3):
            case 0:
                changed[at] = chance.randrange(256)
            case 1:
                del changed[at : at + chance.randint(1, 30)]
            case _:
                changed[at:at] = bytes(chance.choices(b'{}[]":,\n #$%<>\0', k=3))
        if not changed:
            return b""
    return bytes(changed)


@settings(max_examples=8 * FEW, deadline=None)
@given(name=st.sampled_from(sorted(ALL)), seed=st.integers(0, 2**32))
def test_accept_31_mutations_give_only_errors_that_are_told(name: str, seed: int) -> None:
    data = mutated(ALL[name], random.Random(seed))
    with suppress(DungeonError):
        bring(data, seed)


@settings(max_examples=3 * FEW, deadline=None)
@given(document=st.binary(max_size=200), bundle=st.booleans())
def test_accept_31_any_document_of_novelai_gives_only_errors_that_are_told(
    document: bytes, bundle: bool
) -> None:
    head = b"\xd6\x62\x00\x00\x00\x08" if bundle else b"\xd4\x14\x00"
    with suppress(DungeonError):
        bring(nai(head + document))


@settings(max_examples=3 * FEW, deadline=None)
@given(data=st.one_of(st.binary(max_size=300), st.text(max_size=300).map(str.encode)))
def test_accept_31_any_bytes_give_only_errors_that_are_told(data: bytes) -> None:
    with suppress(DungeonError):
        bring(data)
