"""What left the window comes back: planted names and items, goals, and old turns."""

from __future__ import annotations

import random
import re
from dataclasses import replace

import pytest

from dungeon.story.action import Action, Mode, parse
from dungeon.story.chronicle import Chronicle, unknown
from dungeon.story.context import ChatForm, Context, ContextBuilder, Shape
from dungeon.story.facts import mentions
from dungeon.story.recall import Index, query_of, telling
from dungeon.story.scenario import Card, Scenario
from dungeon.story.story import Story, begin
from dungeon.story.tree import Node

CHATML = ChatForm(
    "<|im_start|>system\n", "<|im_start|>user\n", "<|im_start|>assistant\n", "<|im_end|>\n"
)
SHAPES = {"plain-1024": Shape(1024), "chat-2048": Shape(2048, CHATML)}

# The turn that plants it; what the player says much later; what must then be in the context.
PLANTS = (
    (
        "wait",
        'A ferryman named Odo Brack spits in the water. "No boats," he says.',
        "ask for Odo",
        "ferryman named Odo Brack",
    ),
    (
        "search the desk",
        "In the last drawer you find a brass whistle on a bootlace.",
        "blow the whistle",
        "brass whistle on a bootlace",
    ),
    (
        "follow the road",
        "The road ends at the drowned mill, where nobody has ground corn for years.",
        "go back to the mill",
        "the drowned mill",
    ),
    (
        "/say I will",
        "The abbess looks up. You must carry the silver bell to Hollin before the thaw.",
        "think about my promise",
        "silver bell to Hollin",
    ),
    (
        "greet the stranger",
        "She bows. Her name is Tamsin Vole, and she mends clocks.",
        "look for Tamsin",
        "mends clocks",
    ),
    (
        "open the box",
        "Under the straw lies a glass eye, blue as milk.",
        "hold up the glass eye",
        "glass eye, blue as milk",
    ),
    (
        "listen at the door",
        "Two voices argue about somebody called Perrin, who has sold the map twice.",
        "ask who has heard of Perrin",
        "sold the map twice",
    ),
    (
        "buy bread",
        "The baker's daughter slips you a folded letter with the loaf.",
        "read the letter",
        "a folded letter with the loaf",
    ),
    (
        "climb",
        "From the ridge you see Castle Merrow, and smoke above its northern tower.",
        "set out for Merrow",
        "smoke above its northern tower",
    ),
    (
        "pet the dog",
        "The three-legged dog follows you now; the carter says it answers to Biscuit.",
        "whistle for Biscuit",
        "answers to Biscuit",
    ),
)

_WHO = ("the wind", "a cart", "the rain", "an old song", "the crowd", "a lamp", "the frost")
_DOES = ("moves along", "comes down", "hangs over", "passes", "settles on", "drifts across")
_WHERE = ("the wall", "the road", "the roofs", "the long field", "the bank", "the steps")
_AFTER = ("Nobody speaks.", "You keep walking.", "It grows colder.", "Somewhere a door shuts.")


def filler(chance: random.Random) -> str:
    pieces = [
        f"{chance.choice(_WHO).capitalize()} {chance.choice(_DOES)} {chance.choice(_WHERE)}, "
        f"and {chance.choice(_WHO)} {chance.choice(_DOES)} {chance.choice(_WHERE)}."
        for _ in range(3)
    ]
    return " ".join([*pieces, chance.choice(_AFTER)])


def count(text: str, special: bool) -> int:
    return 1 if special else len(re.findall(r"\w+|[^\w\s]|\n", text))


def planted() -> Story:
    """Sixty turns; one of the first thirty in three plants something."""
    chance = random.Random(7)
    scenario = Scenario(title="T", opening="You set out at first light.", memory="It is winter.")
    story = begin(scenario, title="", seed=1, created="")
    plants = iter(PLANTS)
    for turn in range(60):
        line, text = (
            next(plants)[:2] if turn % 3 == 1 and turn < 30 else ("walk on", filler(chance))
        )
        grow(story, line, text)
    return story


def grow(story: Story, line: str, text: str) -> None:
    tree = story.tree
    action = parse(line.removeprefix("/say "), Mode.SAY if line.startswith("/say") else Mode.DO)
    tree.add(Node(tree.next_id, tree.head.id, action, text))


def build(story: Story, line: str, shape: Shape) -> Context:
    return ContextBuilder().build(story, story.tree.head.id, parse(line), shape, count)


def text_of(context: Context, *kinds: str) -> str:
    return "\n".join(segment.text for segment in context.segments if segment.kind in kinds)


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_what_was_planted_comes_back_after_it_left_the_window(shape: Shape) -> None:
    story = planted()
    back = []
    for _, _, line, wanted in PLANTS:
        context = build(story, line, shape)
        assert wanted not in text_of(context, "history", "recent", "cue"), "it never left"
        back.append(wanted in text_of(context, "recall"))
    assert sum(back) >= 9, [plant[2] for plant, came in zip(PLANTS, back, strict=True) if not came]


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_nothing_comes_back_where_it_is_switched_off(shape: Shape) -> None:
    story = planted()
    story.automatic = False
    context = build(story, "ask for Odo", shape)
    assert "Odo Brack" not in context.prompt
    assert context.noticed == ()


def test_it_stays_within_its_share() -> None:
    story = planted()
    for line in (plant[2] for plant in PLANTS):
        context = build(story, f"{line} and Odo and the whistle and the mill", Shape(1024))
        tokens = sum(segment.tokens for segment in context.segments if segment.kind == "recall")
        assert 0 < tokens <= context.limit / 4


