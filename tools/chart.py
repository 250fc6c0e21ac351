"""Line charts below each other in one SVG file: no library is worth its weight for this."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT, LEFT, TOP, GAP = 760, 190, 60, 56, 66
INK, LINE, LIMIT, RULE = "#3a2f22", "#8a4a12", "#a3271d", "#d5c6a6"


@dataclass(frozen=True)
class Panel:
    """One chart: its name, points (turn or step, value), and maybe a limit with what it is.

    `also` is a second line, in another colour; the name says which is which.
    """

    name: str
    points: Sequence[tuple[int, float]]
    limit: float | None = None
    limit_name: str = ""
    also: Sequence[tuple[int, float]] = ()


def svg(title: str, panels: Sequence[Panel]) -> str:
    """The picture."""
    height = TOP + len(panels) * (HEIGHT + GAP)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH + LEFT + 30} {height}"'
        ' font-family="Georgia, serif" font-size="13">',
        f"<title>{escape(title)}</title>",
        '<rect width="100%" height="100%" fill="#f7f1e3"/>',
        f'<text x="{LEFT}" y="24" font-size="17" fill="{INK}">{escape(title)}</text>',
    ]
    for at, panel in enumerate(panels):
        parts += _panel(panel, TOP + at * (HEIGHT + GAP))
    return "\n".join([*parts, "</svg>", ""])


def _panel(panel: Panel, top: float) -> list[str]:
    last = panel.points[-1][0]
    values = [value for _, value in (*panel.points, *panel.also)]
    highest = 1.1 * max(panel.limit or 0.0, *values)
    step = _round_step(highest)

    def x(turn: float) -> float:
        return LEFT + WIDTH * turn / last

    def y(value: float) -> float:
        return top + HEIGHT * (1 - value / highest)

    parts = [f'<text x="{LEFT}" y="{top - 8}" fill="{INK}">{escape(panel.name)}</text>']
    for tick in range(int(highest / step) + 1):
        at = y(tick * step)
        parts.append(f'<path d="M{LEFT} {at:.1f}h{WIDTH}" stroke="{RULE}"/>')
        parts.append(
            f'<text x="{LEFT - 6}" y="{at + 4:.1f}" text-anchor="end" fill="{INK}">'
            f"{tick * step:g}</text>"
        )
    for tick in range(6):
        turn = last * tick // 5
        parts.append(
            f'<text x="{x(turn):.1f}" y="{top + HEIGHT + 18}" text-anchor="middle" fill="{INK}">'
            f"{turn:,}</text>"
        )
    if panel.limit is not None:
        limit = y(panel.limit)
        parts.append(
            f'<path d="M{LEFT} {limit:.1f}h{WIDTH}" stroke="{LIMIT}" stroke-dasharray="6 4"/>'
            f'<text x="{LEFT + WIDTH}" y="{limit - 5:.1f}" text-anchor="end" fill="{LIMIT}">'
            f"allowed: {escape(panel.limit_name)}</text>"
        )
    for points, colour in ((panel.points, LINE), (panel.also, LIMIT)):
        line = " ".join(f"{x(turn):.1f},{y(value):.1f}" for turn, value in points)
        if line:
            parts.append(
                f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>'
            )
    return parts


def _round_step(highest: float) -> float:
    """A round distance between grid lines, four to nine of them."""
    step = 10.0 ** len(str(int(highest)))
    while highest / step < 4:
        step /= 2 if str(step)[0] in "1" else 2.5 if str(step)[0] == "5" else 2
    return step
