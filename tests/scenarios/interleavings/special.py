"""Special scenes: meetings that have cost others money, and those where a process has a stale copy."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from holdfast.inventory.rules import commands as c
from holdfast.inventory.seating.seat_map import SeatSpec
from scenarios.interleavings.keys import a_key
from scenarios.interleavings.scenes import ACTORS, Cast, Plot, Scene, best, one_row, quantity, seats

PLENTY = 10_000
"""A quantity so large that a process which believes in it does not look for lapsed holds."""


def special_scenes() -> Iterator[Scene]:
    row: dict[str, Any] = {"seats": one_row(6)}
    floor: dict[str, Any] = {"areas": {"floor": 4}}
    for name, setting, plot in (
        ("one key in two processes", floor, _one_key),
        ("one key, two bodies", floor, _two_bodies),
        ("one key confirms twice while it is released", row, _one_key_confirms),
        ("a sweep and the extension of a live hold", floor, _sweep_and_extend),
        ("a sweep and the last admissions", row, _sweep_and_place),
        ("two sweeps and a sale", floor, _two_sweeps),
        ("a hold is confirmed while its event is cancelled", row, _cancel_event),
        ("a hold is released while its cancelled event is swept", floor, _sweep_cancelled),
        ("a block and a hold", row, _block_and_place),
        ("a counted block, a hold and its lifting", floor, _block_and_lift),
        ("best available in two occupancies", row, _two_occupancies),
        ("best available while a hold is released", row, _best_and_release),
        ("the capacity shrinks while they sell", floor, _smaller),
        ("sales stop while they sell", floor, _stop),
        ("a buyer's limit in two windows", {"areas": {"floor": 9}, "rules": {"max_per_buyer": 3}}, _limit),
        ("three instant bookings with enough for two", floor, _instant),
        ("batches of many, with refusals among them", {"areas": {"floor": 5}, "seats": one_row(5)}, _many),
        ("seats taken crosswise", row, _crosswise),
        ("a process believes that plenty is free", {"areas": {"floor": PLENTY}}, _plenty),
        ("a buyer's limit is set while they sell", floor, _limit_is_set),
        ("an area and seats are added while they sell", {**row, **floor}, _grows),
        ("an event without seats gets some while it sells", floor, _first_seats),
        ("two bookings want one seat", row, _exchange_for_one),
        ("an exchange, a hold of its new seat and one of its old seat", row, _exchange_and_place),
        (
            "a part of a booking is cancelled and exchanged, and the whole is cancelled",
            floor,
            _change_and_cancel,
        ),
    ):
        yield Scene(name=name, plot=plot, **setting)


def _one_key(cast: Cast) -> Plot:
    """The client sends the same request again during the first. Each process makes its own ids for it."""
    return Plot(
        batches={who: [cast.place(f"of {who}", quantity(3), key=a_key("k", "three"))] for who in ACTORS[:2]}
    )


def _two_bodies(cast: Cast) -> Plot:
    return Plot(
        batches={
            "a": [cast.place("x", quantity(3), key=a_key("k", "three"))],
            "b": [cast.place("y", quantity(2), key=a_key("k", "two"))],
            "c": [cast.place("z", quantity(2))],
        }
    )


def _one_key_confirms(cast: Cast) -> Plot:
    return Plot(
        before=[cast.place("h", seats(1, 2))],
        batches={
            "a": [cast.confirm("h", "one", key=a_key("k", "h"))],
            "b": [cast.confirm("h", "two", key=a_key("k", "h"))],
            "c": [cast.release("h")],
        },
    )


def _sweep_and_extend(cast: Cast) -> Plot:
    return Plot(
        before=[cast.place("h", quantity(2)), cast.place("dead", quantity(1))],
        lapsed=[cast["dead"]],
        batches={
            "a": [c.ReclaimLapsed(by="sweeper", limit=1)],
            "b": [cast.extend("h", ttl_seconds=600), cast.extend("dead", ttl_seconds=600)],
            "c": [cast.place("x", quantity(2))],
        },
    )


def _sweep_and_place(cast: Cast) -> Plot:
    return Plot(
        before=[cast.place("dead", seats(1, 2)), cast.place("h", seats(3, 4, 5, 6))],
        lapsed=[cast["dead"]],
        batches={
            "a": [c.ReclaimLapsed(by="sweeper", limit=10)],
            "b": [cast.place("x", seats(1, 2))],
            "c": [cast.place("y", seats(2)), cast.confirm("dead")],
        },
    )


def _two_sweeps(cast: Cast) -> Plot:
    dead = [f"dead {at}" for at in range(3)]
    return Plot(
        before=[cast.place(name, quantity(1)) for name in dead],
        lapsed=[cast[name] for name in dead],
        batches={
            "a": [c.ReclaimLapsed(by="sweeper", limit=2)],
            "b": [c.ReclaimLapsed(by="sweeper", limit=2)],
            "c": [cast.place("x", quantity(3)), cast.release(dead[2])],
        },
    )


def _cancel_event(cast: Cast) -> Plot:
    return Plot(
        before=[cast.place("h", seats(1)), cast.place("sold", seats(2)), cast.confirm("sold")],
        batches={
            "a": [c.CancelEvent()],
            "b": [cast.confirm("h"), cast.place("x", seats(3))],
            "c": [cast.cancel("booking of sold"), cast.extend("h")],
        },
    )


def _sweep_cancelled(cast: Cast) -> Plot:
    return Plot(
        before=[cast.place("h", quantity(1)), cast.place("i", quantity(1)), c.CancelEvent()],
        batches={
            "a": [c.ReclaimLapsed(by="sweeper", limit=10)],
            "b": [cast.release("h"), cast.confirm("i")],
            "c": [c.ReclaimLapsed(by="sweeper", limit=1)],
        },
    )


def _block_and_place(cast: Cast) -> Plot:
    return Plot(
        batches={
            "a": [cast.block("kept", labels=("A-1-2", "A-1-3"))],
            "b": [cast.place("x", seats(3, 4))],
            "c": [cast.place("y", best(4))],
        }
    )


def _block_and_lift(cast: Cast) -> Plot:
    return Plot(
        before=[cast.block("kept", quantity=3)],
        batches={
            "a": [c.LiftBlock(block_id=cast["kept"])],
            "b": [cast.place("x", quantity(2))],
            "c": [cast.block("more", quantity=2)],
        },
    )


def _two_occupancies(cast: Cast) -> Plot:
    """The second engine must see the seats of the first, although its own occupancy lacks them."""
    return Plot(
        batches={
            "a": [cast.place("x", best(4))],
            "b": [cast.place("y", best(3))],
            "c": [cast.place("z", best(2))],
        }
    )


def _best_and_release(cast: Cast) -> Plot:
    return Plot(
        before=[cast.place("h", seats(1, 2, 3)), cast.place("i", seats(5))],
        batches={
            "a": [cast.release("h")],
            "b": [cast.place("x", best(4, together=False))],
            "c": [cast.place("y", best(2)), cast.confirm("i")],
        },
    )


def _smaller(cast: Cast) -> Plot:
    return Plot(
        before=[cast.place("h", quantity(1))],
        batches={
            "a": [c.ChangeEvent(capacity=2)],
            "b": [cast.place("x", quantity(2))],
            "c": [cast.release("h")],
        },
    )


def _stop(cast: Cast) -> Plot:
    return Plot(
        before=[cast.place("h", quantity(1))],
        batches={
            "a": [c.StopSales()],
            "b": [cast.place("x", quantity(1)), cast.extend("h", ttl_seconds=600), cast.confirm("h")],
            "c": [c.ResumeSales()],
        },
    )


def _limit(cast: Cast) -> Plot:
    return Plot(
        batches={
            "a": [cast.place("x", quantity(2), buyer="ann")],
            "b": [cast.place("y", quantity(2), buyer="ann")],
            "c": [cast.place("z", quantity(1), buyer="ann"), cast.release("x")],
        }
    )


def _instant(cast: Cast) -> Plot:
    return Plot(batches={who: [cast.instant(f"of {who}", at, 2)] for at, who in enumerate(ACTORS, 1)})


def _many(cast: Cast) -> Plot:
    return Plot(
        before=[cast.place("h", seats(1), quantity(2, "floor"))],
        batches={
            "a": [cast.place("x", seats(2, 3)), cast.place("y", seats(3, 4)), cast.confirm("h")],
            "b": [cast.release("h"), cast.place("z", seats(1, 2)), cast.place("w", quantity(4, "floor"))],
            "c": [cast.cancel("booking of h"), cast.place("v", seats(5), quantity(1, "floor"))],
        },
    )


def _crosswise(cast: Cast) -> Plot:
    """Two engines that lock seat by seat would deadlock."""
    return Plot(
        batches={
            "a": [cast.place("x", seats(1, 2, 3))],
            "b": [cast.place("y", seats(3, 4, 1))],
            "c": [cast.place("z", seats(4, 5)), cast.place("w", seats(5, 6))],
        }
    )


def _plenty(cast: Cast) -> Plot:
    """An engine that believes plenty is free skips lapsed holds. Here the last three are in a lapsed hold."""
    return Plot(
        before=[cast.place("dead", quantity(3))],
        lapsed=[cast["dead"]],
        batches={
            "a": [cast.place("x", quantity(3))],
            "b": [cast.place("most", quantity(PLENTY - 3))],
            "c": [cast.release("most"), cast.place("y", quantity(1))],
        },
    )


def _limit_is_set(cast: Cast) -> Plot:
    """An engine that does not know the limit has not loaded the buyer's total."""
    return Plot(
        before=[cast.place("h", quantity(1), buyer="ann")],
        batches={
            "a": [c.ChangeEvent(rules={"max_per_buyer": 2})],
            "b": [cast.place("x", quantity(2), buyer="ann")],
            "c": [cast.place("y", quantity(1), buyer="ann"), cast.confirm("h")],
        },
    )


