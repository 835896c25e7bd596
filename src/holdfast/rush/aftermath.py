"""Aftermath: once the buyers have gone, settle what was left open, and read every booking that was told."""

from __future__ import annotations

from collections.abc import Iterator

import orjson

from holdfast.rush.accounts import KnownBooking, Unsettled, seats_of
from holdfast.rush.journey import Shop, ask, code_of, confirm, release
from holdfast.rush.steps import Ask, Closed, Left, Steps

__all__ = ["Findings", "read_back", "settle"]

_MAX_NAMED = 20


class Findings:
    """What came of looking."""

    def __init__(self) -> None:
        self.settled = 0
        self.open = 0
        """Nobody can say what became of so many requests: they were not answered afterwards either."""
        self.read = 0
        self.unreadable = 0
        self.named: list[str] = []
        """Of the bookings that could not be read as they were told, the first, with the reason."""

    def miss(self, booking: KnownBooking, why: str) -> None:
        self.unreadable += 1
        if len(self.named) < _MAX_NAMED:
            self.named.append(f"{booking.id}: {why}")


def settle(shop: Shop, unsettled: Iterator[Unsettled], findings: Findings) -> Steps[None]:
    """Ask each again in the same words: the same key is the same answer. A hold that nobody waits for is given back."""
    for one in unsettled:
        try:
            match one:
                case Unsettled("confirm", request, held) if held is not None:
                    yield from confirm(shop, held, request, is_again=True)
                case Unsettled("release", request, held) if held is not None:
                    yield from release(shop, held, request)
                case _:
                    yield from _settle_hold(shop, one.request)
        except (Left, Closed):
            # The server is away, and whoever waited so long for this one need not wait for the others.
            findings.open += 1 + sum(1 for _ in unsettled)
        except (KeyError, TypeError, ValueError) as error:
            shop.accounts.say_odd(f"an answer is none of Holdfast's: {type(error).__name__} {error}")
            findings.open += 1
        else:
            findings.settled += 1


def _settle_hold(shop: Shop, request: bytes) -> Steps[None]:
    answer = yield from ask(shop, Ask("hold", request))
    if answer.status == 201:
        held = shop.read_hold(answer, asked_at=None)
        shop.count("held", held.quantity)
        again = shop.requests.release(held.id, held.token, key=f"{shop.plan.run}-settled-{held.id}")
        yield from release(shop, held, again)


def read_back(shop: Shop, bookings: Iterator[KnownBooking], findings: Findings) -> Steps[None]:
    """Each as its buyer would, with the token of the hold."""
    for booking in bookings:
        try:
            answer = yield from ask(shop, Ask("read", shop.requests.read_booking(booking.id, booking.token)))
            if answer.status != 200:
                findings.miss(booking, code_of(answer))
                continue
            told = orjson.loads(answer.body)
            seats = tuple(sorted(seats_of(told["lines"])))
            if (told["status"], told["quantity"], seats) == ("confirmed", booking.quantity, booking.seats):
                findings.read += 1
            else:
                findings.miss(booking, "it reads otherwise than it was told")
        except (Left, Closed):
            for missed in (booking, *bookings):
                findings.miss(missed, "no answer")
        except (KeyError, TypeError, ValueError) as error:
            findings.miss(booking, f"{type(error).__name__} {error}")
