"""What is fuzzed: each target takes any bytes and raises only where a promise is broken.

A target returns its outcome, a short description of what came of the bytes; the runner keeps
inputs whose outcome is new, so that the next ones start from there.
"""

from __future__ import annotations

import os
import re
import tempfile
import unicodedata
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from dungeon import settings
from dungeon.authoring.faults import Fault
from dungeon.authoring.reader import read
from dungeon.authoring.source import MAX_DEPTH, Mapping, Scalar, Sequence, Tree, decode, parse
from dungeon.engine.base import CancelToken
from dungeon.engine.draft import Phrases
from dungeon.engine.scripted import ScriptedEngine
from dungeon.engine.torch_engine.checks import check_weights, read_config
from dungeon.errors import DungeonError, ModelError, SaveError, ScenarioError, SettingsError
from dungeon.session import GameSession, narrate
from dungeon.storage import export
from dungeon.storage.library import list_saves
from dungeon.storage.story_file import StoryFile
from dungeon.story import action as actions
from dungeon.story import narrative
from dungeon.story.action import MAX_LINE, Mode
from dungeon.story.scenario import Scenario, from_data, to_data
from dungeon.text import clean

ROOT = Path(__file__).resolve().parents[2]
CORPUS = Path(__file__).parent / "corpus"

OBEYED = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)
"""What no text may hold that reaches a screen."""

_VARYING = re.compile(r"`[^`]*`|'[^']*'|\"[^\"]*\"|\d+|/\S+")


@dataclass(frozen=True)
class Target:
    """One thing that is fuzzed.

    Attributes:
        name: Of the target, and of its folder in the corpus.
        run: Feeds it; gives the outcome.
        words: Pieces that mean something to it.
        seeds: Inputs to start from, besides the corpus.
    """

    name: str
    run: Callable[[bytes], Hashable]
    words: tuple[bytes, ...]
    seeds: Callable[[], list[bytes]] = list


def skeleton(message: str) -> str:
    """A message without what varies from one input to the next."""
    return _VARYING.sub("_", message)[:120]


def _told(error: DungeonError) -> str:
    assert "\n" not in error.message, "an error is more than a sentence"
    return skeleton(error.message)


def _harmless(text: str, what: str) -> None:
    found = OBEYED.search(text)
    assert found is None, f"{what} holds {found[0]!r}"
    assert clean(text) == text, f"{what} is not clean"


# -- scenarios ---------------------------------------------------------------------------------


def scenario(data: bytes) -> Hashable:
    """`authoring.reader.read`: a scenario that survives a round trip, or problems with places."""
    reading = read(data, "x.yaml")
    for problem in reading.problems:
        assert problem.line >= 1
        assert problem.column >= 1
        _harmless(problem.render(), "a report")
    errors = [problem for problem in reading.problems if problem.severity == "error"]
    assert (reading.scenario is None) == bool(errors)
    if reading.scenario is not None:
        for text in _texts(to_data(reading.scenario)):
            _harmless(text, "a scenario")
        assert from_data(to_data(reading.scenario)) == reading.scenario
        reading.scenario.filled({})
        Phrases(reading.scenario.banned).find("a banned word", final=True)
    return frozenset(skeleton(problem.message) for problem in reading.problems)


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _texts(key)
            yield from _texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)


def prescan(data: bytes) -> Hashable:
    """`authoring.source`: a tree of bounded depth, or a `Fault`."""
    try:
        tree = parse(decode(data))
    except Fault as fault:
        return skeleton(fault.message)
    depth = _depth(tree)
    assert depth <= MAX_DEPTH + 1
    return type(tree).__name__, depth


def _depth(tree: Tree) -> int:
    if isinstance(tree, Scalar):
        return 1
    inner: list[Tree] = []
    if isinstance(tree, Sequence):
        inner = tree.items
    elif isinstance(tree, Mapping):
        inner = [value for _, value in tree.entries]
    return 1 + max(map(_depth, inner), default=0)


# -- saves -------------------------------------------------------------------------------------


@cache
def _session() -> GameSession:
    """A short story with every kind of turn in it."""
    told = Scenario(title="The Gate", opening="You stand at the gate.", memory="A key.")
    session = GameSession.new(told, ScriptedEngine(), seed=7)
    for line, mode in (("look", Mode.DO), ("Hello", Mode.SAY), ("It rains.", Mode.STORY)):
        turn = session.begin_turn(actions.parse(line, mode))
        session.commit(turn, narrate(session.engine, turn, CancelToken()))
    session.undo()
    session.alter("The gate is open.")
    return session


def save_json(data: bytes) -> Hashable:
    """`export.from_json`: a story that every export can write, or a clean error."""
    try:
        story = export.from_json(data)
    except (SaveError, ScenarioError) as error:
        return skeleton(error.message)
    again = export.from_json(export.to_json(story))
    assert list(again.tree) == list(story.tree)
    assert again.tree.head == story.tree.head
    assert again.current_scenario() == story.current_scenario()
    for write in (export.to_markdown, export.to_text, export.to_html):
        _harmless(write(story), write.__name__)
    return len(story.tree), story.tree.head.id


@cache
def _folder() -> Path:
    """A folder for files, in memory where the machine has such a place."""
    shared = Path("/dev/shm")
    return Path(tempfile.mkdtemp(prefix="dungeon-fuzz-", dir=shared if shared.is_dir() else None))


def save_file(data: bytes) -> Hashable:
    """`StoryFile`: a story or a `SaveError`; the bytes stay as they are, the list is made."""
    folder = _folder() / "saves"
    folder.mkdir(exist_ok=True)
    path = folder / "story.dungeon"
    path.write_bytes(data)
    try:
        file = StoryFile.open(path, read_only=True)
        try:
            outcome: Hashable = len(file.load().tree)
        finally:
            file.close()
    except SaveError as error:
        outcome = skeleton(error.message)
    assert path.read_bytes() == data, "a story that was only read has changed"
    assert len(list_saves(folder)) == 1
    return outcome


