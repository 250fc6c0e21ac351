"""Lines as players of other games type them, and texts as models of every kind write them."""

from __future__ import annotations

import pytest

from dungeon.story.action import Mode, as_line, parse
from dungeon.story.narrative import trim
from dungeon.story.scenario import Style
from tests.clock import worked_within

SECOND = Style()
SANNA = Style("third", "past", "Sanna", "she")


def told(typed: str, style: Style = SECOND, mode: Mode = Mode.DO) -> str:
    return as_line(parse(typed, mode), style).removeprefix("> ")


@pytest.mark.parametrize(
    ("typed", "line", "past"),
    [
        # The short forms of text adventures.
        ("n", "You go north.", "Sanna went north."),
        ("i", "You look at what you carry.", "Sanna looked at what she carried."),
        ("x lamp", "You examine lamp.", "Sanna examined lamp."),
        ("LOOK UP", "You look up.", "Sanna looked up."),
        ("ATTACK THE ORC WITH MY AXE", "You attack the orc with your axe.",
         "Sanna attacked the orc with her axe."),
        # Whose it is, and who acts.
        ("take mine", "You take yours.", "Sanna took hers."),
        ("put mine next to his", "You put yours next to his.", "Sanna put hers next to his."),
        ("mine is bigger", "Yours is bigger.", "Sanna's was bigger."),
        ("mine for gold", "You mine for gold.", "Sanna mined for gold."),
        ("Anna and me run", "Anna and you run.", "Anna and Sanna ran."),
        ("you and I go home", "You go home.", "Sanna went home."),
        ("the US Army attacks us", "The US Army attacks you.", "The US Army attacked Sanna."),
        ("lets go", "You go.", "Sanna went."),
        ("lets go of the rope", "You let go of the rope.", "Sanna let go of the rope."),
        ("ill go", "You'll go.", "Sanna would go."),
        ("be quiet", "You are quiet.", "Sanna was quiet."),
        ("I'll be quiet", "You'll be quiet.", "Sanna would be quiet."),
        ("I think. Therefore I am.", "You think. Therefore you are.",
         "Sanna thought. Therefore she was."),
        ("to my surprise, I win", "To your surprise, you win.", "To Sanna's surprise, she won."),
        ("sitting down, I rest", "Sitting down, you rest.", "Sitting down, Sanna rested."),
        ('*draws my sword* "En garde!"', 'You draw your sword. "En garde!"',
         'Sanna drew her sword. "En garde!"'),
        ("(softly) I hum", "(softly) You hum.", "(softly) Sanna hummed."),
        ("Anna opened my door", "Anna opened your door.", "Anna opened Sanna's door."),
        ("wolves came for me", "Wolves came for you.", "Wolves came for Sanna."),
        ("Old Pell went home", "Old Pell went home.", "Old Pell went home."),
        ("quickly ran", "You quickly ran.", "Sanna quickly ran."),
        # What can only be said.
        ("I love you", 'You say "I love you."', 'Sanna said "I love you."'),
        ("I'm not afraid of you!", 'You say "I\'m not afraid of you!"',
         'Sanna said "I\'m not afraid of you!"'),
        ("you hurt me", 'You say "You hurt me."', 'Sanna said "You hurt me."'),
        ("kiss me", 'You say "Kiss me."', 'Sanna said "Kiss me."'),
        ("help!", 'You say "Help!"', 'Sanna said "Help!"'),
        ("maybe", 'You say "Maybe."', 'Sanna said "Maybe."'),
        ("don't be afraid", 'You say "Don\'t be afraid."', 'Sanna said "Don\'t be afraid."'),
        ("now what do I do", 'You say "Now what do I do?"', 'Sanna said "Now what do I do?"'),
    ],
)  # fmt: skip
def test_lines_of_do(typed: str, line: str, past: str) -> None:
    assert told(typed) == line
    assert told(typed, SANNA) == past


def test_in_the_first_person_you_is_somebody_else_and_no_line_is_only_said_for_it() -> None:
    assert told("I look at you", Style("first")) == "I look at you."


@pytest.mark.parametrize(
    ("typed", "line"),
    [
        ('"hi" she said', "You say \"'hi' she said.\""),
        ("“hello”", 'You say "Hello."'),
        ("*waves* hello", 'You wave. You say "Hello."'),
        ("WHO ARE YOU", 'You say "WHO ARE YOU?"'),
    ],
)
def test_lines_of_say(typed: str, line: str) -> None:
    assert told(typed, mode=Mode.SAY) == line


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        # What stands before the story.
        ("<|im_start|>assistant\nYou enter.<|im_end|>", "You enter."),
        ("[INST] go on [/INST] You go in.", "You go in."),
        ("```\nYou enter the cave.\n```", "You enter the cave."),
        ("```python\nprint('x')\n```\nYou go.", "You go."),
        ("Sure! Here is the next part of the story:\n\nYou enter.", "You enter."),
        ("Certainly! You enter the cave.", "You enter the cave."),
        ("Chapter 2: The Cave. You enter it.", "You enter it."),
        ("Here is the key. You take it.", "Here is the key. You take it."),
        ("Of course, you enter.", "Of course, you enter."),
        # No story at all.
        ("I'm sorry, but I can't help with that.", ""),
        ("As an AI language model, I cannot", ""),
        ("Option A: Go\nOption B: Stay", ""),
        ("a" * 3000, ""),
        ("You run. " + "No" * 200, "You run."),
        ("You", ""),
        ("the the the the the the the the the", ""),
        ("I can't help with the ropes. You go.", "I can't help with the ropes. You go."),
        # The end.
        ("You win! Game over. Restart? (y/n)", "You win!"),
        ('He shouts "Run!" and then', 'He shouts "Run!"'),
        ("Well... you know... it is", "Well... you know..."),
        ("You meet Mr.", "You meet."),
        # Marks of web pages.
        ("<b>You</b> go <i>in</i>.<br/>It is dark.", "You go in. It is dark."),
        ("&quot;Hi,&quot; she says. AT&amp;T rings.", '"Hi," she says. AT&T rings.'),
    ],
)
def test_trim(raw: str, text: str) -> None:
    assert trim(raw) == text
    assert trim(text) == text


def test_an_echo_of_the_players_line_is_no_new_action() -> None:
    raw = "> You open the door.\n\nA cat sits there. It"
    assert trim(raw, player_line="open the door") == "A cat sits there."
    assert trim(raw, player_line="wait") == ""


@pytest.mark.parametrize(
    "raw", ["```" * 3000, "<|" * 4000, "Sure! " * 2000, "&amp;" * 2000, "> \n" * 4000]
)
def test_time_grows_with_the_length(raw: str) -> None:
    with worked_within(1):
        trim(raw)
