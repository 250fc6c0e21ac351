"""The losses of a training as a picture: `python -m training curve --out FILE.svg FOLDER...`."""

from __future__ import annotations

import json
import statistics
from collections.abc import Sequence
from pathlib import Path

from tools.chart import Panel, svg
from training.small import LOSSES

SMOOTH = 20
"""Steps of which the mean is drawn."""


def panel(folder: Path) -> Panel:
    """What was noted in a folder of `small.teach`; a run that was stopped noted some steps twice.

    Raises:
        OSError: There is nothing.
    """
    lines = (folder / LOSSES).read_text(encoding="utf-8").splitlines()
    records = [json.loads(line) for line in lines]
    learnt = {one["step"]: one["loss"] for one in records if one["held_out"] is None}
    apart = {one["step"]: one["held_out"] for one in records if one["held_out"] is not None}
    steps = sorted(learnt)
    smooth = [
        (part[-1], statistics.fmean(learnt[step] for step in part))
        for part in (steps[at : at + SMOOTH] for at in range(0, len(steps), SMOOTH))
    ]
    name = f"{folder.name}: nats a token by step; learnt brown, held out red"
    return Panel(name, smooth, also=sorted(apart.items()))


def draw(folders: Sequence[Path], title: str) -> str:
    """The picture of several trainings, one below the other."""
    return svg(title, [panel(folder) for folder in folders])
