"""Files that are made to hurt, put before every reader, in a process of its own.

    python -m tests.faults.hostile KIND FOLDER

Makes the files of KIND in FOLDER, reads each, and prints a line of JSON for each: its name, the
error's type and text, and what processor time and memory the reading took.
"""

from __future__ import annotations

import faulthandler
import json
import os
import resource
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

MEMORY = 1 << 30
"""Address space of the process, in bytes: a reader that swallows a bomb dies of it."""
HANG = 20
"""Seconds after which a reader that waits is told with the place where it waits."""

Read = Callable[[Path], object]


def odd_files(place: Path, suffix: str) -> Iterator[tuple[str, Path]]:
    """What stands where a file should: pipes, devices, folders, links in a circle."""
    pipe = place / f"pipe{suffix}"
    os.mkfifo(pipe)
    yield "a pipe", pipe
    device = place / f"device{suffix}"
    device.symlink_to("/dev/zero")
    yield "a device", device
    folder = place / f"folder{suffix}"
    folder.mkdir()
    yield "a folder", folder
    loop = place / f"loop{suffix}"
    loop.symlink_to(loop)
    yield "a loop", loop
    gone = place / f"gone{suffix}"
    gone.symlink_to(place / "nowhere")
    yield "a broken link", gone


def _written(place: Path, name: str, data: bytes, suffix: str) -> tuple[str, Path]:
    path = place / f"{name.replace(' ', '-')}{suffix}"
    path.write_bytes(data)
    return name, path


def settings_files(place: Path) -> tuple[Read, Iterator[tuple[str, Path]]]:
    from dungeon import settings

    def read(path: Path) -> object:
        os.environ["DUNGEON_SETTINGS"] = str(path)
        return settings.load()

    merge = "k0: &m0 {a: b}\n" + "".join(
        f"k{i}: &m{i}\n  <<: [{', '.join([f'*m{i - 1}'] * 9)}]\n" for i in range(1, 12)
    )
    data = {
        "aliases": b"a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n",
        "merge keys": merge.encode(),
        "a list in itself": b"theme: &a [*a]\n",
        "deep lists": b"theme: " + b"[" * 60_000,
        "deep maps": b"{a: " * 16_000,
        "question marks": b"? " * 30_000,
        "ten megabytes": b"theme: " + b"a" * 10_000_000,
        "many names": b"".join(b"a%d: b\n" % i for i in range(6_000)),
        "a tag": b"theme: !!python/object/apply:os.system ['exit 3']\n",
    }
    # A settings file that is not there is no mistake.
    odd = (case for case in odd_files(place, ".yaml") if case[0] != "a broken link")
    return read, _cases(odd, place, data, ".yaml")


def _cases(
    odd: Iterator[tuple[str, Path]], place: Path, data: dict[str, bytes], suffix: str
) -> Iterator[tuple[str, Path]]:
    yield from odd
    for name, content in data.items():
        yield _written(place, name, content, suffix)


def save_files(place: Path) -> tuple[Read, Iterator[tuple[str, Path]]]:
    from dungeon.storage.library import list_saves
    from dungeon.storage.story_file import StoryFile
    from tests.fuzz.saves import saved

    def read(path: Path) -> object:
        assert len(list_saves(path.parent)) >= 1
        return StoryFile.open(path)

    sound = saved()
    huge = place / "sparse.dungeon"
    huge.write_bytes(sound)
    os.truncate(huge, 8 << 30)
    pages = bytearray(sound)
    pages[28:32] = (2**31).to_bytes(4, "big")
    data = {
        "nothing": b"",
        "a zip": b"PK\3\4" + bytes(200),
        "a picture": b"\x89PNG\r\n\x1a\n" + bytes(500),
        "a header only": sound[:100],
        "zeros behind the header": sound[:100] + bytes(200_000),
        "billions of pages": bytes(pages),
        "a schema that is no text": sound.replace(b"tablenodesnodes", b"tablenod\xff\xffnodes"),
    }

    def cases() -> Iterator[tuple[str, Path]]:
        yield "eight gigabytes of holes", huge
        yield from _cases(odd_files(place, ".dungeon"), place, data, ".dungeon")

    return read, cases()


