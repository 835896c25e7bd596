"""Commits: one row and its commit, again and again on one connection. This is the limit of the disk."""

from __future__ import annotations

import time

import psycopg

from benchmarks.quantiles import quantile

__all__ = ["commits"]

_TABLE = "CREATE TABLE IF NOT EXISTS benchmark_commits (at timestamptz NOT NULL)"


def commits(url: str, seconds: float) -> dict[str, float]:
    """Return the rate and the latencies as figures of a row."""
    took = []
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(_TABLE)
        until = time.perf_counter() + seconds
        while (began := time.perf_counter()) < until:
            connection.execute("INSERT INTO benchmark_commits VALUES (now())", prepare=True)
            took.append(time.perf_counter() - began)
    took.sort()
    return {
        "per_second": len(took) / sum(took),
        "p50_ms": quantile(took, 0.5) * 1000,
        "p99_ms": quantile(took, 0.99) * 1000,
        "p999_ms": quantile(took, 0.999) * 1000,
    }
