"""Where a setting comes from, and setting it for one story or for all."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from dungeon.engine.scripted import ScriptedEngine
from dungeon.errors import SettingsError
from dungeon.session import GameSession
from dungeon.story.generation import GenerationSettings
from dungeon.story.presets import PRESETS
from dungeon.ui.fields import PARTS, WORDS, Field, shown_value
from dungeon.ui.preferences import Preferences
from dungeon.ui.settled import Settled
from tests.ui.support import GATE

FIELDS = {field.name: field for _, fields in PARTS for field in fields}
WARM = replace(GATE, generation=GenerationSettings(temperature=0.7, top_k=33))


def field(name: str) -> Field:
    return FIELDS[name]


def opened(tmp_path: Path, **values: object) -> Settled:
    session = GameSession.new(WARM, ScriptedEngine(), saves=tmp_path, seed=1)
    settled = Settled(Preferences(values), session)
    session.story.take_settings({n: v for n, v in values.items() if n in FIELDS})  # type: ignore[misc]
    return settled


def test_a_number_of_the_story_stays_with_it(tmp_path: Path) -> None:
    settled = opened(tmp_path, temperature=0.5)
    assert settled.session is not None
    temperature = field("temperature")
    assert (settled.value(temperature), settled.origin(temperature)) == (0.5, "all stories")
    assert settled.origin(field("top_k")) == "the scenario"
    settled.put(temperature, 1.2, for_story=True)
    assert (settled.value(temperature), settled.origin(temperature)) == (1.2, "this story")
    path = settled.session.file.path  # type: ignore[union-attr]
    settled.session.close()
    # Another day, with other settings: the story's own number goes before them.
    story = GameSession.resume(path, ScriptedEngine(), read_only=True).story
    story.take_settings({"temperature": 0.9, "top_k": 9})
    assert (story.generation.temperature, story.generation.top_k) == (1.2, 9)
    story.take_settings({"temperature": 0.4}, always={"temperature"})
    assert story.generation.temperature == 0.4


def test_what_is_set_for_all_holds_in_the_open_story_too(tmp_path: Path) -> None:
    settled = opened(tmp_path)
    settled.put(field("top_k"), 5, for_story=True)
    settled.put(field("top_k"), 12, for_story=False)
    assert (settled.value(field("top_k")), settled.origin(field("top_k"))) == (12, "all stories")
    settled.put(field("top_k"), None, for_story=False)
    assert (settled.value(field("top_k")), settled.origin(field("top_k"))) == (33, "the scenario")


def test_a_preset_takes_the_place_of_its_numbers(tmp_path: Path) -> None:
    kept: dict[str, object] = {"temperature": 0.5}
    settled = opened(tmp_path, temperature=0.5)
    settled.preferences.keep = kept.__setitem__
    settled.put(field("preset"), "wild", for_story=False)
    assert kept == {"temperature": None, "preset": "wild"}
    assert settled.value(field("temperature")) == PRESETS["wild"].temperature
    assert settled.origin(field("temperature")) == "preset wild"
    settled.put(field("preset"), "steady", for_story=True)
    assert settled.value(field("preset")) == "steady"
    assert settled.origin(field("preset")) == "this story"
    settled.put(field("preset"), None, for_story=True)
    assert settled.value(field("preset")) == "wild"


def test_a_number_that_is_no_number_is_shown_in_words() -> None:
    assert shown_value(field("candidates"), 0) == "as the model likes"
    assert shown_value(field("candidates"), 4) == "4"
    assert shown_value(field("repetition_penalty"), 1.0) == "off"
    assert shown_value(field("temperature"), 1.0) == "1"
    assert {name for name, _ in WORDS} <= {one.name for part in PARTS for one in part[1]}


def test_what_could_not_be_written_down_holds_all_the_same(tmp_path: Path) -> None:
    def refuse(name: str, value: object) -> None:
        raise SettingsError("The disk is full.")

    settled = opened(tmp_path)
    settled.preferences.keep = refuse
    with pytest.raises(SettingsError):
        settled.put(field("candidates"), 2, for_story=False)
    assert settled.value(field("candidates")) == 2


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("temperature", "3", "from 0 to 2"),
        ("temperature", "warm", "from 0 to 2"),
        ("top_k", "1.5", "a whole number from 0 to 1000"),
        ("line_width", "10", "a whole number from 30 to 160"),
        ("pace", "nan", "a whole number from 0 to 2000"),
        ("min_p", "nan", "from 0 to 1"),
    ],
)
def test_a_bad_value_is_refused_with_its_range(name: str, text: str, told: str) -> None:
    with pytest.raises(SettingsError) as refused:
        field(name).read(text)
    assert told in str(refused.value)


def test_steps_stay_within_the_range() -> None:
    assert field("temperature").stepped(1.98, 1) == 2
    assert field("temperature").stepped(0.8, 1) == 0.85
    assert field("margin").stepped(0, -1) == 0
    assert field("read_aloud").stepped(False, 1) is True
    assert field("preset").stepped("wild", 1) == "steady"
    assert field("temperature").read("0,9") == 0.9
