"""Play scripts with every recipe and print what came of it: `python -m benchmarks.story`."""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.story.bootstrap import interval
from benchmarks.story.judge import Judge
from benchmarks.story.recipes import RECIPES, Recipe
from benchmarks.story.scripts import SETS, Script, scenes, scripts
from dungeon.engine.catalog import EMBEDDED
from dungeon.engine.torch_engine import TorchEngine
from dungeon.story import figures
from dungeon.story.cast import cast
from dungeon.story.story import begin


def play(recipe: Recipe, script: Script, lines: Sequence[str], seed: int) -> list[dict[str, Any]]:
    """One script with one recipe."""
    recipe.start(script.scenario, seed)
    names = cast(begin(script.scenario.filled({}), title="", seed=0, created=""))
    turns = []
    for line in lines:
        told = recipe.turn(line)
        turns.append(
            {
                "scenario": script.name,
                "person": script.scenario.style.person,
                "seed": seed,
                "line": line,
                "raw": told.raw,
                "text": told.text,
                "seconds": told.seconds,
                "cast": figures.on_stage([told.text], names)[0],
            }
        )
    return turns


def judged(turns: list[dict[str, Any]], lines: Sequence[str], judge: Judge) -> None:
    """Note for every turn whether the judge finds the action that it answers."""
    for at, turn in enumerate(turns):
        if turn["line"]:
            turn["right"] = judge.right(turn["text"] or ".", turn["line"], lines, at)
            rest = figures.without_echo(turn["text"], turn["line"])
            turn["echo"] = rest != turn["text"].strip()
            turn["right by the rest"] = judge.right(rest or ".", turn["line"], lines, at)


def summary(stories: list[list[dict[str, Any]]]) -> dict[str, Any]:
    """The figures of one recipe; shares with their 95 % interval."""
    turns = [turn for story in stories for turn in story]
    texts = [turn["text"] for turn in turns]

    def mean(values: Sequence[float]) -> tuple[float, float, float] | None:
        if not values:
            return None
        return (statistics.fmean(values), *interval(values, statistics.fmean))

    def share(test: Callable[[str], bool]) -> tuple[float, float, float] | None:
        return mean([float(test(text)) for text in texts])

    def of_lines(key: str) -> tuple[float, float, float] | None:
        return mean([float(turn[key]) for turn in turns if key in turn])

    again, whole = (
        sum(one)
        for one in zip(
            *(figures.repeated([turn["text"] for turn in story]) for story in stories), strict=True
        )
    )
    return {
        "turns": len(turns),
        "no first person": mean(
            [
                float(not figures.first_person(turn["text"]))
                for turn in turns
                if turn["person"] != "first"
            ]
        ),
        "no artefact": share(lambda text: not figures.artefact(text)),
        "finished": share(figures.finished),
        "answers the action": of_lines("right"),
        "says the line again": of_lines("echo"),
        "answers, that left out": of_lines("right by the rest"),
        "names its cast": mean([float(turn["cast"]) for turn in turns]),
        "cast in last 5 turns": mean(
            [float(any(turn["cast"] for turn in story[-5:])) for story in stories]
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
    lines = [f"{'':24}" + "".join(f"{name:>22}" for name in found)]
    for row in rows:
        cells = []
        for summary_of in found.values():
            value = summary_of[row]
            if isinstance(value, tuple):
                mean, low, high = (100 * part for part in value)
                cells.append(f"{mean:5.1f} % [{low:4.1f}, {high:5.1f}]")
            else:
                cells.append("-" if value is None else f"{value:.4g}")
        lines.append(f"{row:24}" + "".join(f"{cell:>22}" for cell in cells))
    return "\n".join(lines)


def main() -> None:
    """Print the table; every text goes to --out."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.story", description=__doc__)
    parser.add_argument("--recipes", nargs="+", default=["aidungeon2", "ours-1", "ours"])
    parser.add_argument("--set", choices=[*SETS, "none"], default="held-out")
    parser.add_argument("--eval", type=Path, metavar="DIR", help="passages (.txt) as scenes too")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="these scenarios alone")
    parser.add_argument("--model", default=EMBEDDED, help="of the catalogue, or a directory")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--long", type=int, default=0, help="turns of empty input instead")
    parser.add_argument("--out", type=Path, default=None, help="folder for all texts")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    played = scripts(options.set) if options.set != "none" else []
    if options.eval is not None:
        played += scenes(options.eval)
    if options.only:
        played = [script for script in played if script.name in options.only]
    engine = TorchEngine(options.model, device="cpu")
    engine.load(lambda line: None)
    judge = None if options.long else Judge()
    found: dict[str, dict[str, Any]] = {}
    for name in options.recipes:
        print(name, file=sys.stderr, flush=True)
        recipe = RECIPES[name](engine)
        stories = []
        for script in played:
            lines = [""] * options.long if options.long else script.lines
            for seed in range(options.first_seed, options.first_seed + options.seeds):
                stories.append(play(recipe, script, lines, seed))
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
