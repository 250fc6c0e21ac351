"""Files: paths as somebody typed them, reading what may come from anybody, and writing whole or not
at all."""

from __future__ import annotations

import os
import secrets
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


def write_whole(path: Path, text: str, *, newline: str | None = None) -> None:
    """Write a text file, whole or not at all: what had the name stays until then.

    A terminal, a pipe or another device is simply written to.

    Args:
        newline: As of `open`: "" writes line breaks as they stand in `text`.

    Raises:
        OSError: It cannot be written; a file that was there is as it was.
        RuntimeError, ValueError: The path is a circle of links, or holds a NUL.
    """
    target = path.resolve()
    mode = target.stat().st_mode if target.exists() else None
    if mode is not None and not stat.S_ISREG(mode):
        with target.open("w", encoding="utf-8") as device:
            device.write(text)
        return
    draft = target.with_name(f".{target.name[:60]}.{secrets.token_hex(4)}.new")

    def opened(name: str, flags: int) -> int:
        # What others may not read in the old file they may not read in the draft either.
        return os.open(name, flags, 0o666 if mode is None else 0o600)

    try:
        with open(draft, "x", encoding="utf-8", newline=newline, opener=opened) as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if mode is not None:
            draft.chmod(stat.S_IMODE(mode))
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)


def write_new(path: Path, text: str) -> None:
    """Write a text file that is not there yet, whole or not at all.

    Raises:
        FileExistsError: The name is taken.
        OSError: It cannot be written; nothing is left of it.
        ValueError: The path holds a NUL.
    """
    with path.open("x", encoding="utf-8", newline="\n") as file:
        try:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        except OSError:
            path.unlink(missing_ok=True)
            raise


def _size(count: int) -> str:
    return f"{count >> 20} MiB" if count >= 1 << 20 else f"{count >> 10} KiB"
