"""Files that are a little odd, as real ones are: what can come over does."""

from __future__ import annotations

import errno
import json
from pathlib import Path
from typing import Any

import pytest

from dungeon.authoring import importers
from dungeon.authoring.importers.patterns import slashed, words_of
from dungeon.errors import ScenarioError
from dungeon.exchange import bring
from dungeon.files import write_new
from dungeon.story.action import Action, Mode
from dungeon.story.scenario import Card, Example, Question
from tests.unit.importers.test_families import beside, drafts, losses, one, story_of, told


def dump(data: Any) -> bytes:
    return json.dumps(data).encode()


# -- the player's lines ------------------------------------------------------------------------


def test_lines_of_the_player_inside_a_piece_are_turns() -> None:
    pieces = [
        " The waves rise.\n> You hold the mast\nThe mast breaks.\n\n> You swim\n",
        "You reach land.",
        "\n\n> \n\nSand.",
    ]
    story = story_of(one(dump({"gamestarted": True, "prompt": "At sea.", "actions": pieces})))
    assert told(story) == [
        ("", "At sea."),
        ("", "The waves rise."),
        ("> You hold the mast.", "The mast breaks."),
        ("> You swim.", "You reach land."),
        ("", "Sand."),
    ]


def test_an_opening_may_hold_turns_of_its_own() -> None:
    prompt = "> You wake\n\nIt is dark.\n\n> You rise\nYour head hurts."
    story = story_of(one(dump({"gamestarted": True, "prompt": prompt, "actions": ["It stops."]})))
    assert told(story) == [
        ("", "You wake.\n\nIt is dark."),
        ("> You rise.", "Your head hurts."),
        ("", "It stops."),
    ]


def test_an_adventure_whose_action_holds_several_turns() -> None:
    actions = [
        {"text": "You are here.", "type": "start"},
        {"text": "> You draw.\nIt sings.\n\n> You strike.\nIt hits.", "type": "continue"},
        {"text": "A bell rings. ", "type": "story"},
        {"text": "It is noon.", "type": "continue"},
    ]
    story = story_of(one(dump({"title": "T", "actions": actions})))
    assert [(node.action, node.text) for node in story.tree.path()[1:]] == [
        (Action(Mode.DO, "You draw."), "It sings."),
        (Action(Mode.DO, "You strike."), "It hits."),
        (Action(Mode.STORY, "A bell rings."), "It is noon."),
    ]


def novel(fragments: list[tuple[str, str]], blocks: list[tuple[str, str, int]] = []) -> bytes:  # noqa: B006
    """A story of NovelAI's first editor; a block is its text, its origin and the one before."""
    ends: list[int] = []
    made = []
    for text, origin, before in blocks:
        start = ends[before] if before >= 0 else 0
        ends.append(start + len(text))
        made.append(
            {"prevBlock": before, "startIndex": start, "endIndex": start,
             "dataFragment": {"data": text, "origin": origin}}
        )  # fmt: skip
    story = {
        "fragments": [{"data": text, "origin": origin} for text, origin in fragments],
        "datablocks": made,
        "currentBlock": 2,
    }
    return dump({"storyContainerVersion": 1, "metadata": {}, "content": {"story": story}})


def test_a_line_and_its_answer_are_one_turn_in_novelai_too() -> None:
    fragments = [
        ("At the fen.\n", "prompt"),
        ("> You walk in.\n", "user"),
        ("Mud takes your boots.\n", "ai"),
        ("Somewhere a dog barks.", "user"),
        (" Another answers.", "ai"),
    ]
    story = story_of(one(novel(fragments)))
    assert [(node.action, node.text) for node in story.tree.path()[1:]] == [
        (Action(Mode.DO, "You walk in."), "Mud takes your boots."),
        (Action(Mode.STORY, "Somewhere a dog barks."), "Another answers."),
    ]


def test_another_answer_of_novelai_is_another_version_of_the_turn() -> None:
    blocks = [
        ("A hall.", "prompt", -1),
        ("\n> You sing.\n", "user", 0),
        ("The hall listens.", "ai", 1),
        ("Silence.", "ai", 1),
    ]
    story = story_of(one(novel([], blocks)))
    assert told(story) == [("", "A hall."), ("> You sing.", "The hall listens.")]
    assert beside(story) == [("> You sing.", "Silence.")]


