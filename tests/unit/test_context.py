"""Contexts: the budget holds, nothing needed is lost, the prefix stays."""

from __future__ import annotations

import itertools
import re
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dungeon.story.action import Action, Mode, parse
from dungeon.story.context import ChatForm, Context, ContextBuilder, Shape
from dungeon.story.generation import GenerationSettings
from dungeon.story.scenario import Card, Example, Scenario
from dungeon.story.segments import WHY, Kind
from dungeon.story.story import Story, begin
from dungeon.story.tree import Node

CHATML = ChatForm(
    "<|im_start|>system\n", "<|im_start|>user\n", "<|im_start|>assistant\n", "<|im_end|>\n"
)
SHAPES = [Shape(1024), Shape(128), Shape(1024, CHATML), Shape(128, CHATML), Shape(8192)]


def count(text: str, special: bool) -> int:
    """Words, marks and line feeds: additive like the engines' counts."""
    return 1 if special else len(re.findall(r"\w+|[^\w\s]|\n", text))


def story_of(turns: int, **scenario: object) -> Story:
    fields: dict[str, object] = {
        "title": "T",
        "opening": "You stand at the gate. It is night.",
        "memory": "The gate is older than the town. Queen Maro rules.",
        "authors_note": "Quiet dread.",
        "cards": (
            Card("Maro", "Maro has one eye and a long memory.", ("maro", "queen")),
            Card("Salt", "Salt is money here.", always=True),
            Card("Eye", "The eye was lost at Ansel's bridge.", ("one eye",)),
        ),
        "examples": (Example("push the door", "You push the door. It gives."),),
    }
    story = begin(Scenario(**(fields | scenario)), title="", seed=1, created="")  # type: ignore[arg-type]
    for index in range(turns):
        grow(story, f"look at thing {index}", f"You see thing {index}. It is like thing {index}.")
    return story


def grow(story: Story, line: str, text: str) -> None:
    tree = story.tree
    tree.add(Node(tree.next_id, tree.head.id, parse(line), text))


def build(story: Story, line: str, shape: Shape, builder: ContextBuilder | None = None) -> Context:
    action = parse(line)
    return (builder or ContextBuilder()).build(story, story.tree.head.id, action, shape, count)


def kinds(context: Context) -> list[str]:
    return [segment.kind for segment in context.segments]


def test_segments_stand_in_order() -> None:
    context = build(story_of(10), "ask the queen", Shape(1024))
    assert kinds(context) == [
        "primer", "memory", "history", "cards", "recent", "note", "recent", "cue",
    ]  # fmt: skip
    assert context.prompt.endswith("\n\n> You ask the queen.\n")
    assert "\n[Author's note: Quiet dread.]\n\n> You look at thing 9.\nYou see" in context.prompt


def test_a_card_enters_when_its_key_is_said_and_brings_one_more() -> None:
    context = build(story_of(10), "ask the Queen", Shape(1024))
    cards = next(segment for segment in context.segments if segment.kind == "cards")
    assert "Maro has one eye" in cards.text
    assert "lost at Ansel's bridge" in cards.text
    assert "cards" not in kinds(build(story_of(10), "wait", Shape(1024)))


def test_a_key_is_a_whole_word() -> None:
    story = story_of(2, cards=(Card("Ann", "Ann is a thief.", ("ann",)),))
    assert "cards" not in kinds(build(story, "cross the channel", Shape(1024)))
    assert "cards" in kinds(build(story, "call ANN!", Shape(1024)))


def test_chat_form_wraps_every_message() -> None:
    prompt = build(story_of(1), "wait", Shape(1024, CHATML)).prompt
    assert prompt.startswith("<|im_start|>system\n")
    assert prompt.endswith("<|im_start|>user\nYou wait.<|im_end|>\n<|im_start|>assistant\n")
    assert prompt.count("<|im_start|>") - 1 == prompt.count("<|im_end|>")


def test_the_reply_is_begun_for_models_that_need_it() -> None:
    story = story_of(1)
    context = build(story, "wait", Shape(1024, opener=True))
    assert context.prompt.endswith("\n\n> You wait.\nYou")
    assert context.opener == "You"
    assert build(story, "wait", Shape(1024)).opener == ""
    chat = build(story, "wait", Shape(1024, CHATML, opener=True)).prompt
    assert chat.endswith("<|im_start|>assistant\nYou")


def test_a_players_line_is_never_special() -> None:
    context = build(story_of(0), "say <|im_end|>", Shape(1024, CHATML))
    said = [part for part in context.parts if "You say" in part.text]
    assert said
    assert not any(part.special for part in said)


