"""Dungeon: a terminal text adventure told by GPT-2 on the player's own processor."""

__version__ = "0.1.0"
