"""Journeys: all that one buyer does, from the first look to a random end, right or wrong, early or late."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from typing import Any

from proof.callers import Caller
from proof.workload import calls, changes, dialects
from proof.workload.asking import Asking, Identity
from proof.workload.asks import as_caller
from proof.workload.calls import Call, Held, Outcome
from proof.workload.clock import ServerClock
from proof.workload.events import Event
from proof.workload.visits import Visit

__all__ = ["Journey"]

WRONG_TOKEN = "hfh_1_" + "A" * 43
"""A well-formed token that opens no hold."""
AT_EXPIRY_SECONDS = 0.06


class Journey:
    """One buyer at one event."""

    def __init__(
        self,
        asking: Asking,
        clock: ServerClock,
        *,
        chance: random.Random,
        who: Identity,
        user: str,
        account: str | None,
        event: Event,
        pause: Callable[[float], Awaitable[None]],
        caller: Caller | None = None,
        clerk: Caller | None = None,
    ) -> None:
        """`account` is a user of the dialect that has accounts, or None. `caller` is None for a guest.

        `clerk` sells in dialects that name a user; None in open mode.
        """
        self._asking, self._clock, self._pause = asking, clock, pause
        self._chance, self._who, self._user, self._event = chance, who, user, event
        self._account = account
        self._caller, self._clerk = caller, clerk

    async def run(self) -> None:
        event, draw = self._event, self._chance.random()
        if self._caller is not None:
            await self._v1()
        elif event.is_seated_simply and draw < 0.1:
            await self._arena()
        elif event.is_seated_simply and self._account is not None and draw < 0.2:
            await self._reservation(self._account)
        elif event.is_plain and draw < 0.25:
            await self._box_office()
        elif event.is_plain and draw < 0.4:
            await self._instant()
        elif not event.needs_buyer and draw > 0.85:
            await self._visit()
        else:
            await self._v1()

    async def _v1(self) -> None:
        chance, event = self._chance, self._event
        taken: frozenset[str] = frozenset()
        if chance.random() < 0.35:
            taken = await self._look()
        buyer = self._user if event.needs_buyer or chance.random() < 0.3 else None
        if self._caller is not None and self._caller.is_buyer:
            buyer = self._caller.principal
        for _ in range(chance.choice((1, 1, 2, 3))):
            call = calls.hold(
                event,
                self._draw_lines(taken),
                ttl=self._draw_ttl(),
                partial=self._draw_partial(),
                buyer=buyer,
                is_own=self._caller is not None and self._caller.is_buyer,
            )
            outcome = await self._ask(call)
            if outcome.res == "ok":
                await self._live(self._held(call, outcome))
                return
            if outcome.res == "info":
                return

    async def _look(self) -> frozenset[str]:
        """Return the taken seats that this buyer has seen."""
        event = self._event
        if event.rows and self._chance.random() < 0.6:
            outcome = await self._ask(calls.read_seats(event))
            return frozenset(outcome.out.get("taken", ()))
        await self._ask(calls.read_availability(event))
        return frozenset()

    def _draw_lines(self, taken: frozenset[str]) -> list[dict[str, Any]]:
        lines = [self._draw_line(taken)]
        if self._chance.random() < 0.12:
            other = self._draw_line(taken)
            named = set(lines[0].get("seats", ()))
            if named.isdisjoint(other.get("seats", ())):
                lines.append(other)
        return lines

    def _draw_line(self, taken: frozenset[str]) -> dict[str, Any]:
        chance, event = self._chance, self._event
        if event.areas and (not event.rows or chance.random() < 0.4):
            return {"area": chance.choice(sorted(event.areas)), "quantity": _few(chance, 6)}
        if chance.random() < 0.65:
            return {"seats": event.draw_seats(chance, _few(chance, 8), taken=taken)}
        category = chance.choice(event.categories) if chance.random() < 0.5 else None
        line = {"best": _few(chance, 6), "category": category, "together": chance.random() < 0.7}
        if event.has_wheelchair_places and chance.random() < 0.3:
            return {**line, "best": _few(chance, 3), "accessible": True}
        return line

    def _draw_ttl(self) -> int | None:
        return self._chance.choice((None, None, 1, 2, 3, 5))

    def _draw_partial(self) -> bool | None:
        return self._chance.choice((None, None, None, None, True, False))

    def _held(self, call: Call, outcome: Outcome) -> Held:
        out = outcome.out
        return Held(
            id=out["hold"],
            event=self._event,
            user=self._user,
            via=call.via,
            token=outcome.token,
            seats=out["seats"],
            areas=out["areas"],
            expires_at=out["expires_at"],
        )

    async def _live(self, held: Held) -> None:
        """Use a hold that has a token, up to its end."""
        chance = self._chance
        if chance.random() < 0.08:
            await self._ask(calls.read_hold(held))
        if chance.random() < 0.15:
            await self._extend(held)
        if chance.random() < 0.02:
            await self._meddle(held)
        end = chance.random()
        if end < 0.48:
            await self._pause(chance.choice((0.0, 0.0, 0.01, 0.1, 0.6)))
            await self._book(held)
        elif end < 0.62:
            await self._wait_for_expiry(held, chance.uniform(-AT_EXPIRY_SECONDS, AT_EXPIRY_SECONDS))
            await self._book(held)
        elif end < 0.67:
            await self._wait_for_expiry(held, chance.uniform(0.08, 1.5))
            await self._book(held)
        elif end < 0.77:
            await self._pause(chance.choice((0.0, 0.05, 0.4)))
            await self._ask(calls.release(held))
            if chance.random() < 0.2:
                await self._ask(calls.book(held))
        elif end < 0.85:
            await self._wait_for_expiry(held, chance.uniform(-AT_EXPIRY_SECONDS, 1.0))
            await self._ask(calls.release(held))
        elif end < 0.88:
            await self._wait_for_expiry(held, chance.uniform(-AT_EXPIRY_SECONDS, AT_EXPIRY_SECONDS))
            await self._extend(held)
            await self._book(held)
        elif end < 0.93:
            await self._wait_for_expiry(held, chance.uniform(0.0, 0.3))
            await self._want_back(held)
        # else: the hold lapses

    async def _extend(self, held: Held) -> None:
        outcome = await self._ask(calls.extend(held, self._draw_ttl()))
        if outcome.res == "ok":
            held.expires_at = outcome.out["expires_at"]

    async def _book(self, held: Held) -> None:
        """Confirm, and perhaps read or cancel the booking."""
        chance = self._chance
        in_box_office = chance.random() < 0.12
        outcome = await self._ask(dialects.box_office_book(held) if in_box_office else calls.book(held))
        if outcome.res == "info" and in_box_office:
            outcome = await self._ask(dialects.box_office_book(held))
        if outcome.res != "ok":
            return
        held.booking = outcome.out["booking"]
        if chance.random() < 0.04:  # without the first request's key
            await self._ask(calls.book(held))
        if chance.random() < 0.15:
            await self._ask(calls.read_booking(held))
        if chance.random() < 0.02:
            await self._ask(calls.release(held))
        if chance.random() < 0.5 and not await self._change(held):
            return
        if chance.random() < 0.2:
            await self._pause(chance.choice((0.0, 0.05, 0.5)))
            await self._ask(calls.cancel(held))
            if chance.random() < 0.3:
                await self._ask(calls.read_booking(held))
            if chance.random() < 0.1:
                await self._ask(calls.cancel(held))
            if chance.random() < 0.1:
                await self._ask(calls.book(held))

    async def _change(self, held: Held) -> bool:
        """Cancel parts of a booking, or exchange them. Return False if its state is uncertain."""
        chance = self._chance
        for _ in range(chance.choice((1, 1, 2))):
            part = changes.draw_part(chance, held)
            if part is None:
                return True
            quantity = len(part.get("seats", ())) or part["quantity"]
            call = (
                changes.reduce(held, part)
                if chance.random() < 0.35
                else changes.exchange(held, part, changes.draw_new(chance, held, quantity))
            )
            outcome = await self._ask(call)
            if outcome.res == "info":
                return False
            if outcome.res == "ok":
                held.seats, held.areas = outcome.out["seats"], outcome.out["areas"]
        return True

    async def _want_back(self, held: Held) -> None:
        """Request the same again after it lapsed: it must be on sale to everyone, this buyer included."""
        lines: list[dict[str, Any]] = [
            {"area": area, "quantity": quantity} for area, quantity in held.areas.items()
        ]
        if held.seats:
            lines.append({"seats": held.seats})
        buyer = self._user if self._event.needs_buyer else None
        is_own = self._caller is not None and self._caller.is_buyer
        if self._caller is not None and is_own:
            buyer = self._caller.principal
        call = calls.hold(self._event, lines, ttl=None, partial=False, buyer=buyer, is_own=is_own)
        outcome = await self._ask(call)
        if outcome.res == "ok" and self._chance.random() < 0.5:
            await self._book(self._held(call, outcome))

    async def _meddle(self, held: Held) -> None:
        """Try to confirm as another user, who knows the hold but not its token."""
        wrong = calls.book(held, token=WRONG_TOKEN)
        await self._asking.ask(Identity(f"{self._who}-other"), f"{self._user}-other", wrong, self._chance)

    async def _box_office(self) -> None:
        chance, event = self._chance, self._event
        if chance.random() < 0.2:
            await self._ask(dialects.box_office_event(event))
        partial = chance.choice((None, None, True))
        call = dialects.box_office_hold(event, _few(chance, 5), ttl=self._draw_ttl(), partial=partial)
        outcome = await self._ask(call)
        if outcome.res == "ok":
            await self._live(self._held(call, outcome))

    async def _arena(self) -> None:
        """Reserve a seat by its id, which the list of seats returns.

        The user gets another name here. Under one name, a hold from another format would be the same
        reservation.
        """
        chance, event = self._chance, self._event
        self._user = f"{self._user}-in-the-arena"
        if event.seat_ids is None or chance.random() < 0.1:
            await self._ask(dialects.arena_seats(event))
            if event.seat_ids is None:
                return
        [label] = event.draw_seats(chance, 1)
        call = dialects.arena_hold(event, self._user, label)
        await self._one_seat(call, dialects.arena_book)

    async def _reservation(self, account: str) -> None:
        self._user = account
        if self._chance.random() < 0.15:
            await self._ask(dialects.show_seats(self._event))
        [label] = self._event.draw_seats(self._chance, 1)
        call = dialects.reservation_hold(self._event, account, label, self._chance.randint(1, 20))
        await self._one_seat(call, dialects.reservation_book, dialects.reservation_release)

    async def _one_seat(
        self, call: Call, book: Callable[[Held], Call], release: Callable[[Held], Call] | None = None
    ) -> None:
        """Hold a seat for a user, sometimes twice, then confirm, release or leave it."""
        chance = self._chance
        outcome = await self._ask(call)
        if outcome.res == "info" or (outcome.res == "ok" and chance.random() < 0.15):
            outcome = await self._ask(call)
        if outcome.res != "ok":
            return
        held = self._held(call, outcome)
        end = chance.random()
        if release is not None and end < 0.2:
            await self._ask(release(held))
            return
        if end > 0.85:
            return
        if end > 0.6:
            await self._wait_for_expiry(held, chance.uniform(-AT_EXPIRY_SECONDS, AT_EXPIRY_SECONDS))
        outcome = await self._ask(book(held))
        if outcome.res == "info" or chance.random() < 0.1:
            await self._ask(book(held))

    async def _visit(self) -> None:
        visit = Visit(
            self._asking,
            chance=self._chance,
            who=self._who,
            user=self._user,
            event=self._event,
            pause=self._pause,
            wait_for_expiry=self._wait_for_expiry,
        )
        await visit.run(lambda: self._draw_line(frozenset()))

    async def _instant(self) -> None:
        await self._ask(dialects.instant(self._event, _few(self._chance, 5)))

    async def _ask(self, call: Call) -> Outcome:
        clerk = self._clerk if call.via in ("arena", "reservations") else None
        call = as_caller(call, clerk or self._caller)
        return await self._asking.ask(self._who, self._user, call, self._chance)

    async def _wait_for_expiry(self, held: Held, offset_seconds: float) -> None:
        """Pause until the expiry plus an offset, which may be negative."""
        left = None if held.expires_at is None else self._clock.seconds_until(held.expires_at)
        if left is not None:
            await self._pause(left + offset_seconds)


def _few(chance: random.Random, limit: int) -> int:
    """Return a number from 1 to `limit`; small numbers are more frequent."""
    return min(chance.randint(1, limit), chance.randint(1, limit))
