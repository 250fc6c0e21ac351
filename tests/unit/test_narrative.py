"""From raw model text to a turn."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dungeon.story.narrative import draft, mend_quotes, sentences, trim
from dungeon.story.sentences import is_ended
from dungeon.text import clean


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        # The ancestors' two: the speech was destroyed, the text was lost.
        ('He says "Run." You', 'He says "Run."'),
        ('"Hello', '"Hello."'),
        # Back to the last whole sentence, never to nothing.
        ("The gate opens. Beyond it lies", "The gate opens."),
        ("The gate opens slowly and", "The gate opens slowly."),
        ("The gate opens slowly and you", "The gate opens slowly."),
        ("You and", ""),
        (
            "You step through the gate into the yard, where the",
            "You step through the gate into the yard.",
        ),
        ('"Stop!" the guard shouts. He lifts', '"Stop!" the guard shouts.'),
        ('"Run!" he says and', '"Run!" he says.'),
        ("Mr. Vane bows. You nod to", "Mr. Vane bows."),
        ("It costs 3.5 crowns. You", "It costs 3.5 crowns."),
        ("You wait... Nothing.", "You wait... Nothing."),
        ("Who is there? (A rat.) You", "Who is there? (A rat.)"),
        ("她走了。他留下", "她走了。"),
        # What is no narrative ends it.
        ("The door opens.\n> You go in.\nMore.", "The door opens."),
        ("The door opens.\nUser: hello", "The door opens."),
        ("The door opens.\n## How To Write", "The door opens."),
        ("The door opens. <|im_end|> More.", "The door opens."),
        ("The door opens.\n[Author's note: x]", "The door opens."),
        ("## Chapter", ""),
        # One sentence a line is a paragraph; speech keeps its line.
        ("You wait.\nA bell rings.\n\nNight.", "You wait. A bell rings.\n\nNight."),
        ('You wait.\n"Who is it?" he asks.', 'You wait.\n"Who is it?" he asks.'),
        # Odd output.
        ("", ""),
        ("  \n\n ", ""),
        ("\ufffd\ufffd", ""),
        ('"', ""),
        ("…", ""),
        ("\x1b[2JThe door\x07 opens.", "The door opens."),
        # Blank lines and repeats.
        ("One thing.\n\n\n\nAnother thing.", "One thing.\n\nAnother thing."),
        (
            "The rain falls on the roof. The rain falls on the roof. You listen.",
            "The rain falls on the roof. You listen.",
        ),
        (
            "The end of the end of the end of the end of the road. You stop.",
            "The end of the road. You stop.",
        ),
        ("No, no, no, no! You run.", "No, no, no, no! You run."),
        (
            "You see a door. You see a lamp. You see a cat. You see a",
            "You see a door. You see a lamp.",
        ),
        # Questions to the player, and to people.
        ("The hall is dark. What do you do?", "The hall is dark."),
        (
            "The hall is dark. What would you like to do next?\n\nYou go in. He dies.",
            "The hall is dark.",
        ),
        ("The hall is dark. Do you go left or right?", "The hall is dark."),
        ("The hall is dark. The choice is yours.", "The hall is dark."),
        ("The hall is dark. Who could live here?", "The hall is dark. Who could live here?"),
        ('"What do you do?" she asks.', '"What do you do?" she asks.'),
        ("What do you do?", ""),
        # What stands before the story.
        ("Narrator: The door opens.", "The door opens."),
        ("## The Gate\n\nThe door opens.", "The door opens."),
        ("**The Gate**\nThe *old* door __creaks__.", "The old door creaks."),
        ("- The door opens.", "The door opens."),
        ("1. Open the door.\n2. Run away.", ""),
        ("You can:\n1. Open the door.\n2. Run away.", ""),
        ("You: I open the door.", ""),
        (", and then he falls. You run.", "and then he falls. You run."),
        # Abbreviations, initials, numbers.
        ("You meet Dr. J. Vane at 5 p.m. sharp. He", "You meet Dr. J. Vane at 5 p.m. sharp."),
        ("No. You will not. It", "No. You will not."),
        ("Room No. 7 is open. You", "Room No. 7 is open."),
        ("You go in. There you meet Mr.", "You go in."),
        ("Plan B. You run. He", "Plan B. You run."),
        # Lines that belong apart.
        (
            "Dear Ansel,\nI have found it.\nYours,\nPell",
            "Dear Ansel,\nI have found it.",
        ),
        # Quotation marks.
        ('He said "go". "Where?" she asks.', 'He said "go". "Where?" she asks.'),
        ('"He said "run" to me."', "\"He said 'run' to me.\""),
        ('"Go. "Now."', '"Go." "Now."'),
        ('You nod. I see," he says.', 'You nod. "I see," he says.'),
        ('The door opens. "', "The door opens."),
        ("«Идите, сказал он", "«Идите, сказал он.»"),
        ("„Komm“, sagt er. Du gehst", "„Komm“, sagt er."),
        ('He says, "Go. She goes.', 'He says, "Go. She goes."'),
        ("“Come in,” she says. “Sit.", "“Come in,” she says. “Sit.”"),
    ],
)
def test_trim(raw: str, told: str) -> None:
    assert trim(raw) == told


def test_a_sentence_of_a_recent_turn_is_not_said_again() -> None:
    said = ["The old man looks at the sea. You wait."]
    raw = "The old man looks at the sea! A gull cries."
    assert trim(raw, said=said) == "A gull cries."


def test_nothing_but_repeats_is_nothing() -> None:
    said = ["The old man looks at the sea."]
    assert trim("The old man looks at the sea.", said=said) == ""


def test_short_sentences_may_come_again() -> None:
    assert trim("You wait. A bell rings.", said=["You wait."]) == "You wait. A bell rings."


@pytest.mark.parametrize(
    "again",
    ["The old man is looking at a sea.", "And the old man looked at the sea again."],
)
def test_nearly_the_same_sentence_counts_as_said(again: str) -> None:
    said = ["The old man looks at the sea. You wait."]
    assert trim(f"{again} A gull cries.", said=said) == "A gull cries."


def test_another_sentence_about_the_same_is_told() -> None:
    said = ["The old man looks at the sea."]
    raw = "The old man looks at the letter."
    assert trim(raw, said=said) == raw


def test_speech_stays_closed_when_its_first_or_last_sentence_is_dropped() -> None:
    said = ["The gate is shut at night."]
    raw = '"The gate is shut at night. Come with me," she says.'
    assert trim(raw, said=said) == '"Come with me," she says.'
    raw = 'She says, "Come with me. The gate is shut at night." You go.'
    assert trim(raw, said=said) == 'She says, "Come with me." You go.'


@pytest.mark.parametrize(
    ("raw", "line", "hero"),
    [
        ("You open the door. It creaks.", "open the door", ""),
        ("I open the door. It creaks.", "I open the door", ""),
        ("You opened the door. It creaks.", "open the door", ""),
        ("Old Pell opens the door. It creaks.", "open the door", "old Pell"),
        ('You say, "Who is there?" It creaks.', "Who is there?", ""),
    ],
)
def test_the_players_line_is_not_echoed(raw: str, line: str, hero: str) -> None:
    assert trim(raw, player_line=line, hero=hero) == "It creaks."


def test_an_answer_in_the_players_words_is_told() -> None:
    raw = "You open the door and see nothing."
    assert trim(raw, player_line="open the door") == raw


def test_text_that_the_model_ended_itself_keeps_its_last_words() -> None:
    assert trim("It is done. The king is dead at last", complete=True) == (
        "It is done. The king is dead at last."
    )


def test_a_draft_keeps_what_is_there() -> None:
    assert draft("\n The do") == "The do"


_SCRAPS = """You open the door . , " “ ” ' ‘ ’ ( ) [ ] * _ > # | < : ; — … ... ! ? 。 你 « Mr. A. 1.
- User: Narrator: What do you do? The end. <|im_end|> http://x He says, say said""".split()
PIECES = st.lists(
    st.sampled_from(
        [*_SCRAPS, "\n", "\n\n", " ", "  ", "You open the door.", "\u2028", "\0", "\ufffd", "\x1b["]
    ),
    max_size=40,
).flatmap(lambda pieces: st.sampled_from(["", " "]).map(lambda gap: gap.join(pieces)))


