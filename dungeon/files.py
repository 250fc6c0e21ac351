"""Paths as somebody typed them, and reading files that may come from anybody.

Only ordinary files are read, and never more of them than is allowed.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path


class OddFileError(ValueError):
    """A file is not an ordinary one, or is too large; its text is a clause ("it is ...")."""


def typed_path(text: str | Path) -> Path:
    """A path with `~` put in; that of a user whom nobody knows stays as it was typed."""
    # Path.expanduser raises RuntimeError there.
    return Path(os.path.expanduser(text))


def read_ordinary(path: Path, most: int) -> bytes:
    """The bytes of a file.

    Args:
        most: Largest size that is read, in bytes.

    Raises:
        OddFileError: It is a folder, a device or a pipe, or larger than `most`.
        OSError: It cannot be opened or read.
        ValueError: The path holds a NUL.
    """
    # Opening a FIFO without O_NONBLOCK would wait for a writer for ever.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(path, flags), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OddFileError("it is not an ordinary file")
        # None is what a regular file that would block gives; there are some in /proc.
        data: bytes | None = file.read(most + 1)
    if data is None:
        raise OddFileError("it is not an ordinary file")
    if len(data) > most:
        raise OddFileError(f"it is larger than {_size(most)}")
    return data


def _size(count: int) -> str:
    return f"{count >> 20} MiB" if count >= 1 << 20 else f"{count >> 10} KiB"
