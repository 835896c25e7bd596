"""Headers: read the headers of a request, each with a limit."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache
from random import getrandbits
from urllib.parse import unquote_to_bytes

from holdfast.errors import (
    BadRequest,
    BodyTooLarge,
    CredentialsRequired,
    FieldError,
    HeadersTooLarge,
    InvalidInput,
    UnsupportedMediaType,
    UriTooLong,
)
from holdfast.http.redaction import redact
from holdfast.http.retry_keys import is_random

__all__ = [
    "accepts_gzip",
    "check_body_headers",
    "check_host",
    "check_query",
    "credentials",
    "etag",
    "has_body",
    "idempotency_key",
    "matches_etag",
    "new_request_id",
    "path_segments",
    "query_values",
    "read_headers",
    "request_id",
    "weights",
]

MAX_HEADERS = 100
MAX_HEADER_BYTES = 8 * 1024
MAX_HEADERS_BYTES = 32 * 1024
MAX_TARGET_BYTES = 8 * 1024

_SINGLE = frozenset(
    {
        b"content-encoding",
        b"content-length",
        b"content-type",
        b"hold-token",
        b"host",
        b"idempotency-key",
        b"last-event-id",
        b"origin",
        b"transfer-encoding",
        b"x-request-id",
    }
)
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{8,64}")
_VISIBLE = re.compile(rb"[\x21-\x7e]{1,255}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_CHARSET = re.compile(rb';[ \t]*charset[ \t]*=[ \t]*"?([^";, \t]*)', re.IGNORECASE)
_JSON = b"application/json"
_FORM = b"application/x-www-form-urlencoded"
_CHARSETS = frozenset((b"utf-8", b"utf8", b"us-ascii"))
_HOST = re.compile(
    rb"(?:\[(?:[0-9A-Fa-f:.]+|v[0-9A-Fa-f]+\.[A-Za-z0-9._~!$&'()*+,;=:-]+)\]"  # an IP literal
    rb"|(?:[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*)(?::[0-9]*)?"  # a name, or nothing; and a port
)
_MAX_DIGITS = 18
_WEIGHT = re.compile(r"q=([01](?:\.[0-9]*)?)")


def read_headers(raw: Collection[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """Return the headers by lower-case name.

    Raises HeadersTooLarge; and BadRequest or CredentialsRequired for a header that must not be repeated.
    """
    headers = dict(raw)
    if len(headers) == len(raw) <= MAX_HEADERS and _size(headers) <= MAX_HEADER_BYTES:
        return headers  # nothing is repeated, and all headers together are smaller than one may be
    return _read_one_by_one(raw)


def _size(headers: dict[bytes, bytes]) -> int:
    return sum(map(len, headers)) + sum(map(len, headers.values()))


def _read_one_by_one(raw: Iterable[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    headers: dict[bytes, bytes] = {}
    count = total = 0
    for name, value in raw:
        size = len(name) + len(value)
        count += 1
        total += size
        if size > MAX_HEADER_BYTES:
            raise HeadersTooLarge(f"A header is longer than {MAX_HEADER_BYTES} bytes.")
        if name in headers:
            if name in _SINGLE:
                raise BadRequest(BadRequest.HEADER_TWICE.format(name=name.decode("latin-1")))
            if name == b"authorization":
                raise CredentialsRequired(CredentialsRequired.TWICE)
            headers[name] += b", " + value
        else:
            headers[name] = value
    if count > MAX_HEADERS or total > MAX_HEADERS_BYTES:
        raise HeadersTooLarge(f"More than {MAX_HEADERS} headers, or {MAX_HEADERS_BYTES} bytes of them.")
    return headers


def check_host(headers: Mapping[bytes, bytes], version: str | None) -> None:
    """Check `Host`. Raises BadRequest (RFC 9112 3.2). HTTP/1.0 may omit it; HTTP/2 carries it elsewhere."""
    host = headers.get(b"host")
    if host is None:
        if version == "1.1":
            raise BadRequest(BadRequest.HOST_MISSING)
    elif not _is_host(host):
        raise BadRequest(BadRequest.HOST_FORM)


@lru_cache(maxsize=256)
def _is_host(host: bytes) -> bool:
    return _HOST.fullmatch(host) is not None


def request_id(raw: Iterable[tuple[bytes, bytes]]) -> str:
    """Return the caller's own id if it is safe in logs and headers and is not a secret; else a new one."""
    for name, value in raw:
        if name == b"x-request-id" and _REQUEST_ID.fullmatch(value):
            text = value.decode("ascii")
            if redact(text) == text:
                return text
    return new_request_id()


