"""Lines in, story out: every transcript plays twice, in one go and with a reload at each line.

After a change of wording that is meant: python -m tests.transcripts.play
"""

from __future__ import annotations

from pathlib import Path

import pytest

from dungeon.engine.scripted import ScriptedEngine
from dungeon.session import GameSession
from tests.transcripts.play import FILES, feed, new, tree


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_story_comes_out_as_written_down(path: Path, tmp_path: Path) -> None:
    session = new(tmp_path)
    story = feed(session, path.read_text(encoding="utf-8").splitlines())
    assert story == path.with_suffix(".story").read_text(encoding="utf-8")
    session.close()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_reload_at_every_line_changes_nothing(path: Path, tmp_path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    whole = new(tmp_path / "whole")
    feed(whole, lines)
    session = new(tmp_path / "parts")
    for line in lines:
        feed(session, [line])
        session.close()
        (file,) = (tmp_path / "parts").glob("*.dungeon")
        session = GameSession.resume(file, ScriptedEngine())
    assert tree(session) == tree(whole)
    assert session.story.tree.chosen == whole.story.tree.chosen
    session.close()
    whole.close()
