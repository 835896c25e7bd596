"""Requests: errors of HTTP, of the body's form and of the credentials, found before any event is read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from holdfast.errors.base import Invalid, NotFound, Refusal
from holdfast.errors.fields import FieldError


class BadRequest(Refusal):
    """A header, path or protocol element that cannot be read."""

    status = 400
    code, title = "bad_request", "Bad request"
    detail = "This is not a well-formed HTTP/1.1 request: correct its request line and headers."

    BUYER_ADDRESS_FORM = "Buyer-Address must be one IPv4 or IPv6 address."
    CHUNK_WITHOUT_SIZE = "A chunk does not begin with its size."
    CHUNK_OVER_SIZE = "A chunk is longer than its size says."
    CHUNK_EXTENSIONS = "Chunk extensions are longer than {limit} bytes."
    CHUNK_LINE_END = "A line of the chunked body ends without CRLF."
    TRAILER_FORM = "A trailer is not a header field."
    LENGTH_AND_CODING = "The request has Content-Length and Transfer-Encoding: send one of them."
    LENGTH_FORM = "Content-Length must be a number of bytes."
    LENGTH_WRONG = "The body is not as long as Content-Length says."
    CODING_UNKNOWN = "The only transfer encoding is chunked."
    CODING_IN_HTTP_1_0 = "HTTP/1.0 has no Transfer-Encoding."
    CUT_SHORT = "The connection was closed before the request was complete: send it again."
    NOT_TLS = "This port speaks HTTPS: the address must begin with https://."
    EMPTY_LINES = "There are too many empty lines before the request."
    HEAD_END = "The head of the request does not end at its empty line."
    HEADER_TWICE = "The header {name} was sent twice: send it once."
    HOST_MISSING = "The header Host is missing: HTTP/1.1 requires it."
    HOST_FORM = "The header Host must be a host and perhaps a port, such as tickets.example:8000."
    HOST_OF_TARGET = "The header Host names another host than the target."
    KEY_FORM = "Idempotency-Key must be 1 to 255 visible ASCII characters."
    KEY_GUESSABLE = (
        "Without an API key the Idempotency-Key must be random, such as a uuid4, "
        "or 22 or more characters that are no words, dates or counters."
    )
    SPACES = "The request line must have one space before its target and one behind it."
    TARGET_FORM = "The target of the request is neither a path nor an http URI."
    TARGET_OF_CONNECT = "The target of CONNECT must be a host and a port."
    TARGET_STAR = "The target * is for OPTIONS only."
    TOKENS_FORM = "The hold token must be 1 to 255 visible ASCII characters."
    TOKENS_DIFFER = "Hold-Token and Authorization have different hold tokens: send one of them."
    VERSION_UNKNOWN = "This server speaks HTTP/1.1 and HTTP/1.0."


class Malformed(Refusal):
    status = 400
    code, title = "malformed_json", "Malformed JSON"
    detail = "The body is not valid JSON."

    BYTE_ORDER_MARK = "The body starts with a byte order mark: send UTF-8 without it."
    EMPTY = "The body is empty; JSON is expected."
    FORM = "The body is not a valid form: send name=value pairs, percent-encoded UTF-8, joined by &."
    KEY_TWICE = "The body has the name {name} twice in one object: give it once."
    NOT_UTF_8 = "The body is not valid UTF-8."
    NUMBER_TOO_LARGE = "A number in the body is too large."
    NUMBER_TOO_LONG = "A number in the body has too many digits."


class CredentialsRequired(Refusal):
    status = 401
    code, title = "credentials_required", "Credentials required"
    detail = "This needs an API key: Authorization: Bearer hfk_…"

    KEY_INVALID = "The API key is not valid: it is mistyped, has ended, or belongs to another server."
    SIGN_IN_NEEDED = "This is for a signed-in account: sign in first."
    PRESENT_WRONG = "The present password is wrong: give the one that you sign in with."
    PASSKEY_WRONG = "The passkey is not valid here, or its challenge is over: begin again."
    SIGN_IN_WRONG = "The e-mail address or the password is wrong."
    SCHEME_UNKNOWN = "Authorization must be Bearer (an API key) or Hold (a hold token)."
    HOLD_NEEDED = "This needs the hold's token: Hold-Token: hfh_…"
    TWICE = "The header Authorization was sent twice: send it once."


class SessionEnded(CredentialsRequired):
    """The cookie's session has ended, was ended, or never was. The answer takes the cookie away."""

    detail = "The session has ended: sign in again."


