"""How many tokens a text takes, nearly, where no model is at hand.

GPT-2's tokenizer first cuts a text into words, numbers and signs, and common words are one token
each. So a token is counted for each piece, and one more for every few letters that a word has
beyond those of common ones. For English prose this is within a tenth of the true number (the
scenarios that ship, and passages of six novels); scripts without blanks take up to a third more
than is counted.
"""

from __future__ import annotations

import re

# The pieces of GPT-2's own pattern, without their leading blanks.
_PIECES = re.compile(r"'(?:s|t|re|ve|m|ll|d)\b|[A-Za-z]+|[0-9]+|[^\sA-Za-z0-9]|\n+")
_COMMON = 6
"""Letters of words that are mostly one token."""
_MORE = 4
"""Letters of a token in a word longer than that."""


def tokens(text: str) -> int:
    """About how many tokens of GPT-2 `text` takes."""
    count = 0
    for match in _PIECES.finditer(text):
        piece = match[0]
        count += 1
        if len(piece) > _COMMON:
            count += -(-(len(piece) - _COMMON) // _MORE)
    return count
