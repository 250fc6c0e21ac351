"""Threads beside the screen: loading the engine, listing the library, telling a turn.

They are daemons, so that leaving the game never waits for a model that is still loading,
and they speak to the screen by `post_message` alone: that neither blocks nor raises when
the screen is gone.
"""

from __future__ import annotations

import logging
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from textual.message import Message

from dungeon.engine.base import CancelToken, Engine, GenerationRequest, PromptPart
from dungeon.engine.downloads import OnProgress, Progress
from dungeon.errors import DungeonError, EngineError, ModelError
from dungeon.session import Turn, narrate
from dungeon.story.scenario import Scenario
from dungeon.turn import player_line, tellings
from dungeon.ui.context import AppContext, listed
from dungeon.ui.messages import (
    DraftChanged,
    EngineFailed,
    EngineProgress,
    EngineReady,
    FetchEnded,
    FetchMoved,
    ImportEnded,
    LibraryRead,
    LineWritten,
    LookedOver,
    OddsWeighed,
    RecoveryEnded,
    TellingsOffered,
    TurnCancelled,
    TurnFailed,
    TurnFinished,
)
from dungeon.ui.preview import Preview

log = logging.getLogger("dungeon.ui")

Post = Callable[[Message], bool]
FirstTurn = Callable[[Scenario | None], Preview]

ALTERNATIVES = 8
"""Words that are shown in the place of one, with their odds."""

OFFERED = 3
"""Tellings that a player chooses from: so many stand side by side on most terminals."""

_running: list[threading.Thread] = []


def outline(error: BaseException) -> str:
    """Where an error came from, for the log: kinds and places, no values.

    The message of an unexpected exception may quote the story, so it is left out; those of
    `DungeonError` are written for the player and name files and settings only.
    """
    lines = []
    at: BaseException | None = error
    while at is not None:
        lines.append(f"{type(at).__name__}: {at if isinstance(at, DungeonError) else '...'}")
        lines.extend(
            f"  {frame.filename}:{frame.lineno} in {frame.name}"
            for frame in traceback.extract_tb(at.__traceback__)
        )
        at = at.__cause__ or at.__context__
    return "\n".join(lines)


def start(name: str, work: Callable[[], None]) -> threading.Thread:
    """Run `work` on a thread of its own."""
    thread = threading.Thread(target=work, name=name, daemon=True)
    _running[:] = [other for other in _running if other.is_alive()]
    _running.append(thread)
    thread.start()
    return thread


def still_running(seconds: float) -> bool:
    """Whether a thread still works after that long; all were asked to stop."""
    end = time.monotonic() + seconds
    for thread in _running:
        thread.join(max(0.0, end - time.monotonic()))
    return any(thread.is_alive() for thread in _running)


def load_engine(context: AppContext, post: Post) -> threading.Thread:
    """Make and load the engine; ends in one `EngineReady` or `EngineFailed`."""

    def progress(line: str) -> None:
        post(EngineProgress(line))

    def work() -> None:
        try:
            engine = context.make_engine()
            engine.load(progress)
        except DungeonError as error:
            log.warning("engine not loaded\n%s", outline(error))
            post(EngineFailed(error))
        except Exception as error:
            log.error("engine not loaded\n%s", outline(error))
            post(
                EngineFailed(
                    ModelError(
                        f"The narrator could not be loaded ({type(error).__name__}).",
                        f"The details are in {context.log_file}.",
                    )
                )
            )
        else:
            post(EngineReady(engine))

    return start("engine", work)


class _StoppedError(Exception):
    """The player wants no more of a download."""


def fetch_model(
    name: str,
    pull: Callable[[str, OnProgress], object],
    cancel: CancelToken,
    post: Post,
    log_file: Path,
) -> threading.Thread:
    """Bring a model onto this machine; ends in one `FetchEnded`."""

    def progress(step: Progress) -> None:
        if cancel.cancelled:
            raise _StoppedError
        post(FetchMoved(name, step))

    def work() -> None:
        try:
            pull(name, progress)
        except _StoppedError:
            post(FetchEnded(name, None, stopped=True))
        except DungeonError as error:
            log.warning("model not fetched\n%s", outline(error))
            post(FetchEnded(name, error))
        except Exception as error:
            log.error("model not fetched\n%s", outline(error))
            what = f"The model could not be fetched ({type(error).__name__})."
            post(FetchEnded(name, ModelError(what, f"The details are in {log_file}.")))
        else:
            post(FetchEnded(name, None))

    return start("fetch", work)


