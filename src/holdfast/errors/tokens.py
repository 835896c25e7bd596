"""Tokens: refusals of access tokens (RFC 6750), and of the endpoint that gives them out (RFC 6749)."""

from __future__ import annotations

from holdfast.errors.base import Refusal
from holdfast.errors.requests import CredentialsRequired, Forbidden


class AccessTokenInvalid(CredentialsRequired):
    """`WWW-Authenticate` says `invalid_token`, so that the program gets another one."""

    detail = "The access token is not valid: get another one."

    ENDED = "The session of this access token has ended: sign in again."
    EXPIRED = "The access token has expired: get another one."


class ScopeTooNarrow(Forbidden):
    """`WWW-Authenticate` says `insufficient_scope`."""

    detail = "The access token lacks the scope: get one that has it."

    MISSING = "The access token lacks the scope '{scope}': get one that has it."


class TokenRefused(Refusal):
    """A request for a token that gets none. The member `error` of the answer is the fact `oauth_error`."""

    status = 400
    code, title = "token_refused", "Token refused"
    detail = "The request for a token is not valid: send the form of the guide."

    FIELD_MISSING = "The form has no {name}: send it."
    GRANT_MISSING = "The form has no grant_type: send one."
    GRANT_UNKNOWN = "The grant_type must be one of: {grants}."
    REFRESH = "The refresh token is not valid, or its session has ended: sign in again."
    REPEATED = "The form has {name} twice: give it once."
    SCOPE = "The scope must be some of: {scopes}."
    TEXT = "The form is not valid UTF-8, or has control characters."


class ClientRefused(TokenRefused):
    """Nobody knows who asks for the token."""

    status = 401
    code, title = "client_refused", "Client refused"
    detail = "This needs the id and the secret of an API key by HTTP Basic."

    WRONG = "No valid API key has this id and this secret: check both."
