"""kill -9 at random moments: players who do everything, and what their files hold afterwards.

    python -m tests.faults.kill --runs 2000 [--seed 1]

A player is a forked process that plays with the scripted engine and says through a pipe what
it is about to write and what was acknowledged. It is killed at a random moment; then every
file must open, and hold what was acknowledged last or what was being written, to the letter:
turns, head, redo, memory, note, cards, title. The next player goes on with what is left.
"""

from __future__ import annotations

import argparse
import hashlib
import multiprocessing
import os
import random
import select
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, fields
from pathlib import Path

from dungeon.engine.base import CancelToken
from dungeon.engine.scripted import ScriptedEngine
from dungeon.errors import SaveError, TurnError
from dungeon.session import GameSession, Turn, narrate
from dungeon.storage import library
from dungeon.storage.story_file import StoryFile
from dungeon.story.action import Action, Mode
from dungeon.story.generation import GenerationSettings
from dungeon.story.scenario import Card, Scenario
from dungeon.story.story import Story

SCENARIO = Scenario(
    title="The Gate",
    opening="You stand at the gate.",
    memory="The gate is old.",
    cards=(Card("Keeper", "He counts waves.", ("keeper",)),),
)
LIVES = 8
"""Players, one after another, in one folder."""
LONGEST = 0.03
"""Longest life of a player after its first word, in seconds: some ten saves."""

Tell = Callable[..., None]


def state_of(story: Story) -> str:
    """Everything of a story that a save must hold, as a digest."""
    tree = story.tree
    beside = [getattr(story, one.name) for one in fields(story) if one.name != "tree"]
    parts = (tuple(tree), tree.head.id, sorted(tree.chosen.items()), beside)
    return hashlib.blake2b(repr(parts).encode(), digest_size=12).hexdigest()


# -- a player --------------------------------------------------------------------------------


def announce(tell: Tell) -> None:
    """Make this process's saves say what they write and that it is written."""
    save, create = StoryFile.save, StoryFile.create.__func__  # type: ignore[attr-defined]

    def told_save(self: StoryFile, story: Story) -> None:
        tell("saving", self.path.name, state_of(story))
        save(self, story)
        tell("saved", self.path.name, state_of(story))

    def told_create(cls: type[StoryFile], directory: Path, story: Story) -> StoryFile:
        tell("making", "-", state_of(story))
        file: StoryFile = create(cls, directory, story)
        tell("saved", file.path.name, state_of(story))
        return file

    StoryFile.save = told_save  # type: ignore[method-assign]
    StoryFile.create = classmethod(told_create)  # type: ignore[method-assign, assignment]


