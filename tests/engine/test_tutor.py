"""Teaching: it learns, and a run that was stopped ends as one that was not."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from transformers import LlamaForCausalLM

from dungeon.engine.training.lessons import Lesson
from dungeon.errors import ModelError
from tests.engine.tiny import save_tiny_llama
from training import tutor

PLAN = tutor.Plan(rank=4, alpha=8, rate=2e-2, lessons=2, every=4)
SEEN = Lesson(tuple(range(20, 60)), (False, *[True] * 39))
UNSEEN = Lesson(tuple(range(90, 130)), (False, *[True] * 39))
HALF = Lesson(tuple(range(20, 60)), (*[False] * 20, *[True] * 20))


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_llama(tmp_path_factory.mktemp("tutor") / "llama", n_positions=64)


def _model(directory: Path) -> LlamaForCausalLM:
    model = LlamaForCausalLM.from_pretrained(directory, dtype=torch.float32)
    return model.eval().requires_grad_(False)


class Stopped(Exception):
    """The machine is switched off."""


def test_what_is_shown_is_learnt_and_a_stopped_run_ends_the_same(
    directory: Path, tmp_path: Path
) -> None:
    course = [SEEN, HALF] * 8
    before = tutor.mean_loss(_model(directory), [SEEN])
    told: list[str] = []
    model = _model(directory)
    tutor.teach(model, course, [SEEN], tmp_path / "whole", PLAN, told.append)
    assert tutor.mean_loss(model, [SEEN]) < before - 1
    assert sum(line.startswith("held out: ") for line in told) == 2

    def stop(line: str) -> None:
        if line.startswith("step 6/"):
            raise Stopped

    with pytest.raises(Stopped):
        tutor.teach(_model(directory), course, [SEEN], tmp_path / "parts", PLAN, stop)
    again: list[str] = []
    tutor.teach(_model(directory), course, [SEEN], tmp_path / "parts", PLAN, again.append)
    assert again[0].startswith("step 5/8")
    whole, parts = tutor.read(tmp_path / "whole"), tutor.read(tmp_path / "parts")
    assert whole.keys() == parts.keys()
    assert all(torch.equal(weight, parts[name]) for name, weight in whole.items())


def test_an_adapter_is_taught_on(directory: Path, tmp_path: Path) -> None:
    tutor.teach(_model(directory), [SEEN] * 8, [], tmp_path / "one", PLAN, lambda line: None)
    known, new = _model(directory), _model(directory)
    tutor.teach(known, [], [], tmp_path / "two", PLAN, str, first=tmp_path / "one", half=True)
    tutor.teach(new, [], [], tmp_path / "three", PLAN, str)
    assert tutor.mean_loss(known, [SEEN]) < tutor.mean_loss(new, [SEEN]) - 0.5


def test_what_was_learnt_can_be_written_weaker(directory: Path, tmp_path: Path) -> None:
    losses = []
    for strength in (0.0, 0.5, 1.0):
        # The second and the third run find the teaching done, and write it anew.
        tutor.teach(
            _model(directory), [SEEN] * 8, [], tmp_path / "one", PLAN, str, strength=strength
        )
        known = _model(directory)
        tutor.teach(known, [], [], tmp_path / f"{strength}", PLAN, str, first=tmp_path / "one")
        losses.append(tutor.mean_loss(known, [SEEN]))
    none, half, whole = losses
    assert none == pytest.approx(tutor.mean_loss(_model(directory), [SEEN]), abs=1e-4)
    assert whole < half < none


def test_only_what_is_to_be_learnt_counts(directory: Path) -> None:
    model = _model(directory)
    nothing = Lesson(UNSEEN.ids, (False,) * 40)
    assert tutor.mean_loss(model, [SEEN, nothing]) == tutor.mean_loss(model, [SEEN])
    with torch.inference_mode():
        logits = model(torch.tensor([HALF.ids])).logits[0].log_softmax(-1)
    odds = [float(logits[at - 1, HALF.ids[at]]) for at in range(20, 40)]
    assert tutor.mean_loss(model, [HALF]) == pytest.approx(-sum(odds) / 20, abs=1e-4)


def test_another_plan_does_not_go_on_with_what_was_begun(directory: Path, tmp_path: Path) -> None:
    tutor.teach(_model(directory), [SEEN, SEEN], [], tmp_path, PLAN, lambda line: None)
    other = tutor.Plan(rank=4, alpha=8, rate=1e-3)
    with pytest.raises(ModelError, match="another plan"):
        tutor.teach(_model(directory), [SEEN, SEEN], [], tmp_path, other, lambda line: None)
