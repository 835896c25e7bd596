"""Requests: what HTTP, the body's form and the credentials refuse, before anybody looks at an event."""

from __future__ import annotations

from holdfast.errors.base import Invalid, NotFound, Refusal


class BadRequest(Refusal):
    """A header, path or protocol element that cannot be read."""

    status = 400
    code, title = "bad_request", "Bad request"


class Malformed(Refusal):
    status = 400
    code, title = "malformed_json", "Malformed JSON"


class CredentialsRequired(Refusal):
    status = 401
    code, title = "credentials_required", "Credentials required"


class Forbidden(Refusal):
    status = 403
    code, title = "forbidden", "Forbidden"


class RouteNotFound(NotFound):
    code, title = "not_found", "Not found"


class MethodNotAllowed(Refusal):
    status = 405
    code, title = "method_not_allowed", "Method not allowed"


class RequestTimeout(Refusal):
    status = 408
    code, title = "request_timeout", "Request timeout"


class PreconditionFailed(Refusal):
    """If-Match or If-None-Match asks for another state."""

    status = 412
    code, title = "precondition_failed", "Precondition failed"


class BodyTooLarge(Refusal):
    status = 413
    code, title = "body_too_large", "Body too large"


class UriTooLong(Refusal):
    status = 414
    code, title = "uri_too_long", "URI too long"


class UnsupportedMediaType(Refusal):
    status = 415
    code, title = "unsupported_media_type", "Unsupported media type"


class ExpectationFailed(Refusal):
    status = 417
    code, title = "expectation_failed", "Expectation failed"


class InvalidInput(Invalid):
    code, title = "invalid_input", "Invalid input"


class IdempotencyKeyReused(Invalid):
    code, title = "idempotency_key_reused", "Idempotency-Key reused"


class TooManyRequests(Refusal):
    status = 429
    code, title = "rate_limited", "Rate limited"


class HeadersTooLarge(Refusal):
    status = 431
    code, title = "headers_too_large", "Headers too large"