class Player:
    """Plays whatever is in a folder until something ends it."""

    def __init__(self, saves: Path, chance: random.Random, tell: Tell) -> None:
        self.saves = saves
        self.chance = chance
        self.tell = tell
        self.engine = ScriptedEngine()
        files = sorted(saves.glob("[!.]*.dungeon"))
        self.session = self._open(chance.choice(files)) if files else self._new()

    def play(self) -> None:
        verbs = (
            [self._turn] * 4 + [self._retry, self._undo] * 2
            + [self._redo, self._branch, self._alter, self._words, self._cards, self._title]
            + [self._change_story] * 2
        )  # fmt: skip
        while True:
            try:
                self.chance.choice(verbs)()
            except TurnError:
                continue  # nothing to undo, say: the player presses another key
            # What the screen would call saved is saved.
            if not self.session.saved:
                raise AssertionError(str(self.session.save_error))

    def _new(self) -> GameSession:
        # The same title every time: a name that is taken must never be taken again.
        return GameSession.new(SCENARIO, self.engine, saves=self.saves, seed=self._any())

    def _open(self, path: Path) -> GameSession:
        return GameSession.resume(path, self.engine)

    def _any(self) -> int:
        return self.chance.randrange(1 << 40)

    def _tell_turn(self, turn: Turn) -> None:
        self.session.commit(turn, narrate(self.engine, turn, CancelToken()))

    def _turn(self) -> None:
        line = "look at " + "the bell and " * (self._any() % 300) + f"thing {self._any()}"
        self._tell_turn(self.session.begin_turn(Action(Mode.DO, line)))

    def _retry(self) -> None:
        self._tell_turn(self.session.begin_retry())

    def _undo(self) -> None:
        self.session.undo()

    def _redo(self) -> None:
        self.session.redo()

    def _branch(self) -> None:
        self.session.go(self.chance.randrange(1, self.session.story.tree.next_id))

    def _alter(self) -> None:
        node = self.chance.randrange(1, self.session.story.tree.next_id)
        self.session.alter(f"You think better of it, {self._any()} times.", node)

    def _words(self) -> None:
        self.session.set_memory(f"Fact {self._any()}. " * (self._any() % 40 + 1))
        self.session.set_authors_note(f"Note {self._any()}.")

    def _cards(self) -> None:
        self.session.set_cards(
            (Card(f"Card {self._any()}", "Old. " * (self._any() % 900), ("k",)),)
        )
        self.session.set_generation(GenerationSettings(top_k=self._any() % 100))

    def _title(self) -> None:
        self.session.set_title(f"Title {self._any()}")

    def _change_story(self) -> None:
        """Leave, do something in the library, and play what comes."""
        self.session.close()
        files = sorted(self.saves.glob("[!.]*.dungeon"))
        throw = self.chance.random()
        if throw < 0.3 and len(files) > 1:
            gone = files.pop(self._any() % len(files))
            self.tell("deleting", gone.name)
            library.delete_save(gone)
            self.tell("deleted", gone.name)
        elif throw < 0.6:
            library.rename_title(self.chance.choice(files), f"Named {self._any()}")
        if throw > 0.8 and len(files) < 4:
            self.session = self._new()
        else:
            self.session = self._open(self.chance.choice(files))


def fork_player(saves: Path, chance: random.Random, *, rest: bool = False) -> tuple[int, int]:
    """A player in a process of its own: its id, and the end of the pipe that it speaks into.

    With `rest` it opens a story and touches nothing more.
    """
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(reader)

            def tell(*words: str) -> None:
                os.write(writer, (" ".join(words) + "\n").encode())

            announce(tell)
            player = Player(saves, chance, tell)
            while rest:
                signal.pause()
            player.play()
        except BaseException as error:
            os.write(writer, f"broke {type(error).__name__}: {error}\n".encode())
        finally:
            os._exit(3)
    os.close(writer)
    return child, reader


def killed(saves: Path, chance: random.Random) -> list[list[str]]:
    """Let a player play, kill it, and give what it had said."""
    child, reader = fork_player(saves, random.Random(chance.random()))
    said = b""
    # One in eight may die while its first file is made; the others have begun to play.
    early = chance.random() < 1 / 8
    while not early and b"saved" not in said:
        said += os.read(reader, 65536) or b"saved"
    end = time.monotonic() + chance.uniform(0, LONGEST)
    while (left := end - time.monotonic()) > 0:
        if select.select([reader], [], [], left)[0]:
            said += os.read(reader, 65536)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    with os.fdopen(reader, "rb") as rest:
        said += rest.read()
    # A short write into a pipe is whole or not at all.
    lines = [line.split(" ") for line in said.decode().splitlines()]
    if os.WTERMSIG(status) != signal.SIGKILL or (lines and lines[-1][0] == "broke"):
        raise AssertionError(f"the player ended by itself: {' '.join(lines[-1])}")
    return lines


# -- what is left ----------------------------------------------------------------------------


@dataclass
class Figures:
    """What came of it.

    Attributes:
        during: What the players were doing when they died.
        acknowledged: Saves that were acknowledged, all players together.
        stories: Files that were read again.
        turns: Turns in them.
        lost: What was not as it was told, a line each.
    """

    during: Counter[str] = field(default_factory=Counter)
    acknowledged: int = 0
    stories: int = 0
    turns: int = 0
    lost: list[str] = field(default_factory=list)

    def add(self, other: Figures) -> None:
        """Count `other` in."""
        self.during += other.during
        self.acknowledged += other.acknowledged
        self.stories += other.stories
        self.turns += other.turns
        self.lost += other.lost

    def __str__(self) -> str:
        kills = sum(self.during.values())
        moments = ", ".join(f"{count} {what}" for what, count in self.during.most_common())
        return (
            f"{kills} kills ({moments}); {self.acknowledged} saves acknowledged; "
            f"{self.stories} files with {self.turns} turns read again; {len(self.lost)} lost"
        )


