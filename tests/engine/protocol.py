"""A small server that speaks the completions protocol over any engine, in this process."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from dungeon.engine.base import CancelToken, Engine, GenerationRequest, PromptPart, Sampling

OPENAI = {"model", "prompt", "max_tokens", "temperature", "top_p", "seed", "stream"}


@dataclass
class Served:
    """A server over `engine`, and what was asked of it.

    Attributes:
        url: Where it is.
        takes: The fields it knows; None for any. It refuses a request with another one.
        counts: Whether it has `/tokenize`.
        key: What it wants to see; "" for nothing.
        bodies: Of the completions that were asked for.
        paths: All that was asked for.
        cancelled: Set once a client has gone in the middle of a text.
    """

    engine: Engine
    url: str = ""
    takes: set[str] | None = None
    counts: bool = True
    key: str = ""
    bodies: list[dict[str, Any]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    cancelled: threading.Event = field(default_factory=threading.Event)


@contextmanager
def serving(engine: Engine, **how: Any) -> Iterator[Served]:
    """Serve `engine` on a free port of the loopback interface."""
    served = Served(engine, **how)

    class Handler(_Handler):
        at = served

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    served.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    at: Served

    def log_message(self, format: str, *args: object) -> None:
        pass

    def _json(self, status: int, data: object) -> None:
        body = json.dumps(data).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _known(self) -> bool:
        self.at.paths.append(self.path)
        if self.at.key and self.headers.get("Authorization") != f"Bearer {self.at.key}":
            self._json(401, {"error": {"message": f"no: {self.headers.get('Authorization')}"}})
            return False
        return True

    def do_GET(self) -> None:
        if not self._known():
            return
        info = self.at.engine.info
        if self.path == "/v1/models":
            model = {"id": info.name, "object": "model", "max_model_len": info.n_positions}
            self._json(200, {"object": "list", "data": [model]})
        else:
            self._json(404, {"error": "not found"})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if not self._known():
            return
        if self.path == "/tokenize" and self.at.counts:
            self._json(200, {"count": self.at.engine.count(self._part(body["prompt"]))})
        elif self.path == "/v1/completions":
            self.at.bodies.append(body)
            # The client goes as soon as it has what it wants.
            with suppress(OSError):
                self._complete(body)
        else:
            self._json(404, {"error": "not found"})

    def _part(self, text: str) -> PromptPart:
        return PromptPart(text, special=self.at.engine.info.style == "chat")

    def _complete(self, body: dict[str, Any]) -> None:
        if self.at.takes is not None and not body.keys() <= self.at.takes:
            self._json(422, {"detail": f"Unexpected fields in the request: {body}"})
            return
        if body["model"] != self.at.engine.info.name:
            self._json(404, {"error": {"message": f"no model {body['model']}"}})
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        cancel = CancelToken()
        told = ""

        def more(text: str) -> None:
            nonlocal told
            new, told = text[len(told) :], text
            try:
                self._event({"choices": [{"index": 0, "text": new, "finish_reason": None}]})
            except OSError:
                cancel.cancel()
                self.at.cancelled.set()

        finished = self.at.engine.generate(self._request(body), cancel, more)
        if cancel.cancelled:
            self.close_connection = True
            return
        last: dict[str, Any] = {"index": 0, "text": "", "logprobs": None}
        last["finish_reason"] = "length" if finished.stop == "length" else "stop"
        if finished.tokens:
            last["logprobs"] = {
                "tokens": [odds.text for odds in finished.tokens],
                "token_logprobs": [odds.logprob for odds in finished.tokens],
                "top_logprobs": [dict(odds.top) for odds in finished.tokens],
            }
        usage = {
            "prompt_tokens": finished.timing.prompt_tokens,
            "completion_tokens": finished.timing.new_tokens,
        }
        self._event({"choices": [last], "usage": usage})
        self._chunk(b"data: [DONE]\n\n")
        self._chunk(b"")

    @staticmethod
    def _sampling(body: dict[str, Any]) -> Sampling:
        return Sampling(
            temperature=body["temperature"],
            top_p=body["top_p"],
            top_k=max(0, body.get("top_k", 0)),
            repetition_penalty=body.get("repetition_penalty", 1.0),
            min_p=body.get("min_p", 0.0),
        )

    def _request(self, body: dict[str, Any]) -> GenerationRequest:
        return GenerationRequest(
            (self._part(body["prompt"]),),
            body["max_tokens"],
            self._sampling(body),
            body["seed"],
            odds=body.get("logprobs", 0),
        )

    def _event(self, data: object) -> None:
        self._chunk(b"data: " + json.dumps(data).encode() + b"\n\n")

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()
