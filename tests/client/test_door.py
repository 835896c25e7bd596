"""The door through the SDK, on a real server: rules, scans, their log, and the list for a door without a network."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import sha256

from holdfast_client import Client, Quantity
from holdfast_client.models import DoorList, Scan


def test_a_program_lets_a_ticket_in_and_reads_what_happened(client: Client) -> None:
    event = client.create_event("Concert", capacity=10)
    booking = client.confirm_hold(client.place_hold(event, Quantity(2)))
    codes = [one.code or "" for one in client.list_tickets(booking).items]
    opens = datetime.now(UTC) + timedelta(days=1)
    door = client.change_door(event, re_entry="never", lists=[DoorList(name="Day two", opens_at=opens)])
    assert (door.re_entry, [one.name for one in door.lists]) == ("never", ["Day two"])
    now = datetime.now(UTC)
    scans = [
        Scan(seq=1, at=now, code=codes[0], gate="A"),
        Scan(seq=2, at=now, code=codes[0], gate="A"),
        Scan(seq=3, at=now, code=codes[1], list="Day two"),
    ]
    found = client.record_check_ins(event, "door-a", scans)
    assert [(one.verdict, one.why, one.outcome) for one in found] == [
        ("admitted", None, "recorded"),
        ("again", "already_in", "recorded"),
        ("not_on_list", "too_early", "recorded"),
    ]
    assert found[1].earlier is not None
    assert found[1].earlier.gate == "A"
    again = client.record_check_ins(event, "door-a", scans[:1])
    assert [one.outcome for one in again] == ["repeated"]
    assert [one.number for one in client.iterate_check_ins(event, limit=1)] == [3, 2, 1]
    counted = {one.gate: one.admitted for one in client.get_door(event).counts}
    assert counted == {"A": 1, None: 0}
    listed = client.get_check_in_list(event)
    assert {one.code_hash for one in listed.items} == {
        sha256(code.encode()).hexdigest()[:24] for code in codes
    }
    assert listed.log_number == 3
