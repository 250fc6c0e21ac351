"""transformers without a word on the terminal and without the network."""

from __future__ import annotations

import contextlib
import importlib
import os
import threading
import warnings
from collections.abc import Iterator
from typing import Any

_QUIET = {
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "TRANSFORMERS_VERBOSITY": "error",
    "TOKENIZERS_PARALLELISM": "false",
    "TQDM_DISABLE": "1",
}
_lock = threading.RLock()


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Import and use transformers inside this.

    It and its helpers read their variables when they are imported. Child processes of the
    game (a download that was asked for) must not inherit them, so they are put back.
    """
    with _lock:
        before = {name: os.environ.get(name) for name in _QUIET}
        os.environ.update(_QUIET)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                logging = transformers().utils.logging
                logging.set_verbosity_error()
                logging.disable_progress_bar()
                yield
        finally:
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value


def transformers() -> Any:
    """The package; what it exports is made at run time, so nothing is known of its types."""
    return importlib.import_module("transformers")


def spin_briefly() -> None:
    """Let torch's idle threads sleep soon. Call it before torch is imported: libgomp reads it then.

    By default a thread that waits for the next piece of work spins for milliseconds, and where
    anything else wants a core (the screen, for one) that starves the thread it waits for.
    Measured with the embedded model on two cores: 58 tokens a second alone and 17 beside one
    busy program by default; 55 and 28 with this; 38 and 33 with no spinning at all.
    """
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", "1000")
