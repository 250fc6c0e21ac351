"""`dungeon host`: what it tells, what it refuses, and that it keeps what it hears to itself."""

from __future__ import annotations

import http.client
import json
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest

from dungeon.engine.base import (
    CancelToken,
    Finished,
    GenerationRequest,
    PromptPart,
    Sampling,
)
from dungeon.engine.remote import RemoteEngine
from dungeon.engine.scripted import ScriptedEngine
from dungeon.errors import DungeonError, EngineError, ModelError
from dungeon.host.server import MAX_BODY, WAITING, Host
from tests.host.running import running

SECRET = "quillonmere"
BODY = {"model": "scripted", "prompt": f"You are at {SECRET}.", "max_tokens": 8, "seed": 3}


class Recording(ScriptedEngine):
    """Remembers what it was asked for, and waits where it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[GenerationRequest] = []
        self.open = threading.Event()
        self.open.set()
        self.began = threading.Semaphore(0)
        self.cancelled = threading.Event()

    def generate(
        self,
        request: GenerationRequest,
        cancel: CancelToken,
        on_text: Callable[[str], None],
    ) -> Finished:
        self.asked.append(request)
        self.began.release()
        if not self.open.is_set():
            on_text("You ")
            while not self.open.wait(0.01):
                if cancel.cancelled:
                    self.cancelled.set()
                    return Finished("You ", "cancelled")
        return super().generate(request, cancel, on_text)


@pytest.fixture
def engine() -> Recording:
    return Recording()


@contextmanager
def asked(
    url: str, method: str, path: str, body: object = None, **headers: str
) -> Iterator[http.client.HTTPResponse]:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
    data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
    kind = {} if body is None else {"Content-Type": "application/json"}
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, data, {**kind, **given})
    try:
        yield connection.getresponse()
    finally:
        connection.close()


def answer(url: str, method: str, path: str, body: object = None, **headers: str) -> Any:
    with asked(url, method, path, body, **headers) as response:
        return response.status, json.loads(response.read())


def test_any_client_gets_a_completion_whole_or_in_pieces(engine: Recording) -> None:
    with running(engine) as url:
        _, listed = answer(url, "GET", "/v1/models")
        assert [model["id"] for model in listed["data"]] == ["scripted"]
        assert listed["data"][0]["max_model_len"] == engine.info.n_positions
        status, whole = answer(url, "POST", "/v1/completions", {**BODY, "logprobs": 2, "n": 1})
        assert status == 200
        (choice,) = whole["choices"]
        assert whole["usage"]["completion_tokens"] > 0
        options = {"stream": True, "stream_options": {"include_usage": True}}
        with asked(url, "POST", "/v1/completions", {**BODY, **options}) as response:
            assert response.headers.get_content_type() == "text/event-stream"
            lines = [line for line in response.read().split(b"\n") if line]
        assert lines[-1] == b"data: [DONE]"
        *pieces, usage = (json.loads(line[6:]) for line in lines[:-1])
        assert "".join(piece["choices"][0]["text"] for piece in pieces) == choice["text"]
        assert pieces[-1]["choices"][0]["finish_reason"] == choice["finish_reason"]
        assert usage["usage"] == whole["usage"]
        counted = answer(url, "POST", "/tokenize", {"prompt": BODY["prompt"]})
        assert counted[1]["count"] == whole["usage"]["prompt_tokens"]


def test_the_game_gets_all_that_it_asks_for(engine: Recording) -> None:
    request = GenerationRequest(
        (PromptPart("<mark>\n", special=True, told=False), PromptPart("a\ud800 door")),
        20,
        Sampling(0.7, 0.8, 30, 1.2, 64, 0.5, 3, 0.05, 0.9),
        seed=2**62 + 1,
        banned=("goblin",),
        unspoken=("I", "me"),
        not_first=("The",),
    )
    with running(engine, key="k-0451") as url:
        remote = RemoteEngine(url, key="k-0451")
        remote.load(lambda line: None)
        told = remote.generate(request, CancelToken(), lambda text: None)
    got = engine.asked[-1]
    assert [(part.text, part.special, part.told) for part in got.prompt] == [
        ("<mark>\n", True, False),
        ("a? door", False, True),
    ]
    assert got.sampling == request.sampling
    assert (got.seed, got.max_new_tokens) == (request.seed, request.max_new_tokens)
    assert (got.banned, got.unspoken, got.not_first) == (("goblin",), ("I", "me"), ("The",))
    assert told.text == engine.generate(got, CancelToken(), lambda text: None).text


def test_what_cannot_be_used_is_refused_and_not_quoted(engine: Recording) -> None:
    bodies: list[tuple[int, object]] = [
        (400, b"{" + SECRET.encode()),
        (400, []),
        (400, {**BODY, "prompt": [SECRET]}),
        (400, {**BODY, "temperature": -1}),
        (400, {**BODY, "n": 2}),
        (400, {**BODY, "prompt": ""}),
        (400, {**BODY, "max_tokens": 2000}),
        (400, {**BODY, "dungeon": {"parts": [[SECRET, 1, 2]]}}),
        (404, {**BODY, "model": SECRET}),
        (413, {**BODY, "prompt": SECRET * MAX_BODY}),
    ]
    with running(engine) as url:
        for wanted, body in bodies:
            status, said = answer(url, "POST", "/v1/completions", body)
            assert (status, SECRET in json.dumps(said)) == (wanted, False), said
        assert answer(url, "GET", "/nowhere")[0] == 404
        kind = {"Content_Type": "text/plain"}
        assert answer(url, "POST", "/v1/completions", b"{}", **kind)[0] == 415
        assert engine.asked == []
        assert answer(url, "POST", "/v1/completions", BODY)[0] == 200


def test_web_pages_and_other_names_are_turned_away(engine: Recording) -> None:
    with running(engine, key="k-0451") as url:
        port = urlsplit(url).port
        known = {"Authorization": "Bearer k-0451"}
        for host in (f"localhost:{port}", f"[::1]:{port}", "127.0.0.1"):
            assert answer(url, "GET", "/v1/models", Host=host, **known)[0] == 200
        for host in ("evil.example", f"localhost.evil.example:{port}", "[", ""):
            assert answer(url, "GET", "/v1/models", Host=host, **known)[0] in (400, 403)
        origin = {"Origin": f"http://localhost:{port}"}
        assert answer(url, "POST", "/v1/completions", BODY, **origin, **known)[0] == 403
        for key in ({}, {"Authorization": "Bearer k"}, {"Authorization": "k-0451"}):
            assert answer(url, "GET", "/v1/models", **key)[0] == 401
        with pytest.raises(ModelError, match="wants a key"):
            RemoteEngine(url).load(lambda line: None)
    assert engine.asked == []


def test_who_leaves_is_written_for_no_longer(engine: Recording) -> None:
    engine.open.clear()
    with running(engine) as url:
        with asked(url, "POST", "/v1/completions", {**BODY, "stream": True}) as response:
            assert b"You " in response.readline()
        assert engine.cancelled.wait(30)
        engine.open.set()
        assert answer(url, "POST", "/v1/completions", BODY)[0] == 200


def test_too_many_at_once_are_asked_to_come_back(engine: Recording) -> None:
    engine.open.clear()
    with running(engine, stories=1) as url:
        codes: list[int] = []
        threads = [
            threading.Thread(
                target=lambda: codes.append(answer(url, "POST", "/v1/completions", BODY)[0])
            )
            for _ in range(WAITING + 1)
        ]
        for thread in threads:
            thread.start()
        # One is told at once that there is no room; the others get their text in the end.
        while not codes:
            threads[0].join(0.01)
        assert codes == [429]
        engine.open.set()
        for thread in threads:
            thread.join(30)
        assert sorted(codes) == [200] * WAITING + [429]


def test_a_failing_engine_is_told_of_and_never_quoted(
    engine: Recording, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    failing = ScriptedEngine(
        replies=[EngineError("It broke.", "Try again."), RuntimeError(SECRET), "You go on."]
    )
    with running(failing) as url:
        status, said = answer(url, "POST", "/v1/completions", BODY)
        assert (status, said["error"]["message"]) == (500, "It broke.")
        status, said = answer(url, "POST", "/v1/completions", {**BODY, "stream": True})
        assert (status, SECRET in json.dumps(said)) == (500, False)
        assert answer(url, "POST", "/v1/completions", BODY)[0] == 200
    assert SECRET not in caplog.text


async def test_an_address_that_is_taken_is_told_of(engine: Recording) -> None:
    with running(engine) as url:
        second = Host(engine, "127.0.0.1", urlsplit(url).port or 0)
        with pytest.raises(DungeonError, match="Nothing can be served"):
            await second.start()


def test_stopping_ends_what_is_under_way(engine: Recording) -> None:
    engine.open.clear()
    with running(engine) as url:
        asking = threading.Thread(
            target=lambda: answer(url, "POST", "/v1/completions", BODY), daemon=True
        )
        asking.start()
        assert engine.began.acquire(timeout=30)
    assert engine.cancelled.wait(30)
