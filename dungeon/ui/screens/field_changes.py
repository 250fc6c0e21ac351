"""What each kind of a scenario's fields is changed with: a line, a page, a card, the next value."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual.app import App

from dungeon.authoring.edit import add_item, remove_item, set_value
from dungeon.authoring.fields import FormField
from dungeon.authoring.records import RECORDS
from dungeon.authoring.styles import Value
from dungeon.errors import DungeonError, ScenarioError, SettingsError
from dungeon.story.generation import RANGES, check_range
from dungeon.story.scenario import Card
from dungeon.ui.screens.ask import AskScreen
from dungeon.ui.screens.card_editor import CardEditor
from dungeon.ui.screens.choice import ChoiceScreen, error_screen
from dungeon.ui.screens.editor import MAX_TEXT, EditorScreen
from dungeon.ui.screens.pick import PickScreen

MAX_LINE = 500
"""Longest line that is asked for, in characters."""

Apply = Callable[[Callable[[str], str]], object]
"""Takes what makes a new text of a text, and applies it; its errors come out."""


class FieldChanges:
    """Asks for new values and applies them.

    Args:
        app: Over which it asks.
        fields: Of the form as it is now.
        apply: Applies a change to the text of the file.
    """

    def __init__(self, app: App[object], fields: Sequence[FormField], apply: Apply) -> None:
        self._app = app
        self._fields = fields
        self._apply = apply

    def _try(self, change: Callable[[str], str]) -> None:
        try:
            self._apply(change)
        except DungeonError as error:
            self._app.push_screen(error_screen(error, "The text was not changed"))

    def _put(self, field: FormField, value: Value) -> None:
        self._try(lambda text: set_value(text, field.where, value))

    def open(self, field: FormField) -> None:
        """Ask for another value of a field."""
        if field.kind == "card":
            self._open_card(field)
        elif field.kind == "choice":
            self.step(field, 1)
        elif field.kind in ("prose", "list"):
            self._open_page(field)
        else:
            self._ask(field)

    def step(self, field: FormField, direction: int) -> None:
        """The next of a few values, or the one before."""
        choices = field.choices
        if field.value in choices:
            at = (choices.index(field.value) + direction) % len(choices)
        else:
            at = 0 if direction > 0 else -1
        self._put(field, choices[at])

    def _ask(self, field: FormField) -> None:
        if self._too_long(field.value, MAX_LINE):
            return

        def checked(text: str) -> None:
            if field.kind == "number" and text.strip():
                _check_number(field.label, text.strip())

        def asked(text: str | None) -> None:
            if text is not None and text != field.value:
                self._put(field, text.strip() or None if field.kind == "number" else text)

        self._app.push_screen(
            AskScreen(field.label, field.help, field.value, checked, MAX_LINE), asked
        )

    def _open_page(self, field: FormField) -> None:
        many = field.kind == "list"
        before = "\n".join(field.value) if many else field.value
        if self._too_long(before, MAX_TEXT):
            return

        def written(text: str | None) -> None:
            if text is None:
                return
            lines = [line.strip() for line in text.split("\n") if line.strip()]
            self._put(field, lines if many else text)

        about = f"{field.help} One in each line." if many else field.help
        self._app.push_screen(EditorScreen(field.label, about, before), written)

    def _too_long(self, text: str, most: int) -> bool:
        if len(text) > most or ("\n" in text and most == MAX_LINE):
            error = ScenarioError("This is too long for the form.", "Change it in the text.")
            self._app.push_screen(error_screen(error))
            return True
        return False

    # -- items of lists ------------------------------------------------------------------------

    def _open_card(self, field: FormField) -> None:
        try:
            old = _card(field)
        except DungeonError as error:
            self._app.push_screen(error_screen(error, "The card is mended in the text"))
            return

        def keep(card: Card) -> None:
            _check_card(card)
            self._apply(lambda text: _with_card(text, field, old, card))

        self._app.push_screen(CardEditor(old, True, keep, start="name"))

    def add(self) -> None:
        """Ask what to add, and add it at the end of its list."""

        def picked(name: str | None) -> None:
            if name == "cards":
                self._app.push_screen(CardEditor(None, True, self._add_card))
            elif name is not None:
                fields = dict(RECORDS[name].new)
                if name == "questions":
                    fields["key"] = self._unused(str(fields["key"]))
                self._try(lambda text: add_item(text, name, fields))

        offers = [
            (name, f"A {record.one}", record.model.__doc__ or "")
            for name, record in RECORDS.items()
        ]
        self._app.push_screen(PickScreen("Add to the scenario", "It comes last.", offers), picked)

    def _unused(self, key: str) -> str:
        used = {field.value for field in self._fields if field.label == "key"}
        number = 1
        while (name := key if number == 1 else f"{key}{number}") in used:
            number += 1
        return name

    def _add_card(self, card: Card) -> None:
        _check_card(card)
        self._apply(lambda text: add_item(text, "cards", _written(card)))

    def remove(self, field: FormField) -> None:
        """Take the item of a field out of its list, after asking; of another field, its value."""
        item = field.item
        if item is None:
            self._put(field, [] if field.kind == "list" else None)
            return
        name, index = item

        def answered(answer: str | None) -> None:
            if answer == "remove":
                self._try(lambda text: remove_item(text, name, index))

        what = field.label if field.kind == "card" else f"{RECORDS[name].one} {index + 1}"
        self._app.push_screen(
            ChoiceScreen(
                "Take it out of the file?",
                f"{what}, with the comments inside it. Until you save, ^Z in the text takes "
                "it back.",
                [("keep", "Keep it"), ("remove", "Take it out")],
                danger="remove",
            ),
            answered,
        )


def _check_number(name: str, text: str) -> None:
    try:
        number = float(text)
    except ValueError:
        raise SettingsError(f"{text!r} is no number.", f"Use {RANGES[name]}.") from None
    check_range(name, number, RANGES[name])


def _check_card(card: Card) -> None:
    if not card.name or not card.text:
        raise ScenarioError("A card needs a name and a text.", "Write both.")


def _card(field: FormField) -> Card:
    """The card that a field shows.

    Raises:
        ScenarioError: A field of it is of the wrong type.
    """
    data = field.value
    keys = data.get("keys") or []
    texts = (data.get("name", ""), data.get("text", ""), *keys)
    if not isinstance(keys, list) or not all(isinstance(text, str) for text in texts):
        raise ScenarioError("A field of the card is not what it should be.", "Mend it there first.")
    try:
        priority = int(data.get("priority") or "0")
    except ValueError:
        raise ScenarioError("The card's priority is no number.", "Mend it there first.") from None
    if len(texts[1]) > MAX_TEXT:
        raise ScenarioError("This is too long for the form.", "Change it in the text.")
    return Card(texts[0], texts[1], tuple(keys), field.always, priority)


def _written(card: Card) -> dict[str, Value]:
    """A card's fields as they are written, those at their default left out."""
    fields: dict[str, Value] = {"name": card.name}
    if card.keys:
        fields["keys"] = card.keys
    if card.always:
        fields["always"] = True
    if card.priority:
        fields["priority"] = str(card.priority)
    return {**fields, "text": card.text}


def _with_card(text: str, field: FormField, old: Card, new: Card) -> str:
    """The text with what is different in a card."""
    before, after = _written(old), _written(new)
    for name in {**before, **after}:
        if before.get(name) != after.get(name):
            # `always` that was taken away is said, any other field left empty.
            value = after.get(name, False if name == "always" else None)
            text = set_value(text, (*field.where, name), value)
    return text
