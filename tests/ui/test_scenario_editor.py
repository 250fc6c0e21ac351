"""The editor of scenario files: form and text are one, and nothing of the author's is lost."""

from __future__ import annotations

from pathlib import Path

from textual.app import App
from textual.pilot import Pilot
from textual.widgets import OptionList, TextArea

from dungeon.authoring.new import template
from dungeon.authoring.reader import read_scenario
from dungeon.engine.scripted import ScriptedEngine
from dungeon.session import GameSession
from dungeon.story.action import parse
from dungeon.ui.screens.ask import AskScreen
from dungeon.ui.screens.card_editor import CardEditor
from dungeon.ui.screens.choice import ChoiceScreen
from dungeon.ui.screens.editor import EditorScreen
from dungeon.ui.screens.pick import PickScreen
from dungeon.ui.screens.scenario_editor import ScenarioEditor
from dungeon.ui.screens.title import TitleScreen
from tests.ui.support import Entry, context, running, shown, type_text, until

FERRY = template("The Last Ferry")


def editor(app: App[None]) -> ScenarioEditor:
    assert isinstance(app.screen, ScenarioEditor)
    return app.screen


async def pick(pilot: Pilot[None], *where: str | int) -> None:
    """Put the highlight of the form on a field, once the form is that of the text."""
    screen = editor(pilot.app)

    def rows() -> list[int]:
        return [i for i, row in enumerate(screen._rows) if row is not None and row.where == where]

    await until(pilot, lambda: screen.current and rows())
    screen.form.highlighted = rows()[0]
    await pilot.pause()


async def test_a_file_is_edited_by_its_form_and_by_its_text(tmp_path: Path) -> None:
    path = tmp_path / "ferry.yaml"
    path.write_bytes(FERRY.replace("\n", "\r\n").encode())
    comments = [line for line in FERRY.split("\n") if line.startswith("#")]
    async with running(context(tmp_path, edit=path), (120, 34)) as (app, pilot):
        await until(pilot, lambda: isinstance(app.screen, ScenarioEditor))
        screen = editor(app)
        await until(pilot, lambda: screen.current and screen.look.fields)
        assert "in order" in shown(app)
        assert "# Asked before the first turn" in shown(app)
        assert screen.check_action("save", ()) is None

        # A few values: the next one. The text follows, with its comment.
        await pick(pilot, "rating")
        await pilot.press("right")
        assert "rating: teen                # everyone, teen or mature" in screen.source.text
        await until(pilot, lambda: screen.current)
        assert "not saved" in shown(app)

        # A line, and a page.
        await pick(pilot, "author")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, AskScreen))
        await type_text(pilot, "Ida: V")
        await pilot.press("enter")
        await until(pilot, lambda: app.screen is screen and screen.current)
        assert 'author: "Ida: V"' in screen.source.text
        await pick(pilot, "tags")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, EditorScreen))
        await pilot.press("enter", "s", "e", "a", "ctrl+s")
        await until(pilot, lambda: app.screen is screen and screen.current)
        assert "tags: [fantasy, sea]" in screen.source.text

        # A card is written anew only where it changed; another comes last.
        await pick(pilot, "cards", 0)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, CardEditor))
        app.screen.query_one(TextArea).text = "She keeps the ferry."
        await pilot.press("ctrl+s")
        await until(pilot, lambda: app.screen is screen and screen.current)
        assert "    keys: [heron, innkeeper]\n    text: She keeps the ferry." in screen.source.text
        await pilot.press("a")
        await until(pilot, lambda: isinstance(app.screen, PickScreen))
        app.screen.query_one(OptionList).highlighted = 2
        await pilot.press("enter")
        await until(pilot, lambda: app.screen is screen and screen.current)
        assert "examples:\n  - action: look around\n" in screen.source.text
        await pick(pilot, "examples", 0, "text")
        await pilot.press("delete")
        await until(pilot, lambda: isinstance(app.screen, ChoiceScreen))
        await pilot.press("right", "enter")
        await until(pilot, lambda: app.screen is screen and screen.current)
        assert "look around" not in screen.source.text

        # What is typed is looked over at once, and a text that cannot be read has no form.
        await pilot.press("ctrl+t")
        screen.source.move_cursor((0, 0))
        await type_text(pilot, "memmory")
        await pilot.press(":", "enter")
        await until(pilot, lambda: screen.current and "memmory" in shown(app))
        assert "1:1  There is no field `memmory`." in shown(app)
        await pilot.press("[", "f8")
        await until(pilot, lambda: screen.current and not screen.look.fields)
        assert "mend the text" in shown(app)
        for _ in range(20):
            if not screen.source.text.startswith("# A scenario"):
                await pilot.press("ctrl+z")
        await until(pilot, lambda: screen.current and not screen.look.problems)

        await pilot.press("ctrl+s")
        await until(pilot, lambda: not screen.dirty)
        written = path.read_bytes().decode()
        assert written.count("\r\n") == written.count("\n")
        assert [line for line in written.split("\r\n") if line.startswith("#")] == comments
        scenario = read_scenario(path)
        assert (scenario.author, scenario.rating) == ("Ida: V", "teen")
        assert scenario.cards[0].text == "She keeps the ferry."

        # Somebody else's change is not written over unasked, and can be taken.
        path.write_text(FERRY.replace("The Last Ferry", "Theirs"))
        screen.source.move_cursor(screen.source.document.end)
        await pilot.press("#", "ctrl+s")
        await until(pilot, lambda: isinstance(app.screen, ChoiceScreen))
        await pilot.press("right", "enter")
        await until(pilot, lambda: app.screen is screen and not screen.dirty)
        assert 'title: "Theirs"' in screen.source.text

        # What is not saved is asked about, also when the game is left.
        await pilot.press("#", "ctrl+q")
        await until(pilot, lambda: isinstance(app.screen, ChoiceScreen))
        await pilot.press("right", "enter")
        await until(pilot, lambda: app.screen is screen)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, ChoiceScreen))
        await pilot.press("enter")
        await pilot.pause()
    assert path.read_text().endswith("#")
    assert app.return_code == 0
    assert app.engine is None


