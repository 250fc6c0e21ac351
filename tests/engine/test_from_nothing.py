"""The recipe of `dungeon-gpt2` on a small scale: it learns, loads as every other, and repeats."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import numpy as np
import pytest
from safetensors.torch import load_file

from dungeon.engine.base import CancelToken, GenerationRequest, PromptPart, Sampling
from dungeon.engine.torch_engine import TorchEngine
from dungeon.story.action import Action, Mode
from training import curve, novels, scenes, selfplay, small

NOVEL = (
    "The old door opened, and the captain stepped into the hall with a lamp. "
    '"Who goes there?" said the guard. Nobody answered him. '
)
SCENE = """\
=== The Mill
genre: country
style: second present
memory: You are Ann, the miller's daughter.
card: The wheel | wheel, mill | The wheel has not turned since May.
opening: The mill is quiet.

Somebody has let the river go.
> look at the wheel
The wheel is dry, and a wren has built in it. She looks at you and does not move.
> "Who did this?"
"The river did," says the wren, who has thought about it.
>
A boat with no water under it comes down the hill on wheels.
> + You run.
Behind you the door of the mill falls shut, and somebody laughs.
"""


def _archive(folder: Path) -> Path:
    file = folder / "novels.tar.xz"
    with tarfile.open(file, "w:xz") as archive:
        for name, text in {
            "books/one.txt": NOVEL * 60,
            "books/two.txt": NOVEL.replace("captain", "pilot") * 60,
            "books/README.md": "about",
        }.items():
            member = tarfile.TarInfo(name)
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
    return file


def _scenes(folder: Path) -> list[scenes.Scene]:
    folder.mkdir(exist_ok=True)
    (folder / "a.txt").write_text(SCENE, encoding="utf-8")
    return scenes.read_all(folder) * 20


SIZE = small.Size(vocabulary=300, width=32, layers=2, heads=2, n_positions=128)


def _make(out: Path, tmp_path: Path, told: list[str]) -> None:
    small.make(
        out,
        _archive(tmp_path),
        _scenes(tmp_path / "book"),
        SIZE,
        tokens=128 * 40,
        rounds=1,
        seed=3,
        half=False,
        tell=told.append,
    )


def test_it_learns_and_plays_and_a_second_run_gives_the_same_weights(tmp_path: Path) -> None:
    told: list[str] = []
    _make(tmp_path / "one", tmp_path, told)
    losses = [float(line.split("held out: ")[1].split()[0]) for line in told if "held out:" in line]
    # 300 tokens drawn by lot are 5.7 nats.
    assert losses[0] < 5.5
    engine = TorchEngine(str(tmp_path / "one" / small.PLAY), device="cpu")
    engine.load(lambda line: None)
    request = GenerationRequest((PromptPart("The old door"),), 8, Sampling(0.0), seed=1)
    assert engine.generate(request, CancelToken(), lambda text: None).text
    stages = [tmp_path / "one" / stage for stage in (small.NOVELS, small.PLAY)]
    # What was learnt and what was held out, of both.
    assert curve.draw(stages, "How it learnt").count("<polyline") == 4
    _make(tmp_path / "two", tmp_path, [])
    one, two = (
        load_file(tmp_path / at / small.PLAY / "model.safetensors") for at in ("one", "two")
    )
    assert all((one[name] == two[name]).all() for name in one)


def test_the_read_me_of_an_archive_is_no_novel(tmp_path: Path) -> None:
    assert list(novels.texts(_archive(tmp_path))) == ["one.txt", "two.txt"]


def test_a_round_of_windows_shows_each_token_once() -> None:
    windows = novels.Windows(np.arange(100, dtype=np.uint16), 10, 9, seed=5)
    seen = [id for lesson in windows for id in lesson.ids]
    assert len(seen) == len(set(seen)) == 90
    assert not windows[0].learnt[0]
    assert all(windows[0].learnt[1:])
    assert [lesson.ids for lesson in windows[2:5]] == [windows[at].ids for at in (2, 3, 4)]


def test_a_scene_is_written_as_it_was_read(tmp_path: Path) -> None:
    scene = _scenes(tmp_path)[0]
    assert [turn.action for turn in scene.turns][2:] == [
        Action(Mode.CONTINUE),
        Action(Mode.STORY, "You run."),
    ]
    (tmp_path / "b.txt").write_text(scenes.written(scene), encoding="utf-8")
    assert scenes.read(tmp_path / "b.txt") == [scene]


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("The wheel is dry, and a small wren has built her nest in it this year.", "", ""),
        ("I look at the wheel, and it does not move at all for a long while.", "", "first person"),
        ("The wheel is dry, and a small wren has built her nest in it, and", "", "unfinished"),
        ("The wheel is dry.", "", "short"),
        ("The wheel is dry, and a small wren has built her nest in it.", "eat", "no answer"),
        ("The wheel was dry, and a wren had built there; it did not move.", "", "tense"),
        (
            "The miller's cat has eleven kittens in the flour, and all of them sneeze.",
            "",
            "told before",
        ),
    ],
)
def test_what_is_not_good_is_not_kept(text: str, line: str, reason: str, tmp_path: Path) -> None:
    scene = _scenes(tmp_path)[0]
    known = {"the miller's cat has eleven kittens in the flour and all of them sneeze"}
    assert selfplay.flaw(text, line, [scene.scenario.opening], scene, known) == reason