def _saved() -> bytes:
    with tempfile.TemporaryDirectory() as name:
        file = StoryFile.create(Path(name), _session().story)
        file.close()
        return file.path.read_bytes()


# -- what the model and the player write ---------------------------------------------------------


def _pieces(data: bytes, count: int) -> list[str]:
    """`data` cut into texts at the byte 0x1e; lone surrogates come from bytes that are no UTF-8."""
    parts = data.decode("utf-8", "surrogateescape").split("\x1e", count - 1)
    return parts + [""] * (count - len(parts))


def trim(data: bytes) -> Hashable:
    """`narrative.trim`: total, clean, and settled after a second time."""
    raw, said, player = _pieces(data, 3)
    whole = []
    for complete in (False, True):
        told = narrative.trim(raw, said=[said], player_line=player, complete=complete)
        _harmless(told, "a turn")
        assert told == told.strip()
        assert "\n\n\n" not in told
        assert "\ufffd" not in told
        again = narrative.trim(told)
        assert len(again) <= len(told) + 1, "trimming adds to what it trimmed"
        whole.append(told)
    _harmless(narrative.draft(raw), "a draft")
    assert "".join(narrative.sentences(raw)) == raw
    return tuple((bool(told), told.count("\n") > 0, told[-1:]) for told in whole)


def player(data: bytes) -> Hashable:
    """`action.parse` in every mode: clean, bounded, on one line, and the same once more."""
    (typed,) = _pieces(data, 1)
    outcome = []
    for mode in Mode:
        action = actions.parse(typed, mode)
        _harmless(action.text, "an action")
        assert len(action.text) <= MAX_LINE
        assert actions.parse(action.text, action.mode) == action, "parsing is not settled"
        line = actions.as_line(action)
        _harmless(line, "a line")
        assert "\n" not in line
        assert line == "" or line.startswith("> ")
        assert len(line) <= 2 * MAX_LINE + 40
        _harmless(actions.as_narrative(action), "the player's story")
        begins = next((word for word in ("> You say", "> You") if line.startswith(word)), line[:1])
        outcome.append((action.mode, begins, line[-2:] if line[-2:].isascii() else ""))
    return tuple(outcome)


def sanitiser(data: bytes) -> Hashable:
    """`text.clean`: nothing that a terminal obeys, and once is enough."""
    (text,) = _pieces(data, 1)
    kept = clean(text)
    _harmless(kept, "clean text")
    folded = clean(text, newlines=False)
    assert "\n" not in folded
    assert clean(folded, newlines=False) == folded
    return frozenset(unicodedata.category(character) for character in set(text) - set(kept))


# -- settings and models -------------------------------------------------------------------------


def settings_file(data: bytes) -> Hashable:
    """`settings.load`: settings, or a `SettingsError` on one line."""
    path = _folder() / "settings.yaml"
    path.write_bytes(data)
    with _environment(DUNGEON_SETTINGS=str(path)):
        try:
            loaded = settings.load()
        except SettingsError as error:
            return _told(error)
    return tuple(sorted(loaded.generation()))


@contextmanager
def _environment(**values: str) -> Iterator[None]:
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
    folder = _folder() / "model"
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_bytes(config)
    (folder / "model.safetensors").write_bytes(weights)
    try:
        check_weights(folder, "fuzzed", read_config(folder, "fuzzed"))
    except ModelError as error:
        return _told(error)
    return "accepted"


def _model() -> bytes:
    header = b'{"wte.weight":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]}}'
    weights = len(header).to_bytes(8, "little") + header + bytes(16)
    config = b'{"model_type":"gpt2","n_layer":1,"n_embd":2,"vocab_size":2,"n_positions":8}'
    return config + b"\x1e" + weights


# -- all of them -----------------------------------------------------------------------------------

_YAML = tuple(
    b"dungeon: 1|title: |opening: |memory: |questions:|cards:|generation:|banned:|examples:|"
    b"style:|tags:|rating: |{key: k, ask: a}|{name: n, text: t, keys: [k]}|always: true|{name}|"
    b"- |: |[|]|{|}|\"|'|*a|&a|!!str |!!python/object:os.system |<<: *a|\n|  |\t|#|---|...|%YAML 1.1|"
    b"@|`|?|\\x41|\\UFFFFFFFF|\\ud800|\xe2\x80\xae|\xef\xbb\xbf|\xff\xfe|\x00|\x1b[2J|>-\n|NO|1.10|.nan|"
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


def _scenarios() -> list[bytes]:
    return [path.read_bytes() for path in sorted((ROOT / "scenarios").glob("*.yaml"))]


TARGETS = {
    target.name: target
    for target in (
        Target("scenario", scenario, _YAML, _scenarios),
        Target("prescan", prescan, _YAML, _scenarios),
        Target("save_json", save_json, _JSON, lambda: [export.to_json(_session().story).encode()]),
        Target("save_file", save_file, _SQLITE, lambda: [_saved()]),
        Target("trim", trim, _PROSE),
        Target("player", player, _PROSE),
        Target("sanitiser", sanitiser, _PROSE),
        Target("settings", settings_file, (*_YAML, b"model: gpt2", b"top_k: 5", b"saves: /x")),
        Target("model_files", model_files, _JSON, lambda: [_model()]),
    )
}
"""Every target by name."""


def inputs(target: Target) -> list[bytes]:
    """Where mutation starts: the target's own inputs and its corpus."""
    files = sorted((CORPUS / target.name).glob("*"))
    return [*target.seeds(), *(path.read_bytes() for path in files), b""]
