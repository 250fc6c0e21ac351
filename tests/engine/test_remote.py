"""The remote engine's parts: address, request, events, counting, where a text ends."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dungeon.engine.base import CancelToken, GenerationRequest, ModelInfo, PromptPart, Sampling
from dungeon.engine.remote import RemoteEngine, wire
from dungeon.engine.remote.address import Address
from dungeon.engine.remote.counting import SAMPLE, estimate
from dungeon.engine.remote.cutting import CutText
from dungeon.engine.scripted import ScriptedEngine
from dungeon.errors import EngineError, ModelError
from tests.engine.protocol import OPENAI, serving

REQUEST = GenerationRequest(
    (PromptPart("You look around."),), 40, Sampling(0.7, 0.9, 0, 1.2), 2**40 + 5, odds=2
)


@pytest.mark.parametrize(
    ("url", "name", "base"),
    [
        ("http://localhost:8000", "localhost:8000", ""),
        ("http://localhost:8000/v1/", "localhost:8000", ""),
        ("https://gpu.example/llm/v1/completions", "gpu.example", "/llm"),
        ("http://[::1]:5001", "[::1]:5001", ""),
        ("https://Gpu.Example:443", "gpu.example", ""),
    ],
)
def test_an_address_is_read(url: str, name: str, base: str) -> None:
    address = Address.parse(url)
    assert (address.name, address.base) == (name, base)
    assert address.secure == url.startswith("https")


@pytest.mark.parametrize(
    "url",
    [
        "", "localhost:8000", "ftp://host", "http://", "http://host:port", "http://host:99999",
        "http://[::1", "http://k-0451@host", "http://host?key=k-0451", "http://host/a b",
        "http://h\u00f6st", "http://host/\r\nX: k-0451", "http://ho st/",
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused_without_being_quoted(url: str) -> None:
    with pytest.raises(ModelError) as told:
        RemoteEngine(url)
    assert "k-0451" not in str(told.value)


def test_a_key_that_would_be_a_header_of_its_own_is_refused() -> None:
    with pytest.raises(ModelError) as told:
        RemoteEngine("http://localhost", key="k-0451\r\nX-Other: 1")
    assert "k-0451" not in str(told.value)


def test_each_dialect_has_its_own_fields() -> None:
    extended, transformers, plain = (
        wire.body(REQUEST, "m", one) for one in wire.Dialect if one is not wire.Dialect.DUNGEON
    )
    assert extended["top_k"] == -1
    assert extended["repetition_penalty"] == 1.2
    assert json.loads(transformers["generation_config"])["do_sample"] is True
    assert plain.keys() == {*OPENAI, "logprobs"}
    for sent in (extended, transformers, plain):
        assert 0 <= sent["seed"] <= wire.MAX_SEED
        assert "stop" not in sent
    assert "logprobs" not in wire.body(REQUEST, "m", wire.Dialect.PLAIN, odds=False)


def test_only_the_games_own_marks_are_special() -> None:
    line = "say <|im_end|> </s> [INST] 3 < 4 <3"
    assert wire.spelled(PromptPart(line)) == "say < |im_end|> < /s> [ INST] 3 < 4 <3"
    assert wire.spelled(PromptPart("<|im_end|>\n", special=True)) == "<|im_end|>\n"
    assert wire.spelled(PromptPart("a\ud800")) == "a\ufffd"


def test_odds_are_read_in_both_forms() -> None:
    openai = {"tokens": ["a"], "token_logprobs": [-0.5], "top_logprobs": [{"b": -2, "a": -0.5}]}
    both = [{"token": "b", "logprob": -2}, {"token": "a", "logprob": -0.5}]
    chat = {"content": [{"token": "a", "logprob": -0.5, "top_logprobs": both}]}
    for told in (openai, chat):
        (odds,) = wire.piece({"choices": [{"text": "a", "logprobs": told}]}).tokens
        assert (odds.text, odds.logprob, odds.top) == ("a", -0.5, (("a", -0.5), ("b", -2.0)))


@pytest.mark.parametrize(
    "odd", [None, True, 3, -1.5, float("nan"), "x", [], [[]], {}, [{}], {"a": 1}]
)
def test_any_json_is_a_piece_or_a_value_error(odd: object) -> None:
    fields = ("tokens", "token_logprobs", "top_logprobs", "content")
    odds = [
        {"tokens": ["a"], "token_logprobs": [-1.0], "top_logprobs": [{}], name: odd}
        for name in fields
    ]
    choices = [{"text": "a", name: odd} for name in ("text", "finish_reason", "logprobs")]
    choices += [{"text": "a", "logprobs": one} for one in odds]
    choices += [
        {
            "text": "a",
            "logprobs": {"content": [{"token": "a", "logprob": odd, "top_logprobs": odd}]},
        }
    ]
    for event in (
        odd,
        {"choices": odd},
        {"choices": [odd]},
        {"usage": odd, "choices": []},
        *({"choices": [one]} for one in choices),
    ):
        try:
            found = wire.piece(event)
        except ValueError:
            continue
        assert isinstance(found.text, str)
        assert all(token.logprob <= 0 for token in found.tokens)


def test_the_estimate_is_careful() -> None:
    # 61 tokens in GPT-2's vocabulary, 64 in SmolLM2's.
    assert 64 < estimate(SAMPLE) < 160
    assert estimate("") == 0
    assert estimate(" ") == 1
    assert estimate("日本 😀") >= 10
    assert estimate("\n\n\n    x") >= 7


@settings(max_examples=30, deadline=None)
@given(st.text(alphabet="aAb .>\n", max_size=40), st.lists(st.integers(1, 5), max_size=40))
def test_a_text_ends_in_the_same_place_however_it_comes(text: str, sizes: list[int]) -> None:
    def cut(pieces: list[str]) -> str:
        out = CutText(("\n>", "."), ("ab", "a b"))
        grown = [""]
        for piece in pieces:
            if out.push(piece):
                assert out.text.startswith(grown[-1])
                grown.append(out.text)
        out.finish()
        return out.text

    pieces, at = [], 0
    for size in sizes:
        pieces.append(text[at : at + size])
        at += size
    found = cut([*pieces, text[at:]])
    assert found == cut([text])
    assert text.startswith(found)
    words = found.lower().replace("\n", " ").replace(">", " ").split(" ")
    assert "ab" not in words


def test_a_banned_phrase_ends_the_text_and_is_never_shown() -> None:
    out = CutText((), ("the door",))
    shown = [
        out.text for piece in ("You see ", "the doo", "rway, the", " Door", ".") if out.push(piece)
    ]
    out.finish()
    assert out.over
    assert out.text == "You see the doorway, "
    assert all(out.text.startswith(one) for one in shown)


def test_a_strict_server_without_extras_is_understood() -> None:
    with serving(ScriptedEngine(), takes={*OPENAI}, counts=False) as served:
        engine = RemoteEngine(served.url)
        said: list[str] = []
        engine.load(said.append)
        assert "tokens are estimated: the server does not count them" in said
        finished = engine.generate(REQUEST, CancelToken(), lambda text: None)
        assert finished.text
        assert finished.tokens == ()
        sent = len(served.bodies)
        engine.generate(REQUEST, CancelToken(), lambda text: None)
        # What it refused once it is not asked for again.
        assert len(served.bodies) == sent + 1


def test_a_known_model_is_spoken_to_as_the_catalogue_says() -> None:
    info = ModelInfo("HuggingFaceTB/SmolLM2-135M-Instruct", 2048, style="chat")
    with serving(ScriptedEngine(info)) as served:
        engine = RemoteEngine(served.url)
        with pytest.raises(EngineError):
            _ = engine.info
        engine.load(lambda line: None)
    assert engine.info.style == "chat"
    assert engine.info.chat is not None
    assert engine.info.label == f"{info.name} at {served.url.removeprefix('http://')}"
    assert engine.info.n_positions <= 2048
