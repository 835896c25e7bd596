"""Scenes of `/v1`: the description and the poster of an event."""

from __future__ import annotations

from golden.scenes_events import NOWHERE
from golden.walking import Walk
from support.pictures import PICTURE

__all__ = ["presentations"]


async def presentations(walk: Walk) -> None:
    """Describe an event, give it a poster, and take the poster away."""
    event = await walk.do("create_event", json={"name": "Concert", "capacity": 20})
    number = event["number"]
    text = {"description": "## Doors at seven\n\nWith a *talk*."}

    await walk("get_presentation", 200, number, by="guest", note="of a new event")
    await walk("get_poster", "not_found", number, by="guest")
    await walk("change_presentation", 200, number, json=text)
    await walk("put_poster", 200, number, json={"image": PICTURE})
    await walk("get_presentation", 200, number, by="guest")
    await walk("get_poster", 200, number, by="guest")

    bodies = {"change_presentation": text, "put_poster": {"image": PICTURE}}
    for operation, body in bodies.items():
        await walk(operation, "event_not_found", NOWHERE, json=body)
        await walk(operation, "credentials_required", number, by="guest", json=body)
        await walk(operation, "forbidden", number, by="reader", json=body)
        await walk(operation, "invalid_input", number, json={"colour": "red"})
    await walk("put_poster", "invalid_input", number, json={"image": "aGVsbG8="}, note="no picture")
    await walk("delete_poster", 204, number)
    await walk("delete_poster", "event_not_found", NOWHERE)
    await walk("delete_poster", "credentials_required", number, by="guest")
    await walk("delete_poster", "forbidden", number, by="reader")
    for operation in ("get_presentation", "get_poster"):
        await walk(operation, "event_not_found", NOWHERE)
        await walk(operation, "invalid_input", number, query="colour=red")
