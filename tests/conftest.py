"""How the suite is run: what torch is told first, and which worker gets what when."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dungeon.engine.torch_engine.quietly import spin_briefly

if TYPE_CHECKING:
    from xdist.remote import Producer
    from xdist.scheduler import LoadScopeScheduling

# As the engine does, but test modules import torch before it can. Two workers, each with a thread
# a core, spent most of their time waiting for each other in loops that do nothing.
spin_briefly()

COMPILING = ("tests/engine/", "tests/host/")
"""What needs the compiled kernels is for one worker: two that find none compile each for itself."""

ORDER = (*COMPILING, "tests/faults/", "tests/ui/", "tests/fuzz/", "tests/transcripts/")
"""The long first, so that at the end there is something short for whoever is done."""


def _place(nodeid: str) -> int:
    return next((at for at, path in enumerate(ORDER) if nodeid.startswith(path)), len(ORDER))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort by folder; within one the order stays."""
    items.sort(key=lambda item: _place(item.nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling | None:
    """With `--dist loadfile`: a file is for one worker, and what compiles all for the same one."""
    if config.getvalue("dist") != "loadfile":
        return None
    from xdist.scheduler import LoadScopeScheduling

    class ByFolder(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return COMPILING[0] if nodeid.startswith(COMPILING) else nodeid.split("::", 1)[0]

    # In the order of the tests, not of their number.
    config.option.loadscopereorder = False
    return ByFolder(config, log)
