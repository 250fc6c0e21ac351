"""Each form of other tools: told apart, read whole, and what has no home is told."""

from __future__ import annotations

import json
import time

import pytest

from dungeon.authoring import importers
from dungeon.authoring.importers import Draft, Kind
from dungeon.authoring.importers.product import scenario_text
from dungeon.authoring.reader import read
from dungeon.errors import DungeonError, ScenarioError
from dungeon.story.action import Action, Mode, as_line
from dungeon.story.generation import GenerationSettings
from dungeon.story.scenario import Card, Example, Scenario, Style
from dungeon.story.story import Story
from tests.unit.importers import samples

KINDS = {
    "AID_CARDS": Kind.AID_CARDS,
    "AID_LONE_CARD": Kind.AID_CARDS,
    "AID_SCENARIO": Kind.AID_SCENARIO,
    "AID_ADVENTURES": Kind.AID_ADVENTURES,
    "AETHER": Kind.AETHER_ROOM,
    "AID2_SAVE": Kind.AID2_SAVE,
    "AID2_STORIES": Kind.AID2_STORIES,
    "STORYBRO": Kind.STORYBRO,
    "TRACERY": Kind.TRACERY,
    "CLOVER_PROMPT": Kind.CLOVER_PROMPT,
    "CLOVER_SAVE": Kind.CLOVER_SAVE,
    "KOBOLD_V1": Kind.KOBOLD,
    "KOBOLD_V2": Kind.KOBOLD,
    "KOBOLD_ZIP": Kind.KOBOLD,
    "KOBOLD_LITE": Kind.KOBOLD,
    "KOBOLD_SHARE": Kind.KOBOLD_SHARE,
    "KOBOLD_LINK": Kind.KOBOLD_SHARE,
    "NAI_LOREBOOK": Kind.NAI_LOREBOOK,
    "NAI_SCENARIO": Kind.NAI_SCENARIO,
    "NAI_STORY_1": Kind.NAI_STORY,
    "NAI_STORY_2": Kind.NAI_STORY,
    "NAI_STORY_2_BARE": Kind.NAI_STORY,
    "WORLD_INFO": Kind.WORLD_INFO,
    "CARD_V1": Kind.CHARACTER,
    "CARD_V2": Kind.CHARACTER,
    "CARD_V3": Kind.CHARACTER,
    "CARD_PNG": Kind.CHARACTER,
    "CARD_PNG_Z": Kind.CHARACTER,
    "CARD_PNG_I": Kind.CHARACTER,
    "CHAT": Kind.CHAT,
}


def drafts(data: bytes, seed: int = 1) -> list[Draft]:
    return importers.drafts(importers.recognise(data), seed)


def one(data: bytes) -> Draft:
    (draft,) = drafts(data)
    return draft


def story_of(draft: Draft) -> Story:
    return draft.story("file", seed=1, created="2026-01-01T00:00:00+00:00")


def told(story: Story) -> list[tuple[str, str]]:
    return [(as_line(node.action), node.text) for node in story.tree.path()]


def beside(story: Story) -> list[tuple[str, str]]:
    path = {node.id for node in story.tree.path()}
    return [(as_line(n.action), n.text) for n in story.tree if n.id not in path]


def losses(draft: Draft) -> str:
    return "\n".join(draft.report.homeless)


def test_the_kind_is_found_from_the_content() -> None:
    assert KINDS.keys() == samples.ALL.keys()
    for name, data in samples.ALL.items():
        assert importers.recognise(data).kind is KINDS[name], name


@pytest.mark.parametrize("name", KINDS)
def test_every_scenario_passes_the_check_and_every_story_is_a_tree(name: str) -> None:
    for draft in drafts(samples.ALL[name]):
        scenario = draft.scenario("file")
        text, rest, _ = scenario_text(scenario, draft.report, "From a test.")
        reading = read(text.encode(), name)
        assert reading.scenario == scenario
        assert not rest
        assert not [problem for problem in reading.problems if problem.severity == "error"]
        story = story_of(draft)
        assert all(node.origin in ("imported", "opening") for node in story.tree)
        assert story.tree.root.text
        assert draft.report.carried


# -- AI Dungeon ------------------------------------------------------------------------------


