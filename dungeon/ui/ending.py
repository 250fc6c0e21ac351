"""How the app ends: the terminal restored, the story saved, and an honest exit code."""

from __future__ import annotations

import asyncio
import errno
import logging
import logging.handlers
import os
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from textual.worker import WorkerFailed

from dungeon.session import GameSession
from dungeon.text import clean
from dungeon.ui import background
from dungeon.ui.background import outline
from dungeon.ui.messages import Crashed

if TYPE_CHECKING:
    from dungeon.ui.app import DungeonApp

log = logging.getLogger("dungeon.ui")

SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGTERM", "SIGHUP", "SIGINT") if hasattr(signal, name)
)
LOG_BYTES = 1_000_000
GRACE = 0.2
"""How long a thread that was asked to stop is waited for at the very end, in seconds."""
LOST = (errno.EIO, errno.EPIPE, errno.EBADF, errno.ENXIO)
"""What writing to a terminal that is gone fails with."""


class Ending:
    """Sees to it that the app ends well, however it ends.

    Args:
        app: Not yet running.
        log_file: Where errors are written.

    Attributes:
        session: The story to be saved before the process goes.
        error: What nothing expected, if anything.
    """

    def __init__(self, app: DungeonApp, log_file: Path) -> None:
        self.session: GameSession | None = None
        self.error: BaseException | None = None
        self._app = app
        self._log_file = log_file
        self._handler: logging.Handler | None = None
        self._in_charge = False
        self._loop: asyncio.AbstractEventLoop | None = None

    def run(self) -> int:
        """Run the app to its end; returns the exit code."""
        self._in_charge = True
        self._open_log()
        before = threading.excepthook
        threading.excepthook = self._thread_crashed
        try:
            self._app.run()
        except Exception as error:
            self.crashed(error)
        finally:
            threading.excepthook = before
            self._save()
            self._close_log()
        code = self._app.return_code or 0
        if self.error is not None:
            self._apologize()
            code = 1
        if background.still_running(GRACE):
            # Python would tear down the libraries under a thread that still computes, and
            # those abort the process for it. Everything is saved and closed by now.
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
        return code

    # -- signals -------------------------------------------------------------------------------

    def watch_signals(self) -> None:
        """From now on a signal ends the app as a key would, with 128 plus its number.

        Only where `run` runs the app: signals belong to whoever owns the process.
        """
        if not self._in_charge or threading.current_thread() is not threading.main_thread():
            return
        loop = self._loop = asyncio.get_running_loop()
        for number in SIGNALS:
            loop.add_signal_handler(number, self._signalled, number)

    def _signalled(self, number: int) -> None:
        log.info("ended by signal %d", number)
        self._app.exit(return_code=128 + number)

    def _terminal_gone(self) -> None:
        """The window was closed and there is nothing to restore: save, and go as SIGHUP does."""
        log.info("the terminal is gone")
        self._save()
        self._close_log()
        os._exit(128 + signal.SIGHUP)

    # -- exceptions ----------------------------------------------------------------------------

    def crashed(self, error: BaseException) -> None:
        """Note what nothing expected, and save the story before anything else can go wrong."""
        if isinstance(error, WorkerFailed):
            error = error.error
        if self.error is None:
            self.error = error
        log.error("unexpected error\n%s", outline(error))
        self._save()

    def _thread_crashed(self, args: threading.ExceptHookArgs) -> None:
        error = args.exc_value
        if not isinstance(error, Exception):
            return
        if isinstance(error, OSError) and error.errno in LOST and self._loop is not None:
            self._loop.call_soon_threadsafe(self._terminal_gone)
            return
        if not self._app.post_message(Crashed(error)):
            self.crashed(error)

    def _save(self) -> None:
        session = self.session
        if session is None or session.file is None:
            return
        try:
            session.close()
        except Exception as error:
            log.error("story not closed\n%s", outline(error))

    def _apologize(self) -> None:
        session = self.session
        lines = ["Dungeon stopped because of an error of its own."]
        if session is not None and session.saved:
            lines.append("Your story is saved.")
        elif session is not None and session.save_error is not None:
            lines.append(f"Your story could not be saved: {session.save_error}")
        lines.append(f"The details are in {self._log_file}.")
        print(clean("\n".join(lines)), file=sys.stderr)  # noqa: T201

    # -- the log -------------------------------------------------------------------------------

    def _open_log(self) -> None:
        """Log to a file; a game that cannot log is still a game."""
        try:
            self._log_file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            handler = logging.handlers.RotatingFileHandler(
                self._log_file, maxBytes=LOG_BYTES, backupCount=1, encoding="utf-8"
            )
        except OSError:
            return
        os.chmod(self._log_file, 0o600)
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
        self._handler = handler
        logger = logging.getLogger("dungeon")
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
        logger.propagate = False

    def _close_log(self) -> None:
        if self._handler is not None:
            logging.getLogger("dungeon").removeHandler(self._handler)
            self._handler.close()
            self._handler = None
