"""The remote engine against the real `transformers serve`, on loopback with a tiny model.

Skipped where what the server needs itself is not installed: `pip install "transformers[serving]"`.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from transformers.utils.import_utils import is_serve_available

from dungeon.engine.base import CancelToken, GenerationRequest, PromptPart, Sampling
from dungeon.engine.remote import RemoteEngine
from dungeon.errors import ModelError

pytestmark = pytest.mark.skipif(
    not is_serve_available(),
    reason="`transformers serve` needs transformers[serving]: fastapi, uvicorn, openai",
)
REQUEST = GenerationRequest(
    (PromptPart("You are in the old hall."),), 40, Sampling(temperature=1.0, top_k=0), seed=7
)


@pytest.fixture(scope="module")
def url(gpt2_dir: Path) -> Iterator[str]:
    from transformers.cli.serve import Serve

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = Serve(
        force_model=str(gpt2_dir), host="127.0.0.1", port=port, device="cpu", non_blocking=True
    )
    yield f"http://127.0.0.1:{port}"
    server.kill_server()


def test_a_story_is_written_cancelled_and_written_again(url: str, gpt2_dir: Path) -> None:
    engine = RemoteEngine(url, str(gpt2_dir))
    said: list[str] = []
    engine.load(said.append)
    assert "tokens are estimated: the server does not count them" in said
    seen: list[str] = []
    first = engine.generate(REQUEST, CancelToken(), seen.append)
    assert first.timing.new_tokens == 40
    assert len(seen) > 5
    assert engine.generate(REQUEST, CancelToken(), seen.append).text == first.text
    other = engine.generate(replace(REQUEST, seed=8), CancelToken(), seen.append)
    assert other.text != first.text
    cancel = CancelToken()
    long = replace(REQUEST, max_new_tokens=200)
    assert engine.generate(long, cancel, lambda text: cancel.cancel()).stop == "cancelled"
    # The server goes on with what was cancelled for a while, and draws from the same numbers.
    again = (engine.generate(REQUEST, CancelToken(), seen.append) for _ in range(20))
    assert any(told.text == first.text for told in again)


def test_a_model_that_it_has_not_is_refused_at_once(url: str) -> None:
    with pytest.raises(ModelError, match="refuses"):
        RemoteEngine(url, "gpt9").load(lambda line: None)
