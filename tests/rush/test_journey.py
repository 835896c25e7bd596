"""A buyer's steps, without a server: the requests, their retries, and the records."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import orjson
import pytest

from holdfast.rush.accounts import Unsettled
from holdfast.rush.journey import Mind, Shop, draw_mind, journey
from holdfast.rush.plan import Plan, Range, Wish
from holdfast.rush.requests import Requests
from holdfast.rush.seats import SeatPlan
from holdfast.rush.steps import Ask, Closed, Left, Steps, Wait, asking
from holdfast.rush.tally import FATES, Clock
from holdfast.rush.wire import Address, Lost, RushAnswer

PLAN = Plan(
    url="http://127.0.0.1:1",
    event="7",
    run="r" * 24,
    buyers=1,
    over_seconds=1,
    come_back=1,
    come_back_seconds=Range(1, 1),
    patience_seconds=10,
)
HOLD = {
    "id": "h",
    "hold_token": "t",
    "quantity": 2,
    "lines": [{"seats": ["A-1-1", "A-1-2"]}],
    "placed_at": "2027-01-01T10:00:00Z",
    "expires_at": "2027-01-01T10:02:00Z",
    "server_time": "2027-01-01T10:00:00Z",
}
BOOKING = {"id": "b", "quantity": 2, "lines": HOLD["lines"], "status": "confirmed"}


def shop(**changed: object) -> Shop:
    plan = replace(PLAN, **changed)  # type: ignore[arg-type]
    requests = Requests(plan, Address(plan.url))
    return Shop(plan, requests, SeatPlan([["A-1-1", "A-1-2"]]), index=0, clock=Clock(1))


def answer(status: int, body: object, *, retry_after: str = "") -> RushAnswer:
    return RushAnswer(status, orjson.dumps(body), "", retry_after)


def left(available: int) -> RushAnswer:
    return answer(200, {"available": available})


def walk(steps: Steps[None], *outcomes: RushAnswer | Lost | Exception | None) -> list[Ask | Wait]:
    """Return the steps of a journey that receives these outcomes in order. A wait's outcome is None."""
    wanted = [next(steps)]
    try:
        for outcome in outcomes:
            throws = isinstance(outcome, Exception)
            wanted.append(steps.throw(outcome) if throws else steps.send(outcome))
    except StopIteration:
        return wanted
    raise AssertionError("the journey has not ended")


def fate(one: Shop) -> str:
    (found,) = [name for name in FATES if one.tally.total(name)]
    assert one.tally.total(found) == 1
    return found


def test_a_buyer_looks_holds_and_books() -> None:
    one = shop()
    wanted = walk(
        journey(one, Mind(0, 2, "booked", 4.0)), left(9), answer(201, HOLD), None, answer(201, BOOKING)
    )
    assert [each.step for each in wanted if isinstance(each, Ask)] == ["look", "hold", "confirm"]
    assert [each.seconds for each in wanted if isinstance(each, Wait)] == [4.0]
    assert fate(one) == "booked"
    assert [(each.id, each.quantity) for each in one.accounts.bookings] == [("b", 2)]
    assert one.accounts.odd == []


def test_a_booking_that_differs_from_its_hold_is_reported() -> None:
    one = shop()
    wrong = {**BOOKING, "quantity": 1}
    walk(journey(one, Mind(0, 2, "booked", 0)), left(9), answer(201, HOLD), None, answer(201, wrong))
    assert one.accounts.odd == ["booking b differs from hold h in seats or quantity"]


def test_a_buyer_looks_again_after_sold_out_before_giving_up() -> None:
    one = shop()
    sold_out = answer(409, {"code": "sold_out"})
    wanted = walk(journey(one, Mind(0, 2, "booked", 0)), left(9), sold_out, None, left(1))
    assert [each.step for each in wanted if isinstance(each, Ask)] == ["look", "hold", "look"]
    assert fate(one) == "no_luck"
    assert one.tally.named("refusal:") == {"sold_out": 1}


def test_an_abandoned_hold_is_recorded_as_lapsing() -> None:
    one = shop()
    walk(journey(one, Mind(0, 2, "abandoned", 0)), left(9), answer(201, HOLD))
    assert fate(one) == "abandoned"
    ((expires_at, quantity),) = one.accounts.lapsing
    assert quantity == 2
    assert one.accounts.seat_times == [
        ("A-1-1", expires_at - 120, expires_at),
        ("A-1-2", expires_at - 120, expires_at),
    ]


def test_a_buyer_picks_another_seat_after_seat_taken() -> None:
    one = shop(wish=Wish.SEATS)
    taken = answer(409, {"code": "seat_taken"})
    wanted = walk(journey(one, Mind(0, 1, "abandoned", 0)), left(9), taken, answer(201, HOLD))
    first, second = (each.request for each in wanted if isinstance(each, Ask) and each.step == "hold")
    assert first.split(b"\r\n\r\n")[1] != second.split(b"\r\n\r\n")[1]
    assert key_of(first) != key_of(second)