def exports(place: Path) -> tuple[Read, Iterator[tuple[str, Path]]]:
    from dungeon import plain_json
    from dungeon.authoring.source import read_bytes
    from dungeon.storage import export
    from tests.fuzz.saves import session

    def read(path: Path) -> object:
        return export.from_json(read_bytes(path, plain_json.MAX_BYTES))

    good = export.to_json(session().story)
    told = f'"temperature": {json.loads(good)["scenario"]["generation"]["temperature"]}'
    assert told in good
    data = {
        "not a number": good.replace('"head": 5', '"head": NaN'),
        "infinity": good.replace(told, '"temperature": 1e999'),
        "minus infinity": good.replace(told, '"temperature": -Infinity'),
        "five thousand digits": good.replace('"head": 5', '"head": ' + "9" * 5000),
        "a number as text": good.replace(told, '"temperature": "0.8 "'),
        "a hundred thousand deep": "[" * 100_000,
        "deep objects": '{"a":' * 100_000,
        "deep where text stands": good.replace('"A key."', "[" * 50_000 + "]" * 50_000),
        "a key twice": good.replace('"head": 5', '"head": 5, "head": 4'),
        "a key twice inside": good.replace('"memory": "A key."', '"memory": "", "memory": "x"', 1),
        "half a surrogate pair": good.replace("A key.", "\\ud800"),
        "items without end": '{"format": 2, "nodes": [' + "[]," * 2_000_000 + "[]]}",
        "almost too many items": '{"format": 2, "nodes": [' + "[]," * 990_000 + "[]]}",
        "sixty megabytes": '{"format": 2, "title": "' + "a" * 60_000_000 + '"}',
        "a newer format": good.replace('"format": 2', '"format": 3'),
        "true for a format": good.replace('"format": 2', '"format": true'),
        "a turn that is its own parent": good.replace('"parent": 1,', '"parent": 2,', 1),
        "nothing": "",
        "cp1252": "",
    }
    assert not [name for name, text in data.items() if text == good]
    encoded = {name: text.encode() for name, text in data.items()}
    encoded["cp1252"] = good.replace("A key.", "Café").encode("cp1252")
    return read, _cases(odd_files(place, ".json"), place, encoded, ".json")


def models(place: Path) -> tuple[Read, Iterator[tuple[str, Path]]]:
    from dungeon.engine.store import installed, verify
    from dungeon.engine.torch_engine.checks import check_tokenizer, check_weights, read_config
    from tests.fuzz.files import model_seed

    config, _, weights = model_seed().partition(b"\x1e")

    def read(path: Path) -> object:
        model = installed(str(path))
        assert model is not None
        verify(model)
        check_weights(path, path.name, read_config(path, path.name))
        check_tokenizer(path, path.name)
        return None

    def model(name: str) -> Path:
        path = place / name
        path.mkdir()
        for file, content in (("config.json", config), ("model.safetensors", weights)):
            (path / file).write_bytes(content)
        (path / "tokenizer.json").write_text("{}")
        return path

    def cases() -> Iterator[tuple[str, Path]]:
        read(model("sound"))
        for file in ("config.json", "model.safetensors", "tokenizer.json", "merges.txt"):
            for what, odd in odd_files(_folder(place, f"odd-{file}"), ""):
                path = model(f"{odd.name}-for-{file}")
                (path / file).unlink(missing_ok=True)
                shutil.move(odd, path / file)
                yield f"{what} for {file}", path
        data = {
            ("config.json", "empty"): b"",
            ("config.json", "deep"): b"[" * 100_000,
            ("config.json", "digits"): b'{"model_type": "gpt2", "n_layer": ' + b"9" * 5000 + b"}",
            ("config.json", "layers"): config.replace(b'"n_layer":1', b'"n_layer":400'),
            ("config.json", "width"): config.replace(b'"n_embd":2', b'"n_embd":30000'),
            ("config.json", "code"): config.replace(b"{", b'{"auto_map": {"AutoModel": "x.Y"},'),
            ("tokenizer_config.json", "code"): b'{"auto_map": {"AutoTokenizer": ["x.Y", null]}}',
            ("model.safetensors", "empty"): b"",
            ("model.safetensors", "cut"): weights[:-1],
            ("model.safetensors", "exabytes"): b"\xff" * 7 + b"\x7f" + weights[8:],
            ("model.safetensors", "overlap"): weights.replace(b"[0,16]", b"[0,96]"),
            ("model.safetensors", "pickle"): b"\x80\x04cos\nsystem\n(S'exit 3'\ntR.",
            ("manifest.json", "deep"): b"[" * 100_000,
        }
        for (file, what), content in data.items():
            path = model(f"{what}-{file}")
            (path / file).write_bytes(content)
            yield f"{what} {file}", path
        path = model("bin-only")
        (path / "model.safetensors").rename(path / "pytorch_model.bin")
        yield "a pickle only", path
        path = model("large-config")
        os.truncate(path / "config.json", 1 << 30)
        yield "a gigabyte of config", path

    os.environ["DUNGEON_MODELS"] = str(_folder(place, "models"))
    return read, cases()


def _folder(place: Path, name: str) -> Path:
    path = place / name
    path.mkdir()
    return path


KINDS = {"settings": settings_files, "saves": save_files, "exports": exports, "models": models}


def main(kind: str, place: Path) -> None:
    """Read all the files of a kind."""
    from dungeon.errors import DungeonError

    read, cases = KINDS[kind](place)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    for name, path in cases:
        faulthandler.dump_traceback_later(HANG, exit=True)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        began = time.process_time()
        said, kind_of_error = "", ""
        try:
            read(path)
        except DungeonError as error:
            said, kind_of_error = str(error), "DungeonError"
        except Exception as error:
            said, kind_of_error = repr(error)[:300], type(error).__name__
        seconds = time.process_time() - began
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        print(json.dumps([name, kind_of_error, said, seconds, grown]), flush=True)
        faulthandler.cancel_dump_traceback_later()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
