"""An engine without a model: its text is a function of the prompt and the seed.

For tests, demonstrations and machines that cannot hold a model. It keeps every promise of
`base.Engine`, so whatever works with it works with the others.
"""

from __future__ import annotations

import hashlib
import random
import re
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace

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
from dungeon.engine.detokenize import StopStrings
from dungeon.errors import EngineError

# Every token leads with its own blank, so the tokens of a text joined are the text again,
# and words are split so that one endless word still costs what its length does.
_TOKEN = re.compile(r"\s?\w{1,8}|\s?[^\w\s]|\s{1,8}")


class ScriptedEngine:
    """Writes sentences from a small grammar, or given replies.

    Args:
        info: What it claims to be; by default "scripted" with 1024 positions.
        replies: Said in this order, one a generation, before the grammar takes over. They
            stand for the model's raw output: cut at stop strings and `max_new_tokens`, else
            untouched. An exception in their place is raised.
        tokens_per_second: How fast it writes; None is at once.
    """

    def __init__(
        self,
        info: ModelInfo | None = None,
        replies: Sequence[str | BaseException] | None = None,
        tokens_per_second: float | None = None,
    ) -> None:
        self.info = info or ModelInfo("scripted", 1024, dtype="script")
        self._replies = deque(replies or ())
        self._pause = 1 / tokens_per_second if tokens_per_second else 0.0
        self._lock = threading.Lock()

    def load(self, progress: Callable[[str], None]) -> None:
        """Nothing to bring into memory."""
        progress(f"{self.info.name} is ready")

    def count(self, part: PromptPart) -> int:
        """Words, pieces of long words, and marks."""
        return 1 if part.special else sum(1 for _ in _TOKEN.finditer(part.text))

    def generate(
        self,
        request: GenerationRequest,
        cancel: CancelToken,
        on_text: Callable[[str], None],
    ) -> Finished:
        """As `Engine.generate`."""
        with self._lock:
            started = time.monotonic()
            size = sum(self.count(part) for part in request.prompt)
            self._check(size, request.max_new_tokens)
            if self._replies:
                reply = self._replies.popleft()
                if isinstance(reply, BaseException):
                    raise reply
            else:
                reply = _compose(request)
            return self._write(reply, size, request, cancel, on_text, started)

    def warm(self, prompt: tuple[PromptPart, ...], cancel: CancelToken) -> None:
        """Nothing to read ahead: there is no cache."""

    def sample(
        self,
        request: GenerationRequest,
        count: int,
        cancel: CancelToken,
        on_progress: Callable[[int], None],
    ) -> tuple[Finished, ...]:
        """As `Engine.sample`; given replies are used up one a candidate."""
        finished = []
        for at in range(count):
            one = replace(request, seed=candidate_seed(request.seed, at))
            finished.append(self.generate(one, cancel, lambda text: None))
            on_progress(max(candidate.timing.new_tokens for candidate in finished))
        return tuple(finished)

    def score(
        self, prompt: tuple[PromptPart, ...], texts: Sequence[Sequence[int]], cancel: CancelToken
    ) -> None:
        """None: a grammar has no probabilities."""

    def weigh(
        self, prompt: tuple[PromptPart, ...], text: str, top: int, cancel: CancelToken
    ) -> tuple[TokenOdds, ...] | None:
        """None, as `score`."""
        return None

    def _check(self, size: int, max_new_tokens: int) -> None:
        if size == 0:
            raise EngineError("The prompt is empty.", "Write a line and try again.")
        if size + max_new_tokens > self.info.n_positions:
            raise EngineError(
                f"The prompt of {size} tokens and {max_new_tokens} new ones are more than the "
                f"model's {self.info.n_positions}.",
                "Shorten the memory or ask for fewer tokens.",
            )

    def _write(
        self,
        reply: str,
        size: int,
        request: GenerationRequest,
        cancel: CancelToken,
        on_text: Callable[[str], None],
        started: float,
    ) -> Finished:
        out = StopStrings(request.stop)
        written: list[str] = []
        first = 0.0
        stop: StopReason = "end"
        for token in _TOKEN.findall(reply):
            if cancel.wait(self._pause) if self._pause else cancel.cancelled:
                stop = "cancelled"
                break
            if len(written) == request.max_new_tokens:
                stop = "length"
                break
            written.append(token)
            first = first or time.monotonic() - started
            if out.push(token):
                on_text(out.text)
            if out.found:
                stop = "stop"
                break
        if out.finish():
            on_text(out.text)
        odds = tuple(TokenOdds(token, 0.0, ((token, 0.0),)) for token in written)
        return Finished(
            out.text,
            stop,
            Timing(size, 0, len(written), first, time.monotonic() - started),
            odds if request.odds else (),
        )


# -- the grammar -----------------------------------------------------------------------------