async def test_in_a_narrow_window_one_hides_the_other_and_the_library_opens_it(
    tmp_path: Path,
) -> None:
    path = tmp_path / "torn.yaml"
    path.write_text("title: [T\nopening: O\n")
    entries = (Entry("torn", path, None),)
    async with running(context(tmp_path, list_scenarios=lambda: entries)) as (app, pilot):
        await until(pilot, lambda: isinstance(app.screen, TitleScreen) and app.screen.scenarios)
        await pilot.press("w")
        await until(pilot, lambda: isinstance(app.screen, ScenarioEditor))
        screen = editor(app)
        await until(pilot, lambda: screen.current)
        assert screen.form.display
        assert not screen.source.display
        assert screen.check_action("add", ()) is None
        await pilot.press("f8")
        await until(pilot, lambda: screen.source.has_focus)
        assert not screen.form.display
        assert "title: [T" in shown(app)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, TitleScreen))


async def test_the_first_turn_is_shown_as_the_game_would_send_it(tmp_path: Path) -> None:
    path = tmp_path / "ferry.yaml"
    path.write_text(FERRY)
    engine = ScriptedEngine()
    entries = (Entry("ferry", path, read_scenario(path)),)
    async with running(context(tmp_path, engine, list_scenarios=lambda: entries), (160, 60)) as (
        app,
        pilot,
    ):
        await until(pilot, lambda: app.title_screen.scenarios and app.engine)
        await pilot.press("w")
        await until(pilot, lambda: isinstance(app.screen, ScenarioEditor))
        screen = editor(app)
        await pilot.press("ctrl+o")
        await until(pilot, lambda: screen.current and "Counted by scripted" in shown(app))
        assert screen.form.display
        assert screen.source.display
        sent = GameSession.new(read_scenario(path), engine, seed=0).context(parse("look around"))
        assert f"{sent.tokens} of {sent.limit} tokens for the prompt" in shown(app)
        seen = " ".join(shown(app).split())
        assert "You are Robin, a ferryman." in seen
        assert "> You look around." in seen

        # It follows the keys, and waits while the file cannot be played.
        await pick(pilot, "memory")
        await pilot.press("delete")
        await until(pilot, lambda: screen.current)
        assert "You are Robin" not in shown(app)
        await pilot.press("ctrl+t", "x", "enter")
        await until(pilot, lambda: screen.current and "waits until the errors" in shown(app))
        await pilot.press("backspace", "backspace")
        await until(pilot, lambda: screen.current and "Counted by" in shown(app))

        # Where there is less room it takes the place of the pane that has not the focus.
        await pilot.resize_terminal(120, 40)
        assert [screen.form.display, screen.source.display] == [False, True]
        await pilot.press("ctrl+t")
        assert [screen.form.display, screen.source.display] == [True, False]
        await pilot.press("ctrl+o")
        assert screen.source.display
        assert not screen.pane.display
        await pilot.resize_terminal(80, 24)
        await pilot.press("ctrl+o")
        assert [screen.form.display, screen.source.display] == [False, False]
        await pilot.press("escape")
        assert screen.form.has_focus


