"""A player's line in the story, and the ancestors' table of lines that came out wrong."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dungeon.story.action import Action, Mode, as_line, as_narrative, parse, as_sentence


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("look around", "You look around."),
        ("I open my door", "You open your door."),
        ("We go to our house", "You go to your house."),
        ("give the sword to me", 'You say "Give the sword to me."'),
        ("show me the map", 'You say "Show me the map."'),
        ("give the sword to the queen", "You give the sword to the queen."),
        ("i'll go", "You'll go."),
        ("I’m lost", "You're lost."),
        ("You think i am lost", "You think you are lost."),
        ("ask whether I was seen", "You ask whether you were seen."),
        ("you go north", "You go north."),
        ("You  go   north ", "You go north."),
        ("Look under the bed!", "You look under the bed!"),
        ("LOOK", "You look."),
        ("the guard attacks me", "The guard attacks you."),
        ("my sword breaks", "Your sword breaks."),
        ("quickly run", "You quickly run."),
        ("then I run", "Then you run."),
        ("enter the mine", "You enter the mine."),
        ("tell him the gold is mine", "You tell him the gold is yours."),
        ("hide myself", "You hide yourself."),
        ('shout "I am my own master"', 'You shout "I am my own master."'),
        ('say "we go" and I leave', 'You say "we go" and you leave.'),
        ("bow to Henry I", "You bow to Henry I."),
        ("think I am dead", "You think you are dead."),
        ("wonder what am i", "You wonder what are you."),
        ("take us home,", "You take you home."),
        ("wait...", "You wait..."),
        ("McGuffin runs", "You McGuffin runs."),
    ],
)
def test_lines_of_do(typed: str, told: str) -> None:
    assert as_sentence(typed, Style()) == told


@pytest.mark.parametrize(
    ("typed", "line"),
    [
        ("hello", '> You say "Hello."'),
        ('"Who goes there?"', '> You say "Who goes there?"'),
        ("I want my horse", '> You say "I want my horse."'),
        ('he said "run" to me', "> You say \"He said 'run' to me.\""),
    ],
)
def test_lines_of_say(typed: str, line: str) -> None:
    assert as_line(parse(typed, Mode.SAY)) == line


def test_an_empty_line_continues_in_every_mode() -> None:
    for mode in Mode:
        assert parse("  ", mode) == Action(Mode.CONTINUE)
    assert as_line(Action(Mode.CONTINUE)) == ""


def test_a_quoted_line_of_do_is_speech() -> None:
    assert parse('"Run!"') == Action(Mode.SAY, '"Run!"')


def test_a_story_line_stands_as_it_is_but_cannot_pose_as_an_action() -> None:
    action = parse("Night falls.\n> You win.\n\n\n\nThe end.", Mode.STORY)
    assert as_narrative(action) == "Night falls.\nYou win.\n\nThe end."
    assert as_line(action) == ""


def test_a_leading_prompt_sign_is_dropped() -> None:
    assert parse("> look") == Action(Mode.DO, "look")


@given(st.text(max_size=200), st.sampled_from(Mode))
def test_any_line_gives_one_harmless_line(typed: str, mode: Mode) -> None:
    line = as_line(parse(typed, mode))
    assert "\n" not in line
    assert "\x1b" not in line
    assert line == "" or line.startswith("> ")


@given(st.text(alphabet=st.characters(categories=["L", "Zs", "P"]), min_size=1, max_size=80))
def test_what_stands_in_quotes_is_left_alone(said: str) -> None:
    said = " ".join(said.replace('"', "").replace("“", "").replace("”", "").split())
    said = said.rstrip(",;: ")
    if said:
        assert f'"{said}' in as_sentence(f'shout "{said}"')