def look_over(
    text: str, name: str, serial: int, preview: FirstTurn | None, post: Post
) -> threading.Thread:
    """Read a scenario's text; ends in one `LookedOver`.

    Args:
        text: Of the file.
        name: The file's.
        serial: Of the text.
        preview: Builds the context of the first turn; None where nobody looks at it.
        post: Takes the message.
    """

    def work() -> None:
        from dungeon.authoring import editable

        look = editable.look_over(text, name)
        first = preview(look.scenario) if preview is not None else None
        post(LookedOver(serial, look, first))

    return start("author", work)


def read_library(context: AppContext, post: Post) -> threading.Thread:
    """List scenarios and saves; ends in one `LibraryRead`."""

    def work() -> None:
        scenarios, one = listed(context.list_scenarios)
        saves, other = listed(lambda: context.list_saves(context.saves))
        post(LibraryRead(scenarios, saves, one or other))

    return start("library", work)


def recover(context: AppContext, path: Path, post: Post) -> threading.Thread:
    """Look a damaged save through; ends in one `RecoveryEnded`."""

    def work() -> None:
        try:
            post(RecoveryEnded(context.recover_save(path, context.saves)))
        except DungeonError as error:
            post(RecoveryEnded(error))

    return start("recovery", work)


def import_file(path: Path, saves: Path, post: Post) -> threading.Thread:
    """Bring what is in a file into the library; ends in one `ImportEnded`."""

    def work() -> None:
        from dungeon.exchange import bring, keep

        try:
            post(ImportEnded(keep(bring(path), saves, path.name)))
        except DungeonError as error:
            post(ImportEnded("", error))
        except Exception as error:
            log.error("not imported\n%s", outline(error))
            what = f"Something in the file was not expected ({type(error).__name__})."
            post(ImportEnded("", DungeonError(what, "The log has the details.")))

    return start("import", work)


def read_ahead(
    engine: Engine, prompt: tuple[PromptPart, ...], cancel: CancelToken
) -> threading.Thread:
    """Let the engine read what the next turn begins with; ends without a message."""

    def work() -> None:
        try:
            engine.warm(prompt, cancel)
        except Exception as error:
            # The turn itself will meet the same trouble, and tell the player then.
            log.warning("not read ahead\n%s", outline(error))

    return start("ahead", work)


def weigh(
    engine: Engine, prompt: tuple[PromptPart, ...], text: str, cancel: CancelToken, post: Post
) -> threading.Thread:
    """Weigh the words of a turn; ends in one `OddsWeighed`."""

    def work() -> None:
        try:
            post(OddsWeighed(engine.weigh(prompt, text, ALTERNATIVES, cancel)))
        except DungeonError as error:
            post(OddsWeighed(None, error))
        except Exception as error:
            log.error("odds failed\n%s", outline(error))
            post(OddsWeighed(None, EngineError("Something broke while the words were weighed.")))

    return start("odds", work)


def write_line(
    engine: Engine, request: GenerationRequest, cancel: CancelToken, post: Post
) -> threading.Thread:
    """Write the player's line for them; ends in one `LineWritten`, or in none if cancelled."""

    def work() -> None:
        try:
            action = player_line(engine, request, cancel)
        except DungeonError as error:
            post(LineWritten(None, error))
        except Exception as error:
            log.error("line failed\n%s", outline(error))
            post(LineWritten(None, EngineError("Something broke while your line was written.")))
        else:
            if not cancel.cancelled:
                post(LineWritten(action))

    return start("line", work)


def tell(
    engine: Engine, turn: Turn, cancel: CancelToken, post: Post, log_file: Path
) -> threading.Thread:
    """Tell a turn; ends in exactly one of the three terminal messages."""

    def draft(text: str) -> None:
        post(DraftChanged(turn.serial, text))

    def told() -> Message:
        narration = narrate(engine, turn, cancel, draft)
        if narration.text:
            return TurnFinished(turn.serial, narration)
        return TurnCancelled(turn.serial)

    return _narrate(turn, told, post, log_file)


def offer(
    engine: Engine, turn: Turn, cancel: CancelToken, post: Post, log_file: Path
) -> threading.Thread:
    """Tell a turn several times; ends in `TellingsOffered`, or as `tell` where that fails."""

    def told() -> Message:
        found = tellings(engine, turn, OFFERED, cancel)
        return TellingsOffered(turn.serial, found) if found else TurnCancelled(turn.serial)

    return _narrate(turn, told, post, log_file)


def _narrate(
    turn: Turn, told: Callable[[], Message], post: Post, log_file: Path
) -> threading.Thread:
    def outcome() -> Message:
        try:
            return told()
        except DungeonError as error:
            return TurnFailed(turn.serial, error)
        except Exception as error:
            log.error("turn failed\n%s", outline(error))
            return TurnFailed(
                turn.serial,
                EngineError(
                    f"Something broke inside the narrator ({type(error).__name__}).",
                    f"Try again; the details are in {log_file}.",
                ),
            )

    def work() -> None:
        post(outcome())

    return start("narrator", work)
