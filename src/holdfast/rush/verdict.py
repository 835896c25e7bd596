"""Verdict: whether what the buyers were told adds up with what the server says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from holdfast.client.models import Availability, Seats
from holdfast.rush.crowd import CrowdReport

__all__ = ["Afterwards", "Finding", "Verdict", "judge"]

_MAX_NAMED = 10
_MAX_ODD = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was compared, in plain words."""

    name: str
    holds: bool
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """All of them. It adds up when each does."""

    statements: tuple[Finding, ...]

    @property
    def adds_up(self) -> bool:
        return all(one.holds for one in self.statements)

    def to_json(self) -> dict[str, Any]:
        return {"adds_up": self.adds_up, "statements": [asdict(one) for one in self.statements]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Afterwards:
    """What the server says once all is over; `complaint` where it could not be asked."""

    availability: Availability | None = None
    seats: Seats | None = None
    complaint: str = ""


def judge(told: CrowdReport, before: Availability, after: Afterwards) -> Verdict:
    if after.availability is None:
        said = f"The server could not be asked what it sold: {after.complaint}"
        return Verdict(statements=(Finding(name="server", holds=False, text=said),))
    return Verdict(statements=tuple(_statements(told, before, after.availability, after.seats)))


def _statements(
    told: CrowdReport, before: Availability, after: Availability, seats: Seats | None
) -> Iterator[Finding]:
    yield _bookings(told, before, after)
    yield _holds(told, before, after)
    yield _capacity(after)
    if told.seat_times:
        yield _one_buyer_a_seat(told.seat_times)
    if seats is not None:
        yield _booked_seats(told, seats)
    yield _readable(told)
    yield _open(told)
    if told.odd:
        yield _contradictions(told.odd)


def _bookings(told: CrowdReport, before: Availability, after: Availability) -> Finding:
    gained = after.booked - before.booked
    text = (
        f"The buyers were told of {_many(told.bookings, 'booking')}, {_many(told.booked_admissions, 'admission')}; "
        f"the event's booked count went from {before.booked:,} to {after.booked:,}, which is {gained:,}."
    )
    if gained != told.booked_admissions:
        text += " If others bought or cancelled on this event meanwhile, it may be theirs: take an event of its own."
    return Finding(name="bookings", holds=gained == told.booked_admissions, text=text)


def _holds(told: CrowdReport, before: Availability, after: Availability) -> Finding:
    """Live by the server's own time of its answer. What others held before may have lapsed since."""
    now = after.as_of.timestamp()
    live = sum(quantity for expires_at, quantity in told.lapsing if expires_at > now)
    others = f", and up to {before.held:,} of those held before" if before.held else ""
    return Finding(
        name="holds",
        holds=live <= after.held <= live + before.held,
        text=f"Of the holds that the buyers left behind, {_many(live, 'admission')} had not lapsed{others}; "
        f"the server has {after.held:,} held.",
    )


def _capacity(after: Availability) -> Finding:
    total = after.available + after.held + after.booked + after.blocked
    return Finding(
        name="capacity",
        holds=total == after.capacity and min(after.available, after.held, after.booked) >= 0,
        text=f"Available {after.available:,}, held {after.held:,}, booked {after.booked:,} and blocked "
        f"{after.blocked:,} are {total:,}, of a capacity of {after.capacity:,}.",
    )


def _one_buyer_a_seat(seat_times: dict[str, list[tuple[float, float | None]]]) -> Finding:
    twice = sorted(label for label, times in seat_times.items() if _overlap(times))
    if twice:
        text = f"{_many(len(twice), 'seat')} had two buyers at once: {_named(twice)}."
    else:
        text = f"Of {_many(len(seat_times), 'seat')} that were held, none had two buyers at once."
    return Finding(name="seats", holds=not twice, text=text)


def _overlap(times: list[tuple[float, float | None]]) -> bool:
    last = float("-inf")
    for since, until in sorted(times, key=lambda one: one[0]):
        if since < last:
            return True
        last = max(last, since if until is None else until)
    return False


def _booked_seats(told: CrowdReport, seats: Seats) -> Finding:
    booked = {seat.label for seat in seats.items if seat.status == "booked"}
    twice = [label for label, many in Counter(told.booked_seats).items() if many > 1]
    missing = sorted({*told.booked_seats} - booked)
    if twice or missing:
        parts = [f"booked twice: {_named(twice)}"] if twice else []
        parts += [f"not booked at the server: {_named(missing)}"] if missing else []
        text = f"Seats that buyers were told they have are {'; '.join(parts)}."
    else:
        seats_told = _many(len(told.booked_seats), "booked seat")
        text = f"Each of the {seats_told} has one booking, and is booked at the server."
    return Finding(name="booked seats", holds=not (twice or missing), text=text)


def _readable(told: CrowdReport) -> Finding:
    if told.unreadable:
        named = "; ".join(told.named[:_MAX_NAMED])
        text = f"{told.unreadable:,} of {_many(told.bookings, 'booking')} cannot be read as told: {named}."
    else:
        text = f"Each of the {_many(told.bookings, 'booking')} was read again, and reads as it was told."
    return Finding(name="reading", holds=not told.unreadable and told.read == told.bookings, text=text)


def _open(told: CrowdReport) -> Finding:
    if told.open:
        text = f"{_many(told.open, 'request')} never got an answer: nobody can say what became of them."
    elif told.settled:
        text = (
            f"{_many(told.settled, 'request')} had no answer when their buyers left; asked again with the same "
            "key, each was answered."
        )
    else:
        text = "No request was left without an answer."
    return Finding(name="answers", holds=not told.open, text=text)


def _contradictions(odd: list[str]) -> Finding:
    more = f", and {len(odd) - _MAX_ODD:,} more" if len(odd) > _MAX_ODD else ""
    text = f"Some answers contradict what was told before: {'; '.join(odd[:_MAX_ODD])}{more}."
    return Finding(name="contradictions", holds=False, text=text)


def _many(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _named(labels: Iterable[str]) -> str:
    shown = list(labels)
    more = f" and {len(shown) - _MAX_NAMED:,} more" if len(shown) > _MAX_NAMED else ""
    return ", ".join(shown[:_MAX_NAMED]) + more
