"""Targets that are files: scenarios, settings, models."""

from __future__ import annotations

import os
from collections.abc import Hashable, Iterator
from contextlib import contextmanager

from dungeon import settings
from dungeon.authoring.edit import add_item, remove_item, set_value
from dungeon.authoring.editable import look_over
from dungeon.authoring.faults import Fault
from dungeon.authoring.reader import read
from dungeon.authoring.source import MAX_DEPTH, Mapping, Scalar, Sequence, Tree, decode, parse
from dungeon.authoring.walk import Where
from dungeon.engine.draft import Phrases
from dungeon.engine.torch_engine.checks import check_weights, read_config
from dungeon.errors import ModelError, ScenarioError, SettingsError
from dungeon.story.scenario import from_data, to_data
from tests.fuzz.target import folder, harmless, skeleton, texts, told


def scenario(data: bytes) -> Hashable:
    """`authoring.reader.read`: a scenario that survives a round trip, or problems with places."""
    reading = read(data, "x.yaml")
    for problem in reading.problems:
        assert problem.line >= 1
        assert problem.column >= 1
        harmless(problem.render(), "a report")
    errors = [problem for problem in reading.problems if problem.severity == "error"]
    assert (reading.scenario is None) == bool(errors)
    if reading.scenario is not None:
        for text in texts(to_data(reading.scenario)):
            harmless(text, "a scenario")
        assert from_data(to_data(reading.scenario)) == reading.scenario
        reading.scenario.filled({})
        Phrases(reading.scenario.banned).find("a banned word", final=True)
    return frozenset(skeleton(problem.message) for problem in reading.problems)


def prescan(data: bytes) -> Hashable:
    """`authoring.source`: a tree of bounded depth, or a `Fault`."""
    try:
        tree = parse(decode(data))
    except Fault as fault:
        return skeleton(fault.message)
    depth = _depth(tree)
    assert depth <= MAX_DEPTH + 1
    return type(tree).__name__, depth


WHERES: tuple[Where, ...] = (
    ("title",), ("memory",), ("tags",), ("style", "person"), ("generation", "top_k"),
    ("cards", 0, "keys"), ("cards", 0, "text"), ("questions", 0, "ask"),
)  # fmt: skip
"""The fields that `edited` changes."""


def edited(data: bytes) -> Hashable:
    """`authoring.edit`: a text with the new value in it that can be read, or a `ScenarioError`.

    What stands behind the byte 0x1e is the new value; their lengths choose the field.
    """
    before, _, new = data.partition(b"\x1e")
    text, value = before.decode("utf-8", "replace"), new.decode("utf-8", "replace")
    for field in look_over(text, "x.yaml").fields:
        assert field.label
    where = WHERES[len(data) % len(WHERES)]
    many = where[-1] in ("tags", "keys")
    try:
        after = set_value(text, where, value.split(",") if many else value)
        add_item(after, "cards", {"name": value, "keys": value.split(","), "text": value})
        remove_item(after, "cards", len(data) % 3)
    except ScenarioError as error:
        return told(error)
    parse(decode(after.encode()))
    return where, len(after) > len(text)


def edit_seeds() -> list[bytes]:
    file = (
        b"title: T # one\ntags: [a, # two\n  b]\nmemory: >- # three\n  You.\n\n  They.\n"
        b"cards:\n  # four\n  - {name: A, keys: [a]}\n  - name: B\n    text: |\n      It is.\n"
    )
    return [file + b"\x1eone: two\nthree", file + b"\x1e#, a", file + b"\x1e"]


def _depth(tree: Tree) -> int:
    if isinstance(tree, Scalar):
        return 1
    inner: list[Tree] = []
    if isinstance(tree, Sequence):
        inner = tree.items
    elif isinstance(tree, Mapping):
        inner = [value for _, value in tree.entries]
    return 1 + max(map(_depth, inner), default=0)


def settings_file(data: bytes) -> Hashable:
    """`settings.load`: settings, or a `SettingsError` on one line."""
    path = folder() / "settings.yaml"
    path.write_bytes(data)
    with environment(DUNGEON_SETTINGS=str(path)):
        try:
            loaded = settings.load()
        except SettingsError as error:
            return told(error)
    return tuple(sorted(loaded.generation()))


@contextmanager
def environment(**values: str) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def model_files(data: bytes) -> Hashable:
    """A model's config and the header of its weights: accepted, or a `ModelError`."""
    config, _, weights = data.partition(b"\x1e")
    place = folder() / "model"
    place.mkdir(exist_ok=True)
    (place / "config.json").write_bytes(config)
    (place / "model.safetensors").write_bytes(weights)
    try:
        check_weights(place, "fuzzed", read_config(place, "fuzzed"))
    except ModelError as error:
        return told(error)
    return "accepted"


def model_seed() -> bytes:
    header = b'{"wte.weight":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]}}'
    weights = len(header).to_bytes(8, "little") + header + bytes(16)
    config = b'{"model_type":"gpt2","n_layer":1,"n_embd":2,"vocab_size":2,"n_positions":8}'
    return config + b"\x1e" + weights
