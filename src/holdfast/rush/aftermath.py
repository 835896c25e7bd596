"""Aftermath: after the last buyer has left, settle open requests and read every booking again."""

from __future__ import annotations

from collections.abc import Iterator

import orjson

from holdfast.rush.accounts import KnownBooking, Unsettled, seats_of
from holdfast.rush.journey import Shop, ask, code_of, confirm, release
from holdfast.rush.requests import random_key
from holdfast.rush.steps import Ask, Closed, Left, Steps

__all__ = ["Findings", "read_back", "settle"]

_MAX_NAMED = 20


class Findings:
    """Results of the aftermath."""

    def __init__(self) -> None:
        self.settled = 0
        self.open = 0
        """Number of requests with an unknown outcome: they got no answer afterwards either."""
        self.read = 0
        self.unreadable = 0
        self.named: list[str] = []
        """The first bookings that read differently or not at all, each with the reason."""

    def miss(self, booking: KnownBooking, why: str) -> None:
        self.unreadable += 1
        if len(self.named) < _MAX_NAMED:
            self.named.append(f"{booking.id}: {why}")


def settle(shop: Shop, unsettled: Iterator[Unsettled], findings: Findings) -> Steps[None]:
    """Repeat each request: the same key gets the same answer. Releases holds that no buyer waits for."""
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
            # The server is away. One wait is enough: the other requests count as open.
            findings.open += 1 + sum(1 for _ in unsettled)
        except (KeyError, TypeError, ValueError) as error:
            shop.accounts.report_odd(f"an answer is not from Holdfast: {type(error).__name__} {error}")
            findings.open += 1
        else:
            findings.settled += 1


def _settle_hold(shop: Shop, request: bytes) -> Steps[None]:
    answer = yield from ask(shop, Ask("hold", request))
    if answer.status == 201:
        held = shop.read_hold(answer, asked_at=None)
        shop.count("held", held.quantity)
        again = shop.requests.release(
            held.id, held.token, key=random_key(f"{shop.plan.run}-settled-{held.id}")
        )
        yield from release(shop, held, again)


def read_back(shop: Shop, bookings: Iterator[KnownBooking], findings: Findings) -> Steps[None]:
    """Read each booking as its buyer would, with the hold's token."""
    for booking in bookings:
        try:
            answer = yield from ask(shop, Ask("read", shop.requests.read_booking(booking.id, booking.token)))
            if answer.status != 200:
                findings.miss(booking, code_of(answer))
                continue
            found = orjson.loads(answer.body)
            seats = tuple(sorted(seats_of(found["lines"])))
            if (found["status"], found["quantity"], seats) == ("confirmed", booking.quantity, booking.seats):
                findings.read += 1
            else:
                findings.miss(booking, "it differs from the confirmation")
        except (Left, Closed):
            for missed in (booking, *bookings):
                findings.miss(missed, "no answer")
        except (KeyError, TypeError, ValueError) as error:
            findings.miss(booking, f"{type(error).__name__} {error}")
