"""How many tokens a text takes: by the server where it can tell, else by a careful estimate."""

from __future__ import annotations

import re
import time
from functools import lru_cache
from typing import Any

from dungeon.engine.remote.client import Client, ServerError

SAMPLE = (
    "You push the heavy door open and step into the old hall. Tamsin Ostrander, the miller's "
    'daughter, looks up from her ledger. "Who let you in?" she asks; nobody answers, and '
    "somewhere above, thunder rolls across the Quillonmere rooftops."
)
"""A text for which the estimate is held against the server's own count."""

_KEPT = 8192
_SILENCE = 30.0
_TOKEN = re.compile(r"[A-Za-z]+|[^\sA-Za-z]|\s")


def estimate(text: str) -> int:
    """More tokens than byte-pair encodings of some 50,000 entries take for ordinary text.

    Two letters of a word, a digit, a mark, a line break and a byte of any other character each
    count as one token. English prose takes about half of that, odd spellings come close to it.
    """
    total = 0
    blank = False
    for match in _TOKEN.finditer(text):
        found = match[0]
        if found.isalpha() and found.isascii():
            total += (len(found) + 1) // 2
        elif found == " " and not blank:
            pass  # It is part of the word that follows; a run of blanks is not.
        else:
            total += len(found.encode("utf-8", "replace"))
        blank = found == " "
    return total or (1 if text else 0)


class Counter:
    """Counts for one model. `count` never raises, and never waits long.

    It is asked on the screen's own thread, for every paragraph that may go into a prompt, so a
    server that does not answer is left alone for a while, and the estimate stands in.

    Attributes:
        told: How tokens are counted, for the player.
    """

    def __init__(self, client: Client, model: str) -> None:
        self._client, self._model = client, model
        self._ask = self._no_server
        self._silent_until = 0.0
        self._bytes = False
        self._remembered = lru_cache(_KEPT)(self._server)
        self.told = "tokens are estimated: the server does not count them"

    def find(self) -> None:
        """Try the ways in which servers are asked."""
        for ask in (self._tokenize, self._kobold):
            self._ask = ask
            try:
                if self._server(SAMPLE) > 0:
                    self.told = "tokens are counted by the server"
                    return
            except ServerError:
                continue
        self._ask = self._no_server

    def calibrate(self, prompt_tokens: int) -> None:
        """Take note of what the server counted for `SAMPLE`: few vocabularies need more than
        the estimate, and where one does each byte counts."""
        self._bytes = prompt_tokens > estimate(SAMPLE)

    def count(self, text: str) -> int:
        """Tokens of `text`; at least 1 for any text."""
        if not text:
            return 0
        if self._ask != self._no_server and time.monotonic() >= self._silent_until:
            try:
                return max(1, self._remembered(text))
            except ServerError:
                self._silent_until = time.monotonic() + _SILENCE
        return len(text.encode("utf-8", "replace")) if self._bytes else estimate(text)

    def _server(self, text: str) -> int:
        return self._ask(text)

    def _no_server(self, text: str) -> int:
        raise ServerError("The server does not count.")

    def _tokenize(self, text: str) -> int:
        # One body for vLLM (prompt) and llama.cpp (content); each passes over the other's names.
        body = {
            "model": self._model,
            "prompt": text,
            "content": text,
            "add_special_tokens": False,
            "add_special": False,
            "parse_special": True,
        }
        answer = self._client.json("POST", "/tokenize", body)
        tokens = _field(answer, "tokens")
        return len(tokens) if isinstance(tokens, list) else _number(_field(answer, "count"))

    def _kobold(self, text: str) -> int:
        body = {"prompt": text, "special": False}
        answer = self._client.json("POST", "/api/extra/tokencount", body)
        return _number(_field(answer, "value"))


def _field(answer: Any, name: str) -> Any:
    return answer.get(name) if isinstance(answer, dict) else None


def _number(value: object) -> int:
    if type(value) is not int or value < 0:
        raise ServerError("The server counts oddly.")
    return value
