"""Players who know beforehand what they will do, each with a story of their own on one host."""

from __future__ import annotations

import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import cycle, islice

from dungeon.engine.base import CancelToken, Engine
from dungeon.engine.remote import RemoteEngine
from dungeon.session import GameSession
from dungeon.story.action import parse
from dungeon.story.scenario import Scenario
from dungeon.turn import narrate

LINES = (
    "look around",
    "ask who is there",
    "walk on to the water",
    'say "I have seen this place before."',
    "wait and listen",
    "",
)
NAMES = ("Tamsin", "Ostrander", "Quill", "Marrow", "Ibbet", "Sorrel", "Wren", "Hathaway")
PLACES = ("mill", "lighthouse", "quarry", "orchard", "harbour", "chapel", "tower", "ferry")


@dataclass(frozen=True)
class Played:
    """What became of a player: their turns, and the seconds of each."""

    turns: tuple[str, ...]
    seconds: tuple[float, ...]


@dataclass(frozen=True)
class Player:
    """One of them.

    Attributes:
        number: Tells their scene, their seed and with which line they begin.
    """

    number: int

    @property
    def scenario(self) -> Scenario:
        """Their scene."""
        name, place = NAMES[self.number % 8], PLACES[self.number % 8]
        return Scenario(
            title=f"The {place}",
            memory=f"You are {name}. You have come to the old {place} to find your brother.",
            opening=f"You stand before the {place}. A lamp burns behind one of the windows.",
        )

    def play(self, engine: Engine, turns: int) -> Played:
        """Play so many turns, one after the other, without a pause."""
        session = GameSession.new(self.scenario, engine, seed=1000 + self.number)
        told, seconds = [], []
        for line in islice(cycle(LINES), self.number, self.number + turns):
            started = time.monotonic()
            turn = session.begin_turn(parse(line))
            told.append(session.commit(turn, narrate(engine, turn, CancelToken())).text)
            seconds.append(time.monotonic() - started)
        return Played(tuple(told), tuple(seconds))


def on_a_host(player: Player, url: str, turns: int) -> Played:
    """As `play`, told by a host; the player has an engine of their own, as a process would."""
    engine = RemoteEngine(url)
    engine.load(lambda line: None)
    return player.play(engine, turns)


def one_after_the_other(players: Iterable[Player], url: str, turns: int) -> list[Played]:
    """Each begins when the one before is done."""
    return [on_a_host(player, url, turns) for player in players]


def at_once(players: list[Player], url: str, turns: int) -> list[Played]:
    """All at the same time."""
    with ThreadPoolExecutor(len(players)) as pool:
        return list(pool.map(lambda player: on_a_host(player, url, turns), players))