def _grows(cast: Cast) -> Plot:
    """An engine with the old seat map must not sell by it."""
    return Plot(
        batches={
            "a": [
                c.ChangeEvent(
                    areas=(c.AreaChange(name="stand", capacity=2, adds=True),), seats=_second_row(2)
                )
            ],
            "b": [
                cast.place("x", c.SeatsLine(labels=("A-1-1", "A-2-1"))),
                cast.place("y", quantity(2, "stand")),
            ],
            "c": [cast.place("z", best(5, together=False)), cast.place("w", quantity(2, "stand"))],
        }
    )


def _first_seats(cast: Cast) -> Plot:
    return Plot(
        batches={
            "a": [c.ChangeEvent(seats=_second_row(3))],
            "b": [cast.place("x", best(2))],
            "c": [cast.place("y", quantity(3, "floor")), cast.block("kept", labels=("A-2-3",))],
        }
    )


def _booked(cast: Cast, name: str, *lines: c.Line) -> list[c.AnyCommand]:
    return [cast.place(name, *lines), cast.confirm(name, f"booking of {name}")]


def _exchange_for_one(cast: Cast) -> Plot:
    return Plot(
        before=[*_booked(cast, "x", seats(1)), *_booked(cast, "y", seats(2)), *_booked(cast, "z", seats(3))],
        batches={
            "a": [cast.exchange("booking of x", seats(4))],
            "b": [cast.exchange("booking of y", seats(4)), cast.exchange("booking of y", seats(5))],
            "c": [cast.exchange("booking of z", seats(2))],
        },
    )


def _exchange_and_place(cast: Cast) -> Plot:
    return Plot(
        before=_booked(cast, "x", seats(1, 2)),
        batches={
            "a": [cast.exchange("booking of x", seats(3), returns=(seats(1),))],
            "b": [cast.place("new", seats(3))],
            "c": [cast.place("old", seats(1)), cast.exchange("booking of x", best(1), returns=(seats(2),))],
        },
    )


def _change_and_cancel(cast: Cast) -> Plot:
    """Two admissions are left beside the booking's two, and all want some of them."""
    part = (quantity(1),)
    return Plot(
        before=_booked(cast, "x", quantity(2)),
        batches={
            "a": [
                c.CancelAdmissions(booking_id=cast["booking of x"], authority=c.STAFF, lines=part),
                cast.place("new", quantity(3)),
            ],
            "b": [cast.exchange("booking of x", quantity(1, "floor"), returns=part)],
            "c": [cast.cancel("booking of x")],
        },
    )


def _second_row(width: int) -> tuple[SeatSpec, ...]:
    return tuple(SeatSpec(f"A-2-{at}", "A", "2", None, "gold") for at in range(1, width + 1))