def new_request_id() -> str:
    return f"{getrandbits(80):020x}"


def path_segments(raw_path: bytes) -> list[str]:
    """Return the decoded parts between the slashes; an encoded slash stays inside its part.

    Raises: UriTooLong, BadRequest.
    """
    if len(raw_path) > MAX_TARGET_BYTES:
        raise UriTooLong(f"The path is longer than {MAX_TARGET_BYTES} bytes.")
    parts = raw_path.split(b"/")[1:]
    return [_decoded(unquote_to_bytes(part) if b"%" in part else part, "path") for part in parts]


def check_query(raw_query: bytes) -> None:
    """Raise UriTooLong for a query above the limit."""
    if len(raw_query) > MAX_TARGET_BYTES:
        raise UriTooLong(f"The query is longer than {MAX_TARGET_BYTES} bytes.")


def query_values(raw_query: bytes) -> dict[str, str]:
    """Return the query's parameters. Raises UriTooLong, BadRequest, and InvalidInput for a repeated parameter."""
    if not raw_query:
        return {}
    check_query(raw_query)
    values: dict[str, str] = {}
    for pair in raw_query.replace(b"+", b" ").split(b"&"):
        if not pair:
            continue
        raw_name, _, raw_value = pair.partition(b"=")
        name = _decoded(unquote_to_bytes(raw_name), "query")
        if name in values:
            error = FieldError(pointer=f"?{name[:100]}", code="repeated", detail=FieldError.REPEATED)
            raise InvalidInput(error.detail, errors=(error,))
        values[name] = _decoded(unquote_to_bytes(raw_value), "query")
    return values


def _decoded(raw: bytes, where: str) -> str:
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        raise BadRequest(f"The {where} is not valid UTF-8.") from None
    if _CONTROL.search(text):
        raise BadRequest(f"The {where} contains a control character.")
    return text


def check_body_headers(headers: Mapping[bytes, bytes], *, limit: int, is_form: bool = False) -> bool:
    """Return whether a body follows that is JSON, or a form. Raises: BadRequest, BodyTooLarge, UnsupportedMediaType."""
    if not has_body(headers, limit=limit):
        return False
    encoding = headers.get(b"content-encoding")
    if encoding is not None and encoding.strip().lower() != b"identity":
        raise UnsupportedMediaType(UnsupportedMediaType.ENCODED)
    content_type = headers.get(b"content-type", b"")
    if is_form:
        if not _is_of_type(content_type, _FORM):
            raise UnsupportedMediaType(UnsupportedMediaType.FORM)
    elif not _is_of_type(content_type, _JSON):
        raise UnsupportedMediaType
    return True


def has_body(headers: Mapping[bytes, bytes], *, limit: int) -> bool:
    """Return whether a body of any type follows. Raises: BadRequest, BodyTooLarge."""
    length = headers.get(b"content-length")
    transfer = headers.get(b"transfer-encoding")
    if transfer is not None:
        if length is not None:
            raise BadRequest(BadRequest.LENGTH_AND_CODING)
        if transfer.strip().lower() != b"chunked":
            raise BadRequest(BadRequest.CODING_UNKNOWN)
        return True
    if length is None:
        return False
    size = _size_of(length)
    if size > limit:
        raise too_large(limit)
    return size > 0