class Forbidden(Refusal):
    status = 403
    code, title = "forbidden", "Forbidden"
    detail = "The API key lacks the scope: use a key that has it."

    SCOPE = "The API key lacks the scope '{scope}': use a key that has it."
    NO_SCOPE = "No API key may do this: sign in as a member with the permission '{permission}'."
    SERVER = "What concerns the whole server is for keys of its first organisation only."
    OTHER_USER = "A signed-in account may only act for itself: `user_id` must be its id."
    PERMISSION = "This needs the permission '{permission}': ask an owner of the organisation for it."
    FOREIGN_FORM = "This form was sent from another site. Send it from a page of this server."
    LIMITED = "You may see some events only, and this concerns all of the organisation's."
    FOREIGN_PAGE = "A page of another origin may not do this: Origin or Sec-Fetch-Site must name this server."
    OPEN_MODE_ONLY = "Only open mode shows the mailbox; `holdfast mailbox` does on the server's machine."


class RouteNotFound(NotFound):
    code, title = "not_found", "Not found"
    detail = "There is nothing at this path; /docs lists the paths."

    PATH = "There is nothing at {path}; /docs lists the paths."

    NO_DATE = "The event has no date, so there is nothing for a calendar."
    NO_POSTER = "The event has no poster: set one, or show a picture of your own."
    NO_WALLET = "This server makes no passes for this wallet: print the ticket, or show its code."
    SEAT_MAP_VERSION = "The event's seat map has no such version: read `/seat-map` without one."


class MethodNotAllowed(Refusal):
    status = 405
    code, title = "method_not_allowed", "Method not allowed"
    detail = "This path does not support this method: the header Allow lists those that it does."

    USE = "{method} is not possible at {path}: use {allowed}."

    @classmethod
    def at_path(cls, method: str, path: str, allowed: Sequence[str]) -> Self:
        *others, last = allowed
        names = f"{', '.join(others)} or {last}" if others else last
        return cls(cls.USE.format(method=method[:20], path=path, allowed=names), allow=allowed)


class RequestTimeout(Refusal):
    status = 408
    code, title = "request_timeout", "Request timeout"
    detail = "The request did not arrive in time: send it again."


class PreconditionFailed(Refusal):
    """If-Match or If-None-Match requires another state."""

    status = 412
    code, title = "precondition_failed", "Precondition failed"
    detail = "The state is not the one that If-Match or If-None-Match requires: read it again."


class BodyTooLarge(Refusal):
    status = 413
    code, title = "body_too_large", "Body too large"
    detail = "The body is larger than the limit: send less."


class UriTooLong(Refusal):
    status = 414
    code, title = "uri_too_long", "URI too long"
    detail = "The path or the query is longer than the limit: shorten it."


class UnsupportedMediaType(Refusal):
    status = 415
    code, title = "unsupported_media_type", "Unsupported media type"
    detail = "The body must be JSON: send the header Content-Type: application/json."

    FORM = "The body must be a form: send the header Content-Type: application/x-www-form-urlencoded."
    ENCODED = "The body must not be compressed: send it without Content-Encoding."


class ExpectationFailed(Refusal):
    status = 417
    code, title = "expectation_failed", "Expectation failed"
    detail = "Expect may only ask for 100-continue: send the request without it."


class InvalidInput(Invalid):
    code, title = "invalid_input", "Invalid input"
    detail = "The input has values that are not allowed: `errors` lists them."

    CURSOR = "The cursor is not valid for this list: send the `next` of an answer to the same query."
    SEAT_MISSING = "Name the seat: show_id and seat_number, or seat_id."
    TOKENS_DIFFER = "The header and the body have different hold tokens: send one of them."

    @classmethod
    def in_field(cls, pointer: str, code: str, detail: str) -> Self:
        """Return the error of an input with one wrong part, whose text is also the text of the whole."""
        error = FieldError(pointer=pointer, code=code, detail=detail)
        return cls(error.detail, errors=(error,))


class IdempotencyKeyReused(Invalid):
    code, title = "idempotency_key_reused", "Idempotency-Key reused"
    detail = "This Idempotency-Key was used with another body: take a new key for another request."


class TooManyRequests(Refusal):
    status = 429
    code, title = "rate_limited", "Rate limited"
    detail = "There are too many requests: try again later."

    OF_GUESTS = "There are too many requests from your address: try again after the seconds of Retry-After."
    OF_ACCOUNTS = "There are too many requests of your account: try again after the seconds of Retry-After."
    OF_KEYS = "There are too many requests of this API key: try again after the seconds of Retry-After."
    OF_BUYERS = (
        "There are too many requests from the buyer's address: try again after the seconds of Retry-After."
    )
    LIVE_HOLDS = (
        "Your holds have {limit} admissions at most: book or release some, or try again after the seconds of "
        "Retry-After."
    )
    STREAMS = "At most {limit} streams from one address at a time: close one first."
    COOL_DOWN = "Several of your holds ended without a booking: try again after the seconds of Retry-After."
    ATTEMPTS = "There were too many attempts: try again after the seconds of Retry-After."


class HeadersTooLarge(Refusal):
    status = 431
    code, title = "headers_too_large", "Headers too large"
    detail = "The headers are larger than the limit: send fewer."

    TRAILERS = "Trailers are longer than {limit} bytes: send none."
