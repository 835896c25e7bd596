"""Tasks: what a page's main thread did, in processor time. So other programs of the machine count for nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

__all__ = ["main_thread_tasks"]

_MAIN = "CrRendererMain"


def main_thread_tasks(events: Sequence[dict[str, Any]]) -> list[float]:
    """Return the milliseconds of processor time of each task, in order. `events` are of a trace.

    The page's process is the one whose main thread was the busiest: the browser keeps a spare one.
    """
    mains = {
        (each["pid"], each["tid"])
        for each in events
        if each.get("name") == "thread_name" and each["args"].get("name") == _MAIN
    }
    busy: Counter[tuple[int, int]] = Counter()
    tasks: dict[tuple[int, int], list[tuple[float, float]]] = {thread: [] for thread in mains}
    for each in events:
        thread = (each.get("pid", 0), each.get("tid", 0))
        if thread in mains and each.get("ph") == "X" and each["name"] == "RunTask" and "tdur" in each:
            busy[thread] += each["tdur"]
            tasks[thread].append((each["ts"], each["tdur"] / 1000))
    if not busy:
        raise RuntimeError("the trace has no task of a page")
    return [took for _, took in sorted(tasks[busy.most_common(1)[0][0]])]
