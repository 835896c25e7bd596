"""Journey: the steps of one buyer: look, hold, perhaps pay, perhaps leave, perhaps come back.

A buyer's intentions are drawn on arrival, so that the same seed brings the same crowd. The outcome depends on the
server and on the other buyers.
"""

from __future__ import annotations

from datetime import datetime
from random import Random
from time import monotonic
from typing import Any, NamedTuple

import orjson

from holdfast.rush.accounts import BuyerAccounts, KnownHold
from holdfast.rush.plan import Plan, Range, Wish
from holdfast.rush.requests import Requests, random_key
from holdfast.rush.seats import SeatPlan
from holdfast.rush.server_clock import ServerClock
from holdfast.rush.steps import Ask, Closed, Left, Steps, Wait, asking
from holdfast.rush.tally import Clock, RushTally
from holdfast.rush.wire import RushAnswer

__all__ = ["Mind", "Shop", "ask", "code_of", "confirm", "draw_mind", "journey", "release"]

_COME_BACK = frozenset({"sold_out", "not_together", "event_not_on_sale", "sales_stopped"})
"""Refusals after which a buyer may look again later."""

_OTHER_SEATS = frozenset({"seat_taken", "seat_blocked"})
_TRIES = 4
"""How often a buyer picks seats before they look at the event again."""

_TAKEN_BACK = frozenset({"hold_released", "event_cancelled"})
"""Refusals that an organiser's action can cause."""


class Mind(NamedTuple):
    """What a buyer wants, and what they will do with their hold."""

    number: int
    quantity: int
    fate: str
    pay_seconds: float


class Shop:
    """State that all buyers of one process share."""

    def __init__(
        self, plan: Plan, requests: Requests, seat_plan: SeatPlan, *, index: int, clock: Clock
    ) -> None:
        self.plan = plan
        self.requests = requests
        self.seat_plan = seat_plan
        self.index = index
        self.clock = clock
        self.minds = Random(
            f"{plan.seed}/{index}/minds"
        )  # separate, so that no answer changes the next buyer
        self.chance = Random(f"{plan.seed}/{index}")
        self.tally = RushTally()
        self.accounts = BuyerAccounts()
        self.server_clock = ServerClock()

    def count(self, name: str, many: int = 1) -> None:
        self.tally.count(name, self.clock.tick(), many)

    def read_hold(self, answer: RushAnswer, *, asked_at: float | None) -> KnownHold:
        """Return the hold of an answer. Raises KeyError, TypeError or ValueError."""
        found = orjson.loads(answer.body)
        self.server_clock.see(datetime.fromisoformat(found["server_time"]).timestamp(), asked_at=asked_at)
        return KnownHold.read(found)

    def key(self, mind: Mind, what: str) -> str:
        return random_key(f"{self.plan.run}-{self.index}-{mind.number}-{what}")


def draw_mind(shop: Shop, number: int) -> Mind:
    plan, chance = shop.plan, shop.minds
    drawn = chance.random()
    fate = "booked"
    if drawn < plan.abandon:
        fate = "abandoned"
    elif drawn < plan.abandon + plan.release:
        fate = "released"
    quantity = chance.randint(int(plan.admissions.least), int(plan.admissions.most))
    return Mind(number, quantity, fate, _draw(chance, plan.pay_seconds))


def journey(shop: Shop, mind: Mind) -> Steps[None]:
    """Run one buyer's visit, and count exactly one fate."""
    try:
        fate = yield from _visit(shop, mind)
    except Left as left:
        fate = "sent_home" if left.is_closing else "unanswered"
    except Closed:
        fate = "sent_home"
    except (KeyError, TypeError, ValueError) as error:
        shop.accounts.report_odd(f"an answer is not from Holdfast: {type(error).__name__} {error}")
        fate = "refused"
    shop.count(fate)


def _visit(shop: Shop, mind: Mind) -> Steps[str]:
    plan = shop.plan
    etag, seen = "", 0
    for visit in range(1 + plan.come_back):
        if visit:
            yield Wait(_draw(shop.chance, plan.come_back_seconds))
            shop.count("came_back")
        answer = yield from ask(shop, Ask("look", shop.requests.look(etag)))
        if answer.status == 200:
            etag, seen = answer.etag, _available(answer)
        elif answer.status != 304:
            _refused(shop, answer)
            return "refused"
        if seen < (1 if plan.takes_part else mind.quantity):
            continue
        held = yield from _hold(shop, mind, visit)
        if isinstance(held, KnownHold):
            if visit:
                shop.count("held_after_coming_back", held.quantity)
            return (yield from _decide(shop, mind, held))
        if held not in _COME_BACK and held not in _OTHER_SEATS:
            return "refused"
    return "no_luck"


