"""Terminal: shows a running rush: a live dashboard in a terminal, elsewhere a line every second."""

from __future__ import annotations

import sys

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from holdfast.rush.histogram import Histogram
from holdfast.rush.limits import RushLimits
from holdfast.rush.plan import Plan
from holdfast.rush.rush import Progress, View
from holdfast.rush.survey import Survey
from holdfast.rush.tally import CAME, FATES, RushTally

__all__ = ["Dashboard", "Lines", "Silence", "limits_in_words", "view_for"]

_BLOCKS = "▁▂▃▄▅▆▇█"
_RECENT_TICKS = 5
_MAX_REFUSALS = 4
_WIDTH_OF_THREE_TABLES = 90
"""In a narrower terminal the tables stand below each other, so that no number is broken."""


def view_for(*, as_json: bool) -> View:
    if as_json:
        return Silence()
    return Dashboard() if sys.stdout.isatty() else Lines()


def limits_in_words(plan: Plan, survey: Survey, limits: RushLimits) -> list[tuple[str, str]]:
    """Return the limits of this rush, on this machine and at the server, as names and texts."""
    event, counts = survey.event, survey.before
    raised = (
        f" (raised from {limits.descriptors_before:,})"
        if limits.descriptors > limits.descriptors_before
        else ""
    )
    parts = ["rehearsal"] if event.rehearsal else []
    parts.append(f"{counts.available:,} of {counts.capacity:,} available")
    if event.hold_ttl_seconds is not None:
        parts.append(f"holds live {plan.ttl_seconds or event.hold_ttl_seconds} s")
    if event.max_per_hold is not None:
        parts.append(f"{event.max_per_hold} per hold")
    if event.max_per_buyer is not None:
        parts.append(f"{event.max_per_buyer} per buyer")
    if event.allow_partial:
        parts.append("partial holds allowed")
    return [
        ("Server", plan.url),
        ("Event", f"{event.name} ({event.number}): {', '.join(parts)}"),
        ("Crowd", f"{plan.buyers:,} buyers over {plan.over_seconds:g} s ({plan.arrival}), seed {plan.seed}"),
        ("Wish", _wish(plan)),
        (
            "Machine",
            (
                f"{limits.cpus} CPUs, {_count(limits.processes, 'process', 'processes')} of buyers, "
                f"{limits.descriptors:,} file descriptors each{raised}, {limits.ports:,} ports, "
                f"up to {limits.connections:,} connections"
            ),
        ),
    ]


def _wish(plan: Plan) -> str:
    kind = {
        "quantity": f"{plan.admissions} admissions",
        "best_available": f"the best {plan.admissions} seats together",
        "seats": f"{plan.admissions} seats of their own choice",
    }[plan.wish]
    of = f" of {plan.area or plan.category}" if plan.area or plan.category else ""
    return (
        f"{kind}{of}; {plan.abandon:.0%} let their hold lapse, {plan.release:.0%} release it, "
        f"the others pay after {plan.pay_seconds} s"
    )


class Silence:
    """Shows nothing, for programs that read JSON."""

    def begin(self, plan: Plan, survey: Survey, limits: RushLimits) -> None:
        pass

    def show(self, progress: Progress) -> None:
        pass

    def say(self, text: str) -> None:
        pass

    def end(self) -> None:
        pass


class Lines(Silence):
    """Prints a line every second."""

    def begin(self, plan: Plan, survey: Survey, limits: RushLimits) -> None:
        for name, text in limits_in_words(plan, survey, limits):
            self.say(f"{name + ':':<9} {text}")

    def show(self, progress: Progress) -> None:
        tally, tick = progress.crowd.tally, progress.crowd.tick
        holds = tally.latency("hold", since=tick - _RECENT_TICKS)
        median, p99 = holds.percentiles(0.5, 0.99)
        parts = [
            f"{_clock(progress.crowd.seconds)}  came {tally.total(CAME):,} of {progress.plan.buyers:,}",
            f"inside {tally.inside():,}",
            f"holds granted {tally.total('held'):,}",
            f"returned {_returned(tally, tick):,}",
            f"booked {tally.total('booked_admissions'):,}",
            f"hold p50 {_milliseconds(median)}, p99 {_milliseconds(p99)}",
        ]
        refused = _refusals(tally)
        if refused:
            parts.append(f"refused {refused}")
        self.say(" · ".join(parts))

    def say(self, text: str) -> None:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()


class Dashboard(Silence):
    """Shows the same in colour, and updates it in place."""

    def __init__(self) -> None:
        self._console = Console()
        self._live = Live(console=self._console, auto_refresh=False)

    def begin(self, plan: Plan, survey: Survey, limits: RushLimits) -> None:
        table = Table(show_header=False, show_edge=False, box=None, pad_edge=False)
        table.add_column(style="bold")
        table.add_column()
        for name, text in limits_in_words(plan, survey, limits):
            table.add_row(name, Text(text))
        self._console.print(table)
        self._console.print()
        self._live.start()

    def show(self, progress: Progress) -> None:
        self._live.update(_dashboard(progress, width=min(self._console.width, 100)), refresh=True)

    def say(self, text: str) -> None:
        self._console.print(Text(text))

    def end(self) -> None:
        self._live.stop()


