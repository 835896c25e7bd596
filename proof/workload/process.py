"""Process: one client process, which a workload starts as `python -m proof.workload.process SETTINGS NUMBER LIFE`."""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path

import uvloop

from proof.workload.crowd import Crowd
from proof.workload.settings import Settings


async def run(settings: Settings, number: int, life: int) -> None:
    counts = await Crowd(settings, number, life).run()
    used = resource.getrusage(resource.RUSAGE_SELF)
    counts["processor_milliseconds"] = round(1_000 * (used.ru_utime + used.ru_stime))
    (settings.out / f"counts-{number:02}.json").write_text(json.dumps(counts))


if __name__ == "__main__":
    uvloop.run(run(Settings.read(Path(sys.argv[1])), int(sys.argv[2]), int(sys.argv[3])))