# -- KoboldAI and Lite -------------------------------------------------------------------------


def test_alternatives_in_a_list_are_kept() -> None:
    metadata = [
        {"Selected Text": "\n> light torch\n", "Alternative Text": []},
        {"Selected Text": "It flares.", "Alternative Text": [{"Text": "It is wet."}]},
    ]
    pieces = ["\n> light torch\n", "It flares."]
    data = {"gamestarted": True, "prompt": "A cave.", "actions": pieces,
            "actions_metadata": metadata}  # fmt: skip
    assert beside(story_of(one(dump(data)))) == [("> You light torch.", "It is wet.")]


def test_lite_keeps_its_people_and_loses_its_pictures() -> None:
    data = {
        "gamestarted": True,
        "prompt": "{{user}} wakes.",
        "memory": "{{User}} is a thief, {{ char }} a guard.",
        "actions": ["\n\n> look\n\n", "Cold. [<|p|12|p|>]"],
        "worldinfo": [
            {"key": "crypt", "content": "Of {{char}}.", "probability": "50", "keyanti": "sun"}
        ],
        "savedsettings": {"opmode": 2, "chatname": "Ash", "chatopponent": "Orr||$||Pell"},
    }
    draft = one(dump(data))
    story = story_of(draft)
    assert told(story) == [("", "Ash wakes."), ("> You look.", "Cold.")]
    assert story.memory == "Ash is a thief, Orr a guard."
    assert story.cards == (Card("crypt", "Of Orr.", ("crypt",)),)
    for what in ("1 picture", "came in by chance", "kept 1 card out"):
        assert what in losses(draft)


@pytest.mark.parametrize(
    ("settings", "asked", "answered"),
    [
        ({"opmode": 4}, "{{[INPUT]}}Who is she?\n{{[OUTPUT]}}", "A queen."),
        ({"opmode": 4}, "\n### Instruction:\nWho is she?\n### Response:\n", "A queen."),
        (
            {"opmode": 4, "instruct_starttag": "\\n[U]", "instruct_endtag": "[/U]\\n"},
            "\n[U]Who is she?[/U]\n",
            "A queen.",
        ),
        (
            {"opmode": 3, "chatname": "Al", "chatopponent": "Bot"},
            "\nAl: Who is she?",
            "\nBot: A queen.",
        ),
    ],
)  # fmt: skip
def test_every_mode_of_lite_tells_lines_from_answers(
    settings: dict[str, Any], asked: str, answered: str
) -> None:
    data = {"gamestarted": True, "prompt": "A hall.", "actions": [asked, answered],
            "savedsettings": settings}  # fmt: skip
    assert told(story_of(one(dump(data)))) == [
        ("", "A hall."),
        ('> You say "Who is she?"', "A queen."),
    ]


def test_numbers_and_truths_that_are_written_as_text_count() -> None:
    data = {
        "gamestarted": "true",
        "prompt": "You count.",
        "actions": ["One.", 2, None, "Three."],
        "worldinfo": [
            {"key": 7, "content": "Seven.", "constant": "true"},
            {"key": ["eight", 8], "content": 8},
            {"key": "", "content": ""},
        ],
        "savedsettings": {"temperature": "0.7"},
    }
    draft = one(dump(data))
    story = story_of(draft)
    assert [text for _, text in told(story)] == ["You count.", "One.", "2", "Three."]
    assert story.cards == (
        Card("7", "Seven.", ("7",), always=True),
        Card("eight", "8", ("eight", "8")),
    )
    assert story.generation.temperature == 0.7
    assert not draft.report.homeless


def test_a_save_without_a_story_begins_at_the_stand_in() -> None:
    draft = one(dump({"gamestarted": False, "prompt": "", "memory": "", "actions": []}))
    assert [text for _, text in told(story_of(draft))] == [
        "You stand at the beginning. Nothing has been told yet."
    ]
    assert "a stand-in is written" in losses(draft)
    assert not draft.report.carried


