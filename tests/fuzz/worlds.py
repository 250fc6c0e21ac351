"""Targets that are worlds and stories of other tools, and ours on their way out.

Most readers are behind a wrapping that a changed byte breaks: a checksum, base64, LZMA. For
those there is a target that wraps what it is given, so that the reader behind it is reached.
"""

from __future__ import annotations

import base64
import io
import lzma
import warnings
import zipfile
import zlib
from collections.abc import Callable, Hashable

from dungeon.authoring import importers
from dungeon.authoring.exporters.card import to_card
from dungeon.authoring.exporters.kobold import to_kobold
from dungeon.authoring.exporters.novelai import to_novelai
from dungeon.authoring.importers.product import cards_text, scenario_text
from dungeon.errors import DungeonError
from dungeon.story.scenario import Scenario, to_data
from tests.fuzz.saves import sound
from tests.fuzz.target import harmless, texts, told
from tests.unit.importers import samples

CREATED = "2026-01-01T00:00:00+00:00"
SHARE = b"https://lite.example/?s="


def imported(data: bytes) -> Hashable:
    """Everything that an import does up to the writing, and that what it makes is sound."""
    try:
        found = importers.recognise(data)
        if found.kind is importers.Kind.OWN_EXPORT:
            # The target `save_json` reads those.
            return found.kind.name
        drafts = importers.drafts(found, importers.seed_of(data))
    except DungeonError as error:
        return told(error)
    return (found.kind.name, *(_made(draft) for draft in drafts[:4]))


def _made(draft: importers.Draft) -> Hashable:
    outcome: list[Hashable] = []
    try:
        scenario = draft.scenario("file")
        for text in texts(to_data(scenario)):
            harmless(text, "a scenario")
        text, rest, _ = scenario_text(scenario, draft.report, "A comment.")
        cards_text(rest, scenario)
        written_out(scenario)
        outcome.append((len(text) // 500, bool(rest)))
    except DungeonError as error:
        outcome.append(told(error))
    try:
        story = draft.story("file", seed=1, created=CREATED)
        sound(story)
        to_kobold(story)
        outcome.append(min(len(story.tree), 8))
    except DungeonError as error:
        outcome.append(told(error))
    for line in draft.report.render().split("\n"):
        harmless(line, "a report")
    return (*outcome, len(draft.report.carried), len(draft.report.homeless))


def written_out(scenario: Scenario) -> None:
    """Write a scenario in the forms of other tools, and bring what was written in again."""
    for write in (to_card, to_novelai):
        text, report = write(scenario)
        harmless(report.render(), "a report")
        (again,) = importers.drafts(importers.recognise(text.encode()), 1)
        harmless(again.scenario("file").title, "a title that came back")


def _wrapped(wrap: Callable[[bytes], bytes]) -> Callable[[bytes], Hashable]:
    return lambda data: imported(wrap(data))


def _card_picture(data: bytes) -> bytes:
    kind = (b"tEXt", b"zTXt", b"iTXt")[len(data) % 3]
    card = base64.b64encode(data)
    body = {
        b"tEXt": b"chara\0" + card,
        b"zTXt": b"chara\0\0" + zlib.compress(card, 1),
        b"iTXt": b"ccv3\0\1\0\0\0" + zlib.compress(card, 1),
    }
    return samples.picture(samples.chunk(kind, body[kind]))


def _chunks(data: bytes) -> bytes:
    """A picture whose chunks are `data` cut at the byte 0x1e, each with a right checksum."""
    parts = data.split(b"\x1e")
    return samples.picture(*(samples.chunk(part[:4].ljust(4, b"x"), part[4:]) for part in parts))


def _archive(data: bytes) -> bytes:
    """A zip file whose members' names and contents are `data` cut at the byte 0x1e."""
    packed = io.BytesIO()
    parts = data.split(b"\x1e")
    with zipfile.ZipFile(packed, "w") as archive, warnings.catch_warnings():
        # Two members of one name are what somebody hostile would make.
        warnings.simplefilter("ignore")
        for name, content in zip(parts[::2], parts[1::2], strict=False):
            info = zipfile.ZipInfo(name.decode("utf-8", "replace") or "x")
            archive.writestr(info, content)
    return packed.getvalue()


def _document(data: bytes) -> bytes:
    code = base64.b64encode(data).decode()
    return samples.dump({"storyContainerVersion": 1, "content": {"document": code}})


def _link(data: bytes) -> bytes:
    packed = lzma.compress(data, format=lzma.FORMAT_ALONE, preset=0)
    return SHARE + base64.urlsafe_b64encode(packed).rstrip(b"=")


pictures = _wrapped(_card_picture)
chunks = _wrapped(_chunks)
archives = _wrapped(_archive)
documents = _wrapped(_document)
links = _wrapped(_link)


def samples_of(*prefixes: str) -> Callable[[], list[bytes]]:
    """The samples whose names begin so."""

    def found() -> list[bytes]:
        return [data for name, data in sorted(samples.ALL.items()) if name.startswith(prefixes)]

    return found


def document_seeds() -> list[bytes]:
    return [samples.nai_document(bundle) for bundle in (False, True)]


def chunk_seeds() -> list[bytes]:
    card = base64.b64encode(samples.CARD_V2)
    texts = (b"tEXtchara\0" + card, b"zTXtchara\0\0" + zlib.compress(card))
    return [*texts, b"iTXtccv3\0\0\0\0\0" + card, b"\x1e".join((*texts, b"IEND", texts[0]))]


def archive_seeds() -> list[bytes]:
    return [b"Cellar/story.json\x1e" + samples.KOBOLD_V2, b"card.json\x1e" + samples.CARD_V2]
