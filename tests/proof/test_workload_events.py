"""Events of a workload: a seed repeats them, and their lines match their bodies."""

from __future__ import annotations

import random

from proof.workload.events import Event, draw_event, event_line


def lines(seed: int) -> list[dict[str, object]]:
    chance = random.Random(seed)
    bodies = [draw_event(chance, f"Event {number}") for number in range(60)]
    return [event_line(body, {"id": f"e{n}", "number": n}) for n, body in enumerate(bodies, 1)]


def test_a_seed_draws_the_same_events_again() -> None:
    assert lines(7) == lines(7)
    assert lines(7) != lines(8)


def test_every_kind_of_event_is_drawn() -> None:
    events = [Event.of(line) for line in lines(7)]
    assert any(event.rows and event.areas for event in events)
    assert any(event.rows and len(event.categories) > 1 for event in events)
    assert any(len(event.areas) == 2 for event in events)
    assert any(event.is_plain for event in events)
    assert any(event.needs_buyer for event in events)
    assert any(event.tables and event.has_wheelchair_places for event in events)
    assert any(event.tables and not event.has_wheelchair_places for event in events)
    assert any(event.has_wheelchair_places and not event.tables for event in events)


def test_a_named_seat_of_a_table_brings_the_table() -> None:
    event = next(event for event in map(Event.of, lines(7)) if event.tables)
    first, *others = next(iter(event.tables.values()))
    assert event.with_tables([{"seats": ["A-1-1"]}]) == [{"seats": ["A-1-1"]}]
    assert event.with_tables([{"seats": [first]}]) == [{"seats": [first, *others]}]
    divided = event.with_tables([{"seats": [first]}, {"seats": others[:1]}])
    assert divided == [{"seats": [first, *others[1:]]}, {"seats": others[:1]}]


def test_an_event_line_has_each_seat_once_in_its_row() -> None:
    for line in lines(7):
        event = Event.of(line)
        assert len(set(event.labels)) == len(event.labels) == sum(map(len, event.rows))
        for row in event.rows:
            assert len({label.rpartition("-")[0] for label, _ in row}) == 1


def test_drawn_seats_are_distinct_and_mostly_free() -> None:
    chance = random.Random(7)
    event = next(event for event in map(Event.of, lines(7)) if len(event.labels) > 20)
    taken = frozenset(event.labels[:-3])
    drawn = [event.draw_seats(chance, 4, taken=taken) for _ in range(200)]
    assert all(0 < len(seats) == len(set(seats)) <= 4 for seats in drawn)
    seen = [seat in taken for seats in drawn for seat in seats]
    blind = [seat in taken for _ in range(200) for seat in event.draw_seats(chance, 4)]
    assert sum(seen) / len(seen) < sum(blind) / len(blind)