def test_story_cards_keep_every_key_and_tell_of_their_notes() -> None:
    draft = one(samples.AID_CARDS)
    assert draft.scenario("lore").cards == (
        Card("Bram", "Bram shoes horses {{badly}}.", ("Bram", "the smith", "anvil")),
        Card("ford", "The ford is deep in spring.", ("ford",)),
    )
    assert draft.scenario("lore").title == "lore"
    assert "`type`, `description`, `useForCharacterCreation` of the cards" in losses(draft)
    assert "no opening" in losses(draft)


def test_a_lone_card_is_kept() -> None:
    assert one(samples.AID_LONE_CARD).cards == [
        Card("ford", "The ford is deep in spring.", ("ford",))
    ]


def test_questions_of_ai_dungeon_become_questions() -> None:
    draft = one(samples.AID_SCENARIO)
    scenario = draft.scenario("file")
    assert [(q.key, q.ask, q.default) for q in scenario.questions] == [
        ("trade", "Your trade", "tanner"),
        ("name", "What is your name?", "Robin"),
        ("ferryman", "Who is the ferryman?", ""),
    ]
    assert scenario.opening == "You are {name}, a {trade}. You stand at the ford. {name} shivers."
    assert scenario.memory == "The ferryman is called {ferryman}."
    assert scenario.summary == "A river, and {name} on the wrong side."
    assert (scenario.authors_note, scenario.tags) == ("Cold and wet.", ("river",))
    assert "1 branch to choose from" in losses(draft)
    assert "No default in the file for ferryman" in losses(draft)


def test_an_adventure_is_a_story_without_what_was_taken_back() -> None:
    draft = one(samples.AID_ADVENTURES)
    story = story_of(draft)
    assert told(story) == [
        ("", "You stand at the ford."),
        ("> You wade in.", "The water takes your hat."),
        ('> You say "Come back!"', "It does not."),
    ]
    assert story.tree.head.action == Action(Mode.SAY, "Come back!")
    assert (story.title, story.memory, story.authors_note) == ("Across", "It rains.", "Wet.")
    assert story.cards == (Card("ford", "Deep.", ("ford",)),)


def test_a_lone_adventure_is_kept_too() -> None:
    (inner,) = json.loads(samples.AID_ADVENTURES)["stories"]
    draft = one(samples.dump(inner))
    assert len(draft.cards) == 1
    assert len(story_of(draft).tree.path()) == 3
    assert len(drafts(samples.dump([inner, inner]))) == 2


def test_a_prompt_of_aetherroom() -> None:
    scenario = one(samples.AETHER).scenario("file")
    assert (scenario.title, scenario.opening, scenario.memory) == (
        "Kiln", "You open the kiln.", "It is hot.",
    )  # fmt: skip
    assert scenario.cards == (Card("kiln", "Brick.", ("kiln", "oven")),)


def test_an_ai_dungeon_2_save_keeps_its_possible_turns() -> None:
    story = story_of(one(samples.AID2_SAVE))
    assert told(story) == [
        ("", "You stand at a mill."),
        ("> You knock.", "Nobody answers."),
        ("> You wait.", "A dog barks."),
    ]
    assert beside(story) == [("> You run.", "You run away."), ("> You sit.", "You sit down.")]
    assert story.memory == "You are Ash."
    assert story.generation.temperature == 0.4


def test_story_data_gives_a_scenario_for_each_character() -> None:
    eeler, abbot = (draft.scenario("file") for draft in drafts(samples.AID2_STORIES))
    assert eeler.title == "Marsh: eeler"
    assert eeler.memory == "You are {name}, an eeler living in the salt marsh. You have a eel trap."
    assert eeler.opening == "You haul a trap out of the reeds and see…"
    assert abbot.opening == "You ring the bell."


def test_storybro_blocks_are_turns_and_pinned_ones_memory() -> None:
    story = story_of(one(samples.STORYBRO))
    assert told(story) == [
        ("", "You hear a bell."),
        ("> You go to the bell.", "It hangs in a tree."),
    ]
    assert (story.title, story.memory) == ("Bell", "You hear a bell.")


