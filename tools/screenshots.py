"""`make screenshots`: pictures of the real game for README and docs, as SVG.

A story is begun, played for a few turns with a fixed seed and looked at from all sides. With
the model that is on this machine, the pictures show what it really tells; where there is none,
the scripted engine takes its place.

    python tools/screenshots.py [DIRECTORY] [--model NAME]
"""

from __future__ import annotations

import argparse
import asyncio
import re
import tempfile
from collections.abc import Callable
from pathlib import Path

from textual.pilot import Pilot

from dungeon import models
from dungeon.authoring.library import find_scenario
from dungeon.authoring.reader import read_scenario
from dungeon.errors import ModelError
from dungeon.ui.app import AppContext, DungeonApp
from dungeon.ui.screens.play import PlayScreen

SEED = 11
SIZE = (100, 30)
LINES = (
    ("do", "look at the sky over the flats"),
    ("say", "How long will the water last?"),
    ("do", "lead the mule down to the salt"),
)
SECONDS = 300.0


async def until(pilot: Pilot[None], true: Callable[[], object]) -> None:
    """Let the app run until something holds."""
    for _ in range(int(SECONDS / 0.02)):
        if true():
            await pilot.pause()
            return
        await pilot.pause(0.02)
    raise TimeoutError


class Photographer:
    """Takes pictures of a running app.

    Args:
        app: The app.
        folder: Where they go.
    """

    def __init__(self, app: DungeonApp, folder: Path) -> None:
        self._app = app
        self._folder = folder

    def take(self, name: str) -> None:
        """Write what is on the screen now."""
        svg = self._app.export_screenshot(title="Dungeon")
        # A picture in a README loads nothing; the viewer's own monospaced font is good.
        svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
        path = self._folder / f"{name}.svg"
        path.write_text(svg.rstrip() + "\n", encoding="utf-8")
        print(path)


async def play(folder: Path, model: str | None) -> None:
    """Play and take the pictures."""
    with tempfile.TemporaryDirectory() as saves:
        path = find_scenario("salt-road")
        questions = read_scenario(path).questions
        context = AppContext(
            make_engine=lambda: models.make_engine(model),
            saves=Path(saves),
            scenario=path,
            answers={question.key: question.fallback for question in questions},
            seed=SEED,
            animations=False,
        )
        app = DungeonApp(context)
        camera = Photographer(app, folder)
        async with app.run_test(size=SIZE) as pilot:
            await until(pilot, lambda: isinstance(app.screen, PlayScreen))
            screen = app.screen
            assert isinstance(screen, PlayScreen)
            await until(pilot, lambda: screen.phase == "idle")
            for mode, text in LINES:
                while screen.line.mode.value != mode:
                    await pilot.press("tab")
                screen.line.value = text
                turns = len(screen.session.story.tree)
                await pilot.press("enter")
                await until(pilot, lambda: screen.phase == "idle")
                assert len(screen.session.story.tree) > turns
            for theme in ("parchment", "phosphor", "ember"):
                app.theme = theme
                await pilot.pause()
                camera.take("play" if theme == "ember" else f"play-{theme}")
            for key, name in (
                ("ctrl+t", "context"),
                ("ctrl+k", "cards"),
                ("ctrl+s", "settings"),
                ("shift+f7", "models"),
                ("f1", "help"),
            ):
                await pilot.press(key)
                await until(pilot, lambda: app.screen is not screen)
                camera.take(name)
                await pilot.press("escape")
                await until(pilot, lambda: app.screen is screen)
            await pilot.press("ctrl+l")
            await until(pilot, lambda: app.screen is app.title_screen and app.title_screen.saves)
            camera.take("title")


def main() -> None:
    """Take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=Path("docs/pictures"))
    parser.add_argument("--model")
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    model = args.model
    if model is None:
        try:
            models.make_engine(None)
        except ModelError:
            model = models.SCRIPTED
    asyncio.run(play(args.folder, model))


if __name__ == "__main__":
    main()
