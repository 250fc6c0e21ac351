"""File names from titles: never a path, never a device, never one that is already there."""

from __future__ import annotations

import re
import secrets
import unicodedata

SUFFIX = ".dungeon"
MAX_SLUG = 48
"""Longest slug, in characters: with id and suffix far below any file system's 255 bytes."""

_RESERVED = re.compile(r"con|prn|aux|nul|com[0-9]|lpt[0-9]|conin|conout|clock")
_ID_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


def slug(title: str) -> str:
    """`title` as lower case ASCII words joined by hyphens; "story" where nothing is left.

    Both Unicode forms of a title give the same slug, for accents are taken apart (NFKD) and
    dropped. Holds only `a-z`, `0-9` and `-`, begins and ends with a letter or digit, is at
    most `MAX_SLUG` long and is no device name of Windows.
    """
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode("ascii").lower()
    plain = plain.replace("'", "").replace("\0", "")
    short = re.sub(r"[^a-z0-9]+", "-", plain)[: 4 * MAX_SLUG].strip("-")
    if len(short) > MAX_SLUG:
        # Cut between words where there is a gap in the second half.
        cut = short[: MAX_SLUG + 1].rfind("-")
        short = short[: cut if cut > MAX_SLUG // 2 else MAX_SLUG].strip("-")
    if not short or _RESERVED.fullmatch(short):
        return f"story-{short}".rstrip("-")
    return short


def file_name(title: str) -> str:
    """A file name for a new story: its slug and six random letters (31^6, 887 million).

    The letters make a clash unlikely; that none overwrites a file is up to who creates it.
    """
    return f"{slug(title)}-{short_id()}{SUFFIX}"


def short_id() -> str:
    """Six random letters and digits, none of which looks like another."""
    return "".join(secrets.choice(_ID_LETTERS) for _ in range(6))
