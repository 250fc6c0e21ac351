"""A whole game on a real GPT-2 of random weights, in a wide window and in a narrow one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from dungeon.engine.base import CancelToken, Finished, GenerationRequest
from dungeon.engine.torch_engine import TorchEngine
from dungeon.session import GameSession, narrate
from dungeon.story.action import Mode, parse
from dungeon.story.generation import GenerationSettings
from dungeon.story.scenario import Card, Example, Question, Scenario
from tests.engine.tiny import save_tiny_gpt2

SCENARIO = Scenario(
    title="The Gate",
    opening="You stand at the gate. It is night, and the keeper does not look up. " * 4,
    memory="The gate is older than the town. " + "The law of salt holds everywhere. " * 30,
    authors_note="Quiet dread, and salt on everything.",
    cards=tuple(Card(f"Thing {i}", f"Thing {i} is heavy. " * 9, (f"thing {i}",)) for i in range(9)),
    examples=(Example("push the door", "You push the door. It gives."),),
    questions=(Question("name", "Who are you?", "Ansel"),),
    generation=GenerationSettings(max_new_tokens=24),
)
MODES = (Mode.DO, Mode.SAY, Mode.STORY, Mode.CONTINUE)


class Watched(TorchEngine):
    """The real engine, every call's size written down."""

    sizes: list[tuple[int, int]]

    def generate(
        self, request: GenerationRequest, cancel: CancelToken, on_text: Callable[[str], None]
    ) -> Finished:
        finished = super().generate(request, cancel, on_text)
        self._note(request, finished)
        return finished

    def sample(
        self,
        request: GenerationRequest,
        count: int,
        cancel: CancelToken,
        on_progress: Callable[[int], None],
    ) -> tuple[Finished, ...]:
        written = super().sample(request, count, cancel, on_progress)
        assert len(written) == count
        for finished in written:
            self._note(request, finished)
        return written

    def _note(self, request: GenerationRequest, finished: Finished) -> None:
        self.sizes.append((finished.timing.prompt_tokens, finished.timing.new_tokens))
        assert finished.timing.prompt_tokens == sum(self.count(part) for part in request.prompt)
        assert finished.timing.prompt_tokens + request.max_new_tokens <= self.info.n_positions


@pytest.mark.parametrize("n_positions", [1024, 128])
def test_accept_02_sixty_turns_stay_inside_the_window(n_positions: int, tmp_path: Path) -> None:
    engine = Watched(save_tiny_gpt2(tmp_path / "model", n_positions=n_positions))
    engine.sizes = []
    engine.load(lambda line: None)
    session = GameSession.new(SCENARIO, engine, saves=tmp_path / "saves", seed=5)
    for index in range(60):
        line = f"look at thing {index % 9} and then at the gate"
        turn = session.begin_turn(parse(line, MODES[index % 4]))
        session.commit(turn, narrate(engine, turn, CancelToken()))
    session.close()
    assert len(session.story.tree) == 61
    assert len(engine.sizes) >= 60
    assert all(prompt + new <= n_positions for prompt, new in engine.sizes)
    # The window was really full, so the bound was really tested.
    assert max(prompt + new for prompt, new in engine.sizes) > 0.7 * n_positions


def test_a_model_directory_plays_from_the_command_line(tmp_path: Path) -> None:
    model = save_tiny_gpt2(tmp_path / "model", n_positions=128)

    def story(folder: str) -> str:
        result = subprocess.run(
            [
                sys.executable, "-m", "dungeon", "play", "salt-road", "--plain", "--seed", "1",
                "--model", str(model), "--saves", str(tmp_path / folder),
            ],
            input="look around\n/say hello\n\n/undo\n/retry\n",
            capture_output=True, text=True, timeout=120, check=False,
            env={**os.environ, "HF_HUB_OFFLINE": "1"},
        )  # fmt: skip
        assert result.returncode == 0, result.stderr
        return result.stdout

    assert story("a") == story("b")
    listed = subprocess.run(
        [sys.executable, "-m", "dungeon", "saves", "--json", "--saves", str(tmp_path / "a")],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert json.loads(listed.stdout)[0]["model"] == "model"
