"""The app's shelf: what can be done with stories and scenarios as files."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from dungeon.errors import DungeonError, SaveError, ScenarioError
from dungeon.files import typed_path
from dungeon.storage.names import slug
from dungeon.ui import background
from dungeon.ui.messages import ImportEnded
from dungeon.ui.preview import Preview, first_turn
from dungeon.ui.screens.ask import AskScreen
from dungeon.ui.screens.choice import ChoiceScreen, error_screen
from dungeon.ui.screens.pick import PickScreen
from dungeon.ui.screens.scenario_editor import ScenarioEditor
from dungeon.ui.shown import error_text

if TYPE_CHECKING:
    from dungeon.storage.library import SaveSummary
    from dungeon.story.scenario import Scenario
    from dungeon.story.story import Story
    from dungeon.ui.app import DungeonApp

MAX_PATH = 1000

# The importers and exporters are slow to import; most games need none of them.


class Shelf:
    """Renames, copies, exports, imports and edits.

    Args:
        app: The app.
    """

    def __init__(self, app: DungeonApp) -> None:
        self._app = app

    def rename(self, save: SaveSummary) -> None:
        """Ask for another title."""
        from dungeon.storage.library import rename_title

        def checked(title: str) -> None:
            if not title.strip():
                raise SaveError("A story needs a title.", "Type at least one letter.")

        def named(title: str | None) -> None:
            if title is not None and title != save.title:
                try:
                    rename_title(save.path, title)
                except DungeonError as error:
                    self._app.push_screen(error_screen(error, "The story cannot be renamed"))
                self._app.read_library()

        self._app.push_screen(
            AskScreen("Rename the story", "Its file keeps its name.", save.title, checked), named
        )

    def copy(self, save: SaveSummary) -> None:
        """Make a second story of it."""
        from dungeon.storage.library import copy_save

        try:
            copy_save(save.path, self._app.context.saves)
        except DungeonError as error:
            self._app.push_screen(error_screen(error, "The story cannot be copied"))
        else:
            self._app.notify("Copied.", markup=False)
        self._app.read_library()

    # -- out -----------------------------------------------------------------------------------

    def export_save(self, save: SaveSummary) -> None:
        """Write a story that is not open into a file."""
        from dungeon.storage.library import load_save

        try:
            story = load_save(save.path)
        except DungeonError as error:
            self._app.push_screen(error_screen(error, "The story cannot be read"))
        else:
            self.export(story)

    def export(self, story: Story) -> None:
        """Ask for the form and the file, then write it."""
        from dungeon.exchange import FORMATS

        def picked(key: str | None) -> None:
            if key is None:
                return
            name = f"{slug(story.title)}{FORMATS[key].suffix}"
            if self._app.is_web:
                text, _ = FORMATS[key].write(story)
                self._app.deliver_text(io.StringIO(text), save_filename=name)
            else:
                self._ask_where(story, key, name)

        offers = [(key, form.name, form.about) for key, form in FORMATS.items()]
        about = f"What is to become of {story.title}?"
        self._app.push_screen(PickScreen("Export the story", about, offers), picked)

    def _ask_where(self, story: Story, key: str, name: str) -> None:
        from dungeon.exchange import FORMATS
        from dungeon.storage.export import write_file

        def checked(text: str) -> None:
            path = typed_path(text.strip())
            if _there(path):
                raise SaveError(f"{path.name} is there already.", "Choose another name.")
            if not _there(path.parent):
                raise SaveError(f"There is no folder {path.parent}.", "Name one that is there.")

        def named(text: str | None) -> None:
            if text is None:
                return
            path = typed_path(text.strip())
            try:
                written, report = FORMATS[key].write(story)
                write_file(path, written)
            except DungeonError as error:
                self._app.push_screen(error_screen(error, "The story was not written"))
                return
            lost = "" if report is None else f"\n{report.render()}"
            self._app.notify(f"Wrote {path}.{lost}", timeout=10, markup=False)

        self._app.push_screen(
            AskScreen("Into which file?", "A name, or a path.", str(Path.cwd() / name), checked,
                      MAX_PATH),
            named,
        )  # fmt: skip

    # -- scenarios -----------------------------------------------------------------------------

    def edit(self, path: Path, closed: Callable[[], object]) -> None:
        """Open a scenario's file in the editor; `closed` is called when it is left."""
        from dungeon.authoring.editable import EditedFile

        try:
            file = EditedFile(path)
        except DungeonError as error:

            def told(answer: str | None) -> None:
                closed()

            self._app.push_screen(error_screen(error, "The file cannot be edited"), told)
            return

        def left(result: None) -> None:
            closed()

        def preview(scenario: Scenario | None) -> Preview:
            return first_turn(scenario, self._app.engine, self._app.context.generation_for)

        self._app.push_screen(ScenarioEditor(file, preview), left)

    def edit_listed(self, path: Path) -> None:
        """Open a scenario of the library; of one that ships, a copy of the player's own."""
        from dungeon.authoring.editable import own_copy
        from dungeon.authoring.library import own_scenarios, ships

        if not ships(path):
            self.edit(path, self._app.read_library)
            return

        def answered(answer: str | None) -> None:
            if answer != "copy":
                return
            try:
                copy = own_copy(path)
            except DungeonError as error:
                self._app.push_screen(error_screen(error))
            else:
                self.edit(copy, self._app.read_library)

        self._app.push_screen(
            ChoiceScreen(
                "Make a copy of your own?",
                f"This scenario came with the game. A copy is put into {own_scenarios()} and is "
                "listed in its place; delete it to have the old one back.",
                [("copy", "Make a copy"), ("leave", "Leave it")],
            ),
            answered,
        )

    # -- in ------------------------------------------------------------------------------------

    def import_file(self) -> None:
        """Ask for a file and bring what is in it into the library."""

        def checked(text: str) -> None:
            if not text.strip() or not _there(typed_path(text.strip())):
                raise ScenarioError("There is no such file.", "Give its path.")

        def named(text: str | None) -> None:
            if text is not None:
                self._app.notify("Reading the file…", markup=False)
                background.import_file(
                    typed_path(text.strip()), self._app.context.saves, self._app.post_message
                )

        self._app.push_screen(
            AskScreen(
                "Import a file",
                "A world or story of AI Dungeon, NovelAI, KoboldAI, SillyTavern, Clover Edition or "
                "Dungeon itself. What it is, its content tells.",
                "",
                checked,
                MAX_PATH,
            ),
            named,
        )

    def imported(self, message: ImportEnded) -> None:
        """Say what was brought, and list it."""
        if message.error is not None:
            title, body = "The file cannot be imported", error_text(message.error)
        else:
            title, body = "Imported", message.report
        self._app.push_screen(ChoiceScreen(title, body, [("ok", "Close")]))
        self._app.read_library()


def _there(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        # No file can have such a name.
        return False
