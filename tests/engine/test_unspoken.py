"""Words that stand in speech only."""

from __future__ import annotations

from pathlib import Path

import pytest

from dungeon.engine.base import CancelToken, GenerationRequest, PromptPart, Sampling
from dungeon.engine.draft import Draft
from dungeon.engine.torch_engine import TorchEngine


@pytest.mark.parametrize(
    ("text", "speaking"),
    [
        ("", False),
        ('She says "', True),
        ('She says "Yes." You', False),
        ("She says “Yes, ", True),
        ('She says "Yes.\nYou', False),
        ('"A," "B," "', True),
    ],
)
def test_speech_is_what_an_open_mark_began(text: str, speaking: bool) -> None:
    draft = Draft(lambda ids: "".join(map(chr, ids)), [], (), ())
    for char in text:
        draft.push(ord(char))
    assert draft.speaking is speaking


def test_a_word_is_found_at_its_beginning_only(gpt2_dir: Path) -> None:
    engine = TorchEngine(gpt2_dir, device="cpu")
    engine.load(lambda line: None)
    assert engine._opened is not None
    codec = engine._opened.codec
    backend = codec.backend
    names = [backend.id_to_token(id) for id in codec.words(("You", "you", "a", "Nope"))]
    assert set(names) <= {"You", "\u0120You", "\u0120you", "\u0120a"}
    assert "\u0120a" in names
    assert "a" not in names


@pytest.mark.parametrize("count", [1, 3])
def test_such_a_word_is_never_drawn_outside_speech(gpt2_dir: Path, count: int) -> None:
    engine = TorchEngine(gpt2_dir, device="cpu")
    engine.load(lambda line: None)
    assert engine._opened is not None
    codec = engine._opened.codec
    size = codec.size
    words = [codec.decode([id]) for id in range(size)]
    # Nearly everything is forbidden, so that the random model would stumble over it at once.
    unspoken = tuple({word.strip() for word in words if len(word.strip()) > 1})
    request = GenerationRequest(
        (PromptPart("You open the door."),), 40, Sampling(1.5, 1.0, 0, 1.0), unspoken=unspoken
    )
    ids = set(codec.words(unspoken))
    assert ids
    for finished in engine.sample(request, count, CancelToken(), lambda tokens: None):
        seen = ""
        for id in codec.encode(PromptPart(finished.text)):
            assert id not in ids or seen.count('"') % 2 == 1 or "\n" in seen
            seen += codec.decode([id])