def test_a_grammar_asks_where_it_can_and_is_expanded_where_it_cannot() -> None:
    hermit, monk = (draft.scenario("file") for draft in drafts(samples.TRACERY, seed=3))
    assert hermit.memory == "You are {name}, a hermit who keeps an {beast}."
    assert [(q.key, q.choices) for q in hermit.questions] == [
        ("name", ()), ("beast", ("otter", "heron")),
    ]  # fmt: skip
    assert hermit.opening in {
        f"You wake and see {a} and {b}s…"
        for a in ("an otter", "a heron")
        for b in ("otter", "heron")
    } | {"You wake and see Otter and otter…", "You wake and see Heron and heron…"}
    assert monk.opening == "You pray."
    again = [draft.scenario("file") for draft in drafts(samples.TRACERY, seed=3)]
    assert again == [hermit, monk]
    openings = {drafts(samples.TRACERY, seed=n)[0].scenario("file").opening for n in range(12)}
    assert len(openings) > 1


def test_a_grammar_without_end_is_told() -> None:
    with pytest.raises(ScenarioError, match="never comes to an end"):
        drafts(samples.dump({"origin": ["#origin# #origin#"]}))


def test_a_grammar_may_name_a_rule_twice_and_nothing_else_may() -> None:
    draft = one(b'{"origin": ["You see #a#."], "a": ["x"], "a": ["fog"]}')
    assert draft.scenario("file").opening == "You see fog."
    assert "The rule `a` stands twice" in losses(draft)
    with pytest.raises(ScenarioError, match="'keys' twice"):
        importers.recognise(b'[{"keys": "a", "keys": "b", "value": "c"}]')


# -- Clover Edition --------------------------------------------------------------------------


def test_a_clover_prompt_is_memory_and_opening() -> None:
    scenario = one(samples.CLOVER_PROMPT).scenario("lamplighter")
    assert scenario.title == "lamplighter"
    assert scenario.memory == "You are a lamplighter called Ede."
    assert scenario.opening == "It is dusk. You take the pole and go out."


def test_a_clover_save_begins_with_its_prompt() -> None:
    story = story_of(one(samples.CLOVER_SAVE))
    assert told(story) == [
        ("", "It is dusk. The street is empty."),
        ("> You light a lamp.", "A moth comes."),
    ]
    assert story.memory == "You are Ede.\n\nEde fears moths."
    assert (story.generation.temperature, story.generation.repetition_penalty) == (0.21, 1.2)


# -- KoboldAI --------------------------------------------------------------------------------


def test_kobold_1_alternates_by_the_mark_and_keeps_alternatives() -> None:
    draft = one(samples.KOBOLD_V1)
    story = story_of(draft)
    assert told(story) == [
        ("", "You stand in a cellar."),
        ("> You strike a match.", "You see barrels."),
        ("", "One of them moves."),
    ]
    assert beside(story) == [("> You strike a match.", "The match breaks.")]
    assert [node.raw for node in story.tree.path()][-1] == " One of them moves."
    assert (story.memory, story.authors_note) == ("It is dark.", "Damp.")
    assert story.cards == (
        Card("Barrels", "Oak.", ("barrel", "cask")),
        Card("Cellar", "Cold.", ("cellar",), always=True),
    )


@pytest.mark.parametrize("data", [samples.KOBOLD_V2, samples.KOBOLD_ZIP], ids=["json", "zip"])
def test_kobold_2_keeps_options_and_what_was_taken_back(data: bytes) -> None:
    draft = one(data)
    story = story_of(draft)
    assert story.title == "Cellar"
    assert told(story) == [
        ("", "You stand in a cellar."),
        ("> You knock.", "Something knocks back."),
    ]
    assert beside(story) == [("> You knock.", "Nothing."), ("", "You faint.")]
    assert story.tree.can_redo
    assert [node.text for node in story.tree.siblings(story.tree.head.id)] == [
        "Something knocks back.", "Nothing.",
    ]  # fmt: skip
    assert "1 value in a form that only KoboldAI itself may read (alt_gen" in losses(draft)
    assert "second keys of 1 card" in losses(draft)


