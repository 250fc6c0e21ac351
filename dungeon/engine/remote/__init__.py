"""A model behind an OpenAI-compatible completions endpoint on another machine, or on this one."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from functools import partial
from typing import Any

from dungeon.engine import catalog
from dungeon.engine.base import (
    CancelToken,
    Finished,
    GenerationRequest,
    ModelInfo,
    PromptPart,
    StopReason,
    Timing,
    TokenOdds,
    candidate_seed,
)
from dungeon.engine.remote import wire
from dungeon.engine.remote.address import Address
from dungeon.engine.remote.client import Client, Patience, ServerError
from dungeon.engine.remote.counting import SAMPLE, Counter
from dungeon.engine.remote.cutting import CutText
from dungeon.engine.remote.exchange import POLL, Cancelled
from dungeon.engine.remote.own import OWNER
from dungeon.errors import EngineError, ModelError
from dungeon.text import shorten

log = logging.getLogger(__name__)

COMPLETIONS = "/v1/completions"

POSITIONS = 1024
"""Of GPT-2: taken where neither the server nor the catalogue tells."""

MOST_POSITIONS = 8192
"""Longer prompts make every turn slower, and dearer where tokens are paid for."""

SPARE = 8
"""Positions left free: for a token that the server puts first, and because the parts of a prompt,
counted one by one, may take a token more when they are joined."""

MOST_AT_ONCE = 8
"""Candidates that are asked for side by side at most."""


class RemoteEngine:
    """Has a server write. Connects to nothing before `load`, and then to that server only.

    Candidates are requests of their own, side by side: a server that batches writes them
    together, and each keeps its own seed, which `n` in one request does not promise.

    Args:
        url: Of the server, with or without `/v1`.
        model: As the server calls it; None where it has one only.
        key: Sent to the server as a bearer token; "" for none. Told to nobody else.
        patience: How long things may take.

    Raises:
        ModelError: The URL or the key cannot be used.
    """

    def __init__(
        self, url: str, model: str | None = None, *, key: str = "", patience: Patience | None = None
    ) -> None:
        self._client = Client(Address.parse(url), key, patience)
        self._model = model or ""
        self._lock = threading.Lock()
        self._info: ModelInfo | None = None
        self._counter = Counter(self._client, self._model)
        self._dialect = wire.Dialect.EXTENDED
        self._odds = True

    @property
    def info(self) -> ModelInfo:
        """What the server has.

        Raises:
            EngineError: It was not asked yet.
        """
        if self._info is None:
            raise EngineError("The server was not asked yet.", "Wait a moment.")
        return self._info

    # -- loading -------------------------------------------------------------------------------

    def load(self, progress: Callable[[str], None]) -> None:
        """As `Engine.load`: ask the server what it has, and for one token."""
        with self._lock:
            if self._info is not None:
                return
            try:
                self._info = self._meet(progress)
            except ServerError as error:
                raise ModelError(error.message, error.hint) from error

    def _meet(self, progress: Callable[[str], None]) -> ModelInfo:
        where = self._client.address.name
        progress(f"asking {where}")
        served = self._served()
        names = [str(model["id"]) for model in served]
        if not self._model and len(names) != 1:
            raise ModelError(
                f"The server at {where} has {'more than one model' if names else 'no model'}.",
                f"Name one with --model: {_list(names)}." if names else "Name one with --model.",
            )
        self._model = self._model or names[0]
        entry = _entry(self._model)
        self._counter = Counter(self._client, self._model)
        self._counter.find()
        progress(self._counter.told)
        told = self._positions([model for model in served if model["id"] == self._model])
        positions = told or (entry.n_positions if entry else 0) or POSITIONS
        if not told:
            progress(f"a context of {positions} tokens is taken: the server does not tell")
        progress(f"waiting for {shorten(self._model, 40)} at {where}")
        own = any(model.get("owned_by") == OWNER for model in served)
        self._probe(names, own=own)
        progress(f"{shorten(self._model, 40)} at {where} is ready")
        return ModelInfo(
            name=shorten(self._model, 60),
            n_positions=min(positions, MOST_POSITIONS) - SPARE,
            style=entry.style if entry else "plain",
            chat=entry.chat if entry else None,
            device=where,
            # A model of which nothing is known is begun for, as small ones need it.
            opener=entry.opener if entry else True,
        )

    def _served(self) -> list[dict[str, Any]]:
        """What the server lists; nothing where it has no list, or fails at making one."""
        try:
            answer = self._client.json("GET", "/v1/models", again=True)
        except ServerError as error:
            if error.status in (404, 405, 500, 501):
                # `transformers serve` fails here where it has no folder of downloads.
                return []
            raise
        data = answer.get("data") if isinstance(answer, dict) else None
        if not isinstance(data, list):
            raise self._client.wrong()
        return [model for model in data if isinstance(model, dict) and "id" in model]

    def _positions(self, served: Sequence[dict[str, Any]]) -> int:
        """The model's context in tokens, asked for in each server's own way; 0 for unknown."""
        for model in served:
            if found := _whole(model.get("max_model_len")):  # vLLM
                return found
        for path, names in (
            ("/props", ("default_generation_settings", "n_ctx")),  # llama.cpp
            ("/api/extra/true_max_context_length", ("value",)),  # KoboldCpp
        ):
            try:
                answer = self._client.json("GET", path)
            except ServerError:
                continue
            for name in names:
                answer = answer.get(name) if isinstance(answer, dict) else None
            if found := _whole(answer):
                return found
        return 0

    def _probe(self, names: Sequence[str], *, own: bool) -> None:
        """Have one token written: shows that all is well, and which fields the server takes.

        `own` tells whether it says that it is a host of the game.
        """
        request = GenerationRequest((PromptPart(SAMPLE),), 1)
        dialects = [one for one in wire.Dialect if own or one is not wire.Dialect.DUNGEON]
        for dialect in dialects:
            self._dialect = dialect
            try:
                for piece in self._pieces(request, CancelToken()):
                    if piece.prompt_tokens:
                        self._counter.calibrate(piece.prompt_tokens)
                return
            except ServerError as error:
                last = error
                if error.status not in (400, 422):
                    break
        if last.status in (400, 404, 422) and names and self._model not in names:
            raise ModelError(
                f"The server at {self._client.address.name} has no model "
                f"{shorten(self._model, 60)!r}.",
                f"It has: {_list(names)}.",
            ) from last
        raise last

    # -- counting ------------------------------------------------------------------------------

    def count(self, part: PromptPart) -> int:
        """As `Engine.count`: what the server says, or more (see `counting.estimate`)."""
        return self._counter.count(wire.spelled(part))

    def _size(self, request: GenerationRequest) -> int:
        size = sum(map(self.count, request.prompt))
        if size == 0:
            raise EngineError("The prompt is empty.", "Write a line and try again.")
        if size + request.max_new_tokens > self.info.n_positions:
            raise EngineError(
                f"The prompt of {size} tokens and {request.max_new_tokens} new ones are more "
                f"than the model's {self.info.n_positions}.",
                "Shorten the memory or ask for fewer tokens.",
            )
        return size

    # -- writing -------------------------------------------------------------------------------

    def generate(
        self,
        request: GenerationRequest,
        cancel: CancelToken,
        on_text: Callable[[str], None],
    ) -> Finished:
        """As `Engine.generate`. A text that the server leaves unfinished counts as cut at its
        length, so that the whole sentences in it are told.

        Raises:
            ServerError: Nothing came.
        """
        with self._lock:
            return self._write(request, cancel, lambda text, tokens: on_text(text))

    def warm(self, prompt: tuple[PromptPart, ...], cancel: CancelToken) -> None:
        """Nothing: what the player has not sent yet stays on this machine."""

    def sample(
        self,
        request: GenerationRequest,
        count: int,
        cancel: CancelToken,
        on_progress: Callable[[int], None],
    ) -> tuple[Finished, ...]:
        """As `Engine.sample`."""
        grown: queue.Queue[tuple[int, threading.Event]] = queue.Queue()
        left = threading.Event()

        def grew(text: str, tokens: int) -> None:
            # Goes on when the caller has been told, and may have set `cancel`.
            heard = threading.Event()
            grown.put((tokens, heard))
            while not heard.wait(POLL):
                if left.is_set():
                    raise Cancelled

        with self._lock, ThreadPoolExecutor(min(count, MOST_AT_ONCE), "candidate") as pool:
            seeds = [candidate_seed(request.seed, at) for at in range(count)]
            write = partial(self._write, cancel=cancel, on_grown=grew)
            futures = [pool.submit(write, replace(request, seed=seed)) for seed in seeds]
            longest = 0
            try:
                while not all(future.done() for future in futures):
                    try:
                        tokens, heard = grown.get(timeout=POLL)
                    except queue.Empty:
                        continue
                    if tokens > longest:
                        longest = tokens
                        on_progress(tokens)
                    heard.set()
            finally:
                left.set()
            return tuple(future.result() for future in futures)

    def score(
        self, prompt: tuple[PromptPart, ...], texts: Sequence[Sequence[int]], cancel: CancelToken
    ) -> None:
        """None: the protocol does not tell how likely a given text is."""

    def weigh(
        self, prompt: tuple[PromptPart, ...], text: str, top: int, cancel: CancelToken
    ) -> tuple[TokenOdds, ...] | None:
        """None, as `score`."""
        return None

    def _write(
        self,
        request: GenerationRequest,
        cancel: CancelToken,
        on_grown: Callable[[str, int], None],
    ) -> Finished:
        started = time.monotonic()
        size = self._size(request)
        out = CutText(request.stop, request.banned)
        tokens: list[TokenOdds] = []
        pieces = counted = 0
        first = 0.0
        stop: StopReason = "length"
        try:
            with closing(self._pieces(request, cancel)) as stream:
                for piece in stream:
                    tokens.extend(piece.tokens)
                    counted = counted or piece.new_tokens
                    if piece.text:
                        if pieces == request.max_new_tokens:
                            break
                        pieces += 1
                        first = first or time.monotonic() - started
                        if out.push(piece.text):
                            on_grown(out.text, pieces)
                    if out.over:
                        stop = "stop"
                        break
                    if cancel.cancelled:
                        raise Cancelled
                    if piece.end:
                        stop = piece.end
        except Cancelled:
            stop = "cancelled"
        except ServerError as error:
            if not out.text.strip():
                raise
            log.warning("the server left a text unfinished: %s", error.message)
        if out.finish():
            on_grown(out.text, pieces)
        if out.over:
            stop = "stop"
        new = counted or max(pieces, len(tokens))
        timing = Timing(size, 0, new, first, time.monotonic() - started)
        return Finished(out.text, stop, timing, tuple(tokens) if request.odds else ())

    def _pieces(
        self, request: GenerationRequest, cancel: CancelToken
    ) -> Generator[wire.Piece, None, None]:
        """What the server writes, piece by piece, to its proper end.

        Raises:
            Cancelled: `cancel` was set.
            ServerError: There is no end, or no beginning.
        """
        try:
            yield from self._posted(request, cancel)
        except ServerError as error:
            if error.status not in (400, 422) or not (request.odds and self._odds):
                raise
            # Refused before anything came; perhaps for asking what each token was worth.
            self._odds = False
            yield from self._posted(request, cancel)

    def _posted(self, request: GenerationRequest, cancel: CancelToken) -> Iterator[wire.Piece]:
        body = wire.body(request, self._model, self._dialect, odds=self._odds)
        ended = False
        with self._client.stream(COMPLETIONS, body, cancel) as events:
            for event in events:
                if event == b"[DONE]":
                    return
                try:
                    piece = wire.piece(self._client.parsed(event))
                except ValueError:
                    raise ServerError(
                        f"The server at {self._client.address.name} failed while writing.",
                        "Try again; its own log says why.",
                    ) from None
                ended = ended or bool(piece.end)
                yield piece
        if not ended:
            raise ServerError(
                f"The server at {self._client.address.name} broke off while writing.",
                "Your line is back in the input: try again, or look at the server.",
            )


def _entry(model: str) -> catalog.Entry | None:
    """The catalogue's entry for a model that a server may call by a longer name."""
    return catalog.CATALOG.get(model.rsplit("/", 1)[-1].split(":", 1)[0].lower())


def _whole(value: object) -> int:
    return value if type(value) is int and value > 2 * SPARE else 0


def _list(names: Sequence[str]) -> str:
    return shorten(", ".join(names[:8]), 200) + (", ..." if len(names) > 8 else "")
