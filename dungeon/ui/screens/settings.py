"""Every setting with its value and where that comes from; what is changed holds at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import ClassVar

from rich.cells import set_cell_size
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from dungeon.errors import DungeonError
from dungeon.ui.commands import SETTINGS, Command
from dungeon.ui.fields import PARTS, Field, shown_value
from dungeon.ui.modal import Modal
from dungeon.ui.screens.ask import AskScreen
from dungeon.ui.screens.card_editor import SHORT
from dungeon.ui.screens.cards import CardList
from dungeon.ui.settled import Settled
from dungeon.ui.shown import error_text, joined, line, shown
from dungeon.ui.tables import ON_SETTINGS
from dungeon.ui.widgets.key_bar import KeyBar

LABEL_CELLS, VALUE_CELLS = 20, 18


class SettingsScreen(Modal[None]):
    """Lists the settings and changes them.

    Args:
        settled: The settings.
        themes: Names of the themes there are.
        changed: Called with the name of each setting that was changed, to apply it.
        open_models: Opens the models.
    """

    COMMANDS_HERE: ClassVar[tuple[Command, ...]] = ON_SETTINGS
    BINDINGS: ClassVar[list[BindingType]] = [
        *(command.binding() for command in ON_SETTINGS),
        SETTINGS.closing(),
    ]
    VERTICAL_BREAKPOINTS = SHORT

    def __init__(
        self,
        settled: Settled,
        themes: tuple[str, ...],
        changed: Callable[[str], object],
        open_models: Callable[[], object],
    ) -> None:
        super().__init__()
        self._settled = settled
        self._themes = themes
        self._changed = changed
        self._open_models = open_models
        self._for_story = settled.session is not None
        self._rows: list[Field | None] = []

    def compose(self) -> ComposeResult:
        """Heading, the list, what the picked one means, keys."""
        with Vertical(classes="dialog wide tall", id="settings"):
            yield Static(Content(""), classes="dialog--title", id="settings-title", markup=False)
            yield CardList(id="settings-list", markup=False, compact=True)
            yield Static(Content(""), id="setting-about", markup=False)
            yield KeyBar(ON_SETTINGS, id="settings-keys")

    def on_mount(self) -> None:
        """Fill the list."""
        self._fill()
        self.query_one(CardList).focus()

    @property
    def picked(self) -> Field | None:
        """The setting that the keys are about."""
        at = self.query_one(CardList).highlighted
        return self._rows[at] if at is not None and at < len(self._rows) else None

    def _fill(self) -> None:
        listed = self.query_one(CardList)
        at, top = listed.highlighted, listed.scroll_offset.y
        self._rows = []
        options: list[Option] = []
        for heading, fields in PARTS:
            self._rows.append(None)
            options.append(Option(line(heading), disabled=True))
            for field in fields:
                known = replace(field, choices=self._themes) if field.name == "theme" else field
                self._rows.append(known)
                options.append(Option(self._setting_option(known)))
        listed.clear_options()
        listed.add_options(options)
        listed.highlighted = 1 if at is None else at
        listed.scroll_to(y=top, animate=False)
        self._show()

    def _setting_option(self, field: Field) -> Content:
        value = self._settled.value(field)
        origin = self._settled.origin(field)
        text = shown_value(field, value) if value != "" else self._undecided(field)
        return joined(
            shown(set_cell_size(field.label, LABEL_CELLS)),
            "  ",
            line(text, "bold $primary" if origin in ("this story", "all stories") else "$ink"),
            (" " * max(2, VALUE_CELLS - len(text)), ""),
            (origin, "$success" if origin == "this story" else "$faint"),
        )

    def _undecided(self, field: Field) -> str:
        if field.name == "preset":
            return "none" if self._settled.session is None else "numbers of its own"
        return "as the story says"

    def _show(self) -> None:
        field = self.picked
        session = self._settled.session
        where = "this story" if self._for_story else "all stories"
        head = [("Settings", ""), (f"   changes are for {where}", "not bold $faint")]
        if session is not None:
            head.append((" (W changes that)", "not bold $faint"))
        self.query_one("#settings-title", Static).update(joined(*head))
        content = Content("")
        if field is not None:
            notes = [field.allowed]
            if self._for_story and not field.story:
                notes.append("It is for all stories.")
            content = joined((field.about, "$ink"), (f" {' '.join(filter(None, notes))}", "$faint"))
        self.query_one("#setting-about", Static).update(content)
        self.query_one(KeyBar).refresh()

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Say what it is."""
        event.stop()
        self._show()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Change it."""
        event.stop()
        self.action_change()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """What can be done with the picked setting; None greys a key out."""
        field = self.picked if self.is_mounted else None
        possible = {
            "change": field is not None,
            "more": field is not None and field.kind != "screen",
            "less": field is not None and field.kind != "screen",
            "reset": field is not None
            and self._settled.origin(field) in ("this story", "all stories"),
            "where": self._settled.session is not None,
        }
        return True if possible.get(action, True) else None

    # -- verbs ---------------------------------------------------------------------------------

    def _put(self, field: Field, value: object, *, for_story: bool | None = None) -> None:
        story = self._for_story if for_story is None else for_story
        try:
            self._settled.put(field, value, for_story=story and field.story)
        except DungeonError as error:
            self.app.notify(error_text(error), severity="error", markup=False)
        self._changed(field.name)
        self._fill()

    def action_change(self) -> None:
        """Type a number, or take the next choice."""
        field = self.picked
        if field is None:
            return
        if field.kind == "screen":
            self._open_models()
        elif field.kind != "number":
            self.action_more()
        else:

            def typed(text: str | None) -> None:
                if text is not None:
                    self._put(field, field.read(text))

            now = self._settled.start(field)
            about = f"{field.about} {field.allowed}"
            self.app.push_screen(AskScreen(field.label, about, f"{now:g}", field.read, 12), typed)

    def action_more(self) -> None:
        """A step up, or the next choice."""
        self._step(1)

    def action_less(self) -> None:
        """A step down, or the choice before."""
        self._step(-1)

    def _step(self, direction: int) -> None:
        field = self.picked
        if field is not None and field.kind != "screen":
            self._put(field, field.stepped(self._settled.start(field), direction))

    def action_reset(self) -> None:
        """Back to what holds where nothing is set."""
        field = self.picked
        if field is not None:
            self._put(field, None, for_story=self._settled.origin(field) == "this story")

    def action_where(self) -> None:
        """Change for this story, or for all."""
        self._for_story = not self._for_story
        self._show()

    def action_close(self) -> None:
        """Back to where it was opened."""
        self.dismiss(None)
