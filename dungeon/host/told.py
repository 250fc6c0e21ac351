"""What a client is told: the events of a completion, its end, and what went wrong."""

from __future__ import annotations

import secrets
import time
from typing import Any

from dungeon.engine.base import Finished, ModelInfo


class Answer:
    """The JSON of one completion's answer.

    Args:
        model: As the client calls it.
    """

    def __init__(self, model: str) -> None:
        self._head: dict[str, Any] = {
            "id": f"cmpl-{secrets.token_hex(12)}",
            "object": "text_completion",
            "created": int(time.time()),
            "model": model,
        }

    def piece(self, text: str) -> dict[str, Any]:
        """More of the text."""
        choice = {"index": 0, "text": text, "logprobs": None, "finish_reason": None}
        return {**self._head, "choices": [choice]}

    def end(self, finished: Finished, text: str) -> dict[str, Any]:
        """Why it ended, and all that is known of its tokens; `text` is what was not sent yet."""
        choice: dict[str, Any] = {"index": 0, "text": text, "logprobs": None}
        choice["finish_reason"] = "length" if finished.stop == "length" else "stop"
        if finished.tokens:
            choice["logprobs"] = {
                "tokens": [odds.text for odds in finished.tokens],
                "token_logprobs": [odds.logprob for odds in finished.tokens],
                "top_logprobs": [dict(odds.top) for odds in finished.tokens],
            }
        return {**self._head, "choices": [choice]}

    def usage(self, finished: Finished) -> dict[str, Any]:
        """What it came to."""
        return {**self._head, "choices": [], "usage": used(finished)}


def used(finished: Finished) -> dict[str, Any]:
    """Tokens read and written."""
    timing = finished.timing
    return {
        "prompt_tokens": timing.prompt_tokens,
        "completion_tokens": timing.new_tokens,
        "total_tokens": timing.prompt_tokens + timing.new_tokens,
        "prompt_tokens_details": {"cached_tokens": timing.reused_tokens},
    }


def models(info: ModelInfo, owner: str) -> dict[str, Any]:
    """The list of the one model there is."""
    model = {
        "id": info.name,
        "object": "model",
        "created": 0,
        "owned_by": owner,
        "max_model_len": info.n_positions,
    }
    return {"object": "list", "data": [model]}


def wrong(message: str, kind: str = "invalid_request_error") -> dict[str, Any]:
    """What went wrong."""
    return {"error": {"message": message, "type": kind, "param": None, "code": None}}
