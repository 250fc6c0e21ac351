"""Play scripts with every recipe and print what came of it: `python -m benchmarks.story`."""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import yaml

from benchmarks.story import figures
from benchmarks.story.judge import Judge
from benchmarks.story.recipes import RECIPES, Recipe
from dungeon.authoring.reader import read_scenario
from dungeon.engine.catalog import EMBEDDED
from dungeon.engine.torch_engine import TorchEngine

HERE = Path(__file__).parent
SCENARIOS = HERE.parent.parent / "scenarios"


def play(recipe: Recipe, name: str, lines: Sequence[str], seed: int) -> list[dict[str, Any]]:
    """One script with one recipe."""
    recipe.start(read_scenario(SCENARIOS / f"{name}.yaml"), seed)
    turns = []
    for line in lines:
        told = recipe.turn(line)
        turns.append(
            {
                "scenario": name,
                "seed": seed,
                "line": line,
                "raw": told.raw,
                "text": told.text,
                "seconds": told.seconds,
            }
        )
    return turns


def judged(turns: list[dict[str, Any]], lines: Sequence[str], judge: Judge) -> None:
    """Note for every turn whether the judge finds the action that it answers."""
    for at, turn in enumerate(turns):
        if turn["line"]:
            turn["right"] = judge.right(turn["text"] or ".", turn["line"], lines, at)


def summary(stories: list[list[dict[str, Any]]]) -> dict[str, Any]:
    """The figures of one recipe; shares with their 95 % interval."""
    turns = [turn for story in stories for turn in story]
    texts = [turn["text"] for turn in turns]

    def share(test: Callable[[str], bool]) -> tuple[float, float, float]:
        values = [float(test(text)) for text in texts]
        return (statistics.fmean(values), *figures.interval(values, statistics.fmean))

    right = [float(turn["right"]) for turn in turns if "right" in turn]
    again, whole = (
        sum(one)
        for one in zip(
            *(figures.repeated([turn["text"] for turn in story]) for story in stories), strict=True
        )
    )
    return {
        "turns": len(turns),
        "no first person": share(lambda text: not figures.first_person(text)),
        "no artefact": share(lambda text: not figures.artefact(text)),
        "finished": share(figures.finished),
        "answers the action": (
            (statistics.fmean(right), *figures.interval(right, statistics.fmean)) if right else None
        ),
        "repeated sentences": again / whole if whole else 0.0,
        "distinct-2": figures.distinct(texts, 2),
        "distinct-3": figures.distinct(texts, 3),
        "words": statistics.fmean(len(text.split()) for text in texts),
        "loops": sum(figures.loops([turn["text"] for turn in story]) for story in stories),
        "seconds": statistics.fmean(turn["seconds"] for turn in turns),
    }


def table(found: dict[str, dict[str, Any]]) -> str:
    """All recipes side by side."""
    rows = list(next(iter(found.values())))
    lines = [f"{'':22}" + "".join(f"{name:>22}" for name in found)]
    for row in rows:
        cells = []
        for summary_of in found.values():
            value = summary_of[row]
            if isinstance(value, tuple):
                mean, low, high = (100 * part for part in value)
                cells.append(f"{mean:5.1f} % [{low:4.1f}, {high:5.1f}]")
            else:
                cells.append("-" if value is None else f"{value:.4g}")
        lines.append(f"{row:22}" + "".join(f"{cell:>22}" for cell in cells))
    return "\n".join(lines)


def main() -> None:
    """Print the table; every text goes to --out."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.story", description=__doc__)
    parser.add_argument("--recipes", nargs="+", default=["aidungeon2", "ours-1", "ours"])
    parser.add_argument("--set", choices=["tune", "held-out"], default="held-out")
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--long", type=int, default=0, help="turns of empty input instead")
    parser.add_argument("--out", type=Path, default=None, help="folder for all texts")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    scripts = yaml.safe_load((HERE / "scripts.yaml").read_text(encoding="utf-8"))[options.set]
    engine = TorchEngine(EMBEDDED, device="cpu")
    engine.load(lambda line: None)
    judge = None if options.long else Judge()
    found: dict[str, dict[str, Any]] = {}
    for name in options.recipes:
        print(name, file=sys.stderr, flush=True)
        recipe = RECIPES[name](engine)
        stories = []
        for scenario, script in scripts.items():
            lines = [""] * options.long if options.long else script
            for seed in range(1, options.seeds + 1):
                stories.append(play(recipe, scenario, lines, seed))
                if judge is not None:
                    judged(stories[-1], lines, judge)
        found[name] = summary(stories)
        if options.out is not None:
            write(options.out, name, stories)
    print(json.dumps(found, indent=1) if options.json else table(found))


def write(folder: Path, name: str, stories: list[list[dict[str, Any]]]) -> None:
    """All texts, for programs and to be read."""
    folder.mkdir(parents=True, exist_ok=True)
    turns = [turn for story in stories for turn in story]
    (folder / f"{name}.jsonl").write_text(
        "".join(json.dumps(turn, ensure_ascii=False) + "\n" for turn in turns), encoding="utf-8"
    )
    pages = []
    for story in stories:
        pages.append(f"# {story[0]['scenario']}, seed {story[0]['seed']}\n")
        pages += [f"> {turn['line']}\n\n{turn['text']}\n" for turn in story]
    (folder / f"{name}.md").write_text("\n".join(pages), encoding="utf-8")


if __name__ == "__main__":
    main()
