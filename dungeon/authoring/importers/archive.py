"""One member of a zip archive, read into memory with bounds; nothing is ever unpacked to disk."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence

SIGNATURE = b"PK\x03\x04"
MAX_MEMBERS = 10_000
MAX_MEMBER = 50 * 1024 * 1024
"""Most bytes of one member, inflated."""


class _Refused(ValueError):
    """Told apart from the errors of `zipfile` itself, some of which are ValueErrors too."""


_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


def member(data: bytes, names: Sequence[str], suffixes: Sequence[str]) -> bytes:
    """The first member with one of `names`, in their order; else the only one with a suffix.

    Folders in the archive do not matter, and names are only compared.

    Raises:
        ValueError: There is no such member, or it is damaged, locked or too large. A clause.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            infos = archive.infolist()
            if len(infos) > MAX_MEMBERS:
                raise _Refused("the archive has too many members")
            info = _wanted(infos, names, suffixes)
            if info.flag_bits & 1:
                raise _Refused("the archive has a password")
            if info.compress_type not in _METHODS:
                raise _Refused("the archive is packed in an unusual way")
            with archive.open(info) as file:
                # The size that the archive tells may be a lie: what is read is what counts.
                text = file.read(MAX_MEMBER + 1)
    except _Refused:
        raise
    except Exception:
        # zipfile raises a dozen kinds of error at what is not quite an archive.
        raise ValueError("the archive is damaged") from None
    if len(text) > MAX_MEMBER:
        raise ValueError(f"the archive unpacks to more than {MAX_MEMBER // 2**20} MB")
    return text


def _wanted(
    infos: Sequence[zipfile.ZipInfo], names: Sequence[str], suffixes: Sequence[str]
) -> zipfile.ZipInfo:
    files = [info for info in infos if not info.is_dir()]
    base = {info.filename.replace("\\", "/").rsplit("/", 1)[-1].lower(): info for info in files}
    for name in names:
        if name in base:
            return base[name]
    fits = [info for name, info in base.items() if name.endswith(tuple(suffixes))]
    if len(fits) != 1:
        what = "several stories" if fits else "no story"
        raise _Refused(f"the archive holds {what} that could be meant")
    return fits[0]