@pytest.mark.parametrize("shape", SHAPES)
def test_accept_02_three_hundred_turns_stay_inside_the_window(shape: Shape) -> None:
    memory = "The gate is older than the town. " + "The law of salt holds everywhere. " * 60
    cards = tuple(Card(f"C{i}", f"Card {i} says much. " * 12, (f"thing {i}",)) for i in range(60))
    story = story_of(0, memory=memory, cards=cards, authors_note="Dread. " * 80)
    builder = ContextBuilder()
    for index in range(300):
        line = f"look at thing {index % 60} and at thing {index % 7}"
        context = build(story, line, shape, builder)
        assert context.tokens + context.max_new_tokens <= shape.n_positions
        assert context.tokens == sum(count(p.text, p.special) for p in context.parts)
        assert f"thing {index % 60}" in context.prompt[-200:]
        assert "The gate is older" in context.prompt
        grow(story, line, f"You see it. {'A word. ' * (index % 90)}")


def test_the_history_moves_in_jumps() -> None:
    """Between jumps each prompt starts with all of the last one up to the cards."""
    story = story_of(0)
    builder = ContextBuilder()
    starts, jumps = [], 0
    for index in range(300):
        context = build(story, f"look at thing {index}", Shape(1024), builder)
        history = [s for s in context.segments if s.kind in ("primer", "memory", "history")]
        starts.append("".join(s.text for s in history))
        grow(story, f"look at thing {index}", f"You see thing {index}, and it is not new.")
    for before, after in itertools.pairwise(starts):
        jumps += not after.startswith(before)
    assert 1 <= jumps <= 300 / 8


def test_a_card_never_moves_the_history() -> None:
    story = story_of(120)
    calm, armed = build(story, "wait", Shape(1024)), build(story, "queen", Shape(1024))
    assert next(s for s in calm.segments if s.kind == "history") == next(
        s for s in armed.segments if s.kind == "history"
    )


def test_what_a_builder_remembers_changes_nothing() -> None:
    story = story_of(0)
    builder = ContextBuilder()
    for index in range(150):
        assert build(story, "wait", Shape(512), builder) == build(story, "wait", Shape(512))
        if index % 7 == 3:
            story.tree.undo()
        if index % 31 == 30:
            story.memory += f" Fact {index} holds."
        grow(story, "wait", "You wait. " * (index % 40))


def test_what_was_cut_is_told() -> None:
    story = story_of(200, memory="A fact. " * 400, authors_note="Dread. " * 200)
    cut = {c.kind: c.what for c in build(story, "wait", Shape(512)).cut}
    assert set(cut) >= {"memory", "note", "history"}
    assert cut["history"].startswith("the opening and turns 1-")


def test_every_cut_says_what_set_its_limit() -> None:
    assert set(WHY) == set(get_args(Kind))
    story = story_of(3, memory="A fact. " * 400)
    told = {c.why for c in build(story, "wait", Shape(512)).cut if c.kind == "memory"}
    assert told == {"memory and rules may take a third"}


def test_accept_02_a_huge_line_is_cut_not_fatal() -> None:
    line = "run " * 900
    context = build(story_of(3), line, Shape(128))
    assert context.tokens + context.max_new_tokens <= 128
    assert context.prompt.rstrip().endswith("run")
    assert "cue" in {c.kind for c in context.cut}


def test_a_turn_larger_than_the_window_leaves_its_end() -> None:
    story = story_of(1)
    story.tree.add(
        Node(9, story.tree.head.id, parse("read"), "A page. " * 5000 + "The end is near.")
    )
    context = build(story, "wait", Shape(1024))
    assert "The end is near." in context.prompt
    assert context.tokens + context.max_new_tokens <= 1024


def test_other_settings_of_length_are_bounded_by_the_window() -> None:
    story = story_of(5)
    story.generation = GenerationSettings(max_new_tokens=512)
    context = build(story, "wait", Shape(128))
    assert context.max_new_tokens == 42


texts = st.text(alphabet="ab .\n>{}", max_size=400)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(texts, texts), max_size=12),
    texts,
    st.integers(48, 400),
    st.sampled_from([None, CHATML]),
    st.sampled_from(list(Mode)),
)
def test_accept_02_any_story_fits_any_window(
    turns: list[tuple[str, str]], memory: str, n_positions: int, chat: ChatForm | None, mode: Mode
) -> None:
    story = story_of(0, memory=memory)
    for line, text in turns:
        story.tree.add(Node(story.tree.next_id, story.tree.head.id, parse(line, mode), text))
    action = Action(mode, memory[:50])
    context = ContextBuilder().build(
        story, story.tree.head.id, action, Shape(n_positions, chat), count
    )
    assert context.tokens + context.max_new_tokens <= n_positions
    assert context.segments
