"""What was measured, as a table and as JSON."""

from __future__ import annotations

import statistics
import sys
from typing import Any

_UNITS = {"ms": 1e3, "s": 1.0, "GB": 1e-9}


class Report:
    """Values by row and contender; medians are what the ratios are made of."""

    def __init__(self) -> None:
        self._rows: dict[str, dict[str, list[float]]] = {}
        self._units: dict[str, str] = {}
        self._quality: dict[str, Any] = {}
        self._notes: list[str] = []

    def say(self, line: str) -> None:
        """Progress, on standard error."""
        print(line, file=sys.stderr, flush=True)

    def note(self, line: str) -> None:
        """Something that the reader of the table must know."""
        self._notes.append(line)
        self.say(line)

    def add(self, row: str, name: str, value: float, unit: str = "ms") -> None:
        """One measurement, in seconds or bytes."""
        self._rows.setdefault(row, {}).setdefault(name, []).append(value)
        self._units[row] = unit

    def quality(self, measured: dict[str, Any]) -> None:
        """The answer of `quality.measure`."""
        self._quality = measured

    def median(self, row: str, name: str) -> float:
        """Of what was measured; NaN where nothing was."""
        values = self._rows.get(row, {}).get(name)
        return statistics.median(values) if values else float("nan")

    def ratios(self) -> dict[str, float]:
        """The figures by which a change is judged; those of absent peers are left out."""

        def over(row: str, one: str, other: str, other_row: str = "") -> float:
            return self.median(row, one) / self.median(other_row or row, other)

        token, cold = "a further token at {}", "cold turn, 900 in and 60 out"
        story = "first token in play"
        found = {
            "decode_speed_vs_generate_64": over(token.format(64), "generate() fp32", "dungeon"),
            "decode_speed_vs_ctranslate2_64": over(token.format(64), "CTranslate2 int8", "dungeon"),
            "decode_speed_vs_llamacpp_64": over(token.format(64), "llama.cpp Q8_0", "dungeon"),
            "decode_speed_vs_generate_900": over(token.format(900), "generate() fp32", "dungeon"),
            "decode_speed_vs_ctranslate2_900": over(
                token.format(900), "CTranslate2 int8", "dungeon"
            ),
            "decode_speed_vs_llamacpp_900": over(token.format(900), "llama.cpp Q8_0", "dungeon"),
            "cold_turn_vs_generate_900": over(cold, "generate() fp32", "dungeon"),
            "cold_turn_vs_ctranslate2_900": over(cold, "CTranslate2 int8", "dungeon"),
            "cold_turn_vs_llamacpp_900": over(cold, "llama.cpp Q8_0", "dungeon"),
            "warm_over_cold_first_token_900": over(
                "first token of 900, 30 changed", "dungeon", "dungeon", "first token of 900, cold"
            ),
            "first_token_turn200_over_turn5": over(story, "turn 200", "turn 5"),
            "four_candidates_over_one": over("60 tokens at 512", "4 candidates", "1 candidates"),
            "second_start_s": self.median("load, from torch imported", "second start"),
            "peak_memory_gb": self.median("peak memory", "second start") / 1e9,
            "cancel_in_prefill_s": max(
                self._rows.get("cancel in a cold prompt of 900", {}).get("dungeon", [float("nan")])
            ),
        }
        if self._quality:
            together, each = self._quality["together"], self._quality["perplexity"].values()
            found["perplexity_mean_over_fp32"] = _worst(together)
            found["perplexity_worst_over_fp32"] = max(_worst(one) for one in each)
            found["greedy_prompts_equal_for_20"] = sum(n >= 20 for n in self._quality["greedy"])
        return {name: round(value, 4) for name, value in found.items() if value == value}

    def as_json(self) -> dict[str, Any]:
        """Rows in seconds and bytes, ratios, and notes."""
        rows = [
            {
                "row": row,
                "name": name,
                "median": statistics.median(values),
                "min": min(values),
                "max": max(values),
                "count": len(values),
            }
            for row, names in self._rows.items()
            for name, values in names.items()
        ]
        return {
            "rows": rows,
            "ratios": self.ratios(),
            "quality": self._quality,
            "notes": self._notes,
        }

    def as_text(self) -> str:
        """The table."""
        lines = []
        for row, names in self._rows.items():
            unit = self._units[row]
            scale = _UNITS[unit]
            lines.append(f"{row} ({unit})")
            for name, values in names.items():
                shown = (statistics.median(values), min(values), max(values))
                numbers = "  ".join(f"{value * scale:9.2f}" for value in shown)
                lines.append(f"    {name:22}{numbers}")
        if self._quality:
            lines.append("perplexity of a passage: float32, prompt's path, decode path")
            for passage, by in (
                *self._quality["perplexity"].items(),
                ("together", self._quality["together"]),
            ):
                numbers = "  ".join(f"{by[path]:9.3f}" for path in ("fp32", "read", "write"))
                worst = f"{(_worst(by) - 1) * 100:+.2f} %"
                lines.append(f"    {passage[:30]:32}{numbers}  {worst}")
            lines.append(f"greedy tokens equal to float32's, of 20: {self._quality['greedy']}")
        lines.append("ratios")
        lines += [f"    {name:36}{value:9.3f}" for name, value in self.ratios().items()]
        lines += [f"note: {note}" for note in self._notes]
        if lines and self._rows:
            lines.insert(0, f"{'':26}{'median':>9}  {'least':>9}  {'most':>9}")
        return "\n".join(lines)


def _worst(by: dict[str, float]) -> float:
    return max(by["read"], by["write"]) / by["fp32"]
