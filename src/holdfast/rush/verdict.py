"""Verdict: compares the buyers' answers with the server's final state."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from holdfast.rush.crowd import CrowdReport
from holdfast_client.models import Availability, Seats

__all__ = ["Afterwards", "Finding", "Verdict", "judge"]

_MAX_NAMED = 10
_MAX_ODD = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """The result of one comparison."""

    name: str
    holds: bool
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """All comparisons. The rush adds up if each of them holds."""

    statements: tuple[Finding, ...]

    @property
    def adds_up(self) -> bool:
        return all(one.holds for one in self.statements)

    def to_json(self) -> dict[str, Any]:
        return {"adds_up": self.adds_up, "statements": [asdict(one) for one in self.statements]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Afterwards:
    """The server's final state. `complaint` is set if the server did not answer."""

    availability: Availability | None = None
    seats: Seats | None = None
    complaint: str = ""


def judge(crowd: CrowdReport, before: Availability, after: Afterwards) -> Verdict:
    if after.availability is None:
        text = f"The server did not report its sales: {after.complaint}"
        return Verdict(statements=(Finding(name="server", holds=False, text=text),))
    return Verdict(statements=tuple(_statements(crowd, before, after.availability, after.seats)))


def _statements(
    crowd: CrowdReport, before: Availability, after: Availability, seats: Seats | None
) -> Iterator[Finding]:
    yield _bookings(crowd, before, after)
    yield _holds(crowd, before, after)
    yield _capacity(after)
    if crowd.seat_times:
        yield _one_buyer_a_seat(crowd.seat_times)
    if seats is not None:
        yield _booked_seats(crowd, seats)
    yield _readable(crowd)
    yield _open(crowd)
    if crowd.odd:
        yield _contradictions(crowd.odd)


def _bookings(crowd: CrowdReport, before: Availability, after: Availability) -> Finding:
    gained = after.booked - before.booked
    text = (
        f"The buyers received {_many(crowd.bookings, 'booking')} of {_many(crowd.booked_admissions, 'admission')}; "
        f"the event's booked count rose by {gained:,}, from {before.booked:,} to {after.booked:,}."
    )
    if gained != crowd.booked_admissions:
        text += (
            " Sales or cancellations by others may explain the difference: use an event without other buyers."
        )
    return Finding(name="bookings", holds=gained == crowd.booked_admissions, text=text)


def _holds(crowd: CrowdReport, before: Availability, after: Availability) -> Finding:
    """Count live holds by the server's time of its answer. Holds of others may have lapsed since."""
    now = after.as_of.timestamp()
    live = sum(quantity for expires_at, quantity in crowd.lapsing if expires_at > now)
    others = f", and up to {before.held:,} held before may remain" if before.held else ""
    return Finding(
        name="holds",
        holds=live <= after.held <= live + before.held,
        text=f"The buyers left live holds of {_many(live, 'admission')}{others}; "
        f"the server reports {after.held:,} held.",
    )


def _capacity(after: Availability) -> Finding:
    total = after.available + after.held + after.booked + after.blocked
    return Finding(
        name="capacity",
        holds=total == after.capacity and min(after.available, after.held, after.booked) >= 0,
        text=f"Available {after.available:,}, held {after.held:,}, booked {after.booked:,} and blocked "
        f"{after.blocked:,} add up to {total:,}; the capacity is {after.capacity:,}.",
    )


def _one_buyer_a_seat(seat_times: dict[str, list[tuple[float, float | None]]]) -> Finding:
    twice = sorted(label for label, times in seat_times.items() if _overlap(times))
    if twice:
        text = f"{_many(len(twice), 'seat')} had two buyers at once: {_named(twice)}."
    else:
        text = f"None of {_many(len(seat_times), 'held seat')} had two buyers at once."
    return Finding(name="seats", holds=not twice, text=text)


def _overlap(times: list[tuple[float, float | None]]) -> bool:
    last = float("-inf")
    for since, until in sorted(times, key=lambda one: one[0]):
        if since < last:
            return True
        last = max(last, since if until is None else until)
    return False


def _booked_seats(crowd: CrowdReport, seats: Seats) -> Finding:
    booked = {seat.label for seat in seats.items if seat.status == "booked"}
    twice = [label for label, many in Counter(crowd.booked_seats).items() if many > 1]
    missing = sorted({*crowd.booked_seats} - booked)
    if twice or missing:
        parts = [f"booked twice: {_named(twice)}"] if twice else []
        parts += [f"not booked at the server: {_named(missing)}"] if missing else []
        text = f"The buyers' booked seats disagree with the server: {'; '.join(parts)}."
    else:
        booked_seats = _many(len(crowd.booked_seats), "booked seat")
        text = f"Each of {booked_seats} has one booking, and is booked at the server."
    return Finding(name="booked seats", holds=not (twice or missing), text=text)


def _readable(crowd: CrowdReport) -> Finding:
    if crowd.unreadable:
        named = "; ".join(crowd.named[:_MAX_NAMED])
        text = f"{crowd.unreadable:,} of {_many(crowd.bookings, 'booking')} read differently or not at all: {named}."
    else:
        text = f"Each of {_many(crowd.bookings, 'booking')} was read again, and equals its confirmation."
    return Finding(name="reading", holds=not crowd.unreadable and crowd.read == crowd.bookings, text=text)


def _open(crowd: CrowdReport) -> Finding:
    if crowd.open:
        text = f"{_many(crowd.open, 'request')} never got an answer: their outcome is unknown."
    elif crowd.settled:
        text = (
            f"{_many(crowd.settled, 'request')} had no answer when their buyers left; each got one after a retry "
            "with the same key."
        )
    else:
        text = "Every request got an answer."
    return Finding(name="answers", holds=not crowd.open, text=text)


def _contradictions(odd: list[str]) -> Finding:
    more = f", and {len(odd) - _MAX_ODD:,} more" if len(odd) > _MAX_ODD else ""
    text = f"Some answers contradict earlier ones: {'; '.join(odd[:_MAX_ODD])}{more}."
    return Finding(name="contradictions", holds=False, text=text)


def _many(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _named(labels: Iterable[str]) -> str:
    shown = list(labels)
    more = f" and {len(shown) - _MAX_NAMED:,} more" if len(shown) > _MAX_NAMED else ""
    return ", ".join(shown[:_MAX_NAMED]) + more
