"""What numba compiles, kept on disk from one start to the next."""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import numba
import torch
from platformdirs import user_cache_path

log = logging.getLogger(__name__)

_SOURCES = ("simd.py", "step.py", "likeliest.py")
_FOLDER = Path(__file__).parent

# One of numba's thread pools ends the process when two threads use it at once.
_one_at_a_time = threading.RLock()


@cache
def _keep() -> bool:
    """Tell numba where to keep what it compiles; False where nothing can be written.

    It looks at the date of one file to tell whether what it kept is still good. The code lies
    in several, so what is kept stands in a folder named after the contents of all.
    """
    sources = b"".join((_FOLDER / name).read_bytes() for name in _SOURCES)
    folder = user_cache_path("dungeon") / "kernels" / hashlib.sha256(sources).hexdigest()[:16]
    probe = folder / f".{threading.get_native_id()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError as error:
        log.warning("compiled code is not kept: %s", error)
        return False
    numba.config.CACHE_DIR = str(folder)
    return True


@cache
def compiled(function: Callable[..., Any]) -> Any:
    """`function` as numba compiles it at its first call; kept on disk where that can be."""
    return numba.njit(nogil=True, error_model="numpy", cache=_keep())(function)


@contextmanager
def threads() -> Iterator[None]:
    """Call compiled functions inside this: on as many threads as torch uses."""
    with _one_at_a_time:
        count = torch.get_num_threads()
        numba.set_num_threads(min(count, numba.config.NUMBA_NUM_THREADS))
        if torch.get_num_threads() != count:
            # Where both use the same OpenMP, numba tells it of every processor when it begins.
            torch.set_num_threads(count)
        yield
