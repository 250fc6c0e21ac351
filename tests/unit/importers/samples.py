"""Small files in the forms of other tools, all of them written for these tests."""

from __future__ import annotations

import base64
import io
import json
import lzma
import struct
import zipfile
import zlib
from typing import Any


def dump(data: Any) -> bytes:
    return json.dumps(data).encode()


# -- AI Dungeon ------------------------------------------------------------------------------

AID_CARDS = dump(
    [
        {"keys": "Bram, the smith,anvil", "value": "Bram shoes horses {badly}.",
         "type": "character",
         "title": "Bram", "description": "note to self", "useForCharacterCreation": True},
        {"keys": "ford", "entry": "The ford is deep in spring.", "isNotHidden": True},
    ]
)  # fmt: skip
AID_LONE_CARD = dump({"keys": "ford", "entry": "The ford is deep in spring."})
AID_SCENARIO = dump(
    {
        "title": "The Ford",
        "description": "A river, and ${What is your name?} on the wrong side.",
        "prompt": "You are ${What is your name?}, a ${1#trade[tanner]:Your trade:What you do}. "
        "You stand at the ford. ${what is your name?} shivers.",
        "memory": "The ferryman is called ${Who is the ferryman?}.",
        "authorsNote": "Cold and wet.",
        "tags": ["river"],
        "storyCards": [{"keys": "ferry", "value": "It leaks.", "title": "Ferry"}],
        "options": [{"title": "By day"}],
    }
)
AID_ADVENTURES = dump(
    {
        "stories": [
            {
                "title": "Across",
                "memory": "It rains.",
                "authorsNote": "Wet.",
                "worldInfo": {"keys": "ford", "entry": "Deep."},
                "actions": [
                    {"text": "You stand at the ford.", "type": "start"},
                    {"text": "\n> You wade in.\n", "type": "do"},
                    {"text": "The water takes your hat.", "type": "continue"},
                    {"text": "It is gone.", "undoneAt": "2023-01-01"},
                    {"text": '> You say "Come back!"', "type": "say"},
                    {"text": "It does not.", "type": "continue"},
                ],
            }
        ]
    }
)
AETHER = dump(
    {
        "title": "Kiln",
        "description": "Bricks.",
        "promptContent": "You open the kiln.",
        "memory": "It is hot.",
        "authorsNote": "Dry.",
        "worldInfos": [{"keys": "kiln, oven", "keysList": ["kiln", "oven"], "entry": "Brick."}],
    }
)
AID2_SAVE = dump(
    {
        "story_start": "You are Ash. You stand at a mill.",
        "seed": 3,
        "actions": ["\n> You knock.\n", "You wait."],
        "results": ["Nobody answers.", "A dog barks."],
        "choices": [],
        "possible_action_results": [["You run", "You run away."], ["You sit", "You sit down."]],
        "game_state": {},
        "context": "You are Ash.",
        "temp": 0.4,
    }
)
AID2_STORIES = b"""settings:
  marsh:
    description: "living in the salt marsh. "
    characters:
      eeler:
        prompts: ["You haul a trap out of the reeds
          and see"]
        item1: "eel trap"
        item2: "nothing else"
      abbot:
        prompts: ["You ring the bell."]
        item1: "bell"
        item2: "psalter"
"""
STORYBRO = dump(
    {
        "attrs": {"title": "Bell"},
        "blocks": [
            {"text": "You hear a bell.", "attrs": {"type": "output", "pinned": True}},
            {"text": "go to the bell", "attrs": {"type": "input"}},
            {"text": "It hangs in a tree.", "attrs": {"type": "output"}},
        ],
    }
)
TRACERY = dump(
    {
        "beast": ["otter", "heron"],
        "told": ["#beast.a# and #beast.s#", "[who:#beast#]#who.capitalize# and #who#"],
        "hermit_context": ["You are <NAME>, a hermit who keeps an #beast#."],
        "hermit_prompt": ["You wake and see #told#"],
        "monk_prompt": ["You pray."],
    }
)

# -- Clover Edition --------------------------------------------------------------------------

CLOVER_PROMPT = b"You are a lamplighter called Ede.\nIt is dusk.\nYou take the pole and\ngo out."
CLOVER_SAVE = dump(
    {
        "temp": 0.21,
        "top-p": 0.8,
        "top-keks": 0,
        "rep-pen": 1.2,
        "context": "You are Ede.",
        "memory": ["Ede fears moths."],
        "actions": ["It is dusk.", "You light a lamp."],
        "results": ["The street is empty.", "A moth comes."],
    }
)