def test_kobold_lite_keeps_other_branches_and_what_is_switched_off_stays_off() -> None:
    draft = one(samples.KOBOLD_LITE)
    story = story_of(draft)
    assert told(story) == [
        ("", "You stand in a cellar."), ("> You knock.", "Nothing."), ("> You wait.", "Drip."),
    ]  # fmt: skip
    assert beside(story) == [
        ("> You knock.", "A bark."), ("> You knock.", "A cough."), ("", "Drip, drip."),
    ]  # fmt: skip
    assert story.cards == ()
    assert "1 entry was switched off" in losses(draft)
    assert "max_length 9000, which is outside 1 to 512" in losses(draft)
    assert (story.generation.temperature, story.generation.top_k) == (0.7, 50)


@pytest.mark.parametrize("data", [samples.KOBOLD_SHARE, samples.KOBOLD_LINK], ids=["json", "link"])
def test_a_shared_story(data: bytes) -> None:
    story = story_of(one(data))
    assert told(story) == [("", "You stand in a cellar."), ("> You knock.", "Nothing.")]
    assert (story.memory, story.authors_note) == ("Dark.", "Damp.")
    assert story.cards == (Card("cask", "Oak.", ("cask",)),)


# -- NovelAI ---------------------------------------------------------------------------------


def test_a_novelai_scenario_with_a_table_of_placeholders() -> None:
    draft = one(samples.NAI_SCENARIO)
    scenario = draft.scenario("file")
    assert scenario.opening == "I am {name}, and the {boat} is mine. {{Really.}}"
    assert [(q.key, q.ask, q.default) for q in scenario.questions] == [
        ("boat", "Your boat", "Gull"),
        ("name", "Your name", "Tor"),
    ]
    assert scenario.style == Style("first", "present")
    assert (scenario.memory, scenario.authors_note) == ("It is winter.", "Style: salty")
    assert (scenario.author, scenario.banned) == ("Somebody", ("suddenly",))
    assert (scenario.generation.temperature, scenario.generation.max_new_tokens) == (0.6, 60)
    assert scenario.generation.repetition_penalty == GenerationSettings().repetition_penalty
    assert "Ephemeral context" in losses(draft)
    assert "repetition penalty" in losses(draft)


def test_a_lorebook_keeps_every_key_and_honours_what_is_off_and_forced() -> None:
    draft = one(samples.NAI_LOREBOOK)
    assert draft.cards == [
        Card("Ola", "Ola mends nets.", ("ola", "net mender", "nets")),
        Card("Harbour", "The harbour is shut.", (), always=True),
        Card("Fog", "Fog.", ("Fog",)),
    ]
    assert "2 entries were switched off" in losses(draft)
    assert "1 key in the form of a regular expression" in losses(draft)
    assert "asked for two words at once" in losses(draft)


def test_a_story_of_the_first_editor_keeps_its_branches() -> None:
    story = story_of(one(samples.NAI_STORY_1))
    assert told(story) == [("", "I am Tor."), ("> You row.", "The oar breaks."), ("", "I swear.")]
    assert beside(story) == [("", "I laugh."), ("", "Nobody joins me.")]
    joke = next(node for node in story.tree if node.text == "Nobody joins me.")
    assert joke.parent is not None
    assert story.tree[joke.parent].text == "I laugh."


@pytest.mark.parametrize("bundle", [True, False])
def test_a_story_of_the_second_editor_is_unpacked(bundle: bool) -> None:
    draft = one(samples.nai_story_2(bundle))
    assert told(story_of(draft)) == [
        ("", "I am Tor \U0001f30a the rower."),
        ("> You row.", "The oar bends.\n\nI swear."),
    ]


# -- SillyTavern -----------------------------------------------------------------------------


def test_world_info_honours_constant_and_disable() -> None:
    draft = one(samples.WORLD_INFO)
    assert [(c.name, c.keys, c.always) for c in draft.cards] == [
        ("Lamp", ("lamp", "lantern"), False),
        ("House", (), True),
    ]
    assert "1 entry was switched off" in losses(draft)
    assert "came in by chance" in losses(draft)


