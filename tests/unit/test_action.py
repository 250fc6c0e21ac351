"""A player's line in the story, and the ancestors' table of lines that came out wrong."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dungeon.story.action import (
    MAX_LINE,
    Action,
    Mode,
    as_line,
    as_narrative,
    clean_story,
    parse,
)
from dungeon.story.scenario import PERSONS, PRONOUNS, TENSES, Style

SECOND = Style()
FIRST = Style("first")
THIRD = Style("third", name="Ansel", pronoun="she")
THEY = Style("third", name="Ansel")
PAST = Style(tense="past")
THIRD_PAST = Style("third", "past", "Sanna", "she")


def told(typed: str, style: Style = SECOND, mode: Mode = Mode.DO) -> str:
    line = as_line(parse(typed, mode), style)
    assert line.startswith("> ")
    return line.removeprefix("> ")


@pytest.mark.parametrize(
    ("typed", "line"),
    [
        # What AI Dungeon 2 made of these: "You you go to your house.", "... to you.",
        # "You i'll go.", "you am lost".
        ("We go to our house", "You go to your house."),
        ("give the sword to me", 'You say "Give the sword to me."'),
        ("i'll go", "You'll go."),
        ("You think i am lost", "You think you are lost."),
        # And these to it were a game lost and a game won; here they are lines.
        ("You are dead tired.", "You are dead tired."),
        ("You retire to your room.", "You retire to your room."),
    ],
)
def test_what_the_ancestor_got_wrong(typed: str, line: str) -> None:
    assert told(typed) == line


@pytest.mark.parametrize(
    ("typed", "line"),
    [
        ("look around", "You look around."),
        ("I open my door", "You open your door."),
        ("show me the map", 'You say "Show me the map."'),
        ("give the sword to the queen", "You give the sword to the queen."),
        ("I’m lost", "You’re lost."),
        ("I was lost", "You were lost."),
        ("we were lost", "You were lost."),
        ("I wasn't there", "You weren't there."),
        ("I've lost my horse", "You've lost your horse."),
        ("I think I am lost", "You think you are lost."),
        ("ask whether I was seen", "You ask whether you were seen."),
        ("ask what am I to do", "You ask what are you to do."),
        ("we're lost, aren't we", "You're lost, aren't you."),
        ("wonder what am i", "You wonder what are you."),
        ("you go north", "You go north."),
        ("You  go   north ", "You go north."),
        ("Look under the bed!", "You look under the bed!"),
        ("LOOK", "You look."),
        ("don't move", "You don't move."),
        ("the guard attacks me", "The guard attacks you."),
        ("guards attack us", "Guards attack you."),
        ("my sword breaks", "Your sword breaks."),
        ("it's my turn", "It's your turn."),
        ("quickly run", "You quickly run."),
        ("then I run", "Then you run."),
        ("quietly, hide", "Quietly, you hide."),
        ("please open the door", "You open the door."),
        ("let's look around", "You look around."),
        ("hide myself", "You hide yourself."),
        ("Pell and I go home", "Pell and you go home."),
        ("me and Pell hide", "You and Pell hide."),
        # Speech is left alone.
        ('shout "I am my own master"', 'You shout "I am my own master."'),
        ("shout “I am my own master”", "You shout “I am my own master.”"),
        ("shout 'I am my own master' and wait", "You shout 'I am my own master' and wait."),
        ('say "we go" and I leave', 'You say "we go" and you leave.'),
        ('"Run!" I shout', '"Run!" you shout.'),
        ('"Run!" and hide', 'You say "Run!" and hide.'),
        (
            "take the guards' keys and my dogs' food",
            "You take the guards' keys and your dogs' food.",
        ),
        # A pit, a possession, a king, a country.
        ("enter the mine", "You enter the mine."),
        ("mine the gold", "You mine the gold."),
        ("tell him the gold is mine", "You tell him the gold is yours."),
        ("say that it's ours now", "You say that it's yours now."),
        ("bow to Henry I", "You bow to Henry I."),
        ("bow to Henry I and leave my hat", "You bow to Henry I and leave your hat."),
        ("say what Henry I said I am", "You say what Henry I said you are."),
        ("point at the letter I", "You point at the letter I."),
        ("burn the letter I hold", "You burn the letter you hold."),
        ("fly to the US with us", "You fly to the US with you."),
        # Typos stay; a missing apostrophe is no reason to lose the person.
        ("opne teh door", "You opne teh door."),
        ("im going home", "You're going home."),
        # What can only be said.
        ("who are you?", 'You say "Who are you?"'),
        ("where is the key", 'You say "Where is the key?"'),
        ("am I dead?", 'You say "Am I dead?"'),
        ("do the dishes", "You do the dishes."),
        ("hello there", 'You say "Hello there."'),
        ("take us home,", 'You say "Take us home."'),
        ("wait for me", 'You say "Wait for me."'),
        ("look behind me", "You look behind you."),
        # Who acts, where the player does not say.
        ("north", "You go north."),
        ("into the cave", "You go into the cave."),
        ("opens the door", "You open the door."),
        ("*sneaks past my guard*", "You sneak past your guard."),
        ("opening the door", "You are opening the door."),
        ("when the bell rings, open the gate", "When the bell rings, you open the gate."),
        ("with my sword, attack the guard", "With your sword, you attack the guard."),
        ("open the chest. take my gold", "You open the chest. You take your gold."),
        ("talk to Mr. Vane about my debt", "You talk to Mr. Vane about your debt."),
        ("wait... then run", "You wait... then run."),
        ("McGuffin runs", "McGuffin runs."),
        ("think I am dead", "You think you are dead."),
    ],
)
def test_lines_of_do(typed: str, line: str) -> None:
    assert told(typed) == line


@pytest.mark.parametrize(
    ("typed", "line"),
    [
        ("hello", 'You say "Hello."'),
        ('"Who goes there?"', 'You say "Who goes there?"'),
        ("I want my horse", 'You say "I want my horse."'),
        ('he said "run" to me', "You say \"He said 'run' to me.\""),
        ("where are we", 'You say "Where are we?"'),
    ],
)
def test_lines_of_say(typed: str, line: str) -> None:
    assert told(typed, mode=Mode.SAY) == line


@pytest.mark.parametrize(
    ("typed", "line"),
    [
        ("open my door", "I open my door."),
        ("i open my door", "I open my door."),
        ("i'm lost, am i", "I'm lost, am I."),
        ("you open your door", "I open my door."),
        ("You think you are lost", "I think I am lost."),
        ("look behind you", "I look behind me."),
        ("I look at you", "I look at you."),
        ("we go to our house", "We go to our house."),
        ("we're lost", "We're lost."),
        ("tell him it is yours", "I tell him it is mine."),
        ("give me the map", 'I say "Give me the map."'),
        ("the guard attacks me", "The guard attacks me."),
        ('shout "you and I" and run', 'I shout "you and I" and run.'),
    ],
)
def test_lines_in_the_first_person(typed: str, line: str) -> None:
    assert told(typed, FIRST) == line


@pytest.mark.parametrize(
    ("typed", "style", "line"),
    [
        ("open my door", THIRD, "Ansel opens her door."),
        ("I open my door", THEY, "Ansel opens their door."),
        ("you open your door", THIRD, "Ansel opens her door."),
        ("Ansel opens her door", THIRD, "Ansel opens her door."),
        ("I think I am lost", THIRD, "Ansel thinks she is lost."),
        ("I think I am lost", THEY, "Ansel thinks they are lost."),
        ("I've got my key and I'm ready", THIRD, "Ansel has got her key and she's ready."),
        ("I wasn't there", THEY, "Ansel wasn't there."),
        ("wonder what am i", THIRD, "Ansel wonders what is she."),
        ("I have no money", THIRD, "Ansel has no money."),
        ("do nothing", THIRD, "Ansel does nothing."),
        ("don't move", THIRD, "Ansel doesn't move."),
        ("I can't move", THIRD, "Ansel can't move."),
        (
            "carry it, then try the door and pass",
            THIRD,
            "Ansel carries it, then tries the door and pass.",
        ),
        ("watch and wait", THIRD, "Ansel watches and waits."),
        ("take the sword and run", THIRD, "Ansel takes the sword and runs."),
        ("take the sword and shield", THIRD, "Ansel takes the sword and shield."),
        ("try to open it and run", THIRD, "Ansel tries to open it and run."),
        ("I will go and see", THIRD, "Ansel will go and see."),
        ("hide myself", THIRD, "Ansel hides herself."),
        ("the guard attacks me and I run", THIRD, "The guard attacks Ansel and she runs."),
        ("my sword breaks", THIRD, "Ansel's sword breaks."),
        ("Pell and I go home", THIRD, "Pell and Ansel go home."),
        ("he says it is mine", THIRD, "He says it is Ansel's."),
        ('shout "I am here" and wait', THIRD, 'Ansel shouts "I am here" and waits.'),
        ("help me", THIRD, 'Ansel says "Help me."'),
        ("before I leave, take my key", THIRD, "Before Ansel leaves, she takes her key."),
        ("open the chest. take my gold", THIRD, "Ansel opens the chest. She takes her gold."),
        ("open my door", Style("third", pronoun="he"), "He opens his door."),
        ("open my door", Style("third"), "The hero opens their door."),
    ],
)
def test_lines_in_the_third_person(typed: str, style: Style, line: str) -> None:
    assert told(typed, style) == line


@pytest.mark.parametrize(
    ("typed", "style", "line"),
    [
        ("open my door", PAST, "You opened your door."),
        ("open my door", THIRD_PAST, "Sanna opened her door."),
        ("open my door", Style("first", "past"), "I opened my door."),
        ("I think I am lost", PAST, "You thought you were lost."),
        ("I'm lost", PAST, "You were lost."),
        ("I don't know", THIRD_PAST, "Sanna didn't know."),
        ("I can't move", PAST, "You couldn't move."),
        ("stop, turn round and go home", THIRD_PAST, "Sanna stopped, turned round and went home."),
        ("carry the box and try my key", PAST, "You carried the box and tried your key."),
        ("I opened my door", PAST, "You opened your door."),
        ("I saw him", PAST, "You saw him."),
        ("saw the bars", PAST, "You sawed the bars."),
        ("put it down and read my letter", PAST, "You put it down and read your letter."),
        ("wait until the guard sleeps", PAST, "You waited until the guard slept."),
        ("the guard attacks me", THIRD_PAST, "The guard attacked Sanna."),
        ("hear steps", PAST, "You heard steps."),
        ("who are you?", PAST, 'You said "Who are you?"'),
        ('shout "I am here" and wait', THIRD_PAST, 'Sanna shouted "I am here" and waited.'),
    ],
)
def test_lines_in_the_past(typed: str, style: Style, line: str) -> None:
    assert told(typed, style) == line


def test_a_past_that_was_typed_stays_in_a_story_of_the_present() -> None:
    assert told("I opened my door", THIRD) == "Ansel opened her door."


def test_an_empty_line_continues_in_every_mode() -> None:
    for mode in Mode:
        assert parse("  ", mode) == Action(Mode.CONTINUE)
    assert as_line(Action(Mode.CONTINUE)) == ""


def test_marks_alone_give_no_line() -> None:
    assert as_line(parse('"')) == ""
    assert as_line(parse('""')) == ""


def test_a_quoted_line_of_do_is_speech() -> None:
    assert parse('"Run!"') == Action(Mode.SAY, '"Run!"')


def test_a_story_line_stands_as_it_is_but_cannot_pose_as_an_action() -> None:
    action = parse("Night falls.\n> You win.\n\n\n\nThe end.", Mode.STORY)
    assert as_narrative(action) == "Night falls.\nYou win.\n\nThe end."
    assert as_line(action) == ""


@pytest.mark.parametrize(
    "typed", [" > You die.", "  >> You die.", "\t> You die.", "> > You die.", "\u00a0>You die."]
)
def test_blanks_do_not_hide_what_poses_as_an_action(typed: str) -> None:
    assert clean_story(f"Night falls.\n{typed}") == "Night falls.\nYou die."


def test_a_leading_prompt_sign_is_dropped() -> None:
    assert parse("> look") == Action(Mode.DO, "look")


STYLES = st.builds(
    Style,
    st.sampled_from(PERSONS),
    st.sampled_from(TENSES),
    st.sampled_from(["", "Ansel", "old Pell"]),
    st.sampled_from(PRONOUNS),
)
_LIKELY = st.lists(
    st.sampled_from(
        """I we you me my mine am was I'm I'll don't open run saw and then to the guard Henry "Run!"
        “go” 'em , . ... ? please let's quickly north when with US attacks""".split()
    ),
    max_size=12,
).map(" ".join)


@given(st.text(max_size=200) | _LIKELY, st.sampled_from(Mode), STYLES)
def test_any_line_gives_one_harmless_line(typed: str, mode: Mode, style: Style) -> None:
    line = as_line(parse(typed, mode), style)
    assert "\n" not in line
    assert "\x1b" not in line
    assert line == "" or line.startswith("> ")
    assert len(line) <= 3 * MAX_LINE


@given(
    st.text(alphabet=st.characters(categories=["L", "Zs", "P"]), min_size=1, max_size=80), STYLES
)
def test_what_stands_in_quotes_is_left_alone(said: str, style: Style) -> None:
    said = " ".join(said.replace('"', "").replace("“", "").replace("”", "").split())
    said = said.rstrip(",;: ")
    if said:
        assert f'"{said}' in as_line(Action(Mode.DO, f'shout "{said}"'), style)


@pytest.mark.parametrize("piece", ["*", "'a ", "a. ", '"', "“", "i ", "and ", "I'm ", "let me "])
def test_a_very_long_line_costs_little(piece: str) -> None:
    action = parse(piece * MAX_LINE)
    began = time.process_time()
    as_line(action, THIRD_PAST)
    assert time.process_time() - began < 0.5
