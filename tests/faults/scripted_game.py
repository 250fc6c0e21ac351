"""The game on a real terminal with a scripted engine: what the terminal tests run.

    python -m tests.faults.scripted_game SAVES LOG [--slow] [--odd] [--break WHERE]

`--break` makes an exception that nothing expects: in a handler, a worker, a thread, a timer or
while drawing, when the player presses F12.
"""

from __future__ import annotations

import argparse
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from textual.content import Content
from textual.widgets import Static

from dungeon.engine.scripted import ScriptedEngine
from dungeon.story.scenario import Scenario
from dungeon.ui import app as ui

HOSTILE = "\x1b]0;STOLEN\x07\x1b[2Jgate\x9b31m \x1b]52;c;UEFZTE9BRA==\x07 \x1bP1;2|DCS\x1b\\"

GATE = Scenario(
    title=f"The Gate {HOSTILE}",
    opening=f"You stand at the gate. {HOSTILE}",
    author=f"Ida {HOSTILE}",
    memory=f"A key. {HOSTILE}",
)


ODD = Scenario(
    title="門の物語",
    opening="\n".join(
        [
            "門の前に立つ。" * 30,
            "شلوم עולם مرحبا " * 20,
            "é" * 200,
            "x" * 1_000_000,
            *["A line."] * 50_000,
            "門の前に、鐘の音。" * 9,
            "e" + "\u0301" * 2000 + "! مرحبا بالعالم. שלום עולם.",
        ]
    ),
)


class Late(ScriptedEngine):
    """Takes longer to load than anybody waits."""

    def load(self, progress: Callable[[str], None]) -> None:
        progress("reading weights")
        time.sleep(300)


class Undrawable(Static):
    """Cannot be drawn."""

    def render(self) -> Content:
        raise RuntimeError("the secret of the story")


class Breaking(ui.DungeonApp):
    """Has a key that breaks it."""

    BINDINGS = [("ctrl+right_square_bracket", "break", "Break")]
    where = ""

    def action_break(self) -> None:
        assert self.ending.session is not None
        self.ending.session.story.memory = "A lamp."
        self.ending.session.saved = False
        if self.where == "thread":
            threading.Thread(target=self.fail).start()
        elif self.where == "worker":
            self.run_worker(self.fail, thread=True)
        elif self.where == "timer":
            self.set_timer(0.01, self.fail)
        elif self.where == "drawing":
            self.screen.mount(Undrawable())
        else:
            self.fail()

    def fail(self) -> None:
        raise RuntimeError("the secret of the story")


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("saves", type=Path)
    parser.add_argument("log", type=Path)
    parser.add_argument("--slow", action="store_true")
    parser.add_argument("--late", action="store_true")
    parser.add_argument("--odd", action="store_true")
    parser.add_argument("--save", type=Path)
    parser.add_argument("--break", dest="where", default="")
    args = parser.parse_args()
    replies = [f"A bell rings. {HOSTILE} Then it is still.", "Nothing stirs in the yard."]
    if args.slow:
        replies = ["A bell rings. " + "And it rings again, far off. " * 40]
    if args.odd:
        replies = ["鐘が鳴る。門が開く。" * 12 + " مرحبا بالعالم. שלום עולם."] * 3
    kind = Late if args.late else ScriptedEngine
    Breaking.where = args.where
    ui.DungeonApp = Breaking  # type: ignore[misc]
    return ui.run_app(
        ui.AppContext(
            make_engine=lambda: kind(replies=replies, tokens_per_second=15 if args.slow else None),
            saves=args.saves,
            scenario=None if args.save else Path("gate.yaml"),
            save=args.save,
            list_scenarios=list,
            read_scenario=lambda path: ODD if args.odd else GATE,
            log_file=args.log,
        )
    )


if __name__ == "__main__":
    sys.exit(main())
