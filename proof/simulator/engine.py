"""Engine: an in-memory booking engine in one thread, correct unless a bug is enabled. Times are microseconds."""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from proof.simulator.model import Event, Hold, Refused

__all__ = ["BUGS", "Engine"]

BUGS = {
    "seat_sold_twice": "a held seat is sometimes given to another",
    "one_too_many": "an area sells one admission more than its capacity",
    "lapsed_hold_booked": "a hold is booked although it has expired",
    "expires_early": "holds live half as long as the answer says",
    "lapsed_not_on_sale": "expired holds are not on sale again",
    "cancelled_not_on_sale": "cancelled bookings are not on sale again",
    "booking_lost": "an acknowledged booking is forgotten",
    "keys_ignored": "a repeated request is executed again",
    "refusals_not_stored": "a refused key may succeed later",
    "release_without_owner": "the release of an expired hold frees seats that another has now",
    "half_a_hold": "only some of several seats are taken, and the hold succeeds",
    "half_a_booking": "a booking has one seat less than its hold",
    "stale_counts": "availability is stale",
    "seats_read_free": "a booked seat sometimes reads as available",
    "version_backwards": "a read returns an older version than an earlier read",
    "cancel_forgotten": "a cancellation is acknowledged but not executed",
    "spurious_refusal": "free seats are refused",
    "best_looks_at_one_row": "the best available is searched in the first row only",
    "sold_out_too_soon": "the last two admissions of an area are never sold",
    "foreign_hold_booked": "any user may book a hold",
    "refused_and_done": "a refused hold is placed anyway",
    "extension_not_written": "an extension is acknowledged, and the hold ends as before",
    "limit_not_kept": "a buyer may exceed the limit",
    "wrong_actor": "the journal names another actor",
    "journal_misses_a_release": "a release is not in the journal",
    "rows_disagree": "the API shows another status of a booking than its row",
}
SELDOM = 0.06