def _hold(shop: Shop, mind: Mind, visit: int) -> Steps[KnownHold | str]:
    """Return a hold, or the code of the refusal."""
    code = "sold_out"
    buyer = f"{shop.plan.run}-{shop.index}-{mind.number}" if shop.plan.names_buyers else None
    for click in range(_TRIES):
        lines = _lines(shop, mind)
        if lines is None:
            return "sold_out"
        request = shop.requests.hold(lines, buyer=buyer, key=shop.key(mind, f"hold-{visit}-{click}"))
        asked_at = monotonic()
        try:
            answer = yield from ask(shop, Ask("hold", request))
        except Left as left:
            if left.may_be_done:
                shop.accounts.leave_open("hold", request)
            raise
        if answer.status == 201:
            held = shop.read_hold(answer, asked_at=asked_at)
            shop.count("held", held.quantity)
            shop.seat_plan.take(held.seats)
            return held
        code = _refused(shop, answer)
        if code not in _OTHER_SEATS:
            return code
        shop.seat_plan.take(lines[0]["seats"])
    return code


def _decide(shop: Shop, mind: Mind, held: KnownHold) -> Steps[str]:
    """Do what the buyer wants to do with the hold, and return the fate."""
    if mind.fate == "abandoned":
        _let_lapse(shop, held)
        return mind.fate
    try:
        yield Wait(mind.pay_seconds)
    except Closed:
        _let_lapse(shop, held)
        raise
    if mind.fate == "released":
        request = shop.requests.release(held.id, held.token, key=shop.key(mind, "release"))
        return (yield from release(shop, held, request))
    request = shop.requests.confirm(held.id, held.token, key=shop.key(mind, "confirm"))
    return (yield from confirm(shop, held, request))


def confirm(shop: Shop, held: KnownHold, request: bytes, *, is_again: bool = False) -> Steps[str]:
    """Pay, and return the fate. The caller gives the request's bytes, so that a retry can repeat them."""
    is_late = shop.server_clock.is_past(held.expires_at) and not is_again
    try:
        answer = yield from ask(shop, Ask("confirm", request))
    except Left as left:
        if left.may_be_done:
            shop.accounts.leave_open("confirm", request, held)
        else:
            _let_lapse(shop, held)
        raise
    if answer.status in (200, 201):
        shop.count("booked_admissions", shop.accounts.book(held, orjson.loads(answer.body)))
        if is_late:
            shop.accounts.report_odd(f"hold {held.id} was booked though it had lapsed")
        return "booked"
    code = _refused(shop, answer)
    if code == "hold_expired":
        if shop.server_clock.is_before(held.expires_at):
            shop.accounts.report_odd(f"hold {held.id} had lapsed before its time")
        _let_lapse(shop, held)
        return "too_late"
    if code not in _TAKEN_BACK:
        shop.accounts.report_odd(f"hold {held.id} was refused its booking: {code}")
    shop.accounts.give_back(held)
    return "refused"


def release(shop: Shop, held: KnownHold, request: bytes) -> Steps[str]:
    """Release the hold, and return the fate."""
    try:
        answer = yield from ask(shop, Ask("release", request))
    except Left as left:
        if left.may_be_done:
            shop.accounts.leave_open("release", request, held)
        else:
            _let_lapse(shop, held)
        raise
    if answer.status == 200:
        shop.accounts.give_back(held)
        shop.count("released_admissions", held.quantity)
        return "released"
    code = _refused(shop, answer)
    _let_lapse(shop, held)
    return "abandoned" if code == "hold_expired" else "refused"


def ask(shop: Shop, wanted: Ask) -> Steps[RushAnswer]:
    """Return the answer, with a buyer's patience. Raises Left."""
    return asking(wanted, shop.chance, patience_seconds=shop.plan.patience_seconds)


def _let_lapse(shop: Shop, held: KnownHold) -> None:
    shop.accounts.let_lapse(held)
    ticks = round(shop.server_clock.seconds_until(held.expires_at) / shop.plan.tick_seconds)
    shop.tally.count("lapsed_admissions", shop.clock.tick() + ticks, held.quantity)


def _lines(shop: Shop, mind: Mind) -> list[dict[str, Any]] | None:
    """Return the lines of the request. None if the seat plan shows no such seats free."""
    plan = shop.plan
    match plan.wish:
        case Wish.QUANTITY:
            line: dict[str, Any] = {"quantity": mind.quantity}
            if plan.area is not None:
                line["area"] = plan.area
        case Wish.BEST_AVAILABLE:
            line = {"best_available": mind.quantity}
            if plan.category is not None:
                line["category"] = plan.category
        case Wish.SEATS:
            seats = shop.seat_plan.pick(shop.chance, mind.quantity)
            if seats is None:
                return None
            line = {"seats": seats}
    return [line]


def _available(answer: RushAnswer) -> int:
    found: int = orjson.loads(answer.body)["available"]
    return found


def _refused(shop: Shop, answer: RushAnswer) -> str:
    code = code_of(answer)
    shop.count(f"refusal:{code}")
    return code


def code_of(answer: RushAnswer) -> str:
    """Return the problem's code, or a code with the status if the answer is not from Holdfast."""
    try:
        code = orjson.loads(answer.body)["code"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        code = None
    return code if isinstance(code, str) else f"status_{answer.status}"


def _draw(chance: Random, range: Range) -> float:
    return range.least + (range.most - range.least) * chance.random()
