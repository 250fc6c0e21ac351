"""A server that is away, slow, wrong, greedy or dies: the turn is not lost, the message clear."""

from __future__ import annotations

import json
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace

import pytest

from dungeon.engine.base import CancelToken, Finished, GenerationRequest, PromptPart
from dungeon.engine.remote import RemoteEngine
from dungeon.engine.remote.client import Patience
from dungeon.engine.scripted import ScriptedEngine
from dungeon.errors import DungeonError, EngineError, ModelError
from tests.clock import PATIENCE
from tests.engine.protocol import Served, serving

QUICK = Patience(connect=2, first=5, between=5, quick=2, pauses=(0.01, 0.01))
REQUEST = GenerationRequest((PromptPart("You are in the zebrafinch hall."),), 40, seed=3)
OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
Answer = Callable[[socket.socket], None]


def event(text: str, end: str | None = None) -> bytes:
    choice = {"index": 0, "text": text, "finish_reason": end}
    return b"data: " + json.dumps({"choices": [choice]}).encode() + b"\n\n"


DONE = event("", "stop") + b"data: [DONE]\n\n"
GOOD = OK + event("All is well.") + DONE


class Rude:
    """Answers each completion with the next of `answers`; lists one model, counts nothing."""

    def __init__(self, *answers: bytes | Answer) -> None:
        self.answers = list(answers)
        self.asked = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with connection:
            asked = b""
            while b"\r\n\r\n" not in asked:
                asked += connection.recv(65536)
            head, _, body = asked.partition(b"\r\n\r\n")
            for line in head.lower().split(b"\r\n"):
                if line.startswith(b"content-length:"):
                    while len(body) < int(line[15:]):
                        body += connection.recv(65536)
            with suppress(OSError):
                self._say(connection, head)

    def _say(self, connection: socket.socket, head: bytes) -> None:
        if head.startswith(b"GET /v1/models"):
            listed = b'{"data": [{"id": "m", "max_model_len": 1024}]}'
            connection.sendall(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n" + listed
            )
        elif not head.startswith(b"POST /v1/completions"):
            connection.sendall(b"HTTP/1.1 404 Not Found\r\n\r\n")
        else:
            self.asked += 1
            answer = self.answers.pop(0) if self.answers else GOOD
            if isinstance(answer, bytes):
                connection.sendall(answer)
            else:
                answer(connection)

    def close(self) -> None:
        if self._listener.fileno() < 0:
            return
        # Closing alone does not wake a thread that waits in `accept`.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()


@contextmanager
def rude(
    *answers: bytes | Answer, patience: Patience = QUICK
) -> Iterator[tuple[RemoteEngine, Rude]]:
    """An engine that met its server while that was still polite."""
    server = Rude(GOOD)
    try:
        engine = RemoteEngine(server.url, key="k-0451", patience=patience)
        engine.load(lambda line: None)
        server.answers, server.asked = list(answers), 0
        yield engine, server
    finally:
        server.close()


def run(engine: RemoteEngine, request: GenerationRequest = REQUEST) -> Finished:
    return engine.generate(request, CancelToken(), lambda text: None)


def status(code: int, more: str = "", body: str = "") -> bytes:
    return f"HTTP/1.1 {code} Such\r\n{more}Content-Length: {len(body)}\r\n\r\n{body}".encode()


HTML = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<h1>zebrafinch k-0451</h1>"


def endless(connection: socket.socket) -> None:
    """One line of 100 MB."""
    connection.sendall(OK + b"data: ")
    for _ in range(100):
        connection.sendall(b"x" * 1_000_000)


