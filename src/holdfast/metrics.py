"""Metrics: Prometheus counters, gauges and histograms that add up over all worker processes.

Every part declares its own metrics with these helpers; `render_prometheus` writes them all. If
`PROMETHEUS_MULTIPROC_DIR` was set before the process started (the supervisor sets it), values are kept in
that folder and are summed over its processes.
"""

from __future__ import annotations

import asyncio
import os
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client import values as prometheus_values
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

__all__ = [
    "PROMETHEUS_CONTENT_TYPE",
    "Look",
    "Tally",
    "Timing",
    "counter",
    "gauge",
    "histogram",
    "metric_totals",
    "render_prometheus",
]

PROMETHEUS_CONTENT_TYPE = CONTENT_TYPE_LATEST
SECONDS_BUCKETS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)

disable_created_metrics()  # type: ignore[no-untyped-call]  # the library is untyped here
_REGISTRY = CollectorRegistry(auto_describe=True)
_RESERVED_BYTES = 256 * 1024


class ReservedFile(MmapedDict):
    """The shared file of a process's values, with its space reserved.

    A write to a mapped page without space ends the process by SIGBUS. A value that finds no space is kept in this
    process only.
    """

    def __init__(self, filename: str) -> None:
        self._apart: dict[str, tuple[float, float]] = {}
        with open(filename, "ab") as file:  # noqa: PTH123 - as the library opens it
            self._is_reserved = _reserve(file.fileno(), _RESERVED_BYTES)
        if self._is_reserved:
            super().__init__(filename)  # type: ignore[no-untyped-call]  # the library is untyped here

    def read_value(self, key: str) -> tuple[float, float]:
        if self._has_place(key):
            value: tuple[float, float] = super().read_value(key)  # type: ignore[no-untyped-call]  # as above
            return value
        return self._apart.setdefault(key, (0.0, 0.0))

    def write_value(self, key: str, value: float, timestamp: float) -> None:
        if self._has_place(key):
            super().write_value(key, value, timestamp)  # type: ignore[no-untyped-call]  # as above
        else:
            self._apart[key] = value, timestamp

    def close(self) -> None:
        if self._is_reserved:
            super().close()  # type: ignore[no-untyped-call]  # as above

    def _has_place(self, key: str) -> bool:
        if key in self._apart or not self._is_reserved:
            return False
        if key in self._positions or self._used + len(key.encode()) + _ENTRY_BYTES <= self._capacity:
            return True
        return _reserve(self._f.fileno(), 2 * self._capacity)


_ENTRY_BYTES = 32
"""Max bytes of a value in the file beside its name."""


def _reserve(descriptor: int, size: int) -> bool:
    try:
        os.posix_fallocate(descriptor, 0, size)
    except OSError:
        return False
    return True


setattr(prometheus_values, "MmapedDict", ReservedFile)  # noqa: B010 - the library opens its files by this name


def counter(name: str, description: str, labels: Sequence[str] = ()) -> Counter:
    return Counter(name, description, labels, registry=_REGISTRY)


def gauge(name: str, description: str, labels: Sequence[str] = (), *, across: str = "livesum") -> Gauge:
    """Declare a gauge. `across`: how the processes' values become one (`livesum`, `livemax`, `mostrecent`, …)."""
    return Gauge(name, description, labels, registry=_REGISTRY, multiprocess_mode=across)  # type: ignore[arg-type]  # a literal type, and a plain string of ours


def histogram(
    name: str, description: str, labels: Sequence[str] = (), *, buckets: Sequence[float] = SECONDS_BUCKETS
) -> Histogram:
    return Histogram(name, description, labels, registry=_REGISTRY, buckets=buckets)


class Look(Collector):
    """A gauge whose values are looked up for each answer of `/metrics`.

    It is kept in no shared file, because those keep every label that they have ever seen.
    """

    def __init__(self, name: str, description: str, labels: Sequence[str] = ()) -> None:
        self._name, self._description, self._labelnames = name, description, tuple(labels)
        self._values: Mapping[tuple[str, ...], float] = {}
        _REGISTRY.register(self)
        _LOOKS.append(self)

    def set_all(self, values: Mapping[tuple[str, ...], float]) -> None:
        """Replace all values, each by its labels."""
        self._values = values

    def describe(self) -> Iterator[GaugeMetricFamily]:
        yield GaugeMetricFamily(self._name, self._description, labels=self._labelnames)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        family = GaugeMetricFamily(self._name, self._description, labels=self._labelnames)
        for labels, value in self._values.items():
            family.add_metric(labels, value)
        yield family


_LOOKS: list[Look] = []


class Tally:
    """A counter that counts in memory and is written to the shared file twice a second.

    Every request counts, so that a count must be cheap, and the values that all processes share are in a
    file.
    """

    __slots__ = ("_counter", "_pending")

    def __init__(self, counter: Counter) -> None:
        self._counter = counter
        self._pending = 0

    def inc(self, amount: int = 1) -> None:
        """Count. `amount` is at least 1."""
        if not self._pending:
            _write_soon(self)
        self._pending += amount

    def write(self) -> None:
        self._counter.inc(self._pending)
        self._pending = 0


class Timing:
    """A histogram that is kept in memory and written out like a `Tally`."""

    __slots__ = ("_bounds", "_counts", "_histogram", "_sum")

    def __init__(self, histogram: Histogram, bounds: Sequence[float] = SECONDS_BUCKETS) -> None:
        """`bounds`: the buckets that the histogram was declared with."""
        self._histogram = histogram
        self._bounds = bounds
        self._counts = [0] * len(histogram._buckets)  # noqa: SLF001 - the library has no other way to add many at once
        self._sum = 0.0

    def observe(self, seconds: float) -> None:
        """Record a duration in seconds, or a size. It is not negative."""
        if not self._sum:
            _write_soon(self)
        self._counts[bisect_left(self._bounds, seconds)] += 1
        self._sum += seconds

    def write(self) -> None:
        for bucket, count in zip(self._histogram._buckets, self._counts, strict=True):  # noqa: SLF001 - as above
            if count:
                bucket.inc(count)
        self._histogram._sum.inc(self._sum)  # noqa: SLF001 - as above
        self._counts = [0] * len(self._counts)
        self._sum = 0.0


_WRITE_SECONDS = 0.5
_unwritten: set[Tally | Timing] = set()


def _write_soon(counted: Tally | Timing) -> None:
    if not _unwritten:
        asyncio.get_running_loop().call_later(_WRITE_SECONDS, write_tallies)
    _unwritten.add(counted)


def write_tallies() -> None:
    """Write out what has only been counted in memory."""
    while _unwritten:
        _unwritten.pop().write()


def render_prometheus() -> bytes:
    """Return the text format, over all workers."""
    write_tallies()
    return generate_latest(_everything())


def metric_totals() -> dict[str, float]:
    """Return each metric added up over its labels (a histogram as its count and sum), for people and for JSON."""
    write_tallies()
    totals: dict[str, float] = defaultdict(float)
    for family in _everything().collect():
        for sample in family.samples:
            if not sample.name.endswith("_bucket"):
                totals[sample.name] += sample.value
    return dict(totals)


def _everything() -> CollectorRegistry:
    if not _is_multiprocess():
        return _REGISTRY
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # the library is untyped here
    for look in _LOOKS:
        registry.register(look)
    return registry


def _is_multiprocess() -> bool:
    return "PROMETHEUS_MULTIPROC_DIR" in os.environ
