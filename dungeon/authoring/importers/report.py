"""What an import carried over and what it could not, each in a sentence."""

from __future__ import annotations

from dataclasses import dataclass, field

from dungeon.text import clean


@dataclass
class Report:
    """Sentences for the person whose file it was.

    Attributes:
        kind: What the file is, with its article: "a NovelAI scenario".
        carried: What came over.
        homeless: What had no home here, or came over changed.
    """

    kind: str
    carried: list[str] = field(default_factory=list)
    homeless: list[str] = field(default_factory=list)

    def keep(self, sentence: str) -> None:
        """Say that something came over."""
        _once(self.carried, sentence)

    def lose(self, sentence: str) -> None:
        """Say that something had no home, or came over changed."""
        _once(self.homeless, sentence)

    def render(self) -> str:
        """All of it as lines for a terminal."""
        lines = [f"This is {self.kind}."]
        if self.carried:
            lines += ["Carried over:", *(f"  {sentence}" for sentence in self.carried)]
        if self.homeless:
            lines += ["No home here:", *(f"  {sentence}" for sentence in self.homeless)]
        return "\n".join(clean(line, newlines=False).rstrip() for line in lines)


def _once(sentences: list[str], sentence: str) -> None:
    if sentence not in sentences:
        sentences.append(sentence)


def count(number: int, one: str, many: str = "") -> str:
    """A number with its noun: "1 card", "3 cards"."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
