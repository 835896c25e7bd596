"""Requests: a buyer's requests as bytes."""

from __future__ import annotations

from hashlib import blake2b
from urllib.parse import quote
from uuid import UUID

import orjson

from holdfast.rush.plan import Plan
from holdfast.rush.wire import Address

__all__ = ["Requests", "random_key"]


def random_key(name: str) -> str:
    """Return the Idempotency-Key of a named request of this run: a server refuses a guest's key that it could guess."""
    return str(UUID(bytes=blake2b(name.encode(), digest_size=16).digest(), version=4))


class Requests:
    """Renders the parts that all buyers share once."""

    def __init__(self, plan: Plan, address: Address) -> None:
        about = f"Host: {address.name}\r\nUser-Agent: holdfast-rush\r\nAccept: application/json\r\n"
        if plan.api_key:
            about += f"Authorization: Bearer {plan.api_key}\r\n"
        self._common = about
        self._prefix = address.prefix
        self._event = quote(plan.event, safe="")
        self._ttl = {} if plan.ttl_seconds is None else {"ttl_seconds": plan.ttl_seconds}
        self._event_in_body: str | int = int(plan.event) if plan.event.isdecimal() else plan.event

    def look(self, etag: str) -> bytes:
        known = f"If-None-Match: {etag}\r\n" if etag else ""
        return self._get(f"/v1/events/{self._event}/availability", known)

    def seats(self, etag: str) -> bytes:
        known = f"If-None-Match: {etag}\r\n" if etag else ""
        return self._get(f"/v1/events/{self._event}/seats", known)

    def hold(self, lines: list[dict[str, object]], *, buyer: str | None, key: str) -> bytes:
        body = {"event": self._event_in_body, "lines": lines, **self._ttl}
        if buyer is not None:
            body["buyer"] = buyer
        return self._post("/v1/holds", orjson.dumps(body), f"Idempotency-Key: {key}\r\n")

    def confirm(self, hold: str, token: str, *, key: str) -> bytes:
        body = orjson.dumps({"hold": hold, "hold_token": token})
        return self._post("/v1/bookings", body, f"Idempotency-Key: {key}\r\n")

    def release(self, hold: str, token: str, *, key: str) -> bytes:
        return self._post(
            f"/v1/holds/{hold}/release", b"{}", f"Idempotency-Key: {key}\r\nHold-Token: {token}\r\n"
        )

    def read_hold(self, hold: str, token: str) -> bytes:
        return self._get(f"/v1/holds/{hold}", f"Hold-Token: {token}\r\n")

    def read_booking(self, booking: str, token: str) -> bytes:
        return self._get(f"/v1/bookings/{booking}", f"Hold-Token: {token}\r\n")

    def _get(self, path: str, more: str) -> bytes:
        return f"GET {self._prefix}{path} HTTP/1.1\r\n{self._common}{more}\r\n".encode("latin-1")

    def _post(self, path: str, body: bytes, more: str) -> bytes:
        head = (
            f"POST {self._prefix}{path} HTTP/1.1\r\n{self._common}{more}"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode("latin-1") + body
