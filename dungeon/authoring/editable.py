"""A scenario file while it is edited: its text, what is wrong with that, and saving it."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from dungeon.authoring.document import Document
from dungeon.authoring.faults import Fault
from dungeon.authoring.fields import FormField, fields_of
from dungeon.authoring.library import own_scenarios
from dungeon.authoring.problem import Problem, short
from dungeon.authoring.reader import read
from dungeon.authoring.source import MAX_BYTES, decode, read_bytes
from dungeon.errors import ScenarioError
from dungeon.files import write_whole
from dungeon.story.scenario import Scenario
from dungeon.text import clean

_BOM = "\ufeff"


@dataclass(frozen=True, slots=True)
class Look:
    """What is seen in a text.

    Attributes:
        fields: For the form; none where the text cannot be read.
        problems: In the order of the file.
        scenario: What would be played; None where there are errors.
    """

    fields: tuple[FormField, ...]
    problems: tuple[Problem, ...]
    scenario: Scenario | None = None


def look_over(text: str, name: str) -> Look:
    """The fields and the problems of a text; `name` stands for its file. Total."""
    found = read(text.encode("utf-8", "surrogatepass"), name)
    try:
        return Look(tuple(fields_of(Document(text))), found.problems, found.scenario)
    except Fault:
        return Look((), found.problems)


class EditedFile:
    """A scenario file that is open in an editor.

    Args:
        path: The file.

    Attributes:
        path: The file.
        text: What was read or saved last, harmless, line breaks as `\\n`.
        altered: Whether the file holds characters that are not in `text`: tabs and what nobody
            can see; saving takes them out.

    Raises:
        ScenarioError: It cannot be read, or is not UTF-8.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.text = ""
        self.altered = False
        self._on_disk = b""
        self.reload()

    def reload(self) -> None:
        """Take what is on the disk now.

        Raises:
            ScenarioError: As at first; then nothing changed.
        """
        data = read_bytes(self.path)
        try:
            text = decode(data)
        except Fault as fault:
            raise ScenarioError(
                f"{self.name} cannot be edited: {fault.message}", fault.fix
            ) from None
        self._on_disk = data
        self.text = clean(text)
        self.altered = self.text != text

    @property
    def name(self) -> str:
        """The file's name, fit to be shown."""
        return short(self.path.name, 80)

    def moved_on(self) -> bool:
        """Whether somebody else changed the file, or took it away, since it was read or saved."""
        try:
            return read_bytes(self.path) != self._on_disk
        except ScenarioError:
            return True

    def save(self, text: str) -> None:
        """Write the file, whole or not at all, with the line ends that it had.

        Raises:
            ScenarioError: It cannot be written, or would be too large to be read again.
        """
        windows = self._on_disk.count(b"\r\n") == self._on_disk.count(b"\n") > 0
        written = text.replace("\n", "\r\n") if windows else text
        if self._on_disk.startswith(_BOM.encode()):
            written = _BOM + written
        data = written.encode("utf-8")
        if len(data) > MAX_BYTES:
            raise ScenarioError(
                f"{self.name} would be larger than {MAX_BYTES >> 10} KiB, the most that is read.",
                "Shorten it, or make two scenarios of it.",
            )
        try:
            write_whole(self.path, written, newline="")
        except (OSError, RuntimeError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "that is no file name"
            raise ScenarioError(
                f"{self.name} cannot be written: {reason}.", "What you wrote is still here."
            ) from None
        self._on_disk, self.text, self.altered = data, text, False


def own_copy(path: Path) -> Path:
    """A copy of a scenario among the player's own, made unless there is one; an update leaves it.

    Raises:
        ScenarioError: It cannot be written.
    """
    copy = own_scenarios() / path.name
    try:
        copy.parent.mkdir(parents=True, exist_ok=True)
        if not copy.exists():
            shutil.copyfile(path, copy)
    except OSError as error:
        raise ScenarioError(
            f"The scenario cannot be copied: {error.strerror}.", "Is there room on the disk?"
        ) from None
    return copy