@given(
    st.text(max_size=200) | PIECES,
    st.lists(PIECES, max_size=2),
    st.sampled_from(["", "open the door", "say"]),
    st.booleans(),
)
def test_trim_is_total_and_settled(raw: str, said: list[str], line: str, complete: bool) -> None:
    told = trim(raw, said=said, player_line=line, complete=complete)
    assert told == clean(told).strip()
    assert "\ufffd" not in told
    assert "\n\n\n" not in told
    assert told == "" or is_ended(told)
    assert all(block.count('"') % 2 == 0 for block in told.split("\n\n"))
    assert trim(told) == told


@given(st.text(max_size=300) | PIECES)
def test_sentences_join_to_the_text(text: str) -> None:
    assert "".join(sentences(text)) == text


@given(st.text(alphabet=st.sampled_from('ab ".,\n“”'), max_size=60))
def test_mended_paragraphs_have_even_marks_and_stay(text: str) -> None:
    mended = mend_quotes(text)
    for block in mended.split("\n\n"):
        assert block.count('"') % 2 == 0
        assert block.count("“") == block.count("”")
    assert mend_quotes(mended) == mended


_WORST = [
    *". ! ? … a A. 你。 a\" \"a “a ”a 'a a' ( [ <a <| </ * *a _a # > Mr. you and, www. I'm".split(),
    *(
        "\n",
        "\n\nA\n",
        "- a\n",
        "1. a\n",
        "Q: a\n",
        "e\u0301",
        "\x1b[",
        "\ufffd",
        "\t",
        "x y z. q w. ",
    ),
    *(
        "the end of ",
        "You are you. ",
        "What do you do ",
        "so and now ",
        "do you ",
        "It is up to you ",
    ),
]


@pytest.mark.parametrize("piece", _WORST)
@pytest.mark.parametrize("gap", ["", " "])
def test_fifty_thousand_characters_of_anything_cost_little(piece: str, gap: str) -> None:
    # In seconds of the processor, so that a busy machine counts less.
    whole = f"The door opens. {(piece + gap) * 50_000}"[:50_000]
    began = time.process_time()
    told = trim(whole, said=[whole] * 3, player_line=whole[:4_000])
    assert time.process_time() - began < 0.3
    assert trim(told) == told
