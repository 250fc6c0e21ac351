"""The texts inside a PNG picture, without a library for pictures.

PNG (ISO 15948, section 11.3.4): after the signature come chunks of length, type, data and CRC;
`tEXt` holds a keyword, a zero byte and Latin-1 text, `zTXt` the same deflated, and `iTXt` UTF-8
text that may be deflated. Nothing is inflated beyond a bound.
"""

from __future__ import annotations

import zlib

SIGNATURE = b"\x89PNG\r\n\x1a\n"
MAX_CHUNKS = 100_000
MAX_TEXT = 16 * 1024 * 1024
"""Most bytes of one text, inflated."""


def texts(data: bytes) -> dict[str, bytes]:
    """The texts of a picture by their keywords, in lower case; of several the first.

    Raises:
        ValueError: It is no PNG, or a text in it is damaged or too long. The message is a clause.
    """
    if not data.startswith(SIGNATURE):
        raise ValueError("it is no PNG picture")
    found: dict[str, bytes] = {}
    at = len(SIGNATURE)
    for _ in range(MAX_CHUNKS):
        if at + 12 > len(data):
            return found
        size = int.from_bytes(data[at : at + 4], "big")
        kind = data[at + 4 : at + 8]
        if at + 12 + size > len(data):
            raise ValueError("the picture is cut short")
        if kind in (b"tEXt", b"zTXt", b"iTXt"):
            body = data[at + 8 : at + 8 + size]
            crc = int.from_bytes(data[at + 8 + size : at + 12 + size], "big")
            if zlib.crc32(kind + body) != crc:
                raise ValueError("a text in the picture is damaged")
            keyword, text = _text(kind, body)
            found.setdefault(keyword.lower(), text)
        elif kind == b"IEND":
            return found
        at += 12 + size
    raise ValueError("the picture has too many parts")


def _text(kind: bytes, body: bytes) -> tuple[str, bytes]:
    keyword, _, rest = body.partition(b"\0")
    if kind == b"zTXt":
        # One byte tells the method, and there is only deflate.
        rest = inflated(rest[1:], MAX_TEXT)
    elif kind == b"iTXt":
        deflated, rest = rest[:1], rest[2:]
        # The language and the keyword in it stand before the text.
        rest = rest.partition(b"\0")[2].partition(b"\0")[2]
        if deflated == b"\1":
            rest = inflated(rest, MAX_TEXT)
    if len(rest) > MAX_TEXT:
        raise ValueError("a text in the picture is too long")
    return keyword.decode("latin-1"), rest


def inflated(data: bytes, most: int) -> bytes:
    """What `data` inflates to (zlib, RFC 1950), if that is at most `most` bytes.

    Raises:
        ValueError: It is more, or the data are damaged.
    """
    stream = zlib.decompressobj()
    try:
        text = stream.decompress(data, most + 1)
    except zlib.error:
        raise ValueError("a packed text in it is damaged") from None
    if len(text) > most:
        raise ValueError("a packed text in it is too long")
    if not stream.eof:
        raise ValueError("a packed text in it is cut short")
    return text
