"""Promises: what Holdfast says of itself, and which counts of the parts are trials of it.

The numbers are those of the specification. A promise of a feature that is not built yet is not listed as held: it is
told among the gaps.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["NOT_TRIED", "PROMISES", "Promise", "bound"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """`trials`: names of counts under a part's `tried`, with what one of them is called."""

    id: str
    title: str
    says: str
    trials: dict[str, str]
    rules: tuple[str, ...]
    """Rules of the checker, and checks of the parts, that would have spoken."""


PROMISES = (
    Promise(
        id="P1",
        title="No oversell",
        says="A seat has one owner at the most, held or booked, at any moment; an area never more than its capacity.",
        trials={"operations": "operation", "schedules": "schedule of concurrent batches"},
        rules=("C1", "C2"),
    ),
    Promise(
        id="P2",
        title="No booking is lost",
        says="A booking that was acknowledged survives a kill, a power cut and a failover.",
        trials={
            "kills_worker": "kill of a worker",
            "kills_postgres": "kill of the whole PostgreSQL",
            "kills_backend": "kill of one PostgreSQL process",
            "power_cuts": "power cut",
            "failovers": "failover",
        },
        rules=("C4",),
    ),
    Promise(
        id="P3",
        title="Exactly once under retries",
        says="A key has one effect at the most, however often it is sent, and its replays are the same.",
        trials={"retries": "repeated request"},
        rules=("C4", "C6"),
    ),
    Promise(
        id="P4",
        title="Answers never change",
        says="The first definite answer of a key is final; a request that arrives late cannot change it.",
        trials={"retries": "repeated request", "late_requests": "request delivered after its client gave up"},
        rules=("C6",),
    ),
    Promise(
        id="P5",
        title="A lapsed hold is never booked",
        says="Not even when it lapses while its confirmation waits for a lock.",
        trials={"confirms_at_expiry": "confirmation within 50 ms of the expiry"},
        rules=("C1", "at expiry"),
    ),
    Promise(
        id="P6",
        title="What lapsed sells again",
        says="Within a second of the expiry, with no worker that would have to run.",
        trials={"expiries": "hold left to lapse", "resold": "lapsed admission asked for again"},
        rules=("C3", "on sale again"),
    ),
    Promise(
        id="P7",
        title="No refusal without a reason",
        says="“Taken” and “sold out” are said only where somebody could have had it.",
        trials={"refusals": "refusal"},
        rules=("C3",),
    ),
    Promise(
        id="P8",
        title="All or nothing, and no deadlock",
        says="A hold of several seats is placed whole or not at all; PostgreSQL counts no deadlock.",
        trials={"multi_seat_holds": "hold of several seats"},
        rules=("C1", "deadlocks"),
    ),
    Promise(
        id="P9",
        title="Nobody acts for another",
        says="Whatever the journal says was done to a hold was done by its owner, by staff, or by time.",
        trials={"journal_entries": "entry of the journal"},
        rules=("C9",),
    ),
    Promise(
        id="P16",
        title="The rules of a sale hold when it is decided",
        says="Most of an event's holds, and of a buyer's admissions, are exact under parallel requests; a stopped or "
        "cancelled event sells nothing.",
        trials={"operations": "operation", "schedules": "schedule of concurrent batches"},
        rules=("C2", "C3"),
    ),
    Promise(
        id="P18",
        title="Reads are not stale",
        says="Availability shows what was acknowledged before it was asked for, and never goes back.",
        trials={"reads": "read"},
        rules=("C7",),
    ),
    Promise(
        id="P19",
        title="It comes back by itself",
        says="First success within 3 s of a worker's kill, 5 s of PostgreSQL's, 3 s of a promotion.",
        trials={
            "kills_worker": "kill of a worker",
            "kills_postgres": "kill of the whole PostgreSQL",
            "kills_backend": "kill of one PostgreSQL process",
            "failovers": "failover",
        },
        rules=("recovery",),
    ),
    Promise(
        id="P20",
        title="No input breaks the server",
        says="Whatever bytes arrive: no 5xx, no answer to another request, no request out of another's body.",
        trials={"wire_connections": "connection with mutated bytes"},
        rules=("wire: 5xx", "wire: count", "wire: identity", "wire: canary"),
    ),
    Promise(
        id="P21",
        title="Overload degrades and does not break",
        says="Offered five times what it can do, it does at least 80 % of that and refuses the rest within 200 ms.",
        trials={"overload_requests": "request offered at five times the peak"},
        rules=("overload",),
    ),
    Promise(
        id="P22",
        title="Wrong clocks sell nothing wrongly",
        says="Clocks that jump, the database's or a server's, lead to no wrong booking.",
        trials={"clock_jumps": "jump of a clock"},
        rules=("C1", "C3", "C4"),
    ),
    Promise(
        id="P23",
        title="The journal is the whole story",
        says="Replayed from the first entry by code of its own, it gives the state that is there.",
        trials={"journal_entries": "entry of the journal"},
        rules=("C4",),
    ),
    Promise(
        id="P24",
        title="Upgrades under load",
        says="A migration, a rolling restart, and an old version beside a new one, in the middle of a sale.",
        trials={"upgrades": "upgrade or rolling restart"},
        rules=("C1", "C4"),
    ),
)

NOT_TRIED = {
    "P10": "Unguessable tokens: in the product's own tests, not here.",
    "P11-P14": "Money and webhooks: there are none yet, so nothing is claimed.",
    "P15": "The waiting room: there is none yet.",
    "P17": "Denial of inventory: bounded by the limits of an event, not tried with an attacker.",
}
"""What this proof does not try, and where it is tried instead."""


def bound(trials: int) -> float | None:
    """Rule of three: what never happened in so many trials happens less often than this, 19 times out of 20."""
    return min(1.0, 3 / trials) if trials else None
