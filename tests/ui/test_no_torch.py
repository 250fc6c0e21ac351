"""The screen comes up without the libraries that a model needs."""

from __future__ import annotations

import subprocess
import sys

import pytest

_PROBE = """
import sys
import dungeon.ui.app
heavy = {"torch", "transformers", "numpy", "safetensors", "gguf"} & set(sys.modules)
print(",".join(sorted(heavy)))
"""


def test_the_screen_imports_no_torch() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _PROBE], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == ""


@pytest.mark.parametrize("module", ["dungeon.session", "dungeon.storage.library"])
def test_the_game_imports_no_textual(module: str) -> None:
    probe = f"import sys, {module}; print('textual' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", probe], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "False"
