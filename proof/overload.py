"""Overload: a server with five times its peak load keeps its throughput and refuses the rest at once.

Its peak is set low, so that one machine can offer that load: 16 commands a batch, one worker, and a database
20 ms away. A closed loop measures the peak. Then an open loop offers five times the requests of the peak.
Peak and goodput count successful answers while buyers arrived.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import uvloop

from proof.caller import Answer, Caller, make_event, write_setup
from proof.dump import write_dump
from proof.log import ClientLog
from proof.machine import Source
from proof.open_loop import AREA, Loop
from proof.result import Result
from proof.system import Deployment
from proof.verdict import judge_deployment, judge_history

TIMES = 5.0
CAPACITY = 2_000_000
BATCH_LIMIT = 16
DATABASE_AWAY_MS = 20.0
GOODPUT_SHARE = 0.8
REFUSED_WITHIN_SECONDS = 0.2
_CLOSED_CLIENTS = 4 * BATCH_LIMIT
_WARM_UP_SECONDS = 1.0


def run(*, seed: int, seconds: float, out: Path) -> Result:
    """Run the closed loop for half of `seconds`, then the open loop for `seconds`."""
    result = Result(part="overload", promises=["P1", "P2", "P21"], seeds=[seed])
    began = time.monotonic()
    with Deployment(
        servers=1, workers=1, seed=seed, settings={"batch_limit": str(BATCH_LIMIT)}
    ) as deployment:
        assert deployment.database_door is not None
        deployment.database_door.set(latency_ms=DATABASE_AWAY_MS)
        port = deployment.servers[0].port
        made = make_event(port, {"name": "Overload", "areas": [{"name": AREA, "capacity": CAPACITY}]})
        event = {"event": made["id"], "number": made["number"], "areas": {AREA: CAPACITY}}
        settings = {"batch_limit": BATCH_LIMIT}
        write_setup(out, seed=seed, commit=Source.now().commit, settings=settings, events=[event])
        peak_seconds = max(3.0, seconds / 2)
        with ClientLog(out / "client-closed.jsonl") as log:
            closed = Loop(Caller(log), port, made["id"], seed)
            started = time.monotonic()
            uvloop.run(closed.closed(_CLOSED_CLIENTS, peak_seconds + _WARM_UP_SECONDS))
            peak = _rate(closed.answers, started + _WARM_UP_SECONDS, peak_seconds)
        print(f"peak {peak:.0f} requests/s; offering {TIMES * peak:.0f}/s for {seconds:.0f} s", flush=True)
        with ClientLog(out / "client-open.jsonl") as log:
            loop = Loop(Caller(log), port, made["id"], seed + 1)
            started = time.monotonic()
            uvloop.run(loop.open(TIMES * peak, seconds + _WARM_UP_SECONDS))
            goodput = _rate(loop.answers, started + _WARM_UP_SECONDS, seconds)
        deployment.database_door.calm()
        write_dump(deployment.direct_urls, deployment.sql_url, out)
        judge_deployment(deployment, result)
    judge_history(out, result)
    _judge(result, peak, goodput, loop)
    result.tried |= {
        "overload_requests": len(loop.answers),
        "operations": len(closed.answers) + len(loop.answers),
    }
    result.seconds = time.monotonic() - began
    result.judge()
    return result


def _judge(result: Result, peak: float, goodput: float, loop: Loop) -> None:
    refused = sorted(one.took for one in loop.answers if one.status in (429, 503))
    served = sorted(one.took for one in loop.answers if one.is_ok)
    other = Counter(one.outcome for one in loop.answers if not one.is_ok and one.status not in (429, 503))
    result.figures |= {
        "overload_peak_per_second": round(peak, 1),
        "overload_offered_per_second": round(TIMES * peak, 1),
        "overload_goodput_per_second": round(goodput, 1),
        "overload_goodput_share": round(goodput / peak, 3),
        "overload_refused": len(refused),
        "overload_refusal_p50_seconds": round(_quantile(refused, 0.5), 4),
        "overload_refusal_p99_seconds": round(_quantile(refused, 0.99), 4),
        "overload_refusal_max_seconds": round(_quantile(refused, 1.0), 4),
        "overload_success_p50_seconds": round(_quantile(served, 0.5), 4),
        "overload_success_p99_seconds": round(_quantile(served, 0.99), 4),
        "overload_arrival_lag_p99_seconds": round(_quantile(sorted(loop.lags), 0.99), 4),
    }
    result.coverage["overload_refusals"] = [len(refused), len(loop.answers) // 3]
    complaints = []
    if goodput < GOODPUT_SHARE * peak:
        complaints.append(f"goodput {goodput:.0f}/s is below {GOODPUT_SHARE:.0%} of the peak of {peak:.0f}/s")
    if _quantile(refused, 0.99) > REFUSED_WITHIN_SECONDS:
        complaints.append(
            f"the slowest hundredth of refusals takes longer than {_quantile(refused, 0.99):.3f} s"
        )
    if other:
        complaints.append(f"answers that are neither a success nor a busy refusal: {dict(other)}")
    result.violations += [
        {"rule": "overload", "event": loop.event, "detail": each, "lines": []} for each in complaints
    ]


def _rate(answers: Sequence[Answer], start: float, seconds: float) -> float:
    """Return the successes per second among answers within the interval."""
    done = [one.sent + one.took for one in answers if one.is_ok]
    return sum(start <= moment < start + seconds for moment in done) / seconds


def _quantile(ordered: Sequence[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m proof.overload", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    print(f"seed {given.seed}", flush=True)
    given.out.mkdir(parents=True, exist_ok=True)
    result = run(seed=given.seed, seconds=given.seconds, out=given.out)
    result.write(given.out)
    print(json.dumps(result.figures), flush=True)
    return 0 if result.passed else 1


if __name__ == "__main__":
    sys.exit(main())