@pytest.mark.parametrize(
    "data",
    [samples.CARD_V2, samples.CARD_PNG, samples.CARD_PNG_Z],
    ids=["json", "png", "deflated"],
)
def test_a_character_card(data: bytes) -> None:
    draft = one(data)
    scenario = draft.scenario("file")
    assert scenario.title == "Mira"
    assert scenario.opening == 'Mira looks up. You come in. "{name}," says Mira.'
    assert scenario.memory == (
        "Mira keeps bees. {name} is her tenant.\n\nMira's personality: dry\n\nA kitchen at dawn."
    )
    assert scenario.authors_note == "Keep it short."
    assert scenario.cards == (Card("Hives", "Mira has six hives.", ("hive", "bees")),)
    assert scenario.examples == (
        Example('say "Honey?"', 'She shrugs. "In the jar."\nIt is empty.'),
        Example('say "More?"', "No."),
    )
    assert (scenario.author, scenario.tags, scenario.summary) == (
        "Someone",
        ("bees",),
        "About bees.",
    )
    assert [question.key for question in scenario.questions] == ["name"]
    assert "1 other greeting" in losses(draft)
    assert "system prompt" in losses(draft)


@pytest.mark.parametrize("data", [samples.CARD_V3, samples.CARD_PNG_I], ids=["json", "png"])
def test_version_3_has_a_nickname_and_is_preferred_in_a_picture(data: bytes) -> None:
    scenario = one(data).scenario("file")
    assert scenario.title == "Mira"
    assert scenario.memory.startswith("Mi keeps bees.")


def test_a_chat_keeps_its_swipes() -> None:
    story = story_of(one(samples.CHAT))
    assert told(story) == [("", "You come in."), ('> You say "Honey?"', "She shrugs.")]
    assert beside(story) == [('> You say "Honey?"', "No.")]


# -- all of them -----------------------------------------------------------------------------


def test_thousands_of_cards_are_fast_and_none_is_lost() -> None:
    many = [
        {
            "keys": f"place {n}, spot {n}",
            "value": f"Place {n} is quiet. " * 60,
            "title": f"Place {n}",
        }
        for n in range(6000)
    ]
    data = samples.dump(many)
    began = time.process_time()
    draft = one(data)
    scenario = draft.scenario("atlas")
    text, rest, _ = scenario_text(scenario, draft.report, "")
    took = time.process_time() - began
    kept = read(text.encode(), "atlas").scenario
    assert kept is not None
    assert len(kept.cards) + len(rest) == 6000
    assert len(kept.cards) > 150
    assert "more than a scenario file can hold" in losses(draft)
    assert len(story_of(draft).cards) == 6000
    # Several times what it takes on two cores, and far below what one would wait for.
    assert took < 8


UNKNOWN = [
    b"",
    b"   \n",
    b"{}",
    b"[]",
    b"[1, 2]",
    b'{"a": 1}',
    b"\x00\x01\x02",
    b"\xff\xfea\x00",
    b"\x89PNG\r\n\x1a\n",
    b"PK\x03\x04",
    samples.picture(),
]


def test_an_opening_that_no_file_can_hold_is_told() -> None:
    draft = one(b"A line.\n" + b"It goes on. " * 30_000)
    with pytest.raises(ScenarioError, match="more than 256 KiB") as error:
        scenario_text(draft.scenario("long"), draft.report, "")
    assert "--as story" in error.value.hint
    assert len(story_of(draft).tree.root.text) > 300_000


@pytest.mark.parametrize("data", UNKNOWN, ids=repr)
def test_what_is_of_no_known_kind_is_told(data: bytes) -> None:
    with pytest.raises(DungeonError) as error:
        importers.recognise(data)
    assert error.value.hint


def test_our_own_files_are_told_apart() -> None:
    with pytest.raises(ScenarioError, match="a scenario of Dungeon already"):
        importers.recognise(b"dungeon: 1\ntitle: T\nopening: You wait.\n")
    with pytest.raises(ScenarioError, match="a story file of Dungeon already"):
        importers.recognise(b"SQLite format 3\0 and so on")


def test_text_passes_the_sanitiser() -> None:
    scenario = one(
        samples.dump([{"keys": "a\u202eb", "value": "x\x1b[2Jy", "title": "T\x07"}])
    ).scenario("n\x1b]0;x\x07ame")
    assert scenario.cards == (Card("T", "xy", ("ab",)),)
    assert scenario.title == "name"
    assert isinstance(scenario, Scenario)
