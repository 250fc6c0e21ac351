"""A monkey at the keyboard: whatever it does, no exception, and the files hold the stories.

It begins at the title and is let loose on every screen, with a narrator that breaks now and
then and a disk that is full now and then. What it did not find by itself it is then led to, by the
shortest way: to stumble on the rarest screens took some four hundred steps. `MONKEY_SEED=7` plays
that seed; `MONKEY_STEPS=20000` lets it run that long.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from pathlib import Path

import pytest
from textual import events
from textual.command import CommandPalette
from textual.pilot import Pilot
from textual.screen import Screen

from dungeon.authoring.editable import EditedFile, look_over
from dungeon.authoring.new import template
from dungeon.engine.scripted import ScriptedEngine
from dungeon.errors import EngineError, SaveError
from dungeon.session import GameSession
from dungeon.storage.library import DamagedSave, list_saves
from dungeon.storage.story_file import StoryFile
from dungeon.story.story import Story
from dungeon.ui.app import DungeonApp
from dungeon.ui.screens.ask import AskScreen
from dungeon.ui.screens.card_editor import CardEditor
from dungeon.ui.screens.cards import CardsScreen
from dungeon.ui.screens.choice import ChoiceScreen
from dungeon.ui.screens.choose import ChooseScreen
from dungeon.ui.screens.context import ContextScreen
from dungeon.ui.screens.editor import EditorScreen
from dungeon.ui.screens.help import HelpScreen
from dungeon.ui.screens.models import ModelsScreen
from dungeon.ui.screens.name import NameScreen
from dungeon.ui.screens.odds import OddsScreen
from dungeon.ui.screens.pick import PickScreen
from dungeon.ui.screens.play import PlayScreen
from dungeon.ui.screens.replay import ReplayScreen
from dungeon.ui.screens.scenario_editor import ScenarioEditor
from dungeon.ui.screens.settings import SettingsScreen
from dungeon.ui.screens.setup import SetupScreen
from dungeon.ui.screens.title import TitleScreen
from dungeon.ui.screens.tree import TreeScreen
from tests.ui.support import ENTRIES, ROAD, Entry, context, running, until

STEPS = int(os.environ.get("MONKEY_STEPS", "60"))
SEED = int(os.environ.get("MONKEY_SEED", "1"))
KEYS = (
    "enter enter enter tab shift+tab up down left right home end pageup pagedown backspace "
    "ctrl+r ctrl+z ctrl+y ctrl+e ctrl+o ctrl+n ctrl+t ctrl+s ctrl+p ctrl+home ctrl+end ctrl+k "
    "ctrl+l ctrl+up ctrl+down ctrl+c shift+up f1 f2 f3 f4 f5 f6 f7 f8 f9 f11 escape escape "
    "escape a b space slash left_square_bracket right_square_bracket greater_than_sign ctrl+u "
    "ctrl+a ctrl+w delete shift+f12 f12 m ctrl+pageup ctrl+pageup ctrl+pagedown ctrl+b ctrl+s "
    "ctrl+d ctrl+f alt+m f16 f13 f14 f17 f22 f23 n 2 shift+f7 shift+f8 ctrl+s"
).split()
WAYS: dict[type[Screen[object]], list[str]] = {
    TitleScreen: "n n n c d l r e y x i s m w slash enter down tab f1 ctrl+p".split(),
    SetupScreen: "enter enter enter enter down escape".split(),
    PlayScreen: (
        "enter f20 enter enter ctrl+e ctrl+o ctrl+k ctrl+t ctrl+r f1 ctrl+p ctrl+l ctrl+b "
        "f14 f17 f22"
    ).split(),
    ScenarioEditor: "down enter right a ctrl+t x f8 ctrl+t delete ctrl+o escape".split(),
    EditorScreen: "x ctrl+s escape".split(),
    CardsScreen: "a e f m slash escape escape".split(),
    CardEditor: "x tab space ctrl+s escape".split(),
    ContextScreen: "m n x ctrl+s escape escape".split(),
    TreeScreen: "n n b f m r r slash up down left enter escape escape".split(),
    NameScreen: "x enter escape".split(),
    ChooseScreen: "right enter 2 escape".split(),
    OddsScreen: "right down s enter escape escape".split(),
    ReplayScreen: ["x"],
    SettingsScreen: "down down enter left right w delete escape".split(),
    ModelsScreen: "down enter p x escape escape".split(),
    AskScreen: "x enter escape".split(),
    PickScreen: "down enter escape".split(),
    HelpScreen: ["escape"],
    ChoiceScreen: "enter escape tab right".split(),
    CommandPalette: "down enter escape".split(),
}
"""Every screen, and the keys that lead from it to others."""
ROUTES: dict[type[Screen[object]], dict[type[Screen[object]], str]] = {
    TitleScreen: {
        SetupScreen: "n", ScenarioEditor: "w", SettingsScreen: "s", ModelsScreen: "m",
        AskScreen: "i", HelpScreen: "f1", CommandPalette: "ctrl+p",
    },
    SetupScreen: {PlayScreen: "enter"},
    PlayScreen: {
        EditorScreen: "ctrl+o", CardsScreen: "ctrl+k", ContextScreen: "ctrl+t",
        TreeScreen: "ctrl+b", ChooseScreen: "f14", OddsScreen: "f17", ReplayScreen: "f22",
        PickScreen: "f20", SettingsScreen: "ctrl+s", ModelsScreen: "f19", HelpScreen: "f1",
        CommandPalette: "ctrl+p", TitleScreen: "ctrl+l",
    },
    CardsScreen: {CardEditor: "a"},
    ScenarioEditor: {PickScreen: "a", ChoiceScreen: "delete"},
    TreeScreen: {NameScreen: "n", ChoiceScreen: "f"},
}  # fmt: skip
"""The key that leads from a screen to another, where nothing stands in the way."""
STRAYS = 0.25
"""How often the monkey does something else than it is led to."""
PASTES = (
    "[/]", "line\nline", "\x1b[31mred", "門の前", "x" * 5000, "/undo", "/retry", "/leave",
    "\u202ereversed", "e" + "\u0301" * 500, "", "> You fly.", "/filter",
)  # fmt: skip


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it writes is written here: the filter's list, exports, imported worlds."""
    monkeypatch.setenv("DUNGEON_WORDS", str(tmp_path / "words.txt"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)


def unreliable(chance: random.Random) -> ScriptedEngine:
    """Tells, and fails now and then, in ways expected and not."""
    replies: list[str | BaseException] = []
    for _ in range(10 * STEPS):
        throw = chance.random()
        if throw < 0.1:
            replies.append(EngineError("Out of memory."))
        elif throw < 0.15:
            replies.append(RuntimeError("unheard of"))
        elif throw < 0.2:
            replies.append("")
        else:
            replies.append("A bell rings far off. Then it is still.")
    return ScriptedEngine(replies=replies, tokens_per_second=400)


async def act(app: DungeonApp, pilot: Pilot[None], chance: random.Random) -> None:
    """One thing that a player could do, or a monkey."""
    throw = chance.random()
    if throw < 0.35:
        await pilot.press(chance.choice(WAYS[kind(app)]))
    elif throw < 0.8:
        await pilot.press(chance.choice(KEYS))
    elif throw < 0.88:
        if app.focused is not None:
            app.focused.post_message(events.Paste(chance.choice(PASTES)))
        await pilot.pause()
    elif throw < 0.93:
        await pilot.resize_terminal(chance.randint(1, 160), chance.randint(1, 50))
    else:
        across, down = chance.randrange(app.size.width), chance.randrange(app.size.height)
        await pilot.click(offset=(across, down), times=chance.choice((1, 1, 2)))


async def led(
    app: DungeonApp,
    pilot: Pilot[None],
    chance: random.Random,
    wanted: set[type[Screen[object]]],
    stays: int,
) -> None:
    """A step towards the nearest of the wanted screens.

    Args:
        stays: How many steps before this one led nowhere: a search takes the keys, say, or nothing
            is picked.
    """
    here = kind(app)
    if here is PlayScreen and (play := app.play_screen) is not None:
        # A key that a turn is in the way of leads nowhere; the narrator may also be gone.
        await until(pilot, lambda: app.screen is not play or play.phase != "generating")
    if chance.random() < STRAYS:
        await pilot.press(chance.choice(WAYS[here]))
    elif stays % 5 > 2:
        await pilot.press("escape" if stays % 5 == 3 else "down")
    else:
        await pilot.press(step_from(here, wanted) or "escape")


def step_from(here: type[Screen[object]], wanted: set[type[Screen[object]]]) -> str | None:
    """The first key of the shortest way from a screen to a wanted one; None where there is none."""
    first: dict[type[Screen[object]], str] = {}
    reached = [here]
    for screen in reached:
        for other, key in ROUTES.get(screen, {}).items():
            if other not in first and other is not here:
                first[other] = first.get(screen, key)
                reached.append(other)
    return next((first[screen] for screen in reached[1:] if screen in wanted), None)


def kind(app: DungeonApp) -> type[Screen[object]]:
    """Which of the screens is up."""
    return next(known for known in WAYS if isinstance(app.screen, known))


async def test_accept_36_a_monkey_breaks_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    print(f"again with MONKEY_SEED={SEED} MONKEY_STEPS={STEPS}")
    chance = random.Random(SEED)
    disk = random.Random(SEED + 1)
    save = StoryFile.save

    def full_now_and_then(self: StoryFile, story: Story) -> None:
        if disk.random() < 0.1:
            raise SaveError("The disk is full.", "Make room.")
        save(self, story)

    monkeypatch.setattr(StoryFile, "save", full_now_and_then)
    for entry in ENTRIES:
        (tmp_path / entry.path).write_text(template("The Gate"))
    options = context(tmp_path, unreliable(chance), read_scenario=lambda path: ROAD)
    seen: Counter[type] = Counter()
    async with running(options) as (app, pilot):
        await until(pilot, lambda: app.title_screen.scenarios and app.engine)
        for step in range(STEPS):
            seen[kind(app)] += 1
            await act(app, pilot, chance)
            assert app.is_running, f"it ended after {step + 1} steps"
        await pilot.resize_terminal(80, 24)
        # The story comes last, so that one is on the screen to be compared with its file.
        for screens in (WAYS.keys() - {PlayScreen}, {PlayScreen}):
            wanted = {screen for screen in screens if not seen[screen] or screen is PlayScreen}
            stays, before = 0, app.screen
            for _ in range(10 * STEPS):
                wanted.discard(kind(app))
                if not wanted:
                    break
                await led(app, pilot, chance, wanted, stays)
                assert app.is_running
                stays, before = (stays + 1 if app.screen is before else 0), app.screen
            assert not wanted, f"never reached: {[screen.__name__ for screen in wanted]}"
        play = app.play_screen
        assert play is not None
        for _ in range(50):
            # Whatever is over the story is left first: a choice among tellings, say.
            if app.screen is play:
                break
            await pilot.press("escape")
            if isinstance(app.screen, ChoiceScreen):
                await pilot.press("right", "enter")
            await pilot.pause()
        if play.plays_itself:
            await pilot.press("x")
        await until(pilot, lambda: play.phase == "idle" and play._queued is None)
        tree = play.session.story.tree
        shown = [node.id for node in play.transcript.nodes]
        assert shown == [node.id for node in tree.path()]
    monkeypatch.undo()
    summaries = list_saves(tmp_path / "saves")
    assert not [one for one in summaries if isinstance(one, DamagedSave)]
    if play.session.save_error is not None:
        return
    for one in summaries:
        again = GameSession.resume(one.path, ScriptedEngine(), read_only=True).story
        if again.seed == play.session.story.seed and list(again.tree) == list(tree):
            assert again.tree.head == tree.head
            assert again.memory == play.session.story.memory
            assert again.authors_note == play.session.story.authors_note
            break
    else:
        raise AssertionError("no file holds the story that was on the screen")


async def test_a_monkey_in_the_editor_loses_nothing(tmp_path: Path) -> None:
    chance = random.Random(SEED)
    path = tmp_path / "gate.yaml"
    path.write_text(template("The Gate"))
    entries = (Entry("gate", path, ROAD),)
    async with running(context(tmp_path, list_scenarios=lambda: entries)) as (app, pilot):
        await until(pilot, lambda: app.title_screen.scenarios and app.engine)
        for step in range(STEPS):
            if isinstance(app.screen, TitleScreen):
                await pilot.press("w")
            elif isinstance(app.screen, ScenarioEditor) and chance.random() < 0.5:
                await pilot.press(chance.choice(WAYS[ScenarioEditor]))
            else:
                await act(app, pilot, chance)
            assert app.is_running, f"it ended after {step + 1} steps"
        for _ in range(50):
            if isinstance(app.screen, TitleScreen):
                await pilot.press("w")
            if isinstance(app.screen, ScenarioEditor):
                break
            await pilot.press("escape")
            if isinstance(app.screen, ChoiceScreen):
                await pilot.press("right", "enter")
            await pilot.pause()
        editor = app.screen
        assert isinstance(editor, ScenarioEditor)
        # Form and problems are those of the text, and the file is what was read or saved last.
        await until(pilot, lambda: editor.current)
        assert editor.look == look_over(editor.source.text, "gate.yaml")
        assert EditedFile(path).text == editor._file.text