@pytest.mark.parametrize(
    ("step", "outcomes"), [("hold", [left(9)]), ("confirm", [left(9), answer(201, HOLD), None])]
)
def test_an_open_request_is_recorded_as_unsettled_at_the_end(
    step: str, outcomes: list[RushAnswer | None]
) -> None:
    one = shop()
    walk(journey(one, Mind(0, 2, "booked", 0)), *outcomes, Closed())
    assert fate(one) == "sent_home"
    (left_open,) = one.accounts.unsettled
    assert isinstance(left_open, Unsettled)
    assert left_open.what == step


def test_a_hold_lapses_if_the_rush_ends_before_payment() -> None:
    one = shop()
    walk(journey(one, Mind(0, 2, "booked", 9)), left(9), answer(201, HOLD), Closed())
    assert len(one.accounts.lapsing) == 1
    assert fate(one) == "sent_home"


def test_an_answer_from_another_program_ends_the_visit_and_is_reported() -> None:
    one = shop()
    walk(journey(one, Mind(0, 2, "booked", 0)), answer(200, "<html>"))
    assert fate(one) == "refused"
    assert len(one.accounts.odd) == 1


def test_draw_mind_does_not_depend_on_outcomes() -> None:
    one, other = shop(admissions=Range(1, 4)), shop(admissions=Range(1, 4))
    minds = []
    for number in range(50):
        other.chance.random()  # a pause, a seat
        minds.append((draw_mind(one, number), draw_mind(other, number)))
    assert all(mind == the_same for mind, the_same in minds)
    assert {mind.fate for mind, _ in minds} == {"booked", "abandoned", "released"}


def lived(seconds: float) -> dict[str, object]:
    """A hold that lives for these seconds from now."""
    now = datetime(2027, 1, 1, 10, tzinfo=UTC)
    times = {"placed_at": now, "server_time": now, "expires_at": now + timedelta(seconds=seconds)}
    return HOLD | {name: moment.isoformat() for name, moment in times.items()}


@pytest.mark.parametrize(
    ("seconds", "status", "body", "odd"),
    [
        (60, 201, BOOKING, []),
        (-60, 201, BOOKING, ["hold h was booked though it had lapsed"]),
        (-60, 410, {"code": "hold_expired"}, []),
        (60, 410, {"code": "hold_expired"}, ["hold h had lapsed before its time"]),
        (60, 404, {"code": "hold_not_found"}, ["hold h was refused its booking: hold_not_found"]),
        (60, 410, {"code": "event_cancelled"}, []),
    ],
)
def test_confirm_reports_answers_that_contradict_the_expiry(
    seconds: float, status: int, body: dict[str, object], odd: list[str]
) -> None:
    one = shop()
    steps = journey(one, Mind(0, 2, "booked", 0))
    walk(steps, left(9), answer(201, lived(seconds)), None, answer(status, body))
    assert one.accounts.odd == odd


def test_asking_repeats_the_request_after_the_retry_after_of_busy() -> None:
    steps = asking(Ask("hold", b"x"), Random(1), patience_seconds=30)
    first = next(steps)
    waiting = steps.send(answer(503, {"code": "busy"}, retry_after="3"))
    assert isinstance(waiting, Wait)
    assert waiting.seconds > 3
    assert steps.send(None) is first
    with pytest.raises(StopIteration) as ended:
        steps.send(answer(201, {}))
    assert ended.value.value.status == 201


@pytest.mark.parametrize(
    ("outcome", "may_be_done"),
    [
        (Lost("refused_connection", may_be_done=False), False),
        (Lost("reset", may_be_done=True), True),
        (answer(503, {"code": "busy"}), False),
        (answer(503, {"code": "unavailable"}), False),
        (answer(503, {"code": "outcome_unknown"}), True),
        (answer(504, {}), True),
    ],
)
def test_left_says_whether_the_request_may_be_done(outcome: RushAnswer | Lost, may_be_done: bool) -> None:
    now = 100.0
    steps = asking(Ask("hold", b"x"), Random(1), patience_seconds=3, clock=lambda: now)

    def ask_on() -> None:
        nonlocal now
        next(steps)
        while True:
            now += 0.5  # each answer takes half a second
            waiting = steps.send(outcome)
            assert isinstance(waiting, Wait)
            now += waiting.seconds
            steps.send(None)

    with pytest.raises(Left) as gone:
        ask_on()
    assert now <= 103.5
    assert gone.value.may_be_done is may_be_done


def test_pick_returns_free_neighbours_until_none_are_left() -> None:
    rows = [[f"A-{row}-{seat}" for seat in range(5)] for row in range(3)]
    seat_plan, chance = SeatPlan(rows), Random(2)
    taken: list[str] = []
    while (seats := seat_plan.pick(chance, 2)) is not None:
        assert len(seats) == 2
        row = next(row for row in rows if seats[0] in row)
        assert row.index(seats[1]) == row.index(seats[0]) + 1
        taken += seats
        seat_plan.take(seats)
    assert len(taken) == len(set(taken)) >= 6
    seat_plan.show(["A-0-0"])
    assert seat_plan.pick(chance, 5) in (rows[1], rows[2])
    assert SeatPlan([]).pick(chance, 1) is None


def key_of(request: bytes) -> bytes:
    return request.split(b"Idempotency-Key: ")[1].split(b"\r\n")[0]
