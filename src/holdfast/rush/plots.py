"""Plots: lines, stacked bars and areas over time as inline SVG.

All have the same frame and time axis, so that the same time has the same place in each. Colours are classes of the
page's style sheet, which has a light and a dark scheme. The browser shows the numbers at the pointer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from math import ceil, floor, log10

__all__ = ["NARROW", "WIDE", "Axis", "Plot", "Series", "bins", "compact", "milliseconds", "moment", "whole"]

WIDE, NARROW = 760, 320
"""Widths of a plot on a desk and on a phone, so that its words have the same size on both."""
LEFT, RIGHT, TOP, BOTTOM = 64, 14, 12, 26
_STEPS_OF_TIME = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200)
_UNITS_OF_A_MARK = 68
"""Room for one time below the axis."""
_MAX_BARS = 160

Values = Sequence[float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Values over time. `style` is the class in the style sheet."""

    name: str
    style: str
    values: Values
    note: str = ""
    """Text beside the name in the legend."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """The vertical axis: from 0 to `most`; a logarithmic one from `least`."""

    most: float
    words: Callable[[float], str]
    least: float = 0.0
    is_log: bool = False

    @classmethod
    def up_to(cls, most: float, words: Callable[[float], str] | None = None) -> Axis:
        top = most if most > 0 else 1.0
        step = _nice_step(top / 4)
        return cls(most=step * ceil(top / step - 1e-9), words=words or compact)

    @classmethod
    def decades(cls, values: Sequence[float], words: Callable[[float], str]) -> Axis:
        """Return a logarithmic axis over all values, from one power of ten to another, at least two apart."""
        found = [value for value in values if value > 0] or [1.0]
        least, most = floor(log10(min(found))), ceil(log10(max(found)))
        return cls(least=10.0**least, most=10.0 ** max(most, least + 2), is_log=True, words=words)

    def marks(self) -> list[float]:
        if self.is_log:
            return [10.0**power for power in range(round(log10(self.least)), round(log10(self.most)) + 1)]
        step = _nice_step(self.most / 4)
        return [step * at for at in range(round(self.most / step) + 1)]

    def height(self, value: float) -> float:
        """Return the value's height, from 0 at the bottom to 1 at the top."""
        if self.is_log:
            span = log10(self.most) - log10(self.least)
            return min(1.0, max(0.0, (log10(max(value, self.least)) - log10(self.least)) / span))
        return min(1.0, max(0.0, value / self.most))


