"""The composition root: the only place that picks a concrete engine."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from dungeon import cli

if TYPE_CHECKING:
    import argparse

    from dungeon.engine.base import Engine
    from dungeon.engine.downloads import OnProgress
    from dungeon.settings import Settings


def main() -> None:
    """Run `dungeon` with the process's arguments and exit with its code."""
    cli.open_streams()
    tools = cli.Tools(make_engine=_engine, offer=_offer, models=_models, pull=_pull, share=_share)
    sys.exit(cli.run(sys.argv[1:], tools))


def _engine(settings: Settings) -> Engine:
    from dungeon import models

    return models.engine_for(settings)


def _share(settings: Settings, stories: int) -> Engine:
    from dungeon import models

    return models.make_engine(settings.model, stories)


def _offer(settings: Settings) -> None:
    from dungeon import models

    if settings.engine != "remote":
        models.offer(settings.model)


def _models(args: argparse.Namespace) -> int:
    from dungeon import models

    return models.command(args)


def _pull(name: str, progress: OnProgress) -> object:
    from dungeon import models

    return models.pull(name, progress)


if __name__ == "__main__":
    main()