# -- KoboldAI --------------------------------------------------------------------------------

KOBOLD_V1 = dump(
    {
        "gamestarted": True,
        "prompt": "You stand in a cellar.",
        "memory": "It is dark.",
        "authorsnote": "Damp.",
        "anotetemplate": "[Author's note: <|>]",
        "actions": ["\n> You strike a match.\n", "You see barrels.", " One of them moves."],
        "actions_metadata": {
            "1": {
                "Selected Text": "You see barrels.",
                "Alternative Text": [
                    {"Text": "The match breaks.", "Pinned": True, "Previous Selection": False}
                ],
            }
        },
        "worldinfo": [
            {"key": "barrel, cask", "keysecondary": "", "content": "Oak.", "comment": "Barrels",
             "folder": None, "selective": False, "constant": False},
            {"key": "cellar", "content": "Cold.", "comment": "Cellar", "constant": True},
        ],
        "wifolders_d": {},
        "wifolders_l": [],
    }
)  # fmt: skip
KOBOLD_V2_DATA = {
    "file_version": 2,
    "story_name": "Cellar",
    "gamestarted": True,
    "prompt": "You stand in a cellar.",
    "memory": "It is dark.",
    "authornote": "Damp.",
    "alt_gen": "base64:gASVIAAAAAAAAACMBXBvc2l4lIwGc3lzdGVtlJOUjAV0b3VjaJSFlFKULg==",
    "worldinfo_v2": {
        "folders": {"root": [0]},
        "entries": {
            "0": {"uid": 0, "title": "Barrels", "key": ["barrel", "cask"], "content": "Oak.",
                  "keysecondary": ["wine"], "selective": True, "constant": False}
        },
    },
    "actions": {
        "action_count": 1,
        "actions": {
            "0": {"Selected Text": "\n> You knock.\n", "Options": []},
            "1": {
                "Selected Text": "Something knocks back.",
                "Options": [
                    {"text": "Nothing.", "Pinned": False, "Previous Selection": True},
                    {"text": "Something knocks back.", "Previous Selection": True},
                ],
            },
            "2": {
                "Selected Text": "",
                "Options": [{"text": "You faint.", "Previous Selection": True}],
            },
        },
    },
}  # fmt: skip
KOBOLD_V2 = dump(KOBOLD_V2_DATA)


