"""Spanning writes: the second round trip of a batch of several events, each row with its event's number.

The columns are those of a batch of one event (`writing`), of all its events after each other.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

from holdfast.inventory.rules.batch_state import BatchState
from holdfast.inventory.store import writing
from holdfast.postgres import arrays

__all__ = ["statements"]

_ENCODE = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


def statements(states: Sequence[BatchState], versions: Sequence[int]) -> Iterator[writing.Statement]:
    """In the order in which they must happen, as in a batch of one event. No rules, blocks or maps change here."""
    batch = _Events(states, versions)
    booked = batch.rows(lambda one: [id for id in one.changes.booked if id not in one.changes.new_holds])
    if booked:
        yield "book_claims", batch.of_version(booked, hold_ids=arrays.ids([id for _, id in booked]))
    ended = batch.rows(lambda one: [id for id in one.changes.ended if id not in one.changes.new_holds])
    if ended:
        yield "end_claims", batch.of_version(ended, hold_ids=arrays.ids([id for _, id in ended]))
    moved = batch.rows(lambda one: list(one.changes.moved_holds.items()))
    if moved:
        yield (
            "move_holds",
            {
                **batch.numbers(moved),
                "ids": arrays.ids([id for _, (id, _) in moved]),
                "statuses": arrays.texts([status for _, (_, (status, _)) in moved]),
                "expiries": arrays.times([expires_at for _, (_, (_, expires_at)) in moved]),
            },
        )
    placed = batch.rows(lambda one: list(one.changes.new_holds.values()))
    if placed:
        yield (
            "insert_holds",
            {**batch.numbers(placed), **batch.nows(placed), **writing.holds([hold for _, hold in placed])},
        )
        claimed = batch.rows(lambda one: writing.claims_of(one.changes))
        columns = writing.claims([row for _, row in claimed])
        yield "insert_claims", batch.of_version(claimed, "event_numbers", **columns)
    bookings = batch.rows(lambda one: one.changes.new_bookings)
    if bookings:
        columns = writing.bookings([booking for _, booking in bookings])
        yield "insert_bookings", {**batch.numbers(bookings), **batch.nows(bookings), **columns}
    cancelled = batch.rows(lambda one: one.changes.cancelled_bookings)
    if cancelled:
        ids = arrays.ids([id for _, id in cancelled])
        yield "cancel_bookings", {**batch.numbers(cancelled), **batch.nows(cancelled), "hold_ids": ids}
    attempts = batch.rows(lambda one: one.changes.attempts)
    if attempts:
        columns = writing.attempts([attempt for _, attempt in attempts])
        yield (
            "insert_attempts",
            {**batch.numbers(attempts, "event_numbers"), **batch.nows(attempts), **columns},
        )
    areas = batch.rows(lambda one: list(one.changes.areas.values()))
    if areas:
        columns = writing.counters([area for _, area in areas])
        yield "update_areas", {**batch.numbers(areas, "event_numbers"), **columns}
    answers = batch.rows(lambda one: one.changes.answers)
    if answers:
        columns = writing.answers([answer for _, answer in answers])
        yield (
            "insert_answers",
            {**batch.numbers(answers, "event_numbers"), **batch.nows(answers), **columns},
        )
    replayed = batch.rows(lambda one: list(one.changes.replayed))
    if replayed:
        scopes = arrays.blobs([scope for _, scope in replayed])
        yield "count_replays", {**batch.numbers(replayed), "scopes": scopes}
    journals = batch.rows(lambda one: [one.changes.journal] if one.changes.journal else [])
    if journals:
        changes = arrays.texts([_ENCODE(entries) for _, entries in journals])
        yield "insert_journals", batch.of_version(journals, **batch.nows(journals), changes=changes)
    everyone = batch.rows(lambda one: [one.changes.reclaimed_until])
    until = arrays.times_or_nulls([until for _, until in everyone])
    yield "update_inventories", batch.of_version(everyone, **batch.nows(everyone), reclaimed_until=until)


Row = tuple[int, Any]
"""The place of its event in the batch, and what is written of it."""


class _Events:
    def __init__(self, states: Sequence[BatchState], versions: Sequence[int]) -> None:
        self._inventories = states
        self._versions = versions

    def rows(self, of: Callable[[BatchState], Collection[Any]]) -> list[Row]:
        return [(at, row) for at, state in enumerate(self._inventories) for row in of(state)]

    def numbers(self, rows: Sequence[Row], name: str = "numbers") -> dict[str, str]:
        return {name: arrays.plain([self._inventories[at].event.number for at, _ in rows])}

    def nows(self, rows: Sequence[Row]) -> dict[str, str]:
        return {"nows": arrays.times([self._inventories[at].now for at, _ in rows])}

    def of_version(self, rows: Sequence[Row], name: str = "numbers", **columns: Any) -> dict[str, Any]:
        versions = arrays.plain([self._versions[at] for at, _ in rows])
        return {**self.numbers(rows, name), "versions": versions, **columns}