@lru_cache(maxsize=1_024)
def _size_of(length: bytes) -> int:
    if not length.isdigit() or len(length) > _MAX_DIGITS:
        raise BadRequest(BadRequest.LENGTH_FORM)
    return int(length)


@lru_cache(maxsize=64)
def _is_of_type(content_type: bytes, wanted: bytes) -> bool:
    """Return whether type and subtype are these. Parameters do not matter, except a charset other than UTF-8."""
    essence, separator, parameters = content_type.partition(b";")
    if essence.strip().lower() != wanted:
        return False
    return all(found.lower() in _CHARSETS for found in _CHARSET.findall(separator + parameters))


def too_large(limit: int) -> BodyTooLarge:
    return BodyTooLarge(f"The body is larger than {limit} bytes.", limit=limit)


def idempotency_key(headers: Mapping[bytes, bytes], *, random: bool) -> str | None:
    """Return the Idempotency-Key, if any. With `random` it must not be guessable. Raises BadRequest."""
    value = headers.get(b"idempotency-key")
    if value is None:
        return None
    if not _VISIBLE.fullmatch(value):
        raise BadRequest(BadRequest.KEY_FORM)
    key = value.decode("ascii")
    if random and not is_random(key):
        raise BadRequest(BadRequest.KEY_GUESSABLE)
    return key


def credentials(headers: Mapping[bytes, bytes]) -> tuple[str | None, str | None]:
    """Return the hold token and the API key. Raises BadRequest, and CredentialsRequired for another scheme."""
    token = headers.get(b"hold-token")
    authorization = headers.get(b"authorization")
    key = None
    if authorization is not None:
        scheme, _, rest = authorization.partition(b" ")
        rest = rest.strip()
        match scheme.lower():
            case b"hold":
                if token is not None and token != rest:
                    raise BadRequest(BadRequest.TOKENS_DIFFER)
                token = rest
            case b"bearer":
                key = rest.decode("latin-1")
            case _:
                raise CredentialsRequired(CredentialsRequired.SCHEME_UNKNOWN)
    if token is not None and not _VISIBLE.fullmatch(token):
        raise BadRequest(BadRequest.TOKENS_FORM)
    return (None if token is None else token.decode("ascii")), key


def etag(*parts: int | str) -> bytes:
    """Return an event's state as an entity tag: `"{epoch}.{version}.{lapsed}"`."""
    return b'"' + ".".join(map(str, parts)).encode("ascii") + b'"'


def matches_etag(listed: str | None, tag: bytes | None, *, strongly: bool = False) -> bool:
    """Return whether a list has this tag or is `*` (RFC 9110, 8.8.3.2). Our tags are strong and have no comma."""
    tags = [one.strip() for one in (listed or "").split(",")]
    if tags == ["*"]:
        return True
    if not strongly:
        tags = [one.removeprefix("W/") for one in tags]
    return tag is not None and tag.decode("ascii") in tags


def weights(accepted: str | None) -> dict[str, float]:
    """Return the weight of each item of a list like Accept, from 0 (not acceptable) to 1 (RFC 9110, 12.4.2).

    The items are in lower case and without parameters.
    """
    found: dict[str, float] = {}
    for one in (accepted or "").split(","):
        name, *parameters = (part.strip().lower() for part in one.split(";"))
        weight = next((float(given[1]) for part in parameters if (given := _WEIGHT.fullmatch(part))), 1.0)
        if name:
            found[name] = max(weight, found.get(name, 0.0))
    return found


def accepts_gzip(accept_encoding: str | None) -> bool:
    """Return whether gzip is acceptable (RFC 9110 12.5.3). Without the header, no coding is used, though any may be."""
    found = weights(accept_encoding)
    return next((found[name] > 0 for name in ("gzip", "x-gzip", "*") if name in found), False)