def zipped(name: str, data: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
        archive.writestr("../evil.txt", b"x")
    return packed.getvalue()


KOBOLD_ZIP = zipped("Cellar/story.json", KOBOLD_V2)
KOBOLD_LITE = dump(
    {
        "gamestarted": True,
        "prompt": "You stand in a cellar.",
        "memory": "",
        "authorsnote": "Damp.",
        "anotestr": 320,
        "actions": ["\n{{[INPUT]}}\nknock\n{{[OUTPUT]}}\n", "Nothing.", "\n> wait\n", "Drip."],
        "altbranches": {"1": ["A bark.", "A cough."], "4": ["Drip, drip."]},
        "worldinfo": [{"key": "drip", "content": "Water.", "widisabled": True}],
        "wisearchdepth": 0,
        "wiinsertlocation": 0,
        "savedsettings": {"temperature": 0.7, "rep_pen": 1.1, "top_k": 50, "max_length": 9000},
    }
)
KOBOLD_SHARE_DATA = {
    "ga": ["You stand in a cellar.", "\n> knock\n", "Nothing."],
    "cm": "Dark.",
    "ca": "Damp.",
    "ct": "",
    "cwi": [{"key": "cask", "content": "Oak."}],
    "ess": "",
}
KOBOLD_SHARE = dump(KOBOLD_SHARE_DATA)
KOBOLD_LINK = b"https://lite.example/?s=" + base64.urlsafe_b64encode(
    lzma.compress(KOBOLD_SHARE, format=lzma.FORMAT_ALONE)
).rstrip(b"=")

# -- NovelAI ---------------------------------------------------------------------------------

NAI_LORE = {
    "lorebookVersion": 4,
    "entries": [
        {"text": "Ola mends nets.", "displayName": "Ola",
         "keys": ["ola", "net mender", "ola & nets"],
         "enabled": True, "forceActivation": False, "contextConfig": {"prefix": ""}},
        {"text": "The harbour is shut.", "displayName": "Harbour", "keys": [], "enabled": True,
         "forceActivation": True},
        {"text": "Not this.", "displayName": "Off", "keys": ["off"], "enabled": False},
        {"text": "Nor this.", "displayName": "Away", "keys": ["away"], "category": "c1"},
        {"text": "Fog.", "displayName": "Fog", "keys": ["/fo+g/i"], "enabled": True},
    ],
    "categories": [{"id": "c1", "name": "Later", "enabled": False}],
}  # fmt: skip
NAI_LOREBOOK = dump(NAI_LORE)
NAI_SCENARIO = dump(
    {
        "scenarioVersion": 2,
        "title": "The Quay",
        "description": "Fish and ${name}.",
        "prompt": "%{\nname[Tor]:Your name:Who you are\n2#boat[Gull]:Your boat\n}\n"
        "I am ${name}, and the ${boat} is mine. {Really.}",
        "tags": ["sea"],
        "context": [{"text": "It is winter."}, {"text": "[ Style: salty ]"}],
        "ephemeralContext": [{"text": "Thunder.", "startingStep": 3}],
        "placeholders": [],
        "settings": {"parameters": {"temperature": 0.6, "max_length": 60, "top_k": 140,
                                    "top_p": 0.9, "repetition_penalty": 3.5}},
        "lorebook": NAI_LORE,
        "author": "Somebody",
        "bannedSequenceGroups": [{"sequences": ["suddenly"], "enabled": True}],
    }
)  # fmt: skip


def _block(before: int, start: int, text: str) -> dict[str, Any]:
    return {"prevBlock": before, "nextBlock": [], "startIndex": start, "endIndex": start,
            "dataFragment": {"data": text, "origin": "ai"}}  # fmt: skip


NAI_STORY_1 = dump(
    {
        "storyContainerVersion": 1,
        "metadata": {"title": "Quay", "description": "", "tags": ["sea"]},
        "content": {
            "context": [{"text": "It is winter."}, {"text": "Salty."}],
            "lorebook": NAI_LORE,
            "story": {
                "version": 2,
                "fragments": [{"data": "I am Tor.", "origin": "prompt"}],
                "currentBlock": 2,
                "datablocks": [
                    _block(-1, 0, "I am Tor."),
                    _block(0, 9, "\n> I row.\nThe oar breaks."),
                    _block(1, 34, " I swear."),
                    _block(1, 34, " I laugh."),
                    _block(3, 43, " Nobody joins me."),
                    _block(1, 2, "is"),
                ],
            },
        },
    }
)


class Packed:
    """As much of msgpackr's form as a document of NovelAI's second editor uses."""

    def __init__(self, bundle: bool) -> None:
        self.records: dict[tuple[str, ...], int] = {}
        self.other, self.ascii = "", ""
        self.bundle = bundle

    def document(self, value: dict[str, Any]) -> bytes:
        body = b"\xd4\x14\x00" + self.value(value)
        if not self.bundle:
            return body
        texts = self.bare(self.other) + self.bare(self.ascii)
        return b"\xd6\x62" + (4 + len(body)).to_bytes(4, "big") + body + texts

    def value(self, value: Any) -> bytes:
        if value is None:
            return b"\xc0"
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, int):
            return (
                bytes([value])
                if 0 <= value < 0x40
                else b"\xd2" + value.to_bytes(4, "big", signed=True)
            )
        if isinstance(value, list):
            return b"\xdc" + len(value).to_bytes(2, "big") + b"".join(map(self.value, value))
        if value and all(isinstance(key, int) for key in value):
            pairs = b"".join(self.value(key) + self.value(item) for key, item in value.items())
            return b"\xde" + len(value).to_bytes(2, "big") + pairs
        names = tuple(value)
        if names in self.records:
            head = bytes([self.records[names]])
        else:
            self.records[names] = 0x40 + len(self.records)
            head = b"\xd4\x72" + bytes([self.records[names]]) + self.value(list(names))
        return head + b"".join(map(self.value, value.values()))

    def text(self, text: str) -> bytes:
        if not self.bundle:
            return self.bare(text)
        units = len(text.encode("utf-16-le")) // 2
        if text.isascii():
            self.ascii += text
            return b"\xc1" + self.value(units)
        self.other += text
        return b"\xc1" + self.value(-units)

    @staticmethod
    def bare(text: str) -> bytes:
        data = text.encode()
        return b"\xdb" + len(data).to_bytes(4, "big") + data


