"""`dungeon train`: it learns, what comes of it plays, and stopped or run twice it ends the same."""

from __future__ import annotations

import itertools
import json
import os
import random
import signal
import subprocess
import sys
import warnings
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import torch
from peft import PeftModel
from transformers import GPT2LMHeadModel

from dungeon import sources
from dungeon.engine import catalog, trained
from dungeon.engine.base import CancelToken, GenerationRequest, PromptPart, Sampling
from dungeon.engine.catalog import CHATML
from dungeon.engine.store import installed
from dungeon.engine.torch_engine import TorchEngine, load
from dungeon.engine.training import lessons
from dungeon.engine.training.lessons import Tongue
from dungeon.engine.training.loop import Step
from dungeon.engine.training.run import Order, train
from dungeon.errors import DungeonError, ModelError

ROUNDS, RATE = 1, 1e-2


def _words(size: int) -> str:
    """So many characters of a story with few words, by lot."""
    lots = random.Random(1)
    who, does, what = (
        ("the keeper", "the miller", "a cold wind", "the old guard"),
        ("opens", "moves", "rings", "takes"),
        ("the brass key", "the torches", "the tenth bell", "your letter"),
    )
    text = ""
    while len(text) < size:
        text += f"You see how {lots.choice(who)} {lots.choice(does)} {lots.choice(what)}. "
    return text


@pytest.fixture(scope="module")
def text_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("texts") / "story.txt"
    file.write_text(_words(100_000), encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def short_file(text_file: Path) -> Path:
    file = text_file.with_name("short.txt")
    file.write_text(text_file.read_text()[:12_000])
    return file


@dataclass
class Watched:
    """Keeps what it is told."""

    lines: list[str] = field(default_factory=list)
    held_out: list[float] = field(default_factory=list)

    def say(self, line: str) -> None:
        self.lines.append(line)

    def step(self, step: Step) -> None:
        if step.held_out is not None:
            self.held_out.append(step.held_out)


def _order(base: Path, text: Path, out: Path, *, full: bool) -> Order:
    found = installed(base)
    assert found is not None
    texts = sources.read([str(text)], out)
    return Order(found, str(base), out, texts, rounds=ROUNDS, full=full, rate=RATE, rank=4)


def _bytes(out: Path) -> bytes:
    (file,) = out.glob("*.safetensors")
    return file.read_bytes()


def _first(lines: Iterable[str], words: str) -> str:
    return next(itertools.dropwhile(lambda line: words not in line, lines), "")


def test_killed_it_goes_on_and_ends_as_one_that_was_not(
    gpt2_dir: Path, text_file: Path, tmp_path: Path
) -> None:
    """Must show 3 and 4: what is trained whole in this process and killed in another is one."""
    watched = Watched()
    train(_order(gpt2_dir, text_file, tmp_path / "whole", full=True), watched)
    before = float(_first(watched.lines, "Before: ").split()[1])
    assert watched.held_out[-1] < before - 1
    assert watched.held_out[-1] < watched.held_out[0]
    assert _first(watched.lines, "A sample: ")
    assert _first(watched.lines, "GB of memory")

    out = tmp_path / "parts"
    words = ["--out", str(out), "--model", str(gpt2_dir), "--rounds", str(ROUNDS), "--full"]
    words += ["--rank", "4", "--rate", str(RATE)]
    process = subprocess.Popen(
        [sys.executable, "-m", "dungeon", "train", str(text_file), *words],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": str(torch.get_num_threads())},
    )
    assert process.stderr is not None
    with process, process.stderr:
        kept = _first(process.stderr, "checkpoint kept")
        process.send_signal(signal.SIGKILL)
    assert kept.startswith("step ")
    assert (out / "checkpoint.safetensors").exists()
    assert trained.read(out) is None
    again = Watched()
    train(_order(gpt2_dir, text_file, out, full=True), again)
    assert 0 < len(again.held_out) < len(watched.held_out)
    assert _bytes(out) == _bytes(tmp_path / "whole")
    assert not (out / "checkpoint.safetensors").exists()
    # Given once more there is nothing to do.
    assert train(_order(gpt2_dir, text_file, out, full=True), again) is None


def test_an_adapter_plays_by_its_name_as_peft_would_have_it(
    gpt2_dir: Path, short_file: Path, models: Path, tmp_path: Path
) -> None:
    out = models / "trained" / "mine"
    watched = Watched()
    with warnings.catch_warnings():
        # One would stand on the player's terminal.
        warnings.simplefilter("error")
        train(_order(gpt2_dir, short_file, out, full=False), watched)
    assert watched.held_out[-1] < float(_first(watched.lines, "Before: ").split()[1])
    twice = tmp_path / "twice"
    train(_order(gpt2_dir, short_file, twice, full=False), Watched())
    assert _bytes(twice) == _bytes(out)

    assert "mine" in [entry.name for entry in catalog.own()]
    entry = catalog.resolve("mine")
    assert (entry.directory, entry.about) == (gpt2_dir, f"{gpt2_dir.name}, trained by you")
    opened = load.open_model(gpt2_dir, "mine", entry.adapter)
    ids = torch.tensor([opened.codec.encode(PromptPart("You open the old door"))])
    plain = GPT2LMHeadModel.from_pretrained(gpt2_dir, dtype=torch.float32)
    with torch.inference_mode():
        untaught = plain(ids).logits
        merged = load.load_weights(opened)(ids).logits
        theirs = PeftModel.from_pretrained(plain, str(out)).eval()(ids).logits
    torch.testing.assert_close(merged, theirs, atol=1e-4, rtol=1e-4)
    assert not torch.allclose(merged, untaught, atol=1e-1)

    assert _told("mine")
    assert _told("mine") != _told(gpt2_dir)

    # Of other weights, or with a record that names itself, it is refused.
    record = trained.read(out)
    assert record is not None
    trained.write(out, trained.Record("adapter", record.base, "0" * 64, record.sha256))
    with pytest.raises(ModelError, match="changed since"):
        TorchEngine("mine").load(lambda line: None)
    trained.write(out, trained.Record("adapter", "mine", "0" * 64, record.sha256))
    with pytest.raises(ModelError, match="not here any more"):
        catalog.resolve("mine")
    assert catalog.own() == []
    (out / trained.RECORD).write_text(json.dumps({"format": 1, "kind": 7}))
    with pytest.raises(ModelError, match="damaged"):
        catalog.resolve("mine")


def _told(model: str | Path) -> str:
    engine = TorchEngine(model, device="cpu")
    engine.load(lambda line: None)
    request = GenerationRequest(
        (PromptPart("You see how the keeper"),), 16, Sampling(temperature=0.0), seed=1
    )
    return engine.generate(request, CancelToken(), lambda text: None).text


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "There is no text"),
        (b" \n\n", "There is no text"),
        (b"Too short.", "too little to learn"),
        (b"caf\xe9 " * 900, "not UTF-8"),
        ("You wait. ".encode("utf-16") * 90, "UTF-16"),
        (b"You wait. \0" * 900, "control character"),
    ],
    ids=["empty", "blank", "short", "latin-1", "utf-16", "nul"],
)
def test_bad_text_is_told_and_leaves_nothing(
    content: bytes, told: str, gpt2_dir: Path, tmp_path: Path
) -> None:
    text, out = tmp_path / "bad.txt", tmp_path / "new" / "out"
    text.write_bytes(content)
    with pytest.raises(DungeonError, match=told):
        train(_order(gpt2_dir, text, out, full=True), Watched())
    assert not out.parent.exists()


