"""kill -9 at random moments: the file opens, and every turn that was called saved is in it.

DUNGEON_KILL_RUNS sets how many players are killed (200 by default).
"""

from __future__ import annotations

import os
import random
import signal
import time
from pathlib import Path

import pytest

from dungeon.errors import SaveLockedError
from dungeon.storage.library import list_saves
from dungeon.storage.story_file import StoryFile
from tests.faults.kill_harness import main, text_of

RUNS = int(os.environ.get("DUNGEON_KILL_RUNS", "200"))

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and kill -9")


def play_and_kill(directory: Path, seed: int) -> list[tuple[int, int]]:
    """Let a player play in a process of its own, kill it, and give what it was told is saved."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        os.dup2(writer, 1)
        try:
            # A fresh standard output: the test runner has replaced the old one.
            import sys

            sys.stdout = os.fdopen(1, "w")
            main(directory, seed)
        finally:
            os._exit(3)
    os.close(writer)
    # One in eight may die while the file is being made; the others have begun to play.
    first = os.read(reader, 1) if seed % 8 else b""
    # Not a wait for something to happen: the moment of death is what is drawn at random.
    time.sleep(random.Random(seed).uniform(0.001, 0.12))
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    assert os.WTERMSIG(status) == signal.SIGKILL, "the player ended by itself"
    with os.fdopen(reader) as said:
        lines = (first.decode() + said.read()).split("\n")
    # The last line may be cut; what is before it was printed whole.
    return [(int(a), int(b)) for a, b in (line.split() for line in lines[:-1])]


def test_accept_03_no_turn_called_saved_is_ever_lost(tmp_path: Path) -> None:
    lost, turns = 0, 0
    for seed in range(RUNS):
        directory = tmp_path / str(seed)
        directory.mkdir()
        saved = play_and_kill(directory, seed)
        files = [p for p in directory.iterdir() if p.suffix == ".dungeon"]
        assert len(files) == (1 if saved else len(files))
        for entry in list_saves(directory):
            assert not hasattr(entry, "reason"), f"run {seed}: {entry}"
        for path in files:
            file = StoryFile.open(path)  # the lock is free after the kill
            story = file.load()
            file.close()
            nodes, head = saved[-1] if saved else (1, 1)
            turns += nodes
            # At most the one save in flight may have come on top.
            if not nodes <= len(story.tree) <= nodes + 1:
                lost += 1
            if len(story.tree) == nodes and head not in story.tree:
                lost += 1
            assert all(node.text == text_of(node.id).strip() or node.id == 1 or
                       node.text == text_of(node.id) for node in story.tree)  # fmt: skip
    assert lost == 0
    assert turns > RUNS, "the players were killed before they played"


def test_accept_16_the_lock_is_held_by_one_and_free_after_a_kill(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            from tests.faults.kill_harness import new_story

            held = StoryFile.create(tmp_path, new_story())
            os.write(writer, b"x")
            signal.pause()
            held.close()
        finally:
            os._exit(3)
    assert os.read(reader, 1) == b"x"
    (path,) = tmp_path.glob("*.dungeon")
    with pytest.raises(SaveLockedError, match=str(child)):
        StoryFile.open(path)
    only_read = StoryFile.open(path, read_only=True)
    assert only_read.load().title == "Killed"
    only_read.close()
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    os.close(reader)
    os.close(writer)
    StoryFile.open(path).close()
