"""Tiny models, built once a run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dungeon.engine.torch_engine import TorchEngine
from tests.engine.tiny import save_tiny_gpt2, save_tiny_llama


@pytest.fixture(scope="session", autouse=True)
def models(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A models directory of the tests' own."""
    directory = tmp_path_factory.mktemp("models")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DUNGEON_MODELS", str(directory))
        yield directory


@pytest.fixture(scope="session")
def gpt2_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A GPT-2 of two layers."""
    return save_tiny_gpt2(tmp_path_factory.mktemp("tiny") / "gpt2", n_positions=384)


@pytest.fixture(scope="session")
def llama_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Llama of two layers."""
    return save_tiny_llama(tmp_path_factory.mktemp("tiny") / "llama", n_positions=384)


Fresh = Callable[..., TorchEngine]


@pytest.fixture
def fresh(gpt2_dir: Path, llama_dir: Path) -> Fresh:
    """A newly loaded engine with an empty cache."""

    def load(kind: str, *, stories: int = 1) -> TorchEngine:
        directory = {"gpt2": gpt2_dir, "llama": llama_dir}[kind]
        engine = TorchEngine(directory, device="cpu", stories=stories)
        engine.load(lambda line: None)
        return engine

    return load
