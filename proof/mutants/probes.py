"""Probes: short scenes that the general workload does not play. Each tests one promise.

A probe returns the broken promise as a text, or None. All probes share one deployment: two servers over one
PostgreSQL, without other clients, and without a sweeper that would write meanwhile.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable

from proof.mutants.client import Meanwhile, Reply, Shop, wait_until

__all__ = ["PROBES", "Probe"]

Probe = Callable[[Shop], str | None]

SCOPES = ("read", "sell", "organise")


def expiry_behind_a_lock(shop: Shop) -> str | None:
    """P5: a confirmation that waited for the lock until the hold had expired is refused."""
    event = shop.event(capacity=10)
    hold = shop.held(event, {"quantity": 1}, ttl_seconds=1)
    with shop.locked(event) as wait_for:
        booking = Meanwhile(lambda: shop.book(hold))
        wait_for(1)
        shop.wait_for_time(hold["expires_at"])
    return _expected(booking.result(), 410, "hold_expired")


def keys_of_two_routes(shop: Shop) -> str | None:
    """P3: a key is scoped to one route."""
    event = shop.event(capacity=10)
    hold = shop.held(event, {"quantity": 1})
    key = uuid.uuid4().hex
    for path, status in (("extend", "active"), ("release", "released")):
        reply = shop.ask("POST", f"/v1/holds/{hold['id']}/{path}", key=key, token=hold["hold_token"])
        if reply.status != 200 or reply.body["status"] != status:
            return f"{path} was answered {reply}, and the hold is {reply.body.get('status')}"
    return None


def key_of_another_body(shop: Shop) -> str | None:
    """P3: a key with another body is refused."""
    event = shop.event(capacity=10)
    key = uuid.uuid4().hex
    shop.held(event, {"quantity": 1}, key=key)
    return _expected(shop.hold(event, {"quantity": 2}, key=key), 422, "idempotency_key_reused")


def replay_writes(shop: Shop) -> str | None:
    """P2: a replay writes, so that it waits for the standby like the first answer (E2)."""
    event = shop.event(capacity=10)
    key = uuid.uuid4().hex
    hold = shop.held(event, {"quantity": 1}, key=key)
    with shop.sql() as connection:
        look = "SELECT xmin::text FROM idempotency WHERE event_number = %s AND token_for = %s"
        before = connection.execute(look, [event["number"], hold["id"]]).fetchone()
        again = shop.hold(event, {"quantity": 1}, key=key)
        after = connection.execute(look, [event["number"], hold["id"]]).fetchone()
    if again.body != hold:
        return f"the replay has another answer: {again}"
    return "the replay did not write, so no standby confirms it" if before == after else None


def limit_over_lines(shop: Shop) -> str | None:
    """The limit per hold counts all its lines."""
    event = shop.event(capacity=10, max_per_hold=3)
    return _expected(shop.hold(event, {"quantity": 2}, {"quantity": 2}), 422, "quantity_over_limit")


def limit_behind_a_lock(shop: Shop) -> str | None:
    """The limit per buyer is counted under the lock: two concurrent servers cannot both see an empty-handed buyer."""
    event = shop.event(capacity=10, max_per_buyer=4)
    with shop.locked(event) as wait_for:
        requests = [
            Meanwhile(lambda server=server: shop.hold(event, {"quantity": 3}, server=server, buyer="Ada"))  # type: ignore[misc]  # the loop's own
            for server in (0, 1)
        ]
        wait_for(2)
    statuses = sorted(one.result().status for one in requests)
    return (
        None
        if statuses == [201, 422]
        else f"a buyer with a limit of 4 requested 3 twice, and was answered {statuses}"
    )


def extension_has_an_end(shop: Shop) -> str | None:
    """No hold lives longer than the event allows, however often it is extended."""
    event = shop.event(capacity=10, hold_ttl_seconds=5, max_hold_ttl_seconds=10)
    hold = shop.held(event, {"quantity": 1})
    reply = shop.ask(
        "POST", f"/v1/holds/{hold['id']}/extend", {"ttl_seconds": 1800}, token=hold["hold_token"]
    )
    with shop.sql() as connection:
        look = "SELECT expires_at - placed_at <= interval '10 seconds' FROM holds WHERE event_number = %s AND id = %s"
        row = connection.execute(look, [event["number"], hold["id"]]).fetchone()
    return (
        None if row == (True,) else f"extend was answered {reply}, and the hold outlives the event's maximum"
    )


def cancelled_event_sells_nothing(shop: Shop) -> str | None:
    """P11: holds of a cancelled event cannot be confirmed."""
    event = shop.event(capacity=10)
    hold = shop.held(event, {"quantity": 1})
    shop.ask("POST", f"/v1/events/{event['number']}/cancel", key=uuid.uuid4().hex)
    return _expected(shop.book(hold), 410, "event_cancelled")


def refused_hold_spoils_nothing(shop: Shop) -> str | None:
    """P8: seats that the engine chose for a refused hold are free again."""
    event = shop.event(seat_map={"labels": ["A1", "A2", "A3", "A4"], "category": "stalls"})
    refused = shop.hold(event, {"best_available": 2}, {"best_available": 3})
    return _expected(refused, 409) or _expected(shop.hold(event, {"best_available": 4}), 201)


def failed_commit_spoils_nothing(shop: Shop) -> str | None:
    """P7: seats that the engine chose in a failed batch are free again."""
    event = shop.event(seat_map={"labels": ["A1", "A2", "A3", "A4"], "category": "stalls"})
    with shop.sql() as connection:
        connection.execute(
            f"ALTER TABLE holds ADD CONSTRAINT probe CHECK (event_number <> {int(event['number'])}) NOT VALID".encode()
        )
        try:
            refused = shop.hold(event, {"best_available": 2})
        finally:
            connection.execute("ALTER TABLE holds DROP CONSTRAINT probe")
    return _expected(refused, 503, "unavailable") or _expected(shop.hold(event, {"best_available": 4}), 201)


def best_available_sells_out(shop: Shop) -> str | None:
    """P7: repeated best-available requests sell every seat once, including released ones."""
    rows = [f"{row}-{seat}" for row in "ABC" for seat in range(1, 9)]
    event = shop.event(seat_map={"labels": rows, "category": "stalls"})
    had: list[str] = []
    for turn in range(len(rows) + 1):
        reply = shop.hold(event, {"best_available": 1})
        if reply.status != 201:
            return f"after {len(had)} of {len(rows)} seats the next was answered {reply}"
        hold, seats = reply.body, reply.body["lines"][0]["seats"]
        if turn == len(rows) // 2:
            shop.ask("POST", f"/v1/holds/{hold['id']}/release", token=hold["hold_token"])
        else:
            had += seats
    if sorted(had) != sorted(rows):
        return f"{len(set(had))} of {len(rows)} seats were sold, with {len(had) - len(set(had))} repeats"
    return _expected(shop.hold(event, {"best_available": 1}), 409, "sold_out")


def table_is_sold_whole(shop: Shop) -> str | None:
    """P8: one named seat of a table that is sold whole brings all of its seats."""
    event = shop.event(seat_map={"sections": [{"name": "T", "rows": 2, "seats_per_row": 4, "sold": "whole"}]})
    hold = shop.held(event, {"seats": ["T-1-2"]})
    seats = sorted(hold["lines"][0]["seats"])
    return None if seats == [f"T-1-{seat}" for seat in range(1, 5)] else f"the hold of T-1-2 has {seats}"


def wheelchair_places_are_kept(shop: Shop) -> str | None:
    """P7: best available gives wheelchair places only to a party that asks for one."""
    seats = [f"A-{seat}" for seat in range(1, 5)]
    event = shop.event(seat_map={"labels": seats, "category": "stalls", "wheelchair": seats[:2]})
    shop.held(event, {"best_available": 2})
    refused = _expected(shop.hold(event, {"best_available": 1}), 409, "sold_out")
    if refused is not None:
        return refused
    given = shop.held(event, {"best_available": 1, "accessible": True})["lines"][0]["seats"]
    return None if given[0] in seats[:2] else f"the party that asked for a wheelchair place got {given}"


def quantity_is_the_requested_one(shop: Shop) -> str | None:
    """P8: a hold has the quantity of its own request, even if other requests look similar."""
    event = shop.event(capacity=1_000)
    for quantity in (1, 2, 1, 3, 2):
        hold = shop.held(event, {"quantity": quantity})
        if hold["quantity"] != quantity:
            return f"{quantity} were requested, and the hold has {hold['quantity']}"
    return None


def alarm_stops_sales(shop: Shop) -> str | None:
    """An event whose rows disagree with its journal stops selling until a person has checked it."""
    event = shop.event(capacity=10)
    shop.held(event, {"quantity": 1})
    with shop.sql() as connection:
        connection.execute("UPDATE areas SET booked = booked + 1 WHERE event_number = %s", [event["number"]])

    def is_stopped() -> bool:
        return shop.hold(event, {"quantity": 1}, ttl_seconds=1).code == "sales_stopped"

    try:
        wait_until(is_stopped)
    except TimeoutError:
        return "one more admission is booked than the journal has, and the event is still on sale"
    return None


def expiry_changes_the_state(shop: Shop) -> str | None:
    """An expiry changes the state: 304 is correct only without changes."""
    event = shop.event(capacity=10)
    hold = shop.held(event, {"quantity": 1}, ttl_seconds=1)
    path = f"/v1/events/{event['number']}/availability"
    before = shop.ask("GET", path)
    shop.wait_for_time(hold["expires_at"])
    after = shop.ask("GET", path, If_None_Match=before.headers["etag"])
    if before.body["available"] != 9 or after.status != 200 or after.body["available"] != 10:
        return f"available: {before.body.get('available')}, then {after} {after.body.get('available')}"
    return None


def token_whole(shop: Shop) -> str | None:
    """Only the complete token opens a hold."""
    event = shop.event(capacity=10)
    hold = shop.held(event, {"quantity": 1})
    token = hold["hold_token"]
    opened = shop.ask("GET", f"/v1/holds/{hold['id']}", token=token)
    if opened.status != 200:
        return f"its own token was answered {opened}"
    altered = token[:-2] + ("AA" if token[-2:] != "AA" else "BB")
    return _expected(shop.ask("GET", f"/v1/holds/{hold['id']}", token=altered), 404, "hold_not_found")


def foreign_hold_is_absent(shop: Shop) -> str | None:
    """P16: another buyer's hold is answered like a missing one, for every request."""
    event = shop.event(capacity=10)
    mine, other = (shop.held(event, {"quantity": 1}) for _ in range(2))
    absent = mine["id"][:-6] + ("000000" if mine["id"][-6:] != "000000" else "000001")
    for path in ("extend", "release"):
        foreign, none = (
            shop.ask("POST", f"/v1/holds/{id}/{path}", token=mine["hold_token"])
            for id in (other["id"], absent)
        )
        if (foreign.status, foreign.code) != (none.status, none.code) or none.status != 404:
            return f"{path} of another's hold was answered {foreign}, of a missing hold {none}"
    return _expected(shop.book({**other, "hold_token": mine["hold_token"]}), 404, "hold_not_found")