def test_an_undo_takes_facts_back_and_a_new_builder_finds_the_same() -> None:
    story, builder = planted(), ContextBuilder()
    at_end = builder.build(story, story.tree.head.id, parse("ask Odo"), Shape(1024), count)
    early = story.tree.path()[12].id
    before = builder.build(story, early, parse("ask Odo"), Shape(1024), count)
    assert len(before.noticed) < len(at_end.noticed)
    again = builder.build(story, story.tree.head.id, parse("ask Odo"), Shape(1024), count)
    assert again == at_end == build(story, "ask Odo", Shape(1024))


def test_a_card_that_was_thrown_away_stays_away() -> None:
    story = planted()
    names = [card.name for card in build(story, "wait", Shape(1024)).noticed]
    assert "Tamsin Vole" in names
    story.forgotten = ("tamsin vole",)
    names = [card.name for card in build(story, "wait", Shape(1024)).noticed]
    assert "Tamsin Vole" not in names


def test_what_the_author_or_the_player_wrote_is_not_noticed_again() -> None:
    story = planted()
    story.cards = (Card("The clock mender", "Tamsin mends clocks.", ("tamsin",)),)
    story.memory = "You are looking for Perrin."
    names = {card.name for card in build(story, "wait", Shape(1024)).noticed}
    assert not names & {"Tamsin Vole", "Perrin"}
    assert "Brass whistle" in names


@pytest.mark.parametrize(
    ("sentence", "kind", "label"),
    [
        ("You meet a man named Odo Brack.", "name", "Odo Brack"),
        ("Captain Dorrin of the salt guard nods.", "name", "Captain Dorrin"),
        ("She turns to Bryn and laughs.", "name", "Bryn"),
        ('"Run," says the guard to Mr. Vane.', "name", "Vane"),
        ("You pick up the small brass key.", "item", "small brass key"),
        ("He hands you a rusty lantern with no glass.", "item", "rusty lantern"),
        ("You hide the letter under the salt.", "item", "letter"),
        ("You walk to the old mill by the river.", "place", "old mill"),
        ("You must find the bell before dawn.", "goal", "You must find the bell before…"),
        ('"Bring me the crown," the queen says.', "goal", '"Bring me the crown," the queen…'),
        ("She asks you to wait here.", "goal", "She asks you to wait here."),
    ],
)
def test_what_a_sentence_introduces(sentence: str, kind: str, label: str) -> None:
    labels = [one.label for one in mentions(sentence) if one.kind == kind]
    assert label in labels


@pytest.mark.parametrize(
    "sentence",
    [
        "You take a deep breath and hold your tongue.",
        "The wind moves. Somewhere a door shuts. You wait.",
        "Do you need to rest?",
        "Nothing is here. There are no people. Yes, you see nothing.",
        "You turn your back and take a step.",
        "",
    ],
)
def test_a_sentence_that_introduces_nothing(sentence: str) -> None:
    assert mentions(sentence) == []


def test_the_index_follows_a_path_that_changes() -> None:
    index = Index()
    texts = ["a heron stands", "the bell rings", "a lantern burns", "a lantern swings"]
    index.follow([1, 2, 3], texts.__getitem__)
    query = query_of([("lantern and bell", 5.0)])
    assert sorted(index.similar(query, 3)) == [1, 2]
    assert index.similar(query, 2) == [1]
    index.follow([1, 2, 4], ["a heron stands", "the bell rings", "a heron swings"].__getitem__)
    assert index.similar(query, 3) == [1]


def test_only_the_sentences_that_are_alike_come_back() -> None:
    text = "The sun rises. Odo Brack has one boat. Nobody talks. His boat leaks."
    assert telling(text, query_of([("ask Odo for the boat", 1.0)])) == (
        "Odo Brack has one boat. His boat leaks."
    )


def test_the_context_tells_which_cards_are_in_it() -> None:
    story = planted()
    called = Card("Mill", "Rats  live\nin the mill.", ("mill",))
    story.cards = (
        called,
        Card("Sea", "The sea is far.", ("sea",)),
        Card("Law", "No salt.", (), True),
    )
    context = build(story, "go to the mill and blow the whistle", Shape(1024))
    held = {card.name for card in (*story.cards, *context.noticed) if context.holds(card)}
    assert {"Mill", "Law", "Brass whistle"} <= held
    assert not held & {"Sea", "Tamsin Vole"}
    assert not context.holds(Card("Blank", " \n"))


def test_facts_of_a_long_story_are_few() -> None:
    story = begin(Scenario(title="T", opening="You wait."), title="", seed=1, created="")
    for turn in range(400):
        grow(story, "look", f"You meet Lord Number{'x' * turn} and take the cup{'y' * turn}.")
    path = story.tree.path()
    cards = unknown(Chronicle().facts(path, 390), (), "")
    assert 0 < len(cards) <= 32
    assert replace(cards[0]) == cards[0]


def test_continue_looks_for_what_the_last_turns_speak_of() -> None:
    story = planted()
    grow(story, "wait", "Far off you hear the brass whistle, and a clock strikes.")
    context = ContextBuilder().build(
        story, story.tree.head.id, Action(Mode.CONTINUE), Shape(1024), count
    )
    assert "brass whistle on a bootlace" in text_of(context, "recall")
