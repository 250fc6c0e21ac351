"""The words of a turn, shaded by how likely the model found them, and what it might have said.

The numbers are the model's own, before any sampling setting, behind the prompt that would have
the turn told again now.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Container, Vertical, VerticalScroll
from textual.content import Content
from textual.events import Click
from textual.style import Style
from textual.widgets import Static

from dungeon.engine.base import TokenOdds
from dungeon.errors import DungeonError
from dungeon.odds import Piece, pieces
from dungeon.text import clean
from dungeon.ui.commands import ON_ODDS, Command
from dungeon.ui.modal import Modal
from dungeon.ui.shown import error_text, joined, line, shown
from dungeon.ui.widgets.key_bar import KeyBar

COLUMNS = [(0, "-below"), (90, "-side")]
"""From so many cells on the other words stand beside the turn, else below it."""
BAR = 12
"""Cells of the bar of a word that is certain."""
SHADES = (
    (0.5, "", "over 50 %"),
    (0.2, "on $warning 20%", "over 20 %"),
    (0.05, "on $warning 45%", "over 5 %"),
    (0.01, "underline on $error 40%", "over 1 %"),
    (0.0, "bold underline on $error 70%", "less"),
)
"""From which probability on a word has which style; underlined where there are no colours."""
UNLIKELY = 0.05
"""Below this a word is a surprise."""


class OddsText(Static):
    """The turn; a click goes to a word."""

    def on_click(self, event: Click) -> None:
        """Go to what is clicked."""
        at = event.style.meta.get("piece")
        if isinstance(at, int) and isinstance(self.screen, OddsScreen):
            self.screen.go(at)


class OddsScreen(Modal[str | None]):
    """Shows the odds once `weighed` brings them; returns how the turn is to begin, None for no.

    Args:
        text: The turn's.
    """

    COMMANDS_HERE: ClassVar[tuple[Command, ...]] = ON_ODDS
    BINDINGS = [command.binding() for command in ON_ODDS]  # noqa: RUF012
    HORIZONTAL_BREAKPOINTS = COLUMNS

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text
        self._pieces: list[Piece] = []
        self._at = 0
        self._other = 0
        self._said = "… weighing every word"
        self._showing = False

    def compose(self) -> ComposeResult:
        """Heading, the turn, the other words, the legend, keys."""
        with Vertical(classes="dialog", id="odds"):
            yield Static(Content("Odds"), classes="dialog--title", markup=False)
            with Container(id="odds-body"):
                with VerticalScroll(id="odds-words", can_focus=False):
                    yield OddsText(shown(self._text, "$ink"), id="odds-text", markup=False)
                yield Static(Content(""), id="odds-others", markup=False)
            yield Static(_legend(), id="odds-legend", markup=False)
            yield KeyBar([command for command in ON_ODDS if command.label], id="odds-keys")

    def on_mount(self) -> None:
        """The odds may have been quicker than the screen."""
        self._showing = True
        self._show()

    def weighed(self, odds: Sequence[TokenOdds] | None, error: DungeonError | None) -> None:
        """Show the odds, or say why there are none."""
        if odds is None:
            self._said = "This narrator cannot tell the odds of words."
            if error is not None:
                self._said = error_text(error)
        self._pieces = pieces(self._text, odds or ())
        self._show()

    @property
    def piece(self) -> Piece | None:
        """The word at the cursor."""
        return self._pieces[self._at] if self._pieces else None

    @property
    def other(self) -> str:
        """The picked word in its place; "" for none, or for the end of the turn."""
        piece = self.piece
        return piece.top[self._other][0] if piece and piece.top else ""

    def go(self, at: int) -> None:
        """Move the cursor to a word."""
        if not self._pieces:
            return
        self._at = max(0, min(at, len(self._pieces) - 1))
        self._other = 0
        self._show()

    # -- drawing -------------------------------------------------------------------------------

    def _show(self) -> None:
        if not self._showing:
            return
        content = self._words()
        self.query_one(OddsText).update(content)
        content = self._others()
        self.query_one("#odds-others", Static).update(content)
        self.query_one(KeyBar).refresh()

    def _words(self) -> Content:
        parts = [
            self._word(at, piece, self._text[piece.start : piece.end])
            for at, piece in enumerate(self._pieces)
        ]
        rest = self._text[self._pieces[-1].end :] if self._pieces else self._text
        return joined(*parts, shown(rest, "$faint"))

    def _word(self, at: int, piece: Piece, text: str) -> Content:
        style = "reverse bold" if at == self._at else shade(math.exp(piece.logprob))
        bare = text.lstrip()
        word = shown(bare, f"$ink {style}".strip()).stylize(Style.from_meta({"piece": at}))
        return joined(shown(text[: len(text) - len(bare)]), word)

    def _others(self) -> Content:
        piece = self.piece
        if piece is None:
            return shown(self._said, "$faint")
        word = self._text[piece.start : piece.end]
        rank = [one for one, _ in piece.top].index(word) + 1 if self._among(piece, word) else 0
        place = f", number {rank} of all" if rank else ", none of the likeliest"
        rows = [
            line(_quoted(word), "bold $primary"),
            line(f"{_percent(piece.logprob)}{place}", "$faint"),
            Content(""),
        ]
        for at, (other, logprob) in enumerate(piece.top):
            bar = "█" * round(BAR * math.exp(logprob)) or "▏"
            rows.append(
                joined(
                    ("▸ " if at == self._other else "  ", "$primary"),
                    (f"{_percent(logprob):>7} ", "$faint"),
                    (f"{_quoted(other):<15} ", "bold $ink" if other == word else "$ink"),
                    (bar, "$warning"),
                )
            )
        return Content("\n").join(rows)

    @staticmethod
    def _among(piece: Piece, word: str) -> bool:
        return any(one == word for one, _ in piece.top)

    # -- verbs ---------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only another word than the one that stands there can be taken."""
        if action == "take":
            piece = self.piece
            same = piece is None or self.other == self._text[piece.start : piece.end]
            return None if same or not self.other.strip() else True
        if action != "close" and not self._pieces:
            return None
        return True

    def action_word(self, step: int) -> None:
        """To another word."""
        self.go(self._at + step)

    def action_other(self, step: int) -> None:
        """Pick another word for its place."""
        piece = self.piece
        if piece is not None and piece.top:
            self._other = max(0, min(self._other + step, len(piece.top) - 1))
            self._show()

    def action_surprise(self) -> None:
        """To the next unlikely word, round and round."""
        count = len(self._pieces)
        for step in range(1, count + 1):
            at = (self._at + step) % count
            if math.exp(self._pieces[at].logprob) < UNLIKELY:
                self.go(at)
                return

    def action_take(self) -> None:
        """Tell the turn again up to here, and go on with the picked word."""
        if self.piece is not None:
            self.dismiss(self._text[: self.piece.start] + self.other)

    def action_close(self) -> None:
        """Back to the story."""
        self.dismiss(None)


def shade(probability: float) -> str:
    """The style of a word of that probability."""
    return next(style for least, style, _ in SHADES if probability >= least)


def _percent(logprob: float) -> str:
    percent = 100 * math.exp(logprob)
    return f"{percent:.1f} %" if percent >= 0.1 else "< 0.1 %"


def _quoted(word: str) -> str:
    """A word as it is listed: what it is made of can be seen."""
    if not word:
        return "(the end)"
    return clean(word.replace("\n", "⏎"), newlines=False).strip(" ") or "␣"


def _legend() -> Content:
    return joined(
        *(
            piece
            for _, style, about in SHADES
            for piece in ((" word ", f"$ink {style}".strip()), (f" {about}  ", "$faint"))
        )
    )