def keys_of_two_principals(shop: Shop) -> str | None:
    """P3: keys of one caller reveal nothing to another. This must be the last probe, because it ends open mode."""
    event = shop.event(capacity=10)
    replies = []
    key = uuid.uuid4().hex
    for name in ("one", "two"):
        output = shop.deployment.holdfast(
            "keys", "create", name, "--json", *(part for scope in SCOPES for part in ("--scope", scope))
        )
        asking = Shop(shop.deployment, api_key=_key_in(output))
        replies.append(asking.hold(event, {"quantity": 1}, key=key))
    ids = {str(one.body.get("id")) for one in replies}
    return None if len(ids) == 2 else f"two callers who used the same key got {', '.join(map(str, replies))}"


PROBES: dict[str, Probe] = {
    probe.__name__.replace("_", "-"): probe
    for probe in (
        expiry_behind_a_lock,
        keys_of_two_routes,
        key_of_another_body,
        replay_writes,
        limit_over_lines,
        limit_behind_a_lock,
        extension_has_an_end,
        cancelled_event_sells_nothing,
        refused_hold_spoils_nothing,
        failed_commit_spoils_nothing,
        best_available_sells_out,
        table_is_sold_whole,
        wheelchair_places_are_kept,
        quantity_is_the_requested_one,
        expiry_changes_the_state,
        alarm_stops_sales,
        token_whole,
        foreign_hold_is_absent,
        keys_of_two_principals,
    )
}
"""Probes by name, in the order of their execution."""


def _expected(reply: Reply, status: int, code: str = "") -> str | None:
    if reply.status == status and (not code or reply.code == code):
        return None
    return f"answered {reply} instead of {status} {code}".strip()


def _key_in(output: str) -> str:
    return str(json.loads(output)["key"])
