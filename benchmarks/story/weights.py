"""Compare weights of the reranker on candidates that were written once.

    python -m benchmarks.story.weights gather --seeds 4 --out candidates.jsonl
    python -m benchmarks.story.weights compare candidates.jsonl

The scripts for tuning are played; of every turn eight candidates are kept with all that the
reranker sees, and what the judge says of each. The story goes on from what the game would have
told of the first four. Choosing again with other weights then takes no model.
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from itertools import combinations
from pathlib import Path
from typing import Any

import yaml

from benchmarks.story.bootstrap import interval
from benchmarks.story.judge import CHOICES, Judge
from dungeon.authoring.reader import read_scenario
from dungeon.engine.base import CancelToken, PromptPart, candidate_seed
from dungeon.engine.catalog import EMBEDDED
from dungeon.engine.torch_engine import TorchEngine
from dungeon.session import GameSession, Narration
from dungeon.story import figures, rerank
from dungeon.story.action import parse
from dungeon.story.rerank import WEIGHTS, Scores
from dungeon.turn import candidates

HERE = Path(__file__).parent
SCENARIOS = HERE.parent.parent / "scenarios"

WRITTEN, TOLD_OF = 8, 4
"""Candidates that are written, and of how many one is told."""

MOST_SCORED = 48
"""Tokens whose probability without the action is kept."""

_HOW = ("action", "said", "person", "tense", "cast")
"""What the reranker is told of a turn."""

Choice = Callable[[dict[str, Any], dict[str, Any]], float]
"""What a candidate of a turn is worth."""


def gather(seeds: int, out: Path) -> None:
    """Play and write one line of JSON a turn."""
    scripts = yaml.safe_load((HERE / "scripts.yaml").read_text(encoding="utf-8"))["tune"]
    engine = TorchEngine(EMBEDDED, device="cpu")
    engine.load(lambda line: None)
    judge = Judge()
    with out.open("w", encoding="utf-8") as file:
        for seed in range(1, seeds + 1):
            for name, lines in scripts.items():
                scenario = read_scenario(SCENARIOS / f"{name}.yaml")
                session = GameSession.new(scenario, engine, seed=seed)
                for at, line in enumerate(lines):
                    turn = told(session, line)
                    turn |= {"scenario": name, "seed": seed}
                    judged(turn, at, lines, judge)
                    file.write(json.dumps(turn, ensure_ascii=False) + "\n")
                    file.flush()


def judged(turn: dict[str, Any], at: int, lines: Sequence[str], judge: Judge) -> None:
    """Note how near each candidate is to each action of the script; line `at` is the turn's.

    `right` is the share of the five draws of four others among which the judge finds it, the
    mean of `Judge.right` over all; `margin` the cosine with its own less that with the next.
    """
    texts = [one["text"] or "." for one in turn["candidates"]]
    near = judge.vectors(texts) @ judge.vectors(lines).T
    for one, row in zip(turn["candidates"], near.tolist(), strict=True):
        own = row.pop(at)
        one["right"] = statistics.fmean(
            own > max(others) for others in combinations(row, CHOICES - 1)
        )
        one["margin"] = own - max(row)


def told(session: GameSession, line: str) -> dict[str, Any]:
    """Take a turn; everything about its candidates."""
    engine, cancel = session.engine, CancelToken()
    turn = replace(session.begin_turn(parse(line)), candidates=WRITTEN)
    written, texts = candidates(engine, turn, cancel)
    prompt = tuple(PromptPart(p.text, p.special) for p in turn.context.without_action)
    alone = engine.score(prompt, [one.ids[:MOST_SCORED] for one in written], cancel)
    assert alone is not None
    seen = {
        "line": line,
        "action": turn.action.text,
        "said": turn.said,
        "person": turn.person,
        "tense": turn.tense,
        "cast": turn.cast,
        "candidates": [
            {
                "text": text,
                "raw": one.text,
                "with": [round(value, 4) for value in one.logprobs],
                "without": [round(value, 4) for value in without],
            }
            for one, text, without in zip(written, texts, alone, strict=True)
        ],
    }
    pairs = [(text, one.text) for text, one in zip(texts, written, strict=True)][:TOLD_OF]
    at = rerank.best(pairs, **{key: seen[key] for key in _HOW})  # type: ignore[arg-type]
    text, raw = pairs[at]
    seed = candidate_seed(turn.seed, at)
    session.commit(turn, Narration(text or "Nothing happens.", raw, written[at].stop, seed))
    return seen


def gain(one: dict[str, Any], tokens: int) -> float:
    """As `dungeon.turn.gains`, of so many tokens."""
    with_, without = one["with"][:tokens], one["without"][:tokens]
    return (sum(with_) - sum(without)) / len(without)


def by_weights(weights: Scores, tokens: int = 32) -> Choice:
    """The reranker with other weights."""

    def worth(turn: dict[str, Any], one: dict[str, Any]) -> float:
        return scores(turn, one, tokens).total(weights) if one["text"] else float("-inf")

    return worth


def scores(turn: dict[str, Any], one: dict[str, Any], tokens: int) -> Scores:
    """Everything that is counted of a candidate, remembered in it."""
    if "scores" not in one:
        how = {key: turn.get(key, ()) for key in _HOW}
        one["scores"] = rerank.score(one["text"], one["raw"], **how)
    found: Scores = replace(one["scores"], gain=min(2.0, max(-1.0, gain(one, tokens))))
    return found


def chosen(turns: Sequence[dict[str, Any]], worth: Choice) -> list[tuple[Any, Any]]:
    """Turn and candidate told, of each half of the candidates."""
    found = []
    for turn in turns:
        for start in range(0, len(turn["candidates"]), TOLD_OF):
            group = turn["candidates"][start : start + TOLD_OF]
            totals = [worth(turn, one) for one in group]
            found.append((turn, group[totals.index(max(totals))]))
    return found


def summary(found: Sequence[tuple[Any, Any]]) -> dict[str, float]:
    """What was told, in figures."""
    texts = [one["text"] for _, one in found]
    spoilt = [scores(turn, one, 32) for turn, one in found]
    mean = statistics.fmean
    return {
        "right": 100 * mean(one["right"] for _, one in found),
        "margin": mean(one["margin"] for _, one in found),
        "first": 100 * mean(figures.first_person(text) for text in texts),
        "artefact": 100 * mean(figures.artefact(text) for text in texts),
        "repeated": 100 * mean(one.repeated for one in spoilt),
        "monotone": 100 * mean(one.monotone for one in spoilt),
        "overlap": 100 * mean(one.answers for one in spoilt),
        "gain": mean(one.gain for one in spoilt),
        "logprob": mean(mean(one["with"]) for _, one in found),
        "distinct-3": figures.distinct(texts, 3),
        "words": mean(len(text.split()) for text in texts),
    }


def variants() -> dict[str, Choice]:
    """What is compared."""
    made: dict[str, Choice] = {"the first": lambda turn, one: 0.0, "as it is": by_weights(WEIGHTS)}
    for answers in (3.0, 1.5, 0.0):
        for weight in (0.0, 0.5, 1.0, 2.0, 4.0):
            changed = replace(WEIGHTS, answers=answers, gain=weight)
            made[f"overlap {answers:g}, gain {weight:g}"] = by_weights(changed)
    only = {field.name: 0.0 for field in fields(Scores)}
    for tokens in (16, 24, 32, 48):
        made[f"gain alone, {tokens} tokens"] = by_weights(Scores(**{**only, "gain": 1.0}), tokens)
    made["overlap alone"] = by_weights(Scores(**{**only, "answers": 1.0}))
    return made


def compare(turns: Sequence[dict[str, Any]]) -> str:
    """A table, one line a variant, with the paired difference of `right` to what is told now."""
    base = [float(one["right"]) for _, one in chosen(turns, by_weights(WEIGHTS))]
    lines = []
    for name, worth in variants().items():
        found = chosen(turns, worth)
        row = summary(found)
        if not lines:
            lines.append(f"{'':28}" + "".join(f"{key:>11}" for key in row) + "   difference")
        differences = [
            100 * (float(one["right"]) - before)
            for (_, one), before in zip(found, base, strict=True)
        ]
        low, high = interval(differences, statistics.fmean)
        cells = "".join(f"{value:11.3f}" for value in row.values())
        lines.append(f"{name:28}{cells}   [{low:+.1f}, {high:+.1f}]")
    return "\n".join(lines)


def main() -> None:
    """Gather or compare."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.story.weights")
    verbs = parser.add_subparsers(dest="verb", required=True)
    first = verbs.add_parser("gather", help="play and keep candidates")
    first.add_argument("--seeds", type=int, default=4)
    first.add_argument("--out", type=Path, required=True)
    second = verbs.add_parser("compare", help="choose again with other weights")
    second.add_argument("files", type=Path, nargs="+")
    options = parser.parse_args()
    if options.verb == "gather":
        gather(options.seeds, options.out)
        return
    turns = [
        json.loads(line)
        for file in options.files
        for line in file.read_text(encoding="utf-8").splitlines()
    ]
    print(f"{len(turns)} turns")
    print(compare(turns))


if __name__ == "__main__":
    main()
