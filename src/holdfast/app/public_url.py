"""Public URL: the address of the server as its users write it. Pages and printed lines show it."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

__all__ = ["parse_origin", "parse_public_url"]

_MAX_LENGTH = 500
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_SEGMENT = re.compile(r"(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})+")


def parse_public_url(text: str) -> str:
    """Return the URL in its normal form, without a slash at its end. Raises ValueError, which says what is wrong."""
    text = text.strip()
    if len(text) > _MAX_LENGTH:
        raise ValueError(f"must not be longer than {_MAX_LENGTH} characters")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise ValueError("must be a URL such as https://tickets.example") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("must be a URL such as https://tickets.example")
    if "@" in parts.netloc:
        raise ValueError("must not have a user or a password")
    if parts.query or parts.fragment or "?" in text or "#" in text:
        raise ValueError("must not have a query or a fragment")
    default = {"http": 80, "https": 443}[parts.scheme]
    where = _host(parts.hostname) + (f":{port}" if port not in (None, default) else "")
    return f"{parts.scheme}://{where}{_prefix(parts.path)}"


def parse_origin(text: str) -> str:
    """Return an origin as browsers write it in `Origin`. Raises ValueError, which says what is wrong."""
    url = parse_public_url(text)
    if url.count("/") > len("//"):
        raise ValueError("must list origins without a path, such as https://shop.example")
    return url


def _host(host: str) -> str:
    if ":" in host:
        try:
            return f"[{ipaddress.IPv6Address(host)}]"
        except ValueError:
            raise ValueError("must have a valid IPv6 address in its brackets") from None
    if not host.isascii():
        raise ValueError("must have its host in ASCII: write an international name as xn--…")
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in host.removesuffix(".").split(".")):
        raise ValueError("must have a host name or an IP address")
    return host


def _prefix(path: str) -> str:
    segments = path.strip("/").split("/") if path.strip("/") else []
    if not all(_SEGMENT.fullmatch(segment) and segment not in (".", "..") for segment in segments):
        raise ValueError("must have a path of plain or percent-encoded segments")
    return "".join(f"/{segment}" for segment in segments)