async def test_without_a_model_the_first_turn_is_estimated(tmp_path: Path) -> None:
    path = tmp_path / "ferry.yaml"
    path.write_text(FERRY)
    async with running(context(tmp_path, edit=path), (120, 40)) as (app, pilot):
        await until(pilot, lambda: isinstance(app.screen, ScenarioEditor))
        await pilot.press("ctrl+o")
        await until(pilot, lambda: editor(app).current and "Estimated" in shown(app))
        assert "of 944 tokens for the prompt, 80 kept for the reply" in shown(app)


async def test_cards_and_questions_come_and_go_by_keys_alone(tmp_path: Path) -> None:
    path = tmp_path / "ferry.yaml"
    text = FERRY.replace("  - name: The marsh", "  # Nobody owns it.\n  - name: The marsh  # mine")
    path.write_text(text)
    async with running(context(tmp_path, edit=path), (120, 40)) as (app, pilot):
        await until(pilot, lambda: isinstance(app.screen, ScenarioEditor))
        screen = editor(app)
        await until(pilot, lambda: screen.current and screen.look.fields)

        # A card: name, keys and text with Tab between them.
        await pilot.press("a")
        await until(pilot, lambda: isinstance(app.screen, PickScreen))
        await pilot.press("down", "enter")
        await until(pilot, lambda: isinstance(app.screen, CardEditor))
        for words in ("Oda", "ferrywoman"):
            await type_text(pilot, words)
            await pilot.press("tab")
        await type_text(pilot, "Oda rows.")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: app.screen is screen and screen.current)
        card = "\n  - name: Oda\n    keys: [ferrywoman]\n    text: Oda rows."
        lines = text.split("\n")
        last = lines.index("    text: Whoever names a thing aloud in the marsh calls it nearer.")
        assert screen.source.text == "\n".join(
            [*lines[: last + 1], *card.strip("\n").split("\n"), *lines[last + 1 :]]
        )

        # A known card begins with its name, and what is selected is written over.
        await pick(pilot, "cards", 2)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, CardEditor))
        await pilot.press("f7")
        await type_text(pilot, "Old Oda")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: app.screen is screen and screen.current)
        assert "  - name: Old Oda\n    keys: [ferrywoman]\n" in screen.source.text

        # A question, with a key that no other has; both are taken out again.
        await pilot.press("a")
        await until(pilot, lambda: isinstance(app.screen, PickScreen))
        await pilot.press("enter")
        await until(pilot, lambda: app.screen is screen and screen.current)
        added = "  - key: answer\n    ask: What do you answer?\n"
        assert added in screen.source.text
        for where in (("questions", 2, "ask"), ("cards", 2)):
            await pick(pilot, *where)
            await pilot.press("delete")
            await until(pilot, lambda: isinstance(app.screen, ChoiceScreen))
            await pilot.press("right", "enter")
            await until(pilot, lambda: app.screen is screen and screen.current)
        assert screen.source.text == text
        await pilot.press("escape")
        await pilot.pause()
    assert path.read_text() == text
