"""The game without a screen: lines in, story out. For pipes, screen readers and tests.

The story goes to standard output and everything else to standard error, so that
`dungeon play salt-road --plain < lines.txt > story.txt` keeps just the story.
"""

from __future__ import annotations

import difflib
import shutil
import signal
import sys
import textwrap
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TextIO

from dungeon.engine.base import CancelToken
from dungeon.errors import DungeonError, TurnError
from dungeon.session import GameSession, Turn, narrate
from dungeon.story.action import Action, Mode, as_line, as_narrative, clean_line, parse
from dungeon.story.presets import PRESETS, applied, preset_of, spoken
from dungeon.story.scenario import Card
from dungeon.story.tree import Node
from dungeon.text import clean

HELP = """\
Type what you do, and press Enter. An empty line lets the story go on.
  /say TEXT       speak                    /story TEXT      write a piece of the story yourself
  /retry          tell the turn again      /alter TEXT      put the turn into your own words
  /undo  /redo    take turns back          /continue        let the story go on
  /remember TEXT  add to the memory        /note TEXT       set the author's note
  /cards          what comes when called   /card NAME: TEXT write a card, or write it anew
  /forget NAME    throw a card away        /automatic       automatic memory on or off
  /preset NAME    how freely words are drawn: steady, lively or wild
  /save           where the story is kept  /quit  /help
"""


class Leave(Exception):
    """The player leaves the game."""


