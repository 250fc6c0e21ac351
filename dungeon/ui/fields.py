"""What the settings screen shows: every setting that a player can change while playing, said once.

Names are those of `dungeon.settings.Settings`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from dungeon.errors import SettingsError
from dungeon.settings import LIMITS
from dungeon.story.generation import check_range
from dungeon.story.presets import PRESETS
from dungeon.story.scenario import RATINGS

Kind = Literal["number", "switch", "choice", "screen"]


@dataclass(frozen=True, slots=True)
class Field:
    """One setting.

    Attributes:
        name: As in the settings file.
        label: A few words.
        about: One sentence.
        kind: A number within `LIMITS`, yes or no, one of `choices`, or another screen's matter.
        default: What holds where nothing is set; "" for what a story or the game decides.
        step: What Left and Right change a number by.
        choices: Where it is one of several; themes are known to the app alone.
        story: Whether a story can have one of its own.
    """

    name: str
    label: str
    about: str
    kind: Kind
    default: object = ""
    step: float = 1
    choices: tuple[str, ...] = ()
    story: bool = False

    def read(self, text: str) -> object:
        """The value that a text means.

        Raises:
            SettingsError: It means none, or one outside the range; the hint names the range.
        """
        allowed = LIMITS[self.name]
        written = text.strip().replace(",", ".")
        try:
            value: float = int(written) if allowed.whole else float(written)
        except ValueError:
            raise SettingsError(
                f"{text.strip()[:40]!r} is no number here.", f"Use {allowed}."
            ) from None
        check_range(self.name, value, allowed)
        return value

    def stepped(self, value: object, direction: int) -> object:
        """The value after this one, or before it: a step on, within the range."""
        if self.kind == "switch":
            return not value
        if self.kind == "choice":
            at = self.choices.index(str(value)) + direction if value in self.choices else 0
            return self.choices[at % len(self.choices)]
        allowed = LIMITS[self.name]
        number = float(str(value or 0)) + direction * self.step
        number = min(allowed.high, max(allowed.low, round(number, 4)))
        return int(number) if allowed.whole else number

    @property
    def allowed(self) -> str:
        """What it may be, in words."""
        if self.kind == "number":
            return f"{LIMITS[self.name]}".capitalize() + "."
        return ""


def shown_value(field: Field, value: object) -> str:
    """A value as it stands in the list."""
    if field.kind == "switch":
        return "yes" if value else "no"
    if field.name == "pace":
        return f"{value} words/min" if value else "at once"
    if isinstance(value, int | float) and (field.name, value) in WORDS:
        return WORDS[field.name, value]
    if isinstance(value, float):
        return f"{value:g}"
    return str(value)


WORDS: dict[tuple[str, float], str] = {
    ("candidates", 0): "as the model likes",
    ("top_k", 0): "all words",
    ("top_p", 1): "off",
    ("min_p", 0): "off",
    ("typical_p", 1): "off",
    ("repetition_penalty", 1): "off",
    ("no_repeat_ngram", 0): "off",
}
"""Numbers that mean something else than a number."""


def _sampling(name: str, label: str, about: str, step: float) -> Field:
    return Field(name, label, about, "number", step=step, story=True)


NARRATOR = (
    Field("model", "Model", "Opens the models: which are here, how fast they are, and changing "
          "to another, in the middle of a story too.", "screen", "auto"),
    Field("preset", "Preset", "Numbers that suit each other: "
          + " ".join(f"{name}: {preset.about}" for name, preset in PRESETS.items()),
          "choice", "", choices=tuple(PRESETS), story=True),
    _sampling("temperature", "Temperature", "Higher is bolder, lower is plainer; 0 always takes "
              "the likeliest word.", 0.05),
    _sampling("top_p", "Top p", "Draws among the likeliest words that together have this share.",
              0.01),
    _sampling("top_k", "Top k", "Draws among so many of the likeliest words; 0 among all.", 5),
    _sampling("min_p", "Min p", "Leaves out words less likely than this share of the likeliest.",
              0.01),
    _sampling("typical_p", "Typical p", "Keeps to words about as surprising as they usually are; "
              "1 is off.", 0.01),
    _sampling("repetition_penalty", "Repetition penalty", "How much less likely a word is that "
              "was just told; 1 is off.", 0.01),
    _sampling("repetition_range", "Repetition range", "How many words back that looks, in tokens.",
              10),
    _sampling("repetition_slope", "Repetition slope", "How much sooner it forgives what is longer "
              "ago.", 0.1),
    _sampling("no_repeat_ngram", "No repeated rows", "No row of so many tokens is told twice; 0 "
              "is off.", 1),
    _sampling("max_new_tokens", "Longest turn", "In tokens; three of them are about two words.",
              10),
    _sampling("candidates", "Candidates", "So many continuations are written side by side, and "
              "the best is told; 0 lets the model decide.", 1),
)  # fmt: skip
SCREEN = (
    Field("theme", "Theme", "The colours.", "choice", "ember"),
    Field("line_width", "Line width", "Widest line of a story, in columns.", "number", 72, 2),
    Field("margin", "Margin", "Columns left free on both sides at least.", "number", 0, 1),
    Field("pace", "Typing", "How fast a turn is typed, in words a minute; 250 is reading pace, 0 "
          "shows words as soon as they are told.", "number", 0, 50),
    Field("reduced_motion", "Reduced motion", "Nothing blinks, spins or glides.", "switch", False),
    Field("read_aloud", "Read aloud", "A voice of the system reads each turn; Esc stops it.",
          "switch", False),
)  # fmt: skip
CARE = (
    Field("word_filter", "Word filter", "Keeps the narrator from words of your list; your own "
          "words stay as they are.", "switch", False),
    Field("rating", "Scenarios up to", "The highest rating that the title lists.", "choice",
          RATINGS[-1], choices=RATINGS),
)  # fmt: skip

PARTS = (("The narrator", NARRATOR), ("The screen", SCREEN), ("What is told", CARE))
"""All settings under their headings."""
