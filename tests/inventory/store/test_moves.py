"""Moves: one batch ends, books and extends holds, and every row is as its answer said."""

from __future__ import annotations

from holdfast.inventory.rules import commands as c
from support.selling import a_confirm, an_engine, in_one_batch, new_event, place, quantity, sql

ROWS = "SELECT id, status, expires_at FROM holds WHERE event_number = %s"


async def test_a_batch_moves_holds_to_every_status_and_extends_them(database_url: str) -> None:
    """The statement for statuses is sent once for each status, and the one for expiries has its own rows.

    A hold may be in both: it is extended, then confirmed or released in the same batch. A hold that the batch places
    is in neither.
    """
    async with an_engine(database_url) as inventory:
        number = await new_event(inventory, areas={"floor": 20}, hold_ttl_seconds=60)
        holds = [await place(inventory, number, quantity(1)) for _ in range(7)]
        before = {hold.id: hold.expires_at for hold in holds}

        def release(at: int) -> c.ReleaseHold:
            return c.ReleaseHold(hold_id=holds[at].id, authority=c.STAFF)

        def extend(at: int, seconds: int) -> c.ExtendHold:
            return c.ExtendHold(hold_id=holds[at].id, authority=c.STAFF, ttl_seconds=seconds)

        fresh = c.PlaceHold(hold_id=inventory.new_id(number), lines=(quantity(1),))
        outcomes = await in_one_batch(
            inventory, number,
            a_confirm(inventory, number, holds[0]), release(1), extend(2, 300), extend(3, 400),
            a_confirm(inventory, number, holds[3]), extend(4, 500), release(4), a_confirm(inventory, number, holds[5]),
            fresh, c.ExtendHold(hold_id=fresh.hold_id, authority=c.STAFF, ttl_seconds=600),
        )  # fmt: skip
    assert not [outcome for outcome in outcomes if isinstance(outcome, Exception)]
    extended = {at: outcomes[place] for at, place in ((2, 2), (3, 3), (4, 5))}
    expected = {hold.id: ("active", before[hold.id]) for hold in holds}
    for at, status in {0: "confirmed", 1: "released", 3: "confirmed", 4: "released", 5: "confirmed"}.items():
        expected[holds[at].id] = (status, before[holds[at].id])
    for at, hold in extended.items():
        assert hold.expires_at > before[hold.id]
        expected[hold.id] = (expected[holds[at].id][0], hold.expires_at)
    expected[fresh.hold_id] = ("active", outcomes[-1].expires_at)
    assert {id: (status, expiry) for id, status, expiry in sql(database_url, ROWS, number)} == expected
    versions = sql(database_url, "SELECT max(version) FROM journal WHERE event_number = %s", number)
    assert versions == [(len(holds) + 1,)], "the commands were one batch"