class Engine:
    """Each method is one complete transaction at one moment."""

    def __init__(self, chance: random.Random, bugs: Iterable[str] = ()) -> None:
        self._chance = chance
        self._bugs = frozenset(bugs)
        self.events: dict[str, Event] = {}
        self.bookings: dict[str, Hold] = {}
        self._stored: dict[tuple[str, str, str], dict[str, Any]] = {}

    def uuid(self) -> str:
        return str(UUID(int=self._chance.getrandbits(128)))

    def ask(self, now: int, f: str, user: str, key: str | None, given: dict[str, Any]) -> dict[str, Any]:
        """Return status, code and content, as they would arrive over the wire."""
        scope = (user, f, key or "")
        if key and scope in self._stored and not self.has("keys_ignored"):
            return {**self._stored[scope], "replayed": True}
        try:
            status, out = getattr(self, f"_{f}")(now, user, given)
            answer = {"res": "ok", "status": status, "code": None, "out": out}
        except Refused as refusal:
            answer = {"res": "fail", "status": refusal.status, "code": refusal.code, "out": {}}
        if key and not (answer["res"] == "fail" and self.has("refusals_not_stored")):
            self._stored[scope] = answer
        return {**answer, "replayed": False}

    def has(self, bug: str) -> bool:
        return bug in self._bugs

    def seldom(self, bug: str) -> bool:
        return bug in self._bugs and self._chance.random() < SELDOM

    def _hold(self, now: int, user: str, given: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        event = self.events[given["event"]]
        self.reclaim(event, now)
        if given.get("reuse"):
            mine = event.owner.get(given["lines"][0]["seats"][0])
            if mine is not None and mine.status == "active" and mine.user == user:
                return 200, _placed(mine, now)
        requested = sum(
            line.get("quantity") or line.get("best") or len(line["seats"]) for line in given["lines"]
        )
        self._refuse_over_limit(event, given.get("buyer"), requested)
        ttl = int(given["ttl"] * 1_000_000 * (0.5 if self.has("expires_early") else 1))
        hold = Hold(self.uuid(), event, user=user, buyer=given.get("buyer"), now=now, until=now + ttl)
        for line in given["lines"]:
            self._take(event, hold, line, partial=given["partial"])
        if not hold.seats and not hold.areas:
            raise Refused("sold_out")
        answer = _placed(hold, now)
        answer["expires_at"] = now + int(given["ttl"] * 1_000_000)
        if self.seldom("half_a_hold") and len(hold.seats) > 1:
            hold.seats.pop()
        self._keep(event, hold, now)
        if self.seldom("refused_and_done"):
            raise Refused("sold_out")
        return 201, answer

    def _instant(self, now: int, user: str, given: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        event = self.events[given["event"]]
        self.reclaim(event, now)
        hold = Hold(self.uuid(), event, user=user, buyer=None, now=now, until=now)
        self._take(event, hold, {"quantity": given["quantity"], "area": "general"}, partial=False)
        hold.status, hold.confirmed_at = "confirmed", now
        hold.booking = self.uuid()
        self.bookings[hold.booking] = hold
        event.holds[hold.id] = event.live[hold.id] = hold
        event.write(
            now,
            "booked",
            hold=hold.id,
            booking=hold.booking,
            instant=True,
            by=user,
            areas=event.areas_of(hold),
        )
        return 200, {"event": event.id, "areas": hold.areas, "seats": []}

    def _extend(self, now: int, user: str, given: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        hold = self._mine(now, user, given)
        self._refuse_unless_active(hold)
        until = max(hold.expires_at, now + int(given["ttl"] * 1_000_000))
        if not self.has("extension_not_written"):
            hold.expires_at = until
        hold.event.write(now, "extended", hold=hold.id, until=until, by=user)
        return 200, {"hold": hold.id, "expires_at": until, "server_time": now}

    def _release(self, now: int, user: str, given: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        hold = self._mine(now, user, given)
        if hold.status == "expired" and self.has("release_without_owner"):
            for label in hold.seats:
                hold.event.owner.pop(label, None)
            return 200, {"hold": hold.id, "status": "released"}
        if hold.status != "released":
            self._refuse_unless_active(hold)
            silent = self.has("journal_misses_a_release")
            self._end(hold, now, "released", by=user, silent=silent)
        return 200, {"hold": hold.id, "status": "released"}

    def _book(self, now: int, user: str, given: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        hold = self._mine(now, user, given)
        if hold.status == "confirmed":
            return 200, _booked(hold)
        if not (hold.status == "expired" and self.has("lapsed_hold_booked")):
            self._refuse_unless_active(hold)
        hold.status, hold.booking, hold.confirmed_at = "confirmed", self.uuid(), now
        answer = _booked(hold)
        hold.event.live[hold.id] = hold
        if self.seldom("half_a_booking") and len(hold.seats) > 1:
            hold.event.owner.pop(hold.seats.pop(), None)
        if self.seldom("booking_lost"):
            hold.status, hold.booking = "active", None
            return 201, answer
        self.bookings[hold.booking or ""] = hold
        by = "somebody" if self.seldom("wrong_actor") else user
        hold.event.write(
            now, "booked", hold=hold.id, booking=hold.booking, by=by, areas=hold.event.areas_of(hold)
        )
        return 201, answer

    def _cancel(self, now: int, user: str, given: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        hold = self.bookings.get(given["booking"])
        if hold is None or hold.user != user:
            raise Refused("booking_not_found", 404)
        if hold.status == "confirmed" and not self.seldom("cancel_forgotten"):
            self._end(hold, now, "cancelled", by=user, keep=self.has("cancelled_not_on_sale"))
        return 200, {"booking": given["booking"], "hold": hold.id, "status": "cancelled"}

    def _read_availability(self, now: int, _: str, given: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        event = self.events[given["event"]]
        held = booked = general = 0
        for hold in event.live.values():
            count = len(hold.seats) + sum(hold.areas.values())
            if hold.status == "confirmed":
                booked += count
            elif not hold.has_lapsed(now):
                held += count
            else:
                continue
            general += sum(hold.areas.values())
        size = len(event.category) + event.capacity
        out = {
            "event": event.id,
            "version": event.version,
            "available": size - held - booked,
            "held": held,
            "booked": booked,
            "blocked": 0,
            "areas": {"general": {"available": event.capacity - general}},
        }
        event.earlier.append(out)
        if self.has("stale_counts") and len(event.earlier) > 3:
            out = {**event.earlier[-4], "version": event.version}
        if self.seldom("version_backwards"):
            out = {**out, "version": max(0, event.version - 3)}
        return 200, out

    def _read_seats(self, now: int, _: str, given: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        event = self.events[given["event"]]
        taken = {
            label: "booked" if hold.status == "confirmed" else "held"
            for label, hold in event.owner.items()
            if not hold.has_lapsed(now) and not self.seldom("seats_read_free")
        }
        return 200, {"event": event.id, "version": event.version, "taken": taken}

    def _read_booking(self, _: int, user: str, given: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        hold = self.bookings.get(given["booking"])
        if hold is None or hold.user != user:
            raise Refused("booking_not_found", 404)
        return 200, {"booking": given["booking"], "hold": hold.id, "status": hold.status}

    def _read_hold(self, now: int, user: str, given: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        hold = self._find(given)
        if hold is None or hold.user != user:
            raise Refused("hold_not_found", 404)
        return 200, {"hold": hold.id, "status": "expired" if hold.has_lapsed(now) else hold.row_status}

    def _take(self, event: Event, hold: Hold, line: dict[str, Any], *, partial: bool) -> None:
        if line.get("seats"):
            free = [
                label
                for label in line["seats"]
                if (label not in event.owner or self.seldom("seat_sold_twice"))
                and not self.seldom("spurious_refusal")
            ]
            if len(free) < len(line["seats"]) and not (partial and free):
                raise Refused("seat_taken")
            hold.seats += free
        elif line.get("best"):
            hold.seats += self._best(event, line, partial=partial)
        else:
            spare = 1 if self.has("one_too_many") else -2 if self.has("sold_out_too_soon") else 0
            left = event.capacity + spare - sum(one.areas.get("general", 0) for one in event.live.values())
            quantity = min(line["quantity"], left) if partial else line["quantity"]
            if quantity > left or quantity <= 0:
                raise Refused("sold_out")
            hold.areas["general"] = quantity

    def _best(self, event: Event, line: dict[str, Any], *, partial: bool) -> list[str]:
        count, rows = line["best"], event.rows[:1] if self.has("best_looks_at_one_row") else event.rows
        free: list[str] = []
        for row in rows:
            run: list[str] = []
            before = None
            for label, category in row:
                if category != before:
                    run, before = [], category
                if label in event.owner or (line["category"] and category != line["category"]):
                    run = []
                    continue
                run.append(label)
                free.append(label)
                if len(run) == count:
                    return run
        if partial and free and not line["together"]:
            return free[:count]
        if len(free) < count:
            raise Refused("sold_out")
        if line["together"]:
            raise Refused("not_together")
        return free[:count]

    def _keep(self, event: Event, hold: Hold, now: int) -> None:
        for label in hold.seats:
            event.owner[label] = hold
        event.holds[hold.id] = event.live[hold.id] = hold
        entry: dict[str, Any] = {"hold": hold.id, "until": hold.expires_at, "by": hold.user}
        if hold.buyer is not None:
            entry["buyer"] = hold.buyer
        seats = [event.numbers[label] for label in hold.seats]
        event.write(now, "held", **entry, seats=seats, areas=event.areas_of(hold))

    def reclaim(self, event: Event, now: int) -> None:
        if self.has("lapsed_not_on_sale"):
            return
        for hold in [hold for hold in event.live.values() if hold.has_lapsed(now)]:
            self._end(hold, now, "expired")

    def _end(
        self,
        hold: Hold,
        now: int,
        status: str,
        *,
        by: str | None = None,
        silent: bool = False,
        keep: bool = False,
    ) -> None:
        event = hold.event
        hold.status = status
        event.live.pop(hold.id, None)
        if not keep:
            for label in hold.seats:
                if event.owner.get(label) is hold:
                    del event.owner[label]
        more = {} if by is None else {"by": by}
        if not silent:
            event.write(now, status, hold=hold.id, areas=event.areas_of(hold), **more)

    def _find(self, given: dict[str, Any]) -> Hold | None:
        event = self.events[given["event"]]
        if given.get("hold"):
            return event.holds.get(given["hold"])
        return event.owner.get(given["seats"][0])

    def _mine(self, now: int, user: str, given: dict[str, Any]) -> Hold:
        hold = self._find(given)
        if hold is None or (hold.user != user and not self.has("foreign_hold_booked")):
            raise Refused("hold_not_found", 404)
        if hold.has_lapsed(now):
            self._end(hold, now, "expired")
        return hold

    def _refuse_unless_active(self, hold: Hold) -> None:
        if hold.status == "active":
            return
        refusals = {
            "expired": ("hold_expired", 410),
            "released": ("hold_released", 410),
            "confirmed": ("hold_already_confirmed", 409),
            "cancelled": ("booking_already_cancelled", 409),
        }
        raise Refused(*refusals[hold.status])

    def _refuse_over_limit(self, event: Event, buyer: str | None, requested: int) -> None:
        if event.max_per_buyer is None or self.has("limit_not_kept"):
            return
        has = sum(
            len(hold.seats) + sum(hold.areas.values()) for hold in event.live.values() if hold.buyer == buyer
        )
        if has + requested > event.max_per_buyer:
            raise Refused("quantity_over_limit", 422)


def _placed(hold: Hold, now: int) -> dict[str, Any]:
    return {
        "hold": hold.id,
        "event": hold.event.id,
        "seats": list(hold.seats),
        "areas": dict(hold.areas),
        "placed_at": hold.placed_at,
        "expires_at": hold.expires_at,
        "server_time": now,
    }


def _booked(hold: Hold) -> dict[str, Any]:
    return {
        "booking": hold.booking,
        "hold": hold.id,
        "event": hold.event.id,
        "seats": list(hold.seats),
        "areas": dict(hold.areas),
        "confirmed_at": hold.confirmed_at,
    }
