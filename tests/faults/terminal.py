"""A program in a pty, and a terminal that shows what it writes."""

from __future__ import annotations

import os
import re
import signal
import sys
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pexpect
import pyte

ROOT = Path(__file__).parents[2]
PATIENCE = 60.0
"""How long something is waited for that is sure to come, in seconds: machines can be busy."""

_MODE = re.compile(r"\x1b\[\?(\d+)([hl])")
_ON_AT_FIRST = {"25", "7"}
"""Modes of a terminal that are on before anybody asks: the cursor, wrapping."""


class Terminal:
    """Runs Python, or another program, with `arguments` in a pty of its own.

    Attributes:
        screen: What the player sees.
        wire: All that was written, as text.
        process: The program.
    """

    def __init__(
        self,
        arguments: Sequence[str],
        env: Mapping[str, str] | None = None,
        rows: int = 24,
        columns: int = 80,
        program: str = sys.executable,
    ) -> None:
        # A parallel test runner sets a size that would win over the pty's.
        inherited = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "LINES")}
        inherited |= {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
        self.screen = pyte.Screen(columns, rows)
        self.wire = ""
        self._stream = pyte.Stream(self.screen)
        self.process = pexpect.spawn(
            program,
            list(arguments),
            cwd=str(ROOT),
            env={**inherited, **(env or {})},
            dimensions=(rows, columns),
            encoding="utf-8",
            codec_errors="replace",
            timeout=20,
        )
        self._line_modes = termios.tcgetattr(self.process.child_fd)[:4]
        self._line_modes_after = self._line_modes

    def read(self, seconds: float = 0.1) -> None:
        """Take in what was written."""
        try:
            text = self.process.read_nonblocking(65536, timeout=seconds)
        except (pexpect.TIMEOUT, pexpect.EOF):
            return
        self.wire += text
        self._stream.feed(text)

    def shows(self, text: str, seconds: float = PATIENCE) -> str:
        """Wait until `text` stands on the screen; all that stands there."""
        return self.until(lambda shown: text in shown, f"showed {text!r}", seconds)

    def hides(self, text: str, seconds: float = PATIENCE) -> str:
        """Wait until `text` stands there no more; all that does."""
        return self.until(lambda shown: text not in shown, f"hid {text!r}", seconds)

    def until(
        self, true: Callable[[str], bool], what: str = "did that", seconds: float = PATIENCE
    ) -> str:
        """Wait until something holds of what stands on the screen; all that stands there."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.read()
            shown = "\n".join(self.screen.display)
            if true(shown):
                return shown
            if not self.process.isalive() and not self._pending():
                break
        raise AssertionError(f"never {what}:\n" + "\n".join(self.screen.display))

    def _pending(self) -> bool:
        before = len(self.wire)
        self.read(0.2)
        return len(self.wire) > before

    def keys(self, *keys: str) -> None:
        """Press keys, as the bytes that a terminal sends."""
        for key in keys:
            self.process.send(key)

    def line(self, text: str) -> None:
        """Type a line."""
        self.process.send(text + "\r")

    def ends(self, seconds: float = PATIENCE) -> int:
        """Read to the end; the exit code, or minus the signal that killed it."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.read()
            if not self.process.isalive():
                while self._pending():
                    pass
                self._line_modes_after = termios.tcgetattr(self.process.child_fd)[:4]
                self.process.close()
                if self.process.exitstatus is not None:
                    return self.process.exitstatus
                return -(self.process.signalstatus or 0)
        raise AssertionError(f"still running after {seconds} s:\n{self.wire[-2000:]}")

    @property
    def busy(self) -> float:
        """Seconds that the program has had of the processor so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def close(self) -> None:
        """End it, if it has not ended."""
        if self.process.closed:
            return
        if self.process.isalive():
            self.process.kill(signal.SIGKILL)
            self.process.wait()
        self.process.close()

    @property
    def left_on(self) -> list[str]:
        """What the program switched and did not switch back; empty is as it should be."""
        last = {number: state == "h" for number, state in _MODE.findall(self.wire)}
        left = [f"?{number}" for number, on in last.items() if on != (number in _ON_AT_FIRST)]
        if self.wire.count("\x1b[>1u") > self.wire.count("\x1b[<u"):
            left.append("kitty keys")
        if self._line_modes != self._line_modes_after:
            left.append("line modes")
        return left

    @property
    def restored(self) -> bool:
        """Whether the full screen was used, and everything is as it was found."""
        return "\x1b[?1049h" in self.wire and not self.left_on
