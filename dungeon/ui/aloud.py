"""Reading aloud with a voice that the system has; none is brought along, and none is needed."""

from __future__ import annotations

import logging
import shutil
import subprocess
from collections.abc import Callable, Sequence

from dungeon.errors import DungeonError
from dungeon.text import clean

log = logging.getLogger("dungeon.ui")

VOICES: Sequence[Sequence[str]] = (
    ("espeak-ng", "--stdin"),
    ("espeak", "--stdin"),
    ("say", "-f", "-"),
    (
        "powershell", "-NoProfile", "-Command",
        "Add-Type -AssemblyName System.Speech; (New-Object System.Speech.Synthesis."
        "SpeechSynthesizer).Speak([Console]::In.ReadToEnd())",
    ),
)  # fmt: skip
"""Commands that speak what stands on their standard input: Linux, macOS, Windows."""


def find_voice(which: Callable[[str], str | None] = shutil.which) -> list[str] | None:
    """The command of the first voice that is here; None where there is none."""
    for program, *options in VOICES:
        if (path := which(program)) is not None:
            return [path, *options]
    return None


class Voice:
    """Speaks one text at a time, in a process of its own."""

    def __init__(self, command: Sequence[str] | None = None) -> None:
        self._command = command
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def speaking(self) -> bool:
        """Whether it is at it."""
        return self._process is not None and self._process.poll() is None

    def speak(self, text: str) -> None:
        """Begin to read a text aloud; what was being read stops.

        Raises:
            DungeonError: There is no voice, or it does not start.
        """
        self.stop()
        command = self._command or find_voice()
        if command is None:
            raise DungeonError(
                "There is no voice on this system.",
                "Install espeak-ng, or leave reading aloud off.",
            )
        try:
            self._process = process = subprocess.Popen(
                [*command],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            assert process.stdin is not None
            process.stdin.write(clean(text).encode("utf-8", "replace"))
            process.stdin.close()
        except OSError as error:
            self.stop()
            log.warning("the voice does not speak: %s", error)
            raise DungeonError(
                f"The voice {command[0]} does not speak: {error.strerror or error}.",
                "Read aloud is best left off until it does.",
            ) from None

    def stop(self) -> None:
        """Be silent."""
        process, self._process = self._process, None
        if process is not None and process.poll() is None:
            process.kill()
            process.wait()
