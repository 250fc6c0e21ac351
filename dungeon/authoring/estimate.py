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
_PIECE = re.compile(r"[A-Za-z]+|'(?:s|t|re|ve|m|ll|d)\b|[^\sA-Za-z0-9]|[0-9]+|\n+")
# What a word has beyond the letters of common ones, a token for every four.
_LONG = re.compile(r"[A-Za-z]{6}([A-Za-z]+)")
_MORE = 4


def tokens(text: str) -> int:
    """About how many tokens of GPT-2 `text` takes."""
    longer = sum(-(-len(rest) // _MORE) for rest in _LONG.findall(text))
    return len(_PIECE.findall(text)) + longer