_SLOTS: dict[str, tuple[str, ...]] = {
    "place": (
        "the old hall",
        "the river bank",
        "the market square",
        "the mountain pass",
        "the ruined chapel",
        "the harbour",
        "the birch wood",
        "the cellar",
        "the watchtower",
        "the salt marsh",
        "the narrow stair",
        "the orchard",
    ),
    "person": (
        "a grey-haired ferryman",
        "the innkeeper",
        "a young scribe",
        "the captain of the guard",
        "a hooded stranger",
        "an old woman with a basket",
        "a red-cloaked courier",
        "the miller's daughter",
        "a limping soldier",
        "a boy with a lantern",
    ),
    "thing": (
        "a brass key",
        "a folded letter",
        "a lantern",
        "a wooden chest",
        "a silver coin",
        "a rusted sword",
        "a torn map",
        "a clay jar",
        "a coil of rope",
        "a bone whistle",
        "a sealed bottle",
        "a painted mask",
    ),
    "sound": (
        "a bell",
        "the creak of a cart",
        "a low voice",
        "the cry of a gull",
        "running water",
        "the scrape of a boot",
        "distant thunder",
        "a dog's bark",
        "the crack of a branch",
        "a slow drum",
    ),
    "weather": (
        "a cold wind",
        "a thin rain",
        "the evening mist",
        "a shaft of sunlight",
        "the smell of smoke",
        "a flurry of snow",
        "the first light of dawn",
        "a salt breeze",
    ),
    "manner": (
        "without a word",
        "with a crooked smile",
        "as if in a hurry",
        "very slowly",
        "and shakes like a leaf",
        "with great care",
        "and looks over one shoulder",
        "as though nothing happened",
    ),
    "way": (
        "behind you",
        "to your left",
        "somewhere above",
        "beyond the wall",
        "from the far side",
        "close at hand",
        "under the floor",
        "at the edge of sight",
    ),
    "deed": (
        "points towards",
        "turns away from",
        "walks out of",
        "comes running from",
        "keeps watch over",
        "bars the way to",
        "speaks softly of",
        "warns you about",
    ),
}

_SENTENCES = (
    "{person} {deed} {place} {manner}.",
    "You hear {sound} {way}.",
    "{weather} drifts across {place}.",
    "You find {thing} in the shadow of {place}.",
    "{person} offers you {thing} {manner}.",
    "{way}, {sound} breaks the silence.",
    "There is {thing} on the ground near {place}.",
    '"You should not have come to {place}," says {person} {manner}.',
    '"I know you," says {person}. "You are the one who took {thing}."',
    "You notice {thing}, half hidden, and {sound} {way} makes you stop.",
    "{place} lies quiet, and {weather} touches your face.",
    "{person} drops {thing} and {deed} {place}.",
    "Something moves {way}, and then you see {person}.",
    "Your hand closes on {thing} as {weather} fills {place}.",
)

_DEEDS = (
    "You {action}, and {sound} answers {way}.",
    "You {action} while {person} watches {manner}.",
    "As you {action}, {weather} sweeps through {place}.",
    "You {action}, but {person} {deed} {place}.",
    "You {action}, and under your fingers is {thing}.",
    "Before you {action}, you take a breath, and {sound} rings out {way}.",
)

_SPEECHES = (
    '"{action}" you repeat, and {person} nods {manner}.',
    '{person} hears your words, "{action}" and {deed} {place}.',
    'Your "{action}" echoes through {place} until {sound} drowns it.',
)


def _compose(request: GenerationRequest) -> str:
    text = "".join(part.text for part in request.prompt)
    # At temperature 0 a model is greedy and its seed plays no part.
    seed = request.seed if request.sampling.temperature > 0 else 0
    heat = round(request.sampling.temperature, 6)
    key = f"{heat}\0{seed}\0{text}".encode("utf-8", "surrogatepass")
    rng = random.Random(hashlib.sha256(key).digest())
    banned = [phrase.casefold() for phrase in request.banned if phrase.strip()]
    said: list[str] = []
    action, spoken = _action(request.prompt)
    if action:
        said.append(_fill(rng.choice(_SPEECHES if spoken else _DEEDS), rng, action))
    for template in rng.sample(_SENTENCES, rng.randint(2, 3)):
        said.append(_fill(template, rng))
    said = [line for line in said if not any(phrase in line.casefold() for phrase in banned)]
    # Left alone, a story model writes the player's next line too; so does this one.
    more = "\n> You wait." if rng.random() < 0.5 else ""
    return " ".join(said) + more


def _fill(template: str, rng: random.Random, action: str = "") -> str:
    def slot(match: re.Match[str]) -> str:
        name = match[1]
        return action if name == "action" else rng.choice(_SLOTS[name])

    line = re.sub(r"\{(\w+)\}", slot, template)
    first = 1 if line[0] == '"' else 0
    return line[:first] + line[first].upper() + line[first + 1 :]


def _action(prompt: Sequence[PromptPart]) -> tuple[str, bool]:
    """What the player did, without its subject and full stop, and whether it was said."""
    plain = [part.text for part in prompt if not part.special]
    line = plain[-1].strip().rsplit("\n", 1)[-1] if plain else ""
    chat = any(part.special for part in prompt)
    if not line.startswith(">") and not chat:
        return "", False
    line = line.lstrip("> ")
    speech = re.fullmatch(r'You say "(.*)"', line)
    if speech:
        return " ".join(speech[1].split()[:20]), True
    line = line.rstrip(" .!?…").removeprefix("You ")
    return ("", False) if line in ("", "Continue") else (" ".join(line.split()[:20]), False)
