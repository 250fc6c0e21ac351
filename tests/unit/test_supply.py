"""What the game is made of: pinned libraries, weights that are data, no way to run a stranger's."""

from __future__ import annotations

import re
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from dungeon.engine import downloads

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
REQUIRED = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["dev"]]
PINNED = dict(
    line.split("==")
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").lower().splitlines()
    if "==" in line and not line.startswith("#")
)
SOURCES = sorted((ROOT / "dungeon").rglob("*.py"))


@pytest.mark.parametrize("required", REQUIRED, ids=lambda text: re.split(r"\W", text)[0])
def test_every_library_has_a_floor_and_a_pin_above_it(required: str) -> None:
    requirement = Requirement(required)
    assert {specifier.operator for specifier in requirement.specifier} & {">=", "=="}
    if requirement.name == "torch":
        # Chosen for the machine by tools/install_torch.sh, within the same bounds.
        return
    assert requirement.specifier.contains(PINNED[requirement.name.lower()])


def test_accept_32_nothing_that_can_run_is_fetched() -> None:
    for name in (
        "pytorch_model.bin", "model.pt", "model.pkl", "tf_model.h5", "flax_model.msgpack",
        "modeling_gpt2.py", "model.safetensors.py", "config.json.py", "custom_generate/generate.py",
    ):  # fmt: skip
        assert not any(fnmatch(name, pattern) for pattern in downloads.HUB_FILES), name


def test_accept_32_no_line_of_the_game_unpickles() -> None:
    opens = re.compile(r"\bpickle\b.*import|import pickle|torch\.load\(|trust_remote_code=True")
    assert len(SOURCES) > 100
    for path in SOURCES:
        assert not opens.search(path.read_text(encoding="utf-8")), path
