"""Promises: Holdfast's claims, and the counts of the parts that are trials of them.

The numbers are those of the specification. A promise of a feature that does not exist yet is among the gaps,
not the held.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["NOT_TRIED", "PROMISES", "Promise", "bound"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """`trials` maps names of counts in a part's `tried` to the name of one trial."""

    id: str
    title: str
    says: str
    trials: dict[str, str]
    rules: tuple[str, ...]
    """Rules of the checker and checks of the parts that would report a violation."""


PROMISES = (
    Promise(
        id="P1",
        title="No oversell",
        says="A seat has at most one owner, held or booked, at any moment. An area never exceeds its capacity.",
        trials={"operations": "operation", "schedules": "schedule of concurrent batches"},
        rules=("C1", "C2"),
    ),
    Promise(
        id="P2",
        title="No booking is lost",
        says="An acknowledged booking survives a kill, a power cut and a failover.",
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
        says="A key has at most one effect, however often it is sent, and its replays are identical.",
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
        title="Lapsed holds sell again",
        says="Within a second of the expiry, without any worker.",
        trials={"expiries": "hold left to lapse", "resold": "lapsed admission requested again"},
        rules=("C3", "on sale again"),
    ),
    Promise(
        id="P7",
        title="No refusal without a reason",
        says="“Taken” and “sold out” are answered only if somebody can have had the admissions.",
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
        says="The actor of each journal entry about a hold is its owner, staff or the clock. What another organisation "
        "owns is absent, and a key does nothing a second after its end.",
        trials={
            "journal_entries": "entry of the journal",
            "asks_of_callers": "answer judged by its caller's rights",
        },
        rules=("C9",),
    ),
    Promise(
        id="P10",
        title="Nobody guesses a token",
        says="Tokens of holds look like 256 random bits. None opens another hold, and no file of a server has one.",
        trials={"tokens": "token", "guesses": "wrong token on a living hold"},
        rules=("tokens",),
    ),
    Promise(
        id="P14",
        title="No notice is lost",
        says="Each notice reaches its webhook at least once, with one id, whatever is killed. "
        "A slow receiver delays no other.",
        trials={"notices": "notice to a receiver"},
        rules=("C8",),
    ),
    Promise(
        id="P16",
        title="The rules of a sale hold when it is decided",
        says="The limits per hold and per buyer are exact under parallel requests. A stopped or "
        "cancelled event sells nothing.",
        trials={"operations": "operation", "schedules": "schedule of concurrent batches"},
        rules=("C2", "C3"),
    ),
    Promise(
        id="P17",
        title="Attackers block no more than their caps",
        says="With limits on, an address holds 20 admissions and one more for each process, while others still buy.",
        trials={"attacks": "attempt to hold more", "requests at once": "request at once by one address"},
        rules=("denial",),
    ),
    Promise(
        id="P18",
        title="Reads are not stale",
        says="Availability includes all that was acknowledged before the request, and never goes back.",
        trials={"reads": "read"},
        rules=("C7",),
    ),
    Promise(
        id="P19",
        title="It recovers without help",
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
        says="No bytes cause a 5xx, an answer to another request, or a request from another's body.",
        trials={"wire_connections": "connection with mutated bytes"},
        rules=("wire: 5xx", "wire: count", "wire: identity", "wire: canary"),
    ),
    Promise(
        id="P21",
        title="Overload degrades service but does not break it",
        says="At five times its peak load it keeps at least 80 % of the peak, and refuses the rest within 200 ms.",
        trials={"overload_requests": "request offered at five times the peak"},
        rules=("overload",),
    ),
    Promise(
        id="P22",
        title="Wrong clocks cause no wrong sale",
        says="Jumps of the database's or a server's clock cause no wrong booking.",
        trials={"clock_jumps": "jump of a clock"},
        rules=("C1", "C3", "C4"),
    ),
    Promise(
        id="P23",
        title="The journal is complete",
        says="Independent code that replays it from the first entry gets the current state.",
        trials={"journal_entries": "entry of the journal"},
        rules=("C4",),
    ),
    Promise(
        id="P24",
        title="Upgrades under load",
        says="A migration, a rolling restart, and two versions side by side work during a sale.",
        trials={"upgrades": "upgrade or rolling restart"},
        rules=("C1", "C4"),
    ),
)

NOT_TRIED = {
    "P11-P13": "Money and webhooks of others: they do not exist yet.",
    "P15": "The waiting room: it does not exist yet.",
}
"""What this proof does not try, and where it is tried instead."""


def bound(trials: int) -> float | None:
    """Return the upper bound of the probability that zero events in `trials` leave, 19 times out of 20 (rule
    of three)."""
    return min(1.0, 3 / trials) if trials else None