# -- world info and cards ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("/dragons?/i", ("dragon", "dragons")),
        (r"/\b(fence|buyer)s?\b/i", ("fence", "fences", "buyer", "buyers")),
        (r"/(?<!\w)queen\s+maro(?!\w)/", ("queen maro",)),
        ("/gr[ae]y|grizzled/", ("gray", "grey", "grizzled")),
        ("/high[ -]?elf/", ("highelf", "high elf", "high-elf")),
        (r"/c\+\+/", ("c++",)),
        ("/a.*b/", ()),
        ("/[a-z]x/", ()),
        ("/(?=x)y/", ()),
        ("/(a|b|c)(a|b|c)(a|b|c)/", ()),
        ("/a++/", ()),
        ("/(/", ()),
        ("/x)/", ()),
        (f"/{'(' * 300}/", ()),
        ("dragon", ()),
    ],
)
def test_a_pattern_becomes_the_words_for_which_it_stands(key: str, words: tuple[str, ...]) -> None:
    assert words_of(slashed(key)) == words


def test_keys_that_are_patterns_are_words_here_and_the_report_tells() -> None:
    entries = [
        {"keys": ["wyrm", "/dragons?/i"], "content": "They sleep.", "comment": "Dragons"},
        {"keys": ["els[ea]"], "content": "Else.", "use_regex": True, "comment": "Else"},
        {"keys": ["/a.*b/", "b"], "content": "B.", "comment": "B"},
        {"keywords": ["Ann", "smith"], "entry": "Ann is a smith.", "name": "Ann"},
        {"keys": ["x"], "content": "@@depth 4\n@@activate\nHere.", "comment": "Here"},
        {"keys": ["off"], "content": "Off.", "enabled": "false"},
    ]
    draft = one(dump({"name": "Book", "entries": entries}))
    assert draft.cards == [
        Card("Dragons", "They sleep.", ("wyrm", "dragon", "dragons")),
        Card("Else", "Else.", ("else", "elsa")),
        Card("B", "B.", ("b",)),
        Card("Ann", "Ann is a smith.", ("Ann", "smith")),
        Card("Here", "Here.", ("x",), always=True),
    ]
    assert draft.report.carried == ["5 cards (1 of them always in the context)."]
    for what in (
        "2 regular expressions among",
        "1 key in the form",
        "Decorators",
        "1 entry was sw",
    ):
        assert what in losses(draft)


def test_macros_of_a_card_are_filled_drawn_or_told_of() -> None:
    card = {
        "name": "Mira",
        "description": "{{Char}} knows {{uSeR}}. {{random:{{user}},{{user}}}} waits.{{// a note}}",
        "first_mes": "**Listen!**{{newline}}It rains. *{{char}} waves at you.* {{time}}",
        "mes_example": "<start>\n{{user}}: hey\n{{char}}: ho",
    }
    draft = one(dump(card))
    scenario = draft.scenario("file")
    assert scenario.memory == "Mira knows {name}. {name} waits."
    assert scenario.opening == "Listen!\nIt rains. Mira waves at you. {{{{time}}}}"
    assert scenario.examples == (Example('say "hey"', "ho."),)
    assert "1 text drawn by lot" in losses(draft)
    assert "nothing here knows, which stand in the text: `{{time}}`" in losses(draft)


def test_the_character_of_world_info_without_one_is_asked_for() -> None:
    entry = {"key": ["vell"], "content": "{{user}} and {{char}} live there."}
    scenario = one(dump({"entries": {"0": entry}})).scenario("file")
    assert scenario.cards[0].text == "{name} and {other} live there."
    assert scenario.questions[1] == Question("other", "What is the other one's name?", "Alex")


def test_the_player_is_not_whom_a_card_tells_of() -> None:
    card = {"name": "Mira", "description": "Tall.", "first_mes": "She nods. Her lamp is lit."}
    style = one(dump(card)).scenario("file").style
    assert (style.person, style.pronoun) == ("second", "they")


def test_a_report_tells_of_no_opening_that_is_not_there() -> None:
    draft = one(dump({"spec": "chara_card_v2", "data": {"name": "Ann", "first_mes": None}}))
    assert draft.report.carried == ["Name as title."]