def test_what_cannot_be_begun_is_told_and_changes_nothing(
    gpt2_dir: Path, short_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "letter").touch()
    with pytest.raises(ModelError, match="there already"):
        train(_order(gpt2_dir, short_file, tmp_path / "theirs", full=True), Watched())
    (tmp_path / "begun").mkdir()
    (tmp_path / "begun" / "plan.json").write_text('{"rank": 1}')
    with pytest.raises(ModelError, match="another plan"):
        train(_order(gpt2_dir, short_file, tmp_path / "begun", full=True), Watched())
    assert [file.name for file in (tmp_path / "begun").iterdir()] == ["plan.json"]
    monkeypatch.setitem(sys.modules, "peft", None)
    with pytest.raises(DungeonError) as caught:
        train(_order(gpt2_dir, short_file, tmp_path / "none", full=False), Watched())
    assert "pip install 'dungeon-gpt2[train]'" in caught.value.hint
    assert not (tmp_path / "none").exists()


def test_a_chat_model_learns_the_narrator_only(tmp_path: Path) -> None:
    """Every character a token: what is learnt can be read."""
    ids: dict[str, int] = {}

    def encode(part: PromptPart) -> list[int]:
        pieces = [part.text] if part.special else list(part.text)
        return [ids.setdefault(piece, len(ids)) for piece in pieces]

    scenario = tmp_path / "gate.yaml"
    scenario.write_text(
        "dungeon: 1\ntitle: The Gate\nmemory: It rains.\nopening: You stand here.\n"
        "examples:\n- {action: push, text: It gives.}\n"
    )
    tongue = Tongue(encode, CHATML, (), None, 1000)
    (story,) = sources.read([str(scenario)], tmp_path)
    assert not isinstance(story, str)
    (lesson,) = lessons.of_story(story, tongue)
    names = list(ids)
    shown = "".join(names[id] for id in lesson.ids)
    learnt = "".join(names[id] for id, told in zip(lesson.ids, lesson.learnt, strict=True) if told)
    assert learnt == f"You stand here.{CHATML.close}It gives.{CHATML.close}"
    assert "It rains." in shown
    assert "You push." in shown
