"""Before the first turn: the scenario's questions, and the story's title."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from dungeon.story.scenario import Question, Scenario, fill
from dungeon.ui.shown import joined, line, shown
from dungeon.ui.widgets.line_input import LineInput

MAX_ANSWER = 200
TITLE_KEY = ""
"""Stands for the last question: what the story is to be called."""


@dataclass(frozen=True, slots=True)
class Begin:
    """What the player decided."""

    answers: Mapping[str, str]
    title: str


class SetupScreen(Screen[Begin | None]):
    """Asks one question at a time; Escape goes one back, and from the first one leaves.

    Args:
        scenario: The scenario.
        answers: Answers that are known already; those questions are not asked.
        title: The story's title if it is known already.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "escape",
            "back",
            "Back",
            priority=True,
            tooltip="To the question before, or to the title.",
        ),
        Binding("down", "into_choices", "Choices", show=False, tooltip="On into the choices."),
    ]

    def __init__(
        self, scenario: Scenario, answers: Mapping[str, str] | None = None, title: str = ""
    ) -> None:
        super().__init__()
        self._scenario = scenario
        self._given = dict(answers or {})
        self._answers: dict[str, str] = {}
        self._asked = [q for q in scenario.questions if q.key not in self._given]
        self._asked.append(Question(TITLE_KEY, "What is the story called?", default=title))
        self._at = 0

    @property
    def question(self) -> Question:
        """The question being asked."""
        return self._asked[self._at]

    def compose(self) -> ComposeResult:
        """The scenario, what was answered, the question."""
        scenario = self._scenario
        with Vertical(id="setup"):
            yield Static(line(scenario.title), id="setup-title", markup=False)
            yield Static(shown(scenario.summary), id="setup-summary", markup=False)
            with VerticalScroll(id="setup-body", can_focus=False):
                yield Static(Content(""), id="answered", markup=False)
                yield Static(Content(""), id="ask", markup=False)
                yield OptionList(id="choices", markup=False, compact=True)
                yield LineInput(id="answer", max_length=MAX_ANSWER)
        yield Static(Content(""), id="setup-keys", markup=False)

    def on_mount(self) -> None:
        """Ask the first question."""
        self.query_one("#setup-summary").display = bool(self._scenario.summary)
        self._ask()

    def _known(self) -> dict[str, str]:
        return {**self._given, **self._answers}

    def _fallback(self) -> str:
        question = self.question
        if question.key == TITLE_KEY:
            return question.default or fill(self._scenario.title, self._known())
        return question.fallback

    def _ask(self) -> None:
        question = self.question
        pairs = [
            joined((f"{asked.ask}  ", "$faint"), (self._answers[asked.key], "$primary"))
            for asked in self._asked[: self._at]
        ]
        answered = self.query_one("#answered", Static)
        answered.update(Content("\n").join(pairs))
        answered.display = bool(pairs)
        self.query_one("#ask", Static).update(line(question.ask))
        choices = self.query_one(OptionList)
        choices.clear_options()
        choices.add_options(
            [
                Option(joined((f"{number} ", "$faint"), line(text)))
                for number, text in enumerate(question.choices, 1)
            ]
        )
        choices.display = bool(question.choices)
        answer = self.query_one(LineInput)
        answer.value = ""
        fallback = self._fallback()
        answer.placeholder = (
            f"Enter takes: {line(fallback).plain}" if fallback else "Type your answer"
        )
        last = self._at + 1 == len(self._asked)
        go = "begin the story" if last else "next"
        back = "one back" if self._at else "to the title"
        pick = "   ↑ ↓ pick, or type your own" if question.choices else ""
        self.query_one("#setup-keys", Static).update(
            joined(
                ("Enter", "bold $primary"), f" {go}   ", ("Esc", "bold $primary"), f" {back}{pick}"
            )
        )
        if question.choices:
            known = question.choices.index(fallback) if fallback in question.choices else 0
            choices.highlighted = known
            choices.focus()
        else:
            answer.focus()

    def _answer(self, text: str) -> None:
        text = line(text).plain or self._fallback()
        key = self.question.key
        self._answers[key] = text
        if self._at + 1 < len(self._asked):
            self._at += 1
            self._ask()
            return
        answers = self._known()
        title = answers.pop(TITLE_KEY)
        self.dismiss(Begin(answers, title))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take the typed answer."""
        event.stop()
        self._answer(event.value)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Take the choice."""
        event.stop()
        self._answer(self.question.choices[event.option_index])

    def on_key(self, event: object) -> None:
        """A letter typed while the choices have the focus begins an answer of one's own."""
        character = getattr(event, "character", None)
        choices = self.query_one(OptionList)
        if not choices.has_focus or not character or not character.isprintable():
            return
        number = int(character) if character.isascii() and character.isdigit() else 0
        if 0 < number <= len(self.question.choices):
            self._answer(self.question.choices[number - 1])
            return
        answer = self.query_one(LineInput)
        answer.focus()
        answer.insert_text_at_cursor(character)

    def action_into_choices(self) -> None:
        """From the typed answer back to the list."""
        choices = self.query_one(OptionList)
        if choices.display:
            choices.focus()

    def action_back(self) -> None:
        """One question back, or leave."""
        if not self._at:
            self.dismiss(None)
            return
        self._at -= 1
        self._answers.pop(self.question.key, None)
        self._ask()
