"""Calls of presentations: the description and the poster of an event."""

from __future__ import annotations

from base64 import b64encode

from holdfast_client.calls import Call, EventRef, content_of, delete, get, one, patch, path, put
from holdfast_client.models import Presentation

__all__ = ["change_presentation", "delete_poster", "get_poster", "get_presentation", "put_poster"]


def get_presentation(event: EventRef) -> Call[Presentation]:
    """Return the description of an event, and where its poster is."""
    return get(path("events", event, "presentation"), one(Presentation))


def change_presentation(event: EventRef, description: str | None) -> Call[Presentation]:
    """Set the description of an event, in Markdown (staff). None removes it. A repeat changes nothing."""
    body = {"description": description}
    return patch(path("events", event, "presentation"), one(Presentation), body=body, repeatable=True)


def get_poster(event: EventRef, *, small: bool | None = None) -> Call[bytes]:
    """Return the poster of an event as a JPEG, or its small form. Raises: NotFound without one."""
    return get(path("events", event, "poster"), content_of, query={"small": small})


def put_poster(event: EventRef, image: bytes) -> Call[Presentation]:
    """Set the poster of an event from the bytes of a PNG, JPEG or WebP file (staff).

    The server writes the picture again, at most 1600 pixels wide and high, and keeps nothing else of the file.
    """
    body = {"image": b64encode(image).decode("ascii")}
    return put(path("events", event, "poster"), one(Presentation), body=body)


def delete_poster(event: EventRef) -> Call[None]:
    """Remove the poster of an event (staff)."""
    return delete(path("events", event, "poster"))