class PlainGame:
    """Reads lines and plays them.

    Args:
        session: With a loaded engine.
        lines: Where the player's lines come from.
        story: Where the story goes.
        notices: Where everything else goes.
    """

    def __init__(self, session: GameSession, lines: TextIO, story: TextIO, notices: TextIO) -> None:
        self.session = session
        self.lines = lines
        self.story = story
        self.notices = notices
        self.failed = False
        self._cancel: CancelToken | None = None
        self._signal = 0
        self._waiting = False
        self._commands: dict[str, Callable[[str], None]] = {
            "say": lambda text: self._spoken(Mode.SAY, text),
            "story": lambda text: self._spoken(Mode.STORY, text),
            "do": lambda text: self._spoken(Mode.DO, text),
            "continue": lambda text: self._turn(Action(Mode.CONTINUE)),
            "retry": lambda text: self._play(self.session.begin_retry()),
            "undo": lambda text: self._undo(),
            "redo": lambda text: self._show(self.session.redo()),
            "alter": self._alter,
            "remember": self._remember,
            "note": self._note,
            "cards": lambda text: self._cards(),
            "card": self._card,
            "forget": self._forget,
            "automatic": lambda text: self._automatic(),
            "preset": self._preset,
            "save": lambda text: self._save(),
            "quit": lambda text: self._quit(),
            "help": lambda text: self._say(HELP.rstrip()),
        }

    def run(self) -> int:
        """Play until the lines end or the player leaves.

        Returns:
            0; 1 where a turn failed or the story could not be saved; 128 plus the signal's
            number where one ended the game.
        """
        with self._signals():
            self._opening()
            try:
                for line in self._input():
                    self._line(line)
                    if self._signal:
                        raise Leave
            except Leave:
                pass
        saved = self.session.save() or self.session.file is None or self.session.file.read_only
        self._farewell()
        if self._signal:
            return 128 + self._signal
        return 0 if saved and not self.failed else 1

    # -- lines -----------------------------------------------------------------------------

    def _input(self) -> Iterator[str]:
        while True:
            if self.lines.isatty():
                self.notices.write("\n> ")
                self.notices.flush()
            try:
                self._waiting = True
                line = self.lines.readline()
            except UnicodeDecodeError:
                self._say("That line is not UTF-8 text, so it was not read.")
                continue
            finally:
                self._waiting = False
            if not line:
                return
            yield line.rstrip("\r\n")

    def _line(self, line: str) -> None:
        try:
            if line.startswith("/"):
                self._command(line)
            else:
                self._turn(parse(line))
        except DungeonError as error:
            self.failed = self.failed or not isinstance(error, TurnError)
            self._say(str(error))

    def _command(self, line: str) -> None:
        name, _, text = line[1:].partition(" ")
        run = self._commands.get(name.casefold())
        if run is None:
            near = difflib.get_close_matches(name.casefold(), self._commands, n=1)
            hint = f"Did you mean /{near[0]}?" if near else "Type /help for what there is."
            raise TurnError(f"There is no command /{clean(name, newlines=False)[:40]}.", hint)
        run(text.strip())

    def _spoken(self, mode: Mode, text: str) -> None:
        if not text:
            raise TurnError(f"/{mode} needs some text.", f"For example: /{mode} Who is there?")
        self._turn(parse(text, mode))

    # -- turns -----------------------------------------------------------------------------

    def _turn(self, action: Action) -> None:
        line = self._line_of(action)
        turn = self.session.begin_turn(action)
        if line:
            self._tell(line)
        self._play(turn)

    def _play(self, turn: Turn) -> None:
        self._cancel = CancelToken()
        try:
            narration = narrate(self.session.engine, turn, self._cancel)
        except BaseException:
            self.session.abort(turn)
            raise
        finally:
            self._cancel = None
        if not narration.text:
            self.session.abort(turn)
            self._say("Stopped; nothing was kept.")
            return
        self._show(self.session.commit(turn, narration), action=False)
        fresh = self.session.fresh()
        if fresh:
            names = ", ".join(card.name for card in fresh)
            self._say(f"(Kept in mind: {names}. /cards shows them, /forget throws one away.)")

    def _cards(self) -> None:
        for card in self.session.story.cards:
            self._say(f"{card.name}: {card.text}")
        for card in self.session.noticed():
            self._say(f"{card.name} (by itself): {card.text}")
        if not self.session.story.automatic:
            self._say("Automatic memory is off.")

    def _named(self, name: str) -> Card | None:
        cards = (*self.session.story.cards, *self.session.noticed())
        return next((card for card in cards if card.name.casefold() == name.casefold()), None)

    def _card(self, text: str) -> None:
        name, _, words = (part.strip() for part in clean_line(text).partition(":"))
        if not name or not words:
            raise TurnError(
                "/card needs a name and a text.", "For example: /card Pell: Pell limps."
            )
        old = self._named(name)
        new = Card(name, words, (name,)) if old is None else replace(old, text=words)
        self.session.put_card(old, new)
        self._say(f"{new.name}: {new.text}")

    def _forget(self, text: str) -> None:
        old = self._named(text)
        if old is None:
            raise TurnError(f"There is no card {text[:40]}.", "/cards shows what there is.")
        self.session.put_card(old, None)
        self._say(f"Threw the card {old.name} away.")

    def _automatic(self) -> None:
        self.session.set_automatic(not self.session.story.automatic)
        self._say(f"Automatic memory is {'on' if self.session.story.automatic else 'off'}.")

    def _undo(self) -> None:
        node = self.session.undo()
        self._say(f"Took the turn back. The story stands at: {_last_words(node.text)}")

    def _alter(self, text: str) -> None:
        self._show(self.session.alter(text), action=False)

    def _remember(self, text: str) -> None:
        if text:
            self.session.remember(text)
        self._say(f"Memory: {self.session.story.memory or '(empty)'}")

    def _note(self, text: str) -> None:
        if text:
            self.session.set_authors_note(text)
        self._say(f"Author's note: {self.session.story.authors_note or '(empty)'}")

    def _preset(self, name: str) -> None:
        session, name = self.session, name.casefold()
        if name and name not in PRESETS:
            raise TurnError(f"There is no preset {name[:40]!r}.", f"Use {spoken()}.")
        if name:
            session.set_generation(applied(name, session.story.generation))
        now = preset_of(session.story.generation)
        self._say(f"Preset: {now}. {PRESETS[now].about}" if now else f"Presets: {spoken()}.")

    def _save(self) -> None:
        self.session.save()
        self._say(self._where())

    def _quit(self) -> None:
        raise Leave

    # -- telling -----------------------------------------------------------------------------

    def _opening(self) -> None:
        path = self.session.story.tree.path()
        if len(path) > 1:
            self._say(f"{self.session.story.title}, turn {len(path) - 1}.")
        for node in path[-2:]:
            self._show(node)

    def _show(self, node: Node, *, action: bool = True) -> None:
        if action and (line := self._line_of(node.action)):
            self._tell(line)
        self._tell(node.text)
        if self.session.file is not None and not self.session.saved:
            self._say(self._where())

    def _line_of(self, action: Action | None) -> str:
        return as_line(action, self.session.story.style) or as_narrative(action)

    def _tell(self, text: str) -> None:
        text = clean(text)
        if self.story.isatty():
            width = min(shutil.get_terminal_size().columns, 78)
            text = "\n".join(textwrap.fill(line, width) for line in text.split("\n"))
        self.story.write(text + "\n\n")
        self.story.flush()

    def _say(self, text: str) -> None:
        self.notices.write(clean(text) + "\n")
        self.notices.flush()

    def _where(self) -> str:
        file = self.session.file
        if file is None:
            return "This story is not kept anywhere."
        if self.session.saved:
            return f"Saved in {file.path}."
        reason = self.session.save_error
        return f"NOT SAVED: {reason}" if reason else f"{file.path} is open for reading only."

    def _farewell(self) -> None:
        if self.session.file is not None:
            self._say(self._where())
            self._say(f"Go on with: dungeon resume {self.session.file.path.stem}")

    # -- signals -----------------------------------------------------------------------------

    @contextmanager
    def _signals(self) -> Iterator[None]:
        """Ctrl-C stops a turn; SIGTERM and SIGHUP also end the game, the story saved."""
        names = [name for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
        before = {name: signal.getsignal(getattr(signal, name)) for name in names}
        for name in names:
            signal.signal(getattr(signal, name), self._on_signal)
        try:
            yield
        finally:
            for name, handler in before.items():
                signal.signal(getattr(signal, name), handler)

    def _on_signal(self, number: int, frame: types.FrameType | None) -> None:
        if number != signal.SIGINT or not self.lines.isatty():
            self._signal = number
        if self._cancel is not None:
            self._cancel.cancel()
        elif self._waiting:
            raise Leave
        # Anything else (a commit, say) is short and ends by itself.


def _last_words(text: str, width: int = 60) -> str:
    words = text.rsplit("\n", 1)[-1]
    return words if len(words) <= width else "…" + words[-width:].partition(" ")[2]


def play(session: GameSession) -> int:
    """Play `session` on standard input and output; see `PlainGame.run`."""
    try:
        return PlainGame(session, sys.stdin, sys.stdout, sys.stderr).run()
    finally:
        session.close()
