"""Requests: what HTTP, the body's form and the credentials refuse, before anybody looks at an event."""

from __future__ import annotations

from holdfast.errors.base import Invalid, NotFound, Refusal


class BadRequest(Refusal):
    """A header, path or protocol element that cannot be read."""

    status = 400
    code, title = "bad_request", "Bad request"
    detail = "This is not a well-formed HTTP/1.1 request."


class Malformed(Refusal):
    status = 400
    code, title = "malformed_json", "Malformed JSON"
    detail = "The body is not valid JSON."


class CredentialsRequired(Refusal):
    status = 401
    code, title = "credentials_required", "Credentials required"
    detail = "This needs an API key: Authorization: Bearer hfk_…"


class Forbidden(Refusal):
    status = 403
    code, title = "forbidden", "Forbidden"
    detail = "The API key lacks the scope."


class RouteNotFound(NotFound):
    code, title = "not_found", "Not found"
    detail = "There is nothing here."


class MethodNotAllowed(Refusal):
    status = 405
    code, title = "method_not_allowed", "Method not allowed"
    detail = "This path does not take this method."


class RequestTimeout(Refusal):
    status = 408
    code, title = "request_timeout", "Request timeout"
    detail = "The request did not arrive in time."


class PreconditionFailed(Refusal):
    """If-Match or If-None-Match asks for another state."""

    status = 412
    code, title = "precondition_failed", "Precondition failed"
    detail = "The state is not the one that If-Match or If-None-Match asks for."


class BodyTooLarge(Refusal):
    status = 413
    code, title = "body_too_large", "Body too large"
    detail = "The body is larger than the limit."


class UriTooLong(Refusal):
    status = 414
    code, title = "uri_too_long", "URI too long"
    detail = "The path or the query is longer than the limit."


class UnsupportedMediaType(Refusal):
    status = 415
    code, title = "unsupported_media_type", "Unsupported media type"
    detail = "The body must be application/json."


class ExpectationFailed(Refusal):
    status = 417
    code, title = "expectation_failed", "Expectation failed"
    detail = "The only expectation is 100-continue."


class InvalidInput(Invalid):
    code, title = "invalid_input", "Invalid input"
    detail = "The input holds values that are not allowed."


class IdempotencyKeyReused(Invalid):
    code, title = "idempotency_key_reused", "Idempotency-Key reused"
    detail = "This Idempotency-Key was used with another body."


class TooManyRequests(Refusal):
    status = 429
    code, title = "rate_limited", "Rate limited"
    detail = "There are too many requests."


class HeadersTooLarge(Refusal):
    status = 431
    code, title = "headers_too_large", "Headers too large"
    detail = "The headers are larger than the limit."