def _dashboard(progress: Progress, *, width: int) -> RenderableType:
    crowd, plan = progress.crowd, progress.plan
    tally, tick = crowd.tally, crowd.tick
    came = tally.total(CAME)
    phase = "leaving" if progress.is_interrupted else "coming" if came < plan.buyers else "finishing"
    title = Text(f"{_clock(crowd.seconds)} of {_clock(plan.over_seconds)}, {phase}", style="bold")
    tables = (_buyers(tally, plan), _answers(tally, tick), _rates(progress))
    if width < _WIDTH_OF_THREE_TABLES:
        return Group(title, Text(), _inventory(progress, width), Text(), *tables)
    grid = Table.grid(padding=(0, 4))
    grid.add_row(*tables)
    return Group(title, Text(), _inventory(progress, width), Text(), grid)


def _inventory(progress: Progress, width: int) -> RenderableType:
    """Render the server's counts as one bar."""
    sample, capacity = progress.samples[-1], max(1, progress.survey.before.capacity)
    booked = round(width * sample.booked / capacity)
    held = round(width * (sample.booked + sample.held) / capacity) - booked
    bar = Text("█" * booked, style="green")
    bar.append("█" * held, style="yellow")
    bar.append("░" * (width - booked - held), style="dim")
    words = Text.assemble(
        ("█ ", "green"),
        f"booked {sample.booked:,}   ",
        ("█ ", "yellow"),
        f"held {sample.held:,}   ",
        ("░ ", "dim"),
        f"available {sample.available:,}",
    )
    return Group(bar, words)


def _buyers(tally: RushTally, plan: Plan) -> Table:
    table = _table("buyers")
    table.add_row("came", f"{tally.total(CAME):,} of {plan.buyers:,}")
    table.add_row("inside", f"{tally.inside():,}")
    for fate in FATES:
        if many := tally.total(fate):
            table.add_row(fate.replace("_", " "), f"{many:,}")
    return table


def _answers(tally: RushTally, tick: int) -> Table:
    table = _table("latency", "p50", "p99")
    for step in ("look", "hold", "confirm", "later"):
        found = tally.latency(step, since=tick - _RECENT_TICKS)
        median, p99 = found.percentiles(0.5, 0.99)
        if median is not None:
            name = "refused for now" if step == "later" else step
            table.add_row(name, _milliseconds(median), _milliseconds(p99))
    lag = Histogram.sum(one for at, one in tally.lag.items() if at >= tick - _RECENT_TICKS)
    median, p99 = lag.percentiles(0.5, 0.99)
    table.add_row(Text("own lag", style="dim"), _milliseconds(median), _milliseconds(p99))
    return table


def _rates(progress: Progress) -> Table:
    tally, tick = progress.crowd.tally, progress.crowd.tick
    table = _table("a second", "")
    for name, title in (("answers", "answers"), ("held", "holds granted"), ("booked_admissions", "booked")):
        ticks = tally.counts.get(name, {})
        recent = [ticks.get(at, 0) / progress.plan.tick_seconds for at in range(max(0, tick - 20), tick)]
        table.add_row(title, f"{recent[-1] if recent else 0:,.0f}", _sparkline(recent))
    table.add_row("holds returned", f"{_returned(tally, tick):,}", "in all")
    table.add_row("refused", "", _refusals(tally))
    table.add_row("connections", f"{progress.crowd.max_open:,}", "")
    return table


def _table(*titles: str) -> Table:
    table = Table(show_edge=False, box=None, pad_edge=False, header_style="dim")
    for at, title in enumerate((*titles, "")[: max(2, len(titles))]):
        table.add_column(title, justify="left" if at == 0 else "right")
    if len(titles) == 2 and titles[1] == "":
        table.add_column("", justify="left")
    return table


def _returned(tally: RushTally, tick: int) -> int:
    """Return the admissions of holds that lapsed or were released, so that others could be granted them."""
    return tally.total("released_admissions") + tally.total("lapsed_admissions", until=tick)


def _sparkline(values: list[float]) -> str:
    top = max(values, default=0)
    return "".join(_BLOCKS[round(7 * value / top)] for value in values) if top else ""


def _refusals(tally: RushTally) -> str:
    every = {**tally.named("refusal:"), **tally.named("lost:")}
    largest = sorted(every.items(), key=lambda one: -one[1])[:_MAX_REFUSALS]
    return ", ".join(f"{code} {many:,}" for code, many in largest)


def _milliseconds(seconds: float | None) -> str:
    if seconds is None:
        return "–"
    return f"{seconds * 1000:,.0f} ms" if seconds < 10 else f"{seconds:,.1f} s"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes:02}:{rest:02}"


def _count(number: int, one: str, several: str) -> str:
    return f"{number:,} {one if number == 1 else several}"
