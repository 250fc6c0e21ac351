"""The story on the screen: follows the end, pages back, and stays fast however long it is."""

from __future__ import annotations

import statistics
import time
from pathlib import Path

from textual.app import App, ComposeResult

from dungeon.story.action import Action, Mode
from dungeon.story.tree import Node
from dungeon.ui.theme import FALLBACKS
from dungeon.ui.widgets.transcript import PAGE, Transcript
from tests.clock import worked_within
from tests.ui.support import shown, until

CSS = Path(__file__).parents[2] / "dungeon" / "ui" / "dungeon.tcss"
PROSE = "The road runs on between white walls, and the wind brings the smell of the sea. " * 4


def turns(count: int) -> list[Node]:
    """An opening and so many turns."""
    path = [Node(1, None, None, "You stand at the gate.", origin="opening")]
    for number in range(1, count + 1):
        action = Action(Mode.DO, f"walk mile {number}")
        path.append(Node(number + 1, number, action, f"Mile {number} ends. {PROSE}"))
    return path


def prose(app: App[None]) -> list[str]:
    """What stands on the screen beside the scrollbar."""
    return [row[:79].rstrip() for row in shown(app).split("\n")]


class Book(App[None]):
    """A transcript and nothing else."""

    CSS_PATH = CSS

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return dict(FALLBACKS)

    def compose(self) -> ComposeResult:
        yield Transcript(id="transcript")

    @property
    def transcript(self) -> Transcript:
        return self.query_one(Transcript)


async def test_the_reader_stays_at_the_end() -> None:
    app = Book()
    async with app.run_test(size=(80, 20)) as pilot:
        book = app.transcript
        path = turns(20)
        book.show(path[:-1])
        await pilot.pause()
        assert "Mile 19 ends." in shown(app)
        book.add(path[-1])
        await pilot.pause()
        assert "Mile 20 ends." in shown(app)
        assert book.is_vertical_scroll_end


async def test_a_reader_who_went_back_is_left_in_peace() -> None:
    app = Book()
    async with app.run_test(size=(80, 20)) as pilot:
        book = app.transcript
        path = turns(20)
        book.show(path[:-1])
        await pilot.pause()
        book.scroll_to(y=30, animate=False)
        await pilot.pause()
        before = prose(app)
        for length in range(0, 60, 10):
            book.set_draft(PROSE[:length])
        book.add(path[-1])
        await pilot.pause()
        assert prose(app) == before


async def test_going_back_brings_the_turns_before() -> None:
    app = Book()
    async with app.run_test(size=(80, 20)) as pilot:
        book = app.transcript
        book.set_title("The Gate")
        book.show(turns(300))
        await pilot.pause()
        assert book.laid_out == PAGE
        seen = set()
        for _ in range(200):
            seen |= {word for word in shown(app).split() if word.isdigit()}
            if book.scroll_y == 0 and book.laid_out == 301:
                break
            book.scroll_relative(y=-15, animate=False, force=True)
            await pilot.pause()
        assert {str(number) for number in range(1, 301)} <= seen
        assert "The Gate" in shown(app)
        assert "You stand at the gate." in shown(app)


async def test_to_the_opening_and_back() -> None:
    app = Book()
    async with app.run_test(size=(80, 20)) as pilot:
        book = app.transcript
        book.set_title("The Gate", "by Ida Vane")
        book.show(turns(300))
        await pilot.pause()
        book.to_beginning()
        await until(pilot, lambda: "You stand at the gate." in shown(app))
        assert "by Ida Vane" in shown(app)
        book.scroll_end(animate=False)
        await until(pilot, lambda: "> You walk mile 300." in shown(app))


async def test_only_what_changed_is_shown_anew() -> None:
    app = Book()
    async with app.run_test(size=(80, 30)) as pilot:
        book = app.transcript
        path = turns(8)
        book.show(path)
        book.show(path[:6])
        other = Node(99, 6, Action(Mode.DO, "turn back"), "You turn back.")
        book.show([*path[:6], other])
        await pilot.pause()
        assert "> You turn back." in shown(app)
        assert "mile 6" not in shown(app)
        assert [node.id for node in book.nodes] == [1, 2, 3, 4, 5, 6, 99]
        book.show(path[:1])
        await pilot.pause()
        assert shown(app).split() == "You stand at the gate.".split()


async def test_wide_characters_keep_the_borders_aligned() -> None:
    app = Book()
    async with app.run_test(size=(60, 30)) as pilot:
        book = app.transcript
        texts = [
            "門の前に立つ。" * 20,
            "👩‍👩‍👧 family " * 20,
            "שלום עולם " * 20,
            "e" + "\u0301" * 2000,
        ]
        book.show(
            [Node(number, number - 1 or None, None, text) for number, text in enumerate(texts, 1)]
        )
        await pilot.pause()
        strips = app.screen._compositor.render_strips()
        assert {strip.cell_length for strip in strips} == {60}


async def test_selected_text_has_no_margin() -> None:
    app = Book()
    async with app.run_test(size=(100, 20)) as pilot:
        book = app.transcript
        book.show(turns(1))
        await pilot.pause()
        book.text_select_all()
        await pilot.pause()
        selected = app.screen.get_selected_text() or ""
        assert selected.startswith("You stand at the gate.\n")
        assert "\nMile 1 ends. The road runs" in selected


async def test_accept_14_a_turn_in_a_long_story_costs_no_more() -> None:
    app = Book()

    async def cost(count: int) -> float:
        book = app.transcript
        path = turns(count + 40)
        book.show(path[: count + 1])
        await pilot.pause()
        times = []
        for node in path[count + 1 :]:
            began = time.thread_time()
            book.begin(node.action or Action(Mode.CONTINUE))
            book.set_draft(node.text[:100])
            book.add(node)
            await pilot.pause()
            times.append(time.thread_time() - began)
        return statistics.median(times)

    async with app.run_test(size=(100, 30)) as pilot:
        short = await cost(100)
        long = await cost(5000)
        assert len(app.query("*")) < 12
    assert long < 2 * short + 0.002


async def test_accept_14_a_long_story_opens_and_resizes_fast() -> None:
    app = Book()
    async with app.run_test(size=(100, 30)) as pilot:
        book = app.transcript
        with worked_within(3):
            book.show(turns(5000))
            await pilot.pause()
            await pilot.resize_terminal(60, 20)
            await pilot.pause()
            book.to_beginning()
            await pilot.pause()


async def test_accept_25_a_huge_opening_is_shown_within_a_second() -> None:
    app = Book()
    async with app.run_test(size=(100, 30)) as pilot:
        for text in ("x" * 1_000_000, "line\n" * 50_000):
            with worked_within(1):
                app.transcript.show([Node(1, None, None, text, origin="opening")])
                await pilot.pause()
