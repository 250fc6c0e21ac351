"""What each screen is for and which keys it has: for its help and for the palette."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from textual.screen import Screen

from dungeon.ui.commands import Command
from dungeon.ui.screens.cards import CardsScreen
from dungeon.ui.screens.choose import ChooseScreen
from dungeon.ui.screens.context import ContextScreen
from dungeon.ui.screens.editor import EditorScreen
from dungeon.ui.screens.models import ModelsScreen
from dungeon.ui.screens.odds import OddsScreen
from dungeon.ui.screens.play import PlayScreen
from dungeon.ui.screens.scenario_editor import ScenarioEditor
from dungeon.ui.screens.settings import SettingsScreen
from dungeon.ui.screens.setup import SetupScreen
from dungeon.ui.screens.title import TitleScreen
from dungeon.ui.screens.tree import TreeScreen


@dataclass(frozen=True, slots=True)
class Guide:
    """The help of one screen.

    Attributes:
        title: One line.
        how: A few sentences.
        keys: Keys and what they do, besides its commands'.
        after: Said below the keys; "" for nothing.
    """

    title: str
    how: str
    keys: tuple[tuple[str, str], ...] = ()
    after: str = ""


_PLAY = Guide(
    "How to play",
    "You are in a story, and the narrator is a language model on this machine. Type what you "
    "do, in your own words, and it tells what comes of it. Nothing is fixed beforehand, and "
    "nothing is lost: every turn, retry and change stays in the story file, which is saved "
    "after each turn.",
    (
        ("Enter", "Sends the line; an empty one lets the story go on."),
        ("Tab", "Changes what the line is: something you do, say, or a part of the story."),
        ("Up Down", "Brings back lines typed before."),
        ("^P", "Opens the palette: every command by name, and the themes."),
        ("PgUp PgDn", "Read back and forth in the story."),
        ("^Home ^End", "To the opening, and to the end."),
    ),
    "A command can be typed too, with a slash before it: /undo, /retry, /memory, /quit.",
)

GUIDES: Mapping[type[Screen[Any]], Guide] = {
    PlayScreen: _PLAY,
    TitleScreen: Guide(
        "The library",
        "On the left are the scenarios that a story can begin from, on the right the stories "
        "that you began. Pick one and press Enter. A story is saved after every turn, and goes "
        "on where it was left.",
        (
            ("Enter", "Plays what is picked."),
            ("Tab", "To the other list; so do Left and Right."),
            ("^P", "Opens the palette: every command by name, and the themes."),
            ("Esc", "Ends the search."),
        ),
    ),
    SetupScreen: Guide(
        "Before the story begins",
        "The scenario asks a few questions, and weaves the answers into the story. An empty "
        "answer takes what is offered.",
        (
            ("Enter", "Takes the answer."),
            ("Up Down", "Pick an answer where some are offered; you may type your own instead."),
            ("Esc", "One question back; from the first one to the title."),
        ),
    ),
    CardsScreen: Guide(
        "Cards",
        "A card is told to the narrator in a turn after one of its keys was said. Some are "
        "written by the author or by you; others the story keeps by itself. A ● marks those that "
        "the next turn sends.",
    ),
    SettingsScreen: Guide(
        "Settings",
        "Pick one and change it; it holds at once. Numbers of the narrator can be for this story "
        "alone, and then they stay with it; all others are for all stories. Beside each stands "
        "where its value comes from. What is for all stories is kept in settings.yaml.",
    ),
    ModelsScreen: Guide(
        "Models",
        "The narrator is one of these. Another can be fetched once, and can then take over in the "
        "middle of a story: every turn remembers who told it.",
    ),
    ContextScreen: Guide(
        "What the narrator sees",
        "Exactly what is sent for a turn, part by part, and how much of the model's window each "
        "takes. What had no room is named. Memory and note can be changed here, and the budget "
        "moves as you type.",
        (("Up Down", "Read back and forth."),),
    ),
    TreeScreen: Guide(
        "The tree",
        "Every turn that was ever told in this story, the opening on top. ● marks the path on the "
        "screen. Go to any turn, and the story goes on from there; the others stay.",
        (("Up Down", "Pick a turn."),),
    ),
    ChooseScreen: Guide(
        "Tellings side by side",
        "Your line told in several ways. Take one; the others stay beside it in the tree.",
    ),
    OddsScreen: Guide(
        "The odds of every word",
        "How likely the model found each word of the turn, and what else it might have said. Take "
        "another word, and the story branches there.",
    ),
    ScenarioEditor: Guide(
        "Writing a scenario",
        "The fields of the file are a form, and beside it is the file itself; in a narrow window "
        "one of the two is shown. Change either, the other follows. What is wrong or weak is "
        "listed below, with its line, while you write. Only the value that you change is written "
        "anew: your comments and the order of the fields stay.",
        (
            ("Up Down", "Pick a field; the text shows it."),
            ("Tab", "To the text, to the problems, and to the form."),
            ("^Z ^Y", "In the text: take a change back, a change of the form too, or redo it."),
            ("F7", "In the text: selects all of it."),
        ),
    ),
    EditorScreen: Guide(
        "Writing",
        "Change the text as you like; nothing holds until it is saved.",
        (
            ("^S F2", "Saves."),
            ("F7", "Selects all of it; what is typed then takes its place."),
            ("^Z ^Y", "Take a change back, or redo it."),
            ("Esc", "Leaves it as it was, after asking."),
        ),
    ),
}
"""The help of every screen that has its own; the others have that of the screen below."""


def guide_of(screens: Sequence[Screen[Any]]) -> tuple[Guide, tuple[Command, ...]]:
    """The help for what is on the screen: the topmost of `screens`, the last, that has one."""
    for screen in reversed(screens):
        for kind, guide in GUIDES.items():
            if isinstance(screen, kind):
                return guide, getattr(kind, "COMMANDS_HERE", ())
    return _PLAY, PlayScreen.COMMANDS_HERE