@pytest.mark.parametrize(
    ("answer", "words", "hint"),
    [
        (HTML, "no server for completions", "--url"),
        (OK + b"data: <h1>\n\n", "no server for completions", "--url"),
        (OK + b"data: " + b"[" * 100_000 + b"\n\n", "no server for completions", "--url"),
        (OK + b'data: {"error": "zebrafinch"}\n\n', "failed while writing", "log"),
        (OK + b'data: {"choices": [{"text": 5}]}\n\n', "failed while writing", "log"),
        (endless, "no server for completions", "--url"),
        (OK, "broke off while writing", "back in the input"),
        (status(302, "Location: http://127.0.0.1:9/zebrafinch\r\n"), "another address", "--url"),
        (status(401, body="k-0451 zebrafinch"), "wants a key", "DUNGEON_REMOTE_KEY"),
        (status(404, body="zebrafinch"), "no such model", "--model"),
        (status(400, body="This exceeds the context length zebrafinch"), "too long", "longer"),
        (status(500, body="zebrafinch k-0451"), "refuses the request or failed (500)", "log"),
    ],
    ids=lambda value: str(value)[:24] if isinstance(value, str) else "",
)  # fmt: skip
def test_a_wrong_answer_is_told_clearly_and_play_goes_on(
    answer: bytes | Answer, words: str, hint: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with rude(answer) as (engine, server):
        with pytest.raises(EngineError) as told:
            run(engine)
        assert words in told.value.message
        assert hint in told.value.hint
        assert server.asked == 1
        assert run(engine).text == "All is well."
    for secret in ("zebrafinch", "k-0451"):
        assert secret not in str(told.value) + caplog.text


@pytest.mark.parametrize("code", [429, 503])
def test_a_busy_server_is_asked_again_but_not_for_ever(code: int) -> None:
    busy = status(code, "Retry-After: 0\r\n")
    with rude(busy, busy) as (engine, server):
        assert run(engine).text == "All is well."
        assert server.asked == 3
        server.answers = [busy] * 9
        with pytest.raises(EngineError, match="busy"):
            run(engine)
        assert server.asked == 6


def test_a_server_that_is_away_is_told_and_may_come_back() -> None:
    with rude(lambda connection: None) as (engine, server):
        assert run(engine).text == "All is well."
        assert server.asked == 2
        server.close()
        with pytest.raises(EngineError, match="cannot be reached"):
            run(engine)
        # A context can still be put together meanwhile.
        assert engine.count(PromptPart("You look around.")) >= 4


def test_what_was_written_before_the_server_died_is_kept() -> None:
    story = OK + event("The door opens. A gua")
    with rude(story) as (engine, _):
        assert run(engine).text == "The door opens. A gua"
    with rude(story) as (engine, _):
        finished = run(engine)
        assert finished.stop == "length"


def test_a_silent_server_is_given_up() -> None:
    held = threading.Event()
    impatient = replace(QUICK, first=0.1, between=0.1, connect=0.1)
    with rude(lambda c: held.wait(10) and None, patience=impatient) as (engine, server):
        with pytest.raises(EngineError, match="in time"):
            run(engine)
        assert server.asked == 1

        def stalls(connection: socket.socket) -> None:
            connection.sendall(OK + event("It rains. The"))
            held.wait(10)

        server.answers = [stalls]
        assert run(engine).text == "It rains. The"
    held.set()


@pytest.mark.parametrize("begun", [b"", OK, OK + event("It rains.")])
def test_cancel_is_heard_at_once_while_the_server_is_silent(begun: bytes) -> None:
    asked, gone = threading.Event(), threading.Event()

    def silent(connection: socket.socket) -> None:
        connection.sendall(begun)
        asked.set()
        # Ends when the client closes, which is how the server learns of it.
        if connection.recv(1) == b"":
            gone.set()

    with rude(silent) as (engine, _):
        cancel = CancelToken()
        since: list[float] = []

        def press() -> None:
            asked.wait(10)
            since.append(time.monotonic())
            cancel.cancel()

        threading.Thread(target=press).start()
        finished = engine.generate(REQUEST, cancel, lambda text: None)
        assert time.monotonic() - since[0] < PATIENCE * 1
        assert finished.stop == "cancelled"
        assert finished.text in ("", "It rains.")
        assert gone.wait(5)


def test_a_server_that_never_ends_is_left_at_the_length_that_was_asked_for() -> None:
    with rude(OK + event(" bell") * 500) as (engine, _):
        finished = run(engine)
    assert finished.text == " bell" * 40
    assert finished.stop == "length"


def test_the_server_stops_writing_when_the_stop_string_is_there() -> None:
    replies = ["You open it. > You go on. " + "And on and on. " * 30]
    with serving(ScriptedEngine(replies=replies, tokens_per_second=500)) as served:
        engine = RemoteEngine(served.url, patience=QUICK)
        served.engine = ScriptedEngine(replies=["x"])
        engine.load(lambda line: None)
        served.engine = ScriptedEngine(replies=replies, tokens_per_second=500)
        finished = run(engine, replace(REQUEST, max_new_tokens=200, stop=(" >",)))
        assert (finished.text, finished.stop) == ("You open it.", "stop")
        assert served.cancelled.wait(5)


def loads(served: Served, model: str | None = None, key: str = "") -> list[str]:
    said: list[str] = []
    RemoteEngine(served.url, model, key=key, patience=QUICK).load(said.append)
    return said


def test_loading_tells_what_is_wrong_with_model_and_key() -> None:
    with serving(ScriptedEngine(), key="k-0451") as served:
        for key in ("", "k-other"):
            with pytest.raises(ModelError, match="wants a key") as told:
                loads(served, key=key)
            assert "k-" not in str(told.value)
        with pytest.raises(ModelError, match="no model 'gpt9'") as told:
            loads(served, "gpt9", "k-0451")
        assert "It has: scripted." in told.value.hint
        assert "tokens are counted by the server" in loads(served, None, "k-0451")
    with pytest.raises(DungeonError, match="cannot be reached"):
        loads(served, None, "k-0451")
