"""Target: the target of a request line (RFC 9112, 3.2), and its authority."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from holdfast.errors import BadRequest

__all__ = ["Target", "read_target", "take_authority"]

_ORIGIN = re.compile(rb"/[\x21\x22\x24-\x7e]*")
_ABSOLUTE = re.compile(rb"http://([^/?#]*)([\x21\x22\x24-\x7e]*)", re.IGNORECASE)
_AUTHORITY = re.compile(rb"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~-]+):[0-9]{1,5}")


class Target(NamedTuple):
    """`authority` is that of an absolute target, else None. `path` is decoded if it is UTF-8."""

    path: str
    raw_path: bytes
    query: bytes
    authority: bytes | None


@lru_cache(maxsize=1_024)
def read_target(method: str, target: bytes) -> Target:
    """Return the target. Raises BadRequest for a form that the method does not allow."""
    if method == "CONNECT":
        if not _AUTHORITY.fullmatch(target):
            raise BadRequest(BadRequest.TARGET_OF_CONNECT)
        return Target("/", b"/", b"", None)
    if target == b"*":
        if method != "OPTIONS":
            raise BadRequest(BadRequest.TARGET_STAR)
        return Target("*", b"*", b"", None)
    if _ORIGIN.fullmatch(target):
        return _split(target, None)
    absolute = _ABSOLUTE.fullmatch(target)
    if absolute is None or (absolute[2] and absolute[2][:1] not in (b"/", b"?")):
        raise BadRequest(BadRequest.TARGET_FORM)
    rest = absolute[2]
    return _split(rest if rest.startswith(b"/") else b"/" + rest, absolute[1])


def take_authority(authority: bytes, headers: list[tuple[bytes, bytes]], version: str) -> None:
    """Use the host of an absolute target (RFC 9112 3.2.2). Raises BadRequest if `Host` names another."""
    hosts = [value for name, value in headers if name == b"host"]
    if any(host.lower() != authority.lower() for host in hosts):
        raise BadRequest(BadRequest.HOST_OF_TARGET)
    if not hosts and version == "1.0":
        headers.append((b"host", authority))


def _split(target: bytes, authority: bytes | None) -> Target:
    raw_path, _, query = target.partition(b"?")
    path = unquote_to_bytes(raw_path) if b"%" in raw_path else raw_path
    return Target(path.decode("utf-8", "replace"), raw_path, query, authority)
