"""Which story gets which place, and what it finds there."""

from __future__ import annotations

import pytest
import torch

from dungeon.engine.torch_engine.prefix_cache import BLOCK
from dungeon.engine.torch_engine.shelf import Places, Shelf

COMMON = [7] * BLOCK


def prompt(number: int, blocks: int = 3) -> list[int]:
    """A prompt that begins as all do and goes on in its own way."""
    return [*COMMON, *[number] * (blocks * BLOCK), 0]


@pytest.fixture
def shelf() -> Shelf:
    return Shelf(1, 1, 4, 8 * BLOCK, 3)


def read(shelf: Shelf, places: Places, ids: list[int], busy: tuple[int, ...] = ()) -> int:
    """Read a prompt as an engine does, each position's number for its keys; the place."""
    place, done = places.take(ids, busy)
    cache = shelf.texts[place]
    while done < len(ids):
        block = ids[done : done + BLOCK]
        cache.reserve(len(block))
        values = torch.tensor(block, dtype=torch.float32).repeat(4, 1).T.view(1, 1, -1, 4)
        cache.put(0, values, values)
        cache.length += len(block)
        places.prefixes[place].keep(block)
        done += len(block)
    keys = shelf.arrays([place])[3][0, place, 0, : len(ids), 0]
    assert keys.tolist() == ids
    return place


def test_a_story_comes_back_to_its_place(shelf: Shelf) -> None:
    places = Places(shelf)
    own = {number: read(shelf, places, prompt(number)) for number in (1, 2, 3)}
    assert sorted(own.values()) == [0, 1, 2]
    for number in (2, 3, 1, 1):
        longer = [*prompt(number)[:-1], 5, 6]
        assert places.take(longer, ()) == (own[number], 4 * BLOCK)


def test_a_new_story_gets_the_place_that_was_not_asked_for_longest(shelf: Shelf) -> None:
    places = Places(shelf)
    own = {number: read(shelf, places, prompt(number)) for number in (1, 2, 3)}
    read(shelf, places, prompt(1))
    place, done = places.take(prompt(4), ())
    # The first block is copied from another story, and is what a model would have read there.
    assert (place, done) == (own[2], BLOCK)
    assert shelf.arrays([place])[3][0, place, 0, :BLOCK, 0].tolist() == COMMON


def test_a_busy_place_is_left_alone(shelf: Shelf) -> None:
    places = Places(shelf)
    first = read(shelf, places, prompt(1))
    second = read(shelf, places, prompt(1), busy=(first,))
    assert second != first
    with pytest.raises(ValueError, match="busy"):
        places.take(prompt(2), (0, 1, 2))


def test_it_says_what_it_takes(shelf: Shelf) -> None:
    assert shelf.bytes == 2 * 3 * 8 * BLOCK * 4 * 4
