"""From raw model text to a turn."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dungeon.story.narrative import draft, mend_quotes, sentences, trim


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        # The ancestors' two: the speech was destroyed, the text was lost.
        ('He says "Run." You', 'He says "Run."'),
        ('"Hello', '"Hello."'),
        # Back to the last whole sentence, never to nothing.
        ("The gate opens. Beyond it lies", "The gate opens."),
        ("The gate opens slowly and", "The gate opens slowly and."),
        (
            "You step through the gate into the yard, where the",
            "You step through the gate into the yard.",
        ),
        ('"Stop!" the guard shouts. He lifts', '"Stop!" the guard shouts.'),
        ('"Run!" he says and', '"Run!" he says and.'),
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
        # Quotation marks.
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


def test_the_players_line_is_not_echoed() -> None:
    assert trim("You open the door. It creaks.", player_line="open the door") == "It creaks."


def test_text_that_the_model_ended_itself_keeps_its_last_words() -> None:
    assert trim("It is done. The king is dead at last", complete=True) == (
        "It is done. The king is dead at last."
    )


def test_a_draft_keeps_what_is_there() -> None:
    assert draft("\n The do") == "The do"


@given(st.text(alphabet=st.sampled_from("aB .!?\"'”“…\n>[*|<)("), max_size=120))
def test_trim_is_total_and_settled(raw: str) -> None:
    told = trim(raw)
    assert told == told.strip()
    assert "\n\n\n" not in told
    assert told.count('"') % 2 == 0 or "\n" in told
    assert trim(told) == told or len(trim(told)) <= len(told)


@given(st.text(max_size=300))
def test_sentences_join_to_the_text(text: str) -> None:
    assert "".join(sentences(text)) == text


@given(st.text(alphabet=st.sampled_from('ab ".,\n'), max_size=60))
def test_mended_lines_have_even_marks(text: str) -> None:
    assert all(line.count('"') % 2 == 0 for line in mend_quotes(text).split("\n"))