def test_a_chat_keeps_names_and_what_is_done() -> None:
    lines: list[dict[str, Any]] = [
        {"user_name": "Bo", "character_name": "Ann"},
        {"name": "Ann", "is_user": False, "mes": "*{{char}} waves.* Hello, {{user}}!"},
        {"name": "Bo", "is_user": True, "mes": '*I bow.* "Well met."'},
        {"name": "Ann", "is_user": False, "mes": '"Well met!"'},
        {"name": "Bo", "is_user": True, "mes": "Where is the key?"},
        {"name": "Ann", "is_user": False, "mes": "Here."},
    ]
    story = story_of(one(b"\n".join(map(dump, lines))))
    assert told(story) == [
        ("", "Ann waves. Hello, Bo!"),
        ('> You bow. "Well met."', '"Well met!"'),
        ('> You say "Where is the key?"', "Here."),
    ]


# -- AI Dungeon --------------------------------------------------------------------------------


def test_each_branch_of_a_scenario_is_a_scenario() -> None:
    options = [
        {"title": "Knight", "prompt": "You are a knight.", "memory": "A horse."},
        {"title": "Mage", "options": [{"title": "Old", "prompt": "You are an old mage."}]},
        {"title": "Nothing"},
    ]
    data = {"title": "The Ford", "prompt": "", "memory": "It rains.", "options": options}
    made = [draft.scenario("file") for draft in drafts(dump(data))]
    assert [(scenario.title, scenario.opening, scenario.memory) for scenario in made] == [
        ("The Ford: Knight", "You are a knight.", "A horse."),
        ("The Ford: Mage: Old", "You are an old mage.", "It rains."),
    ]


def test_the_same_question_is_asked_once_and_a_colon_is_no_default() -> None:
    data = {
        "title": "T",
        "prompt": "${What is your name?} ${what is your  name ?} ${Choose: a knight or a thief?}",
        "memory": "${Enter your name:}",
    }
    scenario = one(dump(data)).scenario("file")
    assert [(q.ask, q.default) for q in scenario.questions] == [
        ("What is your name?", "Robin"),
        ("Choose: a knight or a thief?", ""),
        ("Enter your name:", "Robin"),
    ]


# -- files -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"<!DOCTYPE html><html><body>404</body></html>", "it is a web page"),
        (b'{"entries": {}}', "nothing in it"),
        (b"[]", "nothing in it"),
    ],
)
def test_what_is_no_file_of_any_tool(data: bytes, reason: str) -> None:
    with pytest.raises(ScenarioError, match=reason):
        importers.recognise(data)


def test_a_character_in_yaml() -> None:
    text = b"name: Chi\ngreeting: '*Chi strides in.* You nod at {{char}}.'\ncontext: Chi is tall.\n"
    scenario = one(text).scenario("file")
    assert (scenario.title, scenario.memory) == ("Chi", "Chi is tall.")
    assert scenario.opening == "Chi strides in. You nod at Chi."


@pytest.mark.parametrize(
    ("name", "title"),
    [("the_salt-road.json", "The salt road"), ("Vell v2.json", "Vell v2"), ("Höhle.json", "Höhle")],
)
def test_a_title_from_a_name_is_one_that_is_read(tmp_path: Path, name: str, title: str) -> None:
    path = tmp_path / name
    path.write_bytes(dump([{"keys": "a", "value": "b", "title": "c"}]))
    (brought,) = bring(path)
    assert brought.scenario is not None
    assert brought.scenario.title == title


@pytest.mark.parametrize(
    ("opening", "person", "pronoun"),
    [
        ("The cave is dark.", "second", "they"),
        ("Niko raises his tail. The snow falls on him.", "third", "he"),
        ("He sees her.", "third", "they"),
    ],
)
def test_whom_an_opening_tells_of(opening: str, person: str, pronoun: str) -> None:
    style = one(dump({"gamestarted": True, "prompt": opening, "actions": []})).scenario("f").style
    assert (style.person, style.pronoun) == (person, pronoun)


def test_nothing_is_left_of_a_file_that_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(number: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("dungeon.files.os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_new(tmp_path / "gate.yaml", "dungeon: 1\n")
    assert not list(tmp_path.iterdir())