class Ledger:
    """What was acknowledged in a folder, by file name."""

    def __init__(self, saves: Path, figures: Figures) -> None:
        self.saves = saves
        self.known: dict[str, str] = {}
        self.figures = figures

    def check(self, lines: list[list[str]], label: str) -> None:
        """Take down what a player said, and compare the folder with it."""
        doing, about, state = "nothing", "", ""
        for what, name, *digest in lines:
            if what == "saved":
                self.known[name] = digest[0]
                self.figures.acknowledged += 1
            elif what == "deleted":
                self.known.pop(name)
            if what in ("saved", "deleted"):
                doing, about, state = "nothing", "", ""
            else:
                doing, about, state = what, name, "".join(digest)
        self.figures.during[doing] += 1
        for entry in library.list_saves(self.saves):
            if isinstance(entry, library.DamagedSave):
                self._lost(label, f"{entry.name} is listed as damaged: {entry.reason}")
        there = {}
        for path in sorted(self.saves.glob("[!.]*.dungeon")):
            new = doing == "making" and path.name not in self.known
            allowed = {self.known.get(path.name)}
            if new or (doing == "saving" and about == path.name):
                allowed.add(state)
            try:
                found = there[path.name] = self._read(path)
            except SaveError as error:
                self._lost(label, f"{path.name} cannot be opened: {error}")
            else:
                if found not in allowed:
                    self._lost(label, f"{path.name} is neither the old state nor the new")
        for name in self.known.keys() - there.keys():
            if (doing, about) != ("deleting", name):
                self._lost(label, f"{name} is gone")
        self.known = there

    def _read(self, path: Path) -> str:
        file = StoryFile.open(path)  # the lock is free after the kill
        try:
            story = file.load()
        finally:
            file.close()
        self.figures.stories += 1
        self.figures.turns += len(story.tree)
        return state_of(story)

    def _lost(self, label: str, what: str) -> None:
        self.figures.lost.append(f"{label}: {what}")


def run(runs: int, seed: int, parent: Path) -> Figures:
    """Kill `runs` players, one at a time."""
    figures = Figures()
    chance = random.Random(seed)
    done = 0
    while done < runs:
        saves = parent / f"folder-{done}"
        saves.mkdir(parents=True)
        ledger = Ledger(saves, figures)
        for _ in range(min(LIVES, runs - done)):
            ledger.check(killed(saves, chance), f"seed {seed}, kill {done}")
            done += 1
    return figures


def run_all(runs: int, seed: int, jobs: int, folder: Path | None = None) -> Figures:
    """Kill `runs` players, several at a time: most of a player's life is waiting for the disk."""
    total = Figures()
    shares = [runs // jobs + (at < runs % jobs) for at in range(jobs)]
    with (
        tempfile.TemporaryDirectory(prefix="dungeon-kill-", dir=folder) as parent,
        ProcessPoolExecutor(jobs, multiprocessing.get_context("fork")) as pool,
    ):
        folders = [Path(parent) / str(at) for at in range(jobs)]
        for one in pool.map(run, shares, range(seed, seed + jobs), folders):
            total.add(one)
    return total


def main() -> int:
    parser = argparse.ArgumentParser(description="kill -9 players and read what they left")
    parser.add_argument("--runs", type=int, default=200, help="how many are killed")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=4, help="how many play at a time")
    parser.add_argument("--folder", type=Path, help="on which disk; the temporary one by default")
    args = parser.parse_args()
    figures = run_all(args.runs, args.seed, args.jobs, args.folder)
    print(figures)
    for line in figures.lost:
        print(line)
    return 1 if figures.lost else 0


if __name__ == "__main__":
    sys.exit(main())
