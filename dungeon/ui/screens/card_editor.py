"""Editing one card: its name, its keys, its text, and when it comes."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, Literal

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Button, Checkbox, Input, Static, TextArea

from dungeon.errors import DungeonError, ScenarioError
from dungeon.story.scenario import MAX_PRIORITY, Card
from dungeon.text import clean
from dungeon.ui.modal import Modal
from dungeon.ui.screens.editor import MAX_TEXT, SafeTextArea, discard_screen
from dungeon.ui.shown import error_text, line, shown
from dungeon.ui.widgets.line_input import LineInput

MAX_NAME = 80
MAX_KEYS = 400
"""All keys together, with the commas."""
SHORT = [(0, "-short"), (24, "-high")]
"""Below so many lines, blank ones are left out."""

_ABOUT = "Told to the narrator in a turn after one of the keys was said."
_ABOUT_KEPT = "The story kept this by itself. Saved, it is a card of your own."


class Tick(Checkbox):
    """A checkbox that tells on from off by more than its colour."""

    @property
    def BUTTON_INNER(self) -> str:  # type: ignore[override]
        """What stands between its sides."""
        return "✔" if self.value else " "


class CardEditor(Modal[Card | None]):
    """Edits a card; returns what was kept, None where nothing changed.

    Args:
        old: The card as it is; None for a new one.
        own: Whether it was written, rather than kept by the story itself.
        keep: Makes the card part of the story; a `DungeonError` of its is shown, and the
            player goes on editing.
        start: Where the cursor stands first in a known card; a new one begins with its name.
    """

    VERTICAL_BREAKPOINTS = SHORT
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s,f2", "save", "Save", priority=True, tooltip="Keeps the card."),
        Binding("escape", "cancel", "Cancel", priority=True, tooltip="Leaves it as it was."),
    ]

    def __init__(
        self,
        old: Card | None,
        own: bool,
        keep: Callable[[Card], object],
        start: Literal["name", "text"] = "text",
    ) -> None:
        super().__init__()
        self._old = old
        self._own = own
        self._keep = keep
        self._start = "name" if old is None else start
        card = old or Card("", "")
        self._before = (
            line(card.name).plain,
            ", ".join(line(key).plain for key in card.keys),
            clean(card.text)[:MAX_TEXT],
            card.always,
            str(card.priority),
        )

    def compose(self) -> ComposeResult:
        """What it is for, the fields, what is wrong, buttons."""
        _, _, text, always, _ = self._before
        title = "New card" if self._old is None else "Card"
        with Vertical(classes="dialog editor", id="card-editor"):
            yield Static(Content(title), classes="dialog--title", markup=False)
            yield Static(
                Content(_ABOUT if self._own else _ABOUT_KEPT), classes="dialog--about", markup=False
            )
            with Horizontal(classes="field"):
                yield Static(Content("Name"), classes="field--name", markup=False)
                yield LineInput(
                    id="name", max_length=MAX_NAME, placeholder="who or what it is about"
                )
            with Horizontal(classes="field"):
                yield Static(Content("Keys"), classes="field--name", markup=False)
                yield LineInput(id="card-keys", max_length=MAX_KEYS)
            yield SafeTextArea(text, soft_wrap=True, tab_behavior="focus", id="text")
            with Horizontal(classes="field"):
                yield Static(Content("Always"), classes="field--name", markup=False)
                yield Tick(line("in every turn"), always, id="always", compact=True)
                yield Static(Content("Priority"), classes="field--name", markup=False)
                yield LineInput(id="priority", max_length=4, placeholder="0")
            yield Static(Content(""), id="card-wrong", markup=False)
            with Horizontal(classes="dialog--buttons"):
                yield Button(line("Save  ^S"), id="save", compact=True)
                yield Button(line("Cancel  Esc"), id="cancel", compact=True)

    def on_mount(self) -> None:
        """Every field as it is, and the cursor in the first to be changed."""
        blink = self.app.animation_level != "none"
        name, keys, _, _, priority = self._before
        for field, value in (("name", name), ("card-keys", keys), ("priority", priority)):
            self._input(field).cursor_blink = blink
            self._input(field).value = value
        area = self.query_one(TextArea)
        area.cursor_blink = blink
        area.move_cursor(area.document.end)
        self.query_one(f"#{self._start}").focus()
        self.query_one("#card-wrong").display = False
        self._show_default_key()

    def _input(self, field: str) -> LineInput:
        return self.query_one(f"#{field}", LineInput)

    @property
    def _fields(self) -> tuple[str, str, str, bool, str]:
        return (
            self._input("name").value,
            self._input("card-keys").value,
            self.query_one(TextArea).text,
            self.query_one(Checkbox).value,
            self._input("priority").value,
        )

    def _card(self) -> Card:
        """The card as it was written.

        Raises:
            ScenarioError: The priority is no number, or outside its range.
        """
        name, keys, text, always, priority = self._fields
        name = line(name).plain
        if self._old is not None and keys == self._before[1]:
            # A key of an author's may have a comma in it.
            called = self._old.keys
        else:
            called = tuple(dict.fromkeys(filter(None, (line(k).plain for k in keys.split(",")))))
        if not called and not always and name:
            called = (name,)
        try:
            number = int(priority.strip() or "0")
        except ValueError:
            raise ScenarioError(
                f"The priority {priority.strip()!r} is no number.",
                f"Use a whole number from -{MAX_PRIORITY} to {MAX_PRIORITY}.",
            ) from None
        return Card(name, clean(text).strip(), called, always, number)

    def action_save(self) -> None:
        """Keep the card, or say what is wrong with it."""
        if self._old is not None and self._fields == self._before:
            self.dismiss(None)
            return
        try:
            card = self._card()
            self._keep(card)
        except ScenarioError as error:
            self._complain(error, "#priority")
        except DungeonError as error:
            self._complain(error, "#name" if self._fields[2].strip() or not card.name else "#text")
        else:
            self.dismiss(card)

    def _complain(self, error: DungeonError, field: str) -> None:
        wrong = self.query_one("#card-wrong", Static)
        wrong.update(shown(f"! {error_text(error)}"))
        wrong.display = True
        self.query_one(field).focus()

    def action_cancel(self) -> None:
        """Leave the card as it was; ask first where that loses something."""
        if self._fields == self._before:
            self.dismiss(None)
            return

        def answered(answer: str | None) -> None:
            if answer == "discard":
                self.dismiss(None)

        self.app.push_screen(discard_screen("The card was changed and not saved."), answered)

    def on_input_changed(self, event: Input.Changed) -> None:
        """A card without keys is called by its name."""
        event.stop()
        if event.input.id == "name":
            self._show_default_key()

    def on_checkbox_changed(self, event: Checkbox.Changed) -> None:
        """One that always stands needs none."""
        event.stop()
        self._show_default_key()

    def _show_default_key(self) -> None:
        name = line(self._input("name").value).plain
        if self.query_one(Checkbox).value:
            hint = "none needed: it stands in every turn"
        else:
            hint = (
                f"empty takes: {name}"
                if name
                else "the words that call it, with commas between them"
            )
        self._input("card-keys").placeholder = hint

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """On to the next field."""
        event.stop()
        self.focus_next()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Save or cancel."""
        event.stop()
        if event.button.id == "save":
            self.action_save()
        else:
            self.action_cancel()