class Plot:
    """One figure. It draws its parts in the order of their addition."""

    def __init__(
        self, name: str, *, seconds: float, axis: Axis, height: int = 190, width: int = WIDE
    ) -> None:
        self._name = name
        self._width = width
        self._seconds = max(seconds, 1.0)
        self._axis = axis
        self._height = height
        self._drawn: list[str] = []
        self._hovers: list[tuple[float, float, str]] = []

    def add_line(self, one: Series, times: Sequence[float]) -> None:
        """Add a line over another part, whose numbers the pointer shows."""
        self._drawn.append(self._line(one, times))

    def add_lines(self, several: Sequence[Series], times: Sequence[float]) -> None:
        """Add lines. A missing value is a gap, and a value between two gaps is a dot."""
        for one in several:
            self._drawn.append(self._line(one, times))
        edges = _edges(times, self._seconds)
        for at, (begin, end) in enumerate(edges):
            lines = [
                f"{one.name} {self._axis.words(value)}"
                for one in several
                if (value := one.values[at]) is not None
            ]
            if lines:
                self._hovers.append((begin, end, "\n".join([moment(times[at]), *lines])))

    def add_areas(self, several: Sequence[Series], times: Sequence[float], *, longest_gap: float) -> None:
        """Add stacked areas, the first at the bottom. A gap longer than `longest_gap` seconds stays empty."""
        ends = [at for at, (one, other) in enumerate(pairwise(times), 1) if other - one > longest_gap]
        spans = [slice(*span) for span in pairwise((0, *ends, len(times)))]
        below = [0.0] * len(times)
        for one in several:
            above = [base + (value or 0) for base, value in zip(below, one.values, strict=True)]
            for span in spans:
                upper, lower = (
                    [
                        f"{self._x(t):.1f},{self._y(v):.1f}"
                        for t, v in zip(times[span], edge[span], strict=True)
                    ]
                    for edge in (above, below)
                )
                points = " ".join((*upper, *reversed(lower)))
                self._drawn.append(f'<polygon class="area {one.style}" points="{points}"/>')
            below = above
        self._add_hovers(several, _edges(times, self._seconds), times)

    def add_bars(self, several: Sequence[Series], width_seconds: float) -> None:
        """Add stacked bars of `width_seconds` each. The first begins at 0."""
        count = max((len(one.values) for one in several), default=0)
        below = [0.0] * count
        for one in several:
            path = []
            for at, value in enumerate(one.values):
                if value:
                    left, right = self._x(at * width_seconds), self._x((at + 1) * width_seconds)
                    gap = 1.0 if right - left > 4 else 0.0
                    top, bottom = self._y(below[at] + value), self._y(below[at])
                    path.append(f"M{left:.1f} {bottom:.1f}V{top:.1f}H{right - gap:.1f}V{bottom:.1f}Z")
                    below[at] += value
            self._drawn.append(f'<path class="bar {one.style}" d="{"".join(path)}"/>')
        edges = [(at * width_seconds, (at + 1) * width_seconds) for at in range(count)]
        self._add_hovers(several, edges, [begin for begin, _ in edges])

    def add_moment(self, seconds: float, name: str) -> None:
        """Add a vertical line with a word at its top."""
        x = self._x(seconds)
        anchor, shift = ("end", -5) if x > self._width * 0.8 else ("start", 5)
        self._drawn.append(
            f'<line class="moment" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{self._floor:.1f}"/>'
            f'<text class="moment" x="{x + shift:.1f}" y="{TOP + 11}" text-anchor="{anchor}">{escape(name)}</text>'
        )

    def render(self) -> str:
        # A phone has no pointer that could rest on a place.
        hovers = "".join(
            f'<rect class="hover" x="{self._x(begin):.1f}" y="{TOP}" '
            f'width="{max(0.5, self._x(end) - self._x(begin)):.1f}" height="{self._floor - TOP:.1f}">'
            f"<title>{escape(text)}</title></rect>"
            for begin, end, text in (self._hovers if self._width == WIDE else ())
        )
        return (
            f'<svg viewBox="0 0 {self._width} {self._height}" role="img" aria-label="{escape(self._name)}">'
            f"{self._grid()}{''.join(self._drawn)}{self._times()}{hovers}</svg>"
        )

    @property
    def _floor(self) -> float:
        return self._height - BOTTOM

    def _x(self, seconds: float) -> float:
        return LEFT + (self._width - LEFT - RIGHT) * min(seconds, self._seconds) / self._seconds

    def _y(self, value: float) -> float:
        return self._floor - (self._floor - TOP) * self._axis.height(value)

    def _grid(self) -> str:
        parts = []
        for value in self._axis.marks():
            y = self._y(value)
            parts.append(
                f'<line class="grid" x1="{LEFT}" x2="{self._width - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
                f'<text class="mark" x="{LEFT - 8}" y="{y + 3.5:.1f}" text-anchor="end">'
                f"{escape(self._axis.words(value))}</text>"
            )
        return "".join(parts)

    def _times(self) -> str:
        max_marks = (self._width - LEFT - RIGHT) // _UNITS_OF_A_MARK
        step = next(
            (each for each in _STEPS_OF_TIME if self._seconds / each <= max_marks),
            ceil(self._seconds / max_marks / 86_400) * 86_400,
        )
        parts = [
            f'<line class="axis" x1="{LEFT}" x2="{self._width - RIGHT}" y1="{self._floor:.1f}" y2="{self._floor:.1f}"/>'
        ]
        for at in range(int(self._seconds / step) + 1):
            x = self._x(at * step)
            parts.append(
                f'<line class="axis" x1="{x:.1f}" x2="{x:.1f}" y1="{self._floor:.1f}" y2="{self._floor + 4:.1f}"/>'
                f'<text class="mark" x="{x:.1f}" y="{self._floor + 17:.1f}" text-anchor="middle">'
                f"{moment(at * step)}</text>"
            )
        return "".join(parts)

    def _line(self, one: Series, times: Sequence[float]) -> str:
        path, dots = [], []
        points = [
            None if value is None else (self._x(time), self._y(value))
            for time, value in zip(times, one.values, strict=True)
        ]
        for before, here, after in zip([None, *points], points, [*points[1:], None], strict=False):
            if here is None:
                continue
            if before is None and after is None:
                dots.append(f'<circle class="dot {one.style}" cx="{here[0]:.1f}" cy="{here[1]:.1f}" r="2"/>')
            path.append(f"{'M' if before is None else 'L'}{here[0]:.1f} {here[1]:.1f}")
        return f'<path class="line {one.style}" d="{"".join(path)}"/>{"".join(dots)}'

    def _add_hovers(
        self, several: Sequence[Series], edges: Sequence[tuple[float, float]], times: Sequence[float]
    ) -> None:
        for at, (begin, end) in enumerate(edges):
            lines = [
                f"{one.name} {whole(value)}"
                for one in reversed(several)
                if (value := one.values[at]) is not None
            ]
            self._hovers.append((begin, end, "\n".join([moment(times[at]), *lines])))


def bins(values: Sequence[float], tick_seconds: float) -> tuple[list[float], float]:
    """Return rates per second, with ticks summed until the bars are few enough, and each bar's width in seconds."""
    together = max(1, ceil(len(values) / _MAX_BARS))
    width = together * tick_seconds
    return [sum(values[at : at + together]) / width for at in range(0, len(values), together)], width


def moment(seconds: float) -> str:
    """Return a time as the time axis shows it."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def compact(value: float) -> str:
    """Return a short form: 1,500,000 as 1.5M."""
    for size, letter in ((1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:.3g}{letter}"
    return f"{value:.3g}"


def whole(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 or value == int(value) else f"{value:.1f}"


def milliseconds(value: float) -> str:
    """Return a duration in milliseconds as text, in seconds from one second on."""
    if value < 1000:
        return f"{value:.3g} ms"
    return f"{value / 1000:.3g} s" if value < 100_000 else f"{value / 1000:,.0f} s"


def _nice_step(least: float) -> float:
    """Return the next 1, 2 or 5 times a power of ten that is at least this."""
    power = 10.0 ** floor(log10(least))
    return next(power * each for each in (1, 2, 5, 10) if power * each >= least * (1 - 1e-9))


def _edges(times: Sequence[float], end: float) -> list[tuple[float, float]]:
    """Return a span around each time, which reaches halfway to its neighbours."""
    if not times:
        return []
    middles = [(one + other) / 2 for one, other in pairwise(times)]
    return list(zip([0.0, *middles], [*middles, end], strict=True))
