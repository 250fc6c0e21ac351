"""A scenario's file: its fields as a form, its text beside them, what the first turn makes of it
for the narrator, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import Screen
from textual.timer import Timer
from textual.widgets import OptionList, Static, TextArea

from dungeon.errors import DungeonError
from dungeon.ui import background
from dungeon.ui.commands import Command
from dungeon.ui.messages import LookedOver
from dungeon.ui.modal import ClosesOnce
from dungeon.ui.scenario_rows import about_field, counted, options_of, problem_options
from dungeon.ui.screens.card_editor import SHORT
from dungeon.ui.screens.cards import CardList
from dungeon.ui.screens.choice import ChoiceScreen, error_screen
from dungeon.ui.shown import joined, line
from dungeon.ui.tables import ON_EDITOR
from dungeon.ui.widgets.key_bar import KeyBar
from dungeon.ui.widgets.preview_pane import PreviewPane
from dungeon.ui.widgets.source_area import SourceArea

if TYPE_CHECKING:
    from dungeon.authoring.editable import EditedFile
    from dungeon.authoring.fields import FormField
    from dungeon.ui.screens.field_changes import FieldChanges

# What reads and changes scenarios is slow to import; most games need none of it.

COLUMNS = [(0, "-tabs"), (100, "-side"), (150, "-wide")]
"""From so many cells on there is room for two of form, text and preview, and for all three."""
PAUSE = 0.25
"""Seconds without a key after which the text is looked over."""


class ScenarioEditor(ClosesOnce, Screen[None]):
    """Edits a scenario's file.

    Args:
        file: The file, read.
        preview: Builds what the first turn sends; called on a thread.
    """

    COMMANDS_HERE: ClassVar[tuple[Command, ...]] = ON_EDITOR
    BINDINGS: ClassVar[list[BindingType]] = [command.binding() for command in ON_EDITOR]
    HORIZONTAL_BREAKPOINTS = COLUMNS
    VERTICAL_BREAKPOINTS = SHORT

    def __init__(self, file: EditedFile, preview: background.FirstTurn) -> None:
        from dungeon.authoring.editable import Look

        super().__init__()
        self._file = file
        self._preview = preview
        self.look = Look((), ())
        self._rows: list[FormField | None] = []
        self._serial = 0
        self._seen = self._previewed = -1
        self._busy = False
        self._timer: Timer | None = None

    def compose(self) -> ComposeResult:
        """Heading, form and text, what is picked, problems, keys."""
        yield Static(Content(""), id="edited", markup=False)
        with Horizontal(id="edit-panes"):
            yield CardList(id="form", markup=False, compact=True)
            area = SourceArea(
                self._file.text, soft_wrap=True, show_line_numbers=True, tab_behavior="focus",
                id="source",
            )  # fmt: skip
            area.cursor_blink = self.app.animation_level != "none"
            yield area
            yield PreviewPane(id="first-turn")
        with Vertical(id="edit-foot"):
            yield Static(Content(""), id="field-about", markup=False)
            yield OptionList(id="problems", markup=False, compact=True)
        yield KeyBar([one for one in ON_EDITOR if one.label], id="edit-keys")

    def on_mount(self) -> None:
        """Begin in the form."""
        self.form.focus()
        if self._file.altered:
            self.app.notify(
                "Tabs and characters that nobody can see were taken out of the text; saving "
                "takes them out of the file.",
                markup=False,
            )
        self._look()

    @property
    def form(self) -> CardList:
        """The list of fields."""
        return self.query_one("#form", CardList)

    @property
    def source(self) -> SourceArea:
        """The text."""
        return self.query_one("#source", SourceArea)

    @property
    def pane(self) -> PreviewPane:
        """What the first turn sends."""
        return self.query_one("#first-turn", PreviewPane)

    @property
    def previewing(self) -> bool:
        """Whether the preview is shown, and kept up."""
        return self.has_class("-preview")

    @property
    def dirty(self) -> bool:
        """Whether something would be lost by leaving."""
        return self.source.text != self._file.text or self._file.altered

    @property
    def current(self) -> bool:
        """Whether form and problems are those of the text as it is now, and so is the preview."""
        seen = min(self._seen, self._previewed) if self.previewing else self._seen
        return seen == self._serial

    @property
    def picked(self) -> FormField | None:
        """The field that the keys are about."""
        at = self.form.highlighted
        return self._rows[at] if at is not None and at < len(self._rows) else None

    # -- looking the text over -----------------------------------------------------------------

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        """Look it over, once there is a pause in the typing."""
        event.stop()
        self._serial += 1
        self._show_heading()
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(PAUSE, self._look)

    def _look(self) -> None:
        # One at a time: the outcome of a slow one starts the next.
        if not self._busy and not self.current:
            self._busy = True
            preview = self._preview if self.previewing else None
            background.look_over(
                self.source.text, self._file.name, self._serial, preview, self.post_message
            )

    def on_looked_over(self, message: LookedOver) -> None:
        """Show fields and problems."""
        message.stop()
        self._busy = False
        self._seen = message.serial
        if message.first is not None:
            self._previewed = message.serial
            self.pane.show(message.first)
        if self.look != message.look or not self._rows:
            self.look = message.look
            self._fill()
        self._show_heading()
        if not self.current:
            self._look()

    def _fill(self) -> None:
        form, picked, top = self.form, self.picked, self.form.scroll_offset.y
        options, self._rows = options_of(self.look.fields)
        form.clear_options()
        form.add_options(options)
        where = picked.where if picked is not None else None
        found = [i for i, row in enumerate(self._rows) if row is not None and row.where == where]
        form.highlighted = found[0] if found else min(1, len(options) - 1) if options else None
        form.scroll_to(y=top, animate=False)
        problems = self.query_one("#problems", OptionList)
        at = problems.highlighted
        problems.clear_options()
        problems.add_options(problem_options(self.look.problems))
        if self.look.problems and at is not None:
            problems.highlighted = min(at, len(self.look.problems) - 1)
        self._show_about()

    def _show_heading(self) -> None:
        state = "● not saved" if self.dirty else "saved"
        self.query_one("#edited", Static).update(
            joined(
                line(self._file.name, "bold $primary"),
                (f"  {state}", "$warning" if self.dirty else "$faint"),
                counted(self.look.problems) if self._seen >= 0 else "",
            )
        )
        self.query_one(KeyBar).refresh()

    def _show_about(self) -> None:
        content = Content("")
        problems = self.query_one("#problems", OptionList)
        field = self.picked
        if problems.has_focus and problems.highlighted is not None and self.look.problems:
            problem = self.look.problems[problems.highlighted]
            content = joined((problem.message, "$ink"), (f" {problem.fix}", "$faint"))
        elif self._seen >= 0 and not self.look.fields:
            content = line("The text cannot be read, so there is no form; mend the text.", "$error")
        elif field is not None:
            content = about_field(field)
        self.query_one("#field-about", Static).update(content)
        self.query_one(KeyBar).refresh()

    # -- going about ---------------------------------------------------------------------------

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Say what it is, and show it in the text."""
        event.stop()
        self._show_about()
        field = self.picked
        if self.form.has_focus and self.current and field is not None and field.line is not None:
            self.source.show_line(field.line)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Change the field, or go to the problem."""
        event.stop()
        if event.option_list is self.form:
            self.action_change()
        else:
            self._go_to(event.option_index)

    def on_descendant_focus(self) -> None:
        """Where there is room for one of the two, it is the one with the focus."""
        if self.form.has_focus or self.source.has_focus:
            self.set_class(self.source.has_focus, "-source")
        self._show_about()

    def action_other(self) -> None:
        """From the form to the text and back."""
        if self.previewing and self.has_class("-tabs"):
            self.remove_class("-preview")
        to_source = not self.source.has_focus
        # What is not displayed cannot have the focus.
        self.set_class(to_source, "-source")
        (self.source if to_source else self.form).focus()

    def action_preview(self) -> None:
        """Show what the first turn sends, or no longer."""
        had_focus = self.pane.has_focus
        self.toggle_class("-preview")
        if self.previewing:
            self._look()
            if self.has_class("-tabs"):
                # It hides both, and what is hidden cannot have the focus.
                self.pane.focus()
        elif had_focus:
            (self.source if self.has_class("-source") else self.form).focus()

    def action_problem(self) -> None:
        """To the next problem, from where the cursor is."""
        row, column = self.source.cursor_location
        here = (row + 1, column + 1)
        places = [(problem.line, problem.column) for problem in self.look.problems]
        if places:
            self._go_to(next((i for i, place in enumerate(places) if place > here), 0))

    def _go_to(self, index: int) -> None:
        problem = self.look.problems[index]
        self.query_one("#problems", OptionList).highlighted = index
        if self.has_class("-tabs"):
            self.remove_class("-preview")
        self.set_class(True, "-source")
        self.source.focus()
        self.source.show_line(problem.line - 1, problem.column - 1)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """What can be done now; None greys a key out."""
        if not self.is_mounted:
            return True
        field = self.picked if self.form.has_focus and self.current else None
        possible = {
            "save": self.dirty,
            "change": field is not None,
            "less": field is not None and field.kind == "choice",
            "more": field is not None and field.kind == "choice",
            "add": self.form.has_focus and self.current and bool(self.look.fields),
            "remove": field is not None and (field.item is not None or field.value != ""),
            "problem": bool(self.look.problems),
        }
        return True if possible.get(action, True) else None

    # -- changing a field ----------------------------------------------------------------------

    @property
    def _changes(self) -> FieldChanges:
        from dungeon.ui.screens.field_changes import FieldChanges

        return FieldChanges(self.app, self.look.fields, self.apply)

    def apply(self, change: Callable[[str], str]) -> None:
        """Let `change` make a new text of the text.

        Raises:
            DungeonError: As `change`; the text is as it was.
        """
        self.source.become(change(self.source.text))
        if self._timer is not None:
            self._timer.stop()
        self.call_after_refresh(self._look)

    def action_change(self) -> None:
        """Open the picked field."""
        if self.picked is not None and self.current:
            self._changes.open(self.picked)

    def action_more(self) -> None:
        """The next of its values."""
        if self.picked is not None:
            self._changes.step(self.picked, 1)

    def action_less(self) -> None:
        """The value before."""
        if self.picked is not None:
            self._changes.step(self.picked, -1)

    def action_add(self) -> None:
        """Add a card, a question or a sample turn."""
        self._changes.add()

    def action_remove(self) -> None:
        """Take the picked thing out."""
        if self.picked is not None:
            self._changes.remove(self.picked)

    # -- the file ------------------------------------------------------------------------------

    def action_save(self) -> None:
        """Write the file; where somebody else changed it, ask first."""
        self._save_then(lambda: None)

    def _save_then(self, then: Callable[[], object]) -> None:
        if not self._file.moved_on():
            self._write(then)
            return

        def answered(answer: str | None) -> None:
            if answer == "mine":
                self._write(then)
            elif answer == "theirs":
                self._take_theirs()

        self.app.push_screen(
            ChoiceScreen(
                "The file was changed by somebody else",
                f"{self._file.name} is not what it was when it was opened here.",
                [("keep", "Go on editing"), ("theirs", "Take theirs"), ("mine", "Save mine")],
                danger="mine",
            ),
            answered,
        )

    def _write(self, then: Callable[[], object]) -> None:
        try:
            self._file.save(self.source.text)
        except DungeonError as error:
            self.app.push_screen(error_screen(error, "The file was not saved"))
            return
        self._show_heading()
        then()

    def _take_theirs(self) -> None:
        try:
            self._file.reload()
        except DungeonError as error:
            self.app.push_screen(error_screen(error))
            return
        self.source.become(self._file.text)

    def action_close(self) -> None:
        """Leave, or the preview first; what is not saved is asked about."""
        if self.pane.has_focus:
            self.action_preview()
            return
        self.leave(lambda: self.dismiss(None))

    def leave(self, then: Callable[[], object]) -> None:
        """Do `then`, once nothing is lost by it."""
        if not self.dirty:
            then()
            return

        def answered(answer: str | None) -> None:
            if answer == "save":
                self._save_then(then)
            elif answer == "discard":
                then()

        self.app.push_screen(
            ChoiceScreen(
                "Save the changes?",
                f"{self._file.name} was changed and not saved.",
                [("save", "Save"), ("keep", "Go on editing"), ("discard", "Discard")],
                danger="discard",
            ),
            answered,
        )
