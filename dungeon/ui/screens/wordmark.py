"""What the title says by itself: the name of the game, and how to begin."""

from __future__ import annotations

WORDMARK = (
    "█▀▄ █ █ █▄ █ █▀▀ █▀▀ █▀█ █▄ █",
    "█ █ █ █ █ ▀█ █ █ █▀  █ █ █ ▀█",
    "▀▀  ▀▀▀ ▀  ▀ ▀▀▀ ▀▀▀ ▀▀▀ ▀  ▀",
)
WORDMARK_COLOURS = ("$warning", "$primary", "$accent")
TAGLINE = "Say what you do. The story goes on."
TOUR = """\
1 Pick one, Enter.
2 Type what you do.
3 Tab: do, say, tell.
4 ^R again, ^Z back.
5 F1 shows all keys."""
"""For a player who has begun no story yet."""