def nai_document(bundle: bool) -> bytes:
    """A document of NovelAI's second editor: its texts where they stand, or in bundles."""
    document = {
        "sections": {
            7: {"type": 1, "text": "I am Tor \U0001f30a the rower."},
            900: {"type": 1, "text": "> I row."},
            3: {"type": 1, "text": "The oar breaks."},
            4: {"type": 1, "text": "Gone."},
        },
        "order": [7, 900, 3, 4],
        "history": None,
        "dirtySections": {
            3: {"type": 1, "diff": {"parts": [{"from": 8, "delete": "breaks", "insert": "bends"}]}},
            4: {"type": 2},
            5: {"type": 0, "section": {"type": 1, "text": "I swear."}, "after": 3},
        },
        "step": 2,
    }
    return Packed(bundle).document(document)


def nai_story_2(bundle: bool) -> bytes:
    return dump(
        {
            "storyContainerVersion": 1,
            "metadata": {"title": "Quay"},
            "content": {
                "document": base64.b64encode(nai_document(bundle)).decode(),
                "context": [],
            },
        }
    )


# -- SillyTavern -----------------------------------------------------------------------------

WORLD_INFO = dump(
    {
        "entries": {
            "0": {"uid": 0, "key": ["lamp", "lantern"], "keysecondary": ["oil"],
                  "content": "Brass.", "comment": "Lamp", "constant": False, "selective": True,
                  "disable": False, "probability": 40, "useProbability": True},
            "1": {"uid": 1, "key": [], "content": "It is {{char}}'s house.", "comment": "House",
                  "constant": True, "disable": False},
            "2": {"uid": 2, "key": ["attic"], "content": "Bats.", "comment": "", "disable": True},
        }
    }
)  # fmt: skip
CARD_DATA = {
    "name": "Mira",
    "description": "{{char}} keeps bees. {{user}} is her tenant.",
    "personality": "dry",
    "scenario": "A kitchen at dawn.",
    "first_mes": "*Mira looks up.* You come in. \"{{user}},\" says <BOT>.",
    "mes_example": "<START>\n{{user}}: Honey?\n{{char}}: *She shrugs.* \"In the jar.\"\n"
    "It is empty.\n<START>\n{{user}}: More?\n{{char}}: No.",
    "creator_notes": "About bees.",
    "system_prompt": "Be good.",
    "post_history_instructions": "{{original}}Keep it short.",
    "alternate_greetings": ["Go away."],
    "tags": ["bees"],
    "creator": "Someone",
    "character_version": "1",
    "extensions": {},
    "character_book": {
        "entries": [
            {"keys": ["hive", "bees"], "content": "{{char}} has six hives.", "enabled": True,
             "insertion_order": 1, "name": "Hives", "constant": False, "extensions": {}}
        ]
    },
}  # fmt: skip
CARD_V2 = dump({"spec": "chara_card_v2", "spec_version": "2.0", "data": CARD_DATA})
CARD_V3 = dump(
    {"spec": "chara_card_v3", "spec_version": "3.0", "data": CARD_DATA | {"nickname": "Mi"}}
)
_V1 = ("name", "description", "personality", "scenario", "first_mes", "mes_example")
CARD_V1 = dump({key: CARD_DATA[key] for key in _V1})


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def picture(*chunks: bytes) -> bytes:
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(chunks) + chunk(b"IEND", b"")


CARD_64 = base64.b64encode(CARD_V2)
CARD_PNG = picture(chunk(b"tEXt", b"chara\0" + CARD_64))
CARD_PNG_Z = picture(chunk(b"zTXt", b"chara\0\0" + zlib.compress(CARD_64)))
CARD_PNG_I = picture(
    chunk(b"iTXt", b"ccv3\0\1\0\0\0" + zlib.compress(base64.b64encode(CARD_V3))),
    chunk(b"tEXt", b"chara\0" + CARD_64),
)
CHAT = b"\n".join(
    [
        dump({"user_name": "You", "character_name": "Mira", "create_date": "x"}),
        dump({"name": "Mira", "is_user": False, "mes": "You come in."}),
        dump({"name": "You", "is_user": True, "mes": "Honey?"}),
        dump({"name": "Mira", "mes": "*She shrugs.*", "swipes": ["No.", "*She shrugs.*"]}),
    ]
)

ALL: dict[str, bytes] = {
    name: value
    for name, value in globals().items()
    if name.isupper() and isinstance(value, bytes) and not name.startswith("CARD_64")
} | {"NAI_STORY_2": nai_story_2(True), "NAI_STORY_2_BARE": nai_story_2(False)}  # fmt: skip
