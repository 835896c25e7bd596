"""Plot: medians over a few situations as an SVG file, with the band from the min to the max of the rounds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from html import escape
from math import ceil, floor, log10

__all__ = ["in_short", "line_plot"]

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM, LINE = 830, 330, 62, 270, 40, 44, 18
_COLOURS = ("#2f6fde", "#d9562b", "#2a9d5c", "#8e5bd0", "#c79a12", "#d0508f", "#4a9db5", "#8a8f98")
_STYLE = (
    "text{font:12px system-ui,sans-serif;fill:#555}.name{font-size:14px;font-weight:600;fill:#222}"
    ".grid{stroke:#ddd}.band{opacity:.15}.line{fill:none;stroke-width:2}"
    "@media (prefers-color-scheme:dark){text{fill:#aaa}.name{fill:#eee}.grid{stroke:#3a3f46}}"
)

Spread = tuple[float, float, float]
"""Median, min and max."""


def line_plot(
    name: str, across: str, places: Sequence[str], series: Mapping[str, Sequence[Spread | None]], unit: str
) -> str:
    """Return the SVG. `places` are the situations from left to right, at even distances; None is a gap.

    The vertical axis is logarithmic, in decades around all values."""
    values = [
        value for points in series.values() for point in points if point for value in point if value > 0
    ]
    low, high = floor(log10(min(values))), ceil(log10(max(values)))
    high = max(high, low + 1)
    bottom, right = HEIGHT - BOTTOM, WIDTH - RIGHT

    def x(at: int) -> float:
        return LEFT + (right - LEFT) * (at + 0.5) / len(places)

    def y(value: float) -> float:
        share = (log10(max(value, 10.0**low)) - low) / (high - low)
        return bottom - (bottom - TOP) * share

    parts = [f'<text class="name" x="{LEFT}" y="16">{escape(name)}</text>']
    for power in range(low, high + 1):
        at = y(10.0**power)
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{right}" y1="{at:.1f}" y2="{at:.1f}"/>')
        parts.append(
            f'<text x="{LEFT - 6}" y="{at + 4:.1f}" text-anchor="end">{in_short(10.0**power)}</text>'
        )
    for at, place in enumerate(places):
        parts.append(f'<text x="{x(at):.1f}" y="{bottom + 18}" text-anchor="middle">{escape(place)}</text>')
    parts.append(
        f'<text x="{(LEFT + right) / 2:.0f}" y="{HEIGHT - 8}" text-anchor="middle">{escape(across)}</text>'
    )
    parts.append(f'<text x="{LEFT - 6}" y="{TOP - 12}" text-anchor="end">{escape(unit)}</text>')
    for number, (label, points) in enumerate(series.items()):
        colour = _COLOURS[number % len(_COLOURS)]
        parts += _one(points, colour, x, y)
        row = TOP + 10 + LINE * number
        parts.append(f'<rect x="{right + 14}" y="{row - 9}" width="10" height="10" fill="{colour}"/>')
        parts.append(f'<text x="{right + 30}" y="{row}">{escape(label)}</text>')
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{escape(name)}"><style>{_STYLE}</style>{"".join(parts)}</svg>\n'
    )


def _one(
    points: Sequence[Spread | None], colour: str, x: Callable[[int], float], y: Callable[[float], float]
) -> list[str]:
    there = [(at, point) for at, point in enumerate(points) if point]
    if not there:
        return []
    up = [f"{x(at):.1f},{y(most):.1f}" for at, (_, _, most) in there]
    down = [f"{x(at):.1f},{y(least):.1f}" for at, (_, least, _) in reversed(there)]
    line = " ".join(f"{x(at):.1f},{y(middle):.1f}" for at, (middle, _, _) in there)
    dots = "".join(
        f'<circle cx="{x(at):.1f}" cy="{y(middle):.1f}" r="3" fill="{colour}"/>'
        for at, (middle, _, _) in there
    )
    band = f'<polygon class="band" fill="{colour}" points="{" ".join((*up, *down))}"/>'
    return [band, f'<polyline class="line" stroke="{colour}" points="{line}"/>', dots]


def in_short(value: float) -> str:
    """Return 1,000,000 as 1M if that is exact, because an axis has little room."""
    for size, letter in ((1e6, "M"), (1e3, "k")):
        if value >= size and value % size == 0:
            return f"{value / size:g}{letter}"
    return f"{value:,g}"
