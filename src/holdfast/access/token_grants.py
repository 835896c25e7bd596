"""Token grants: what a program shows to get an access token (RFC 6749, section 4), and what it gets."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from uuid import UUID

from holdfast.access import permissions
from holdfast.access.access import Access
from holdfast.access.access_tokens import AccessTokens, Claims
from holdfast.access.audit import Actor
from holdfast.access.permissions import WHOLE_ACCOUNT, Scope
from holdfast.access.principals import KEY_PREFIX, KeyRow, Principal, is_key_id
from holdfast.access.refresh_tokens import chosen_scopes
from holdfast.access.sessions import Sessions
from holdfast.errors import AccessTokenInvalid, ClientRefused, CredentialsRequired, Fault, TokenRefused

__all__ = ["Granted", "TokenGrants", "account_of", "checked_key"]

_GRANTS = ("client_credentials", "password", "refresh_token")

_OF_ACCOUNTS = frozenset({WHOLE_ACCOUNT, *(scope.value for scope in Scope)})
_NO_CLIENT = "account"
"""The client of an account's token: a program of the account's owner, which is not registered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """A token, and the scopes that it has. Only an account's has a refresh token."""

    access_token: str
    scopes: frozenset[str]
    refresh_token: str | None = None


class TokenGrants:
    """Gives out the tokens of one deployment."""

    def __init__(self, access: Access, tokens: AccessTokens, *, by_password: bool = True) -> None:
        self.offered = tuple(grant for grant in _GRANTS if by_password or grant != "password")
        """The grants that this deployment has."""
        self._access = access
        self._tokens = tokens

    async def find_key(self, key_id: str) -> KeyRow | None:
        """Return a valid key, whose secret `checked_key` compares. What no key can be called is not looked up."""
        return await self._access.find_key(key_id) if is_key_id(key_id) else None

    async def of_key(self, key: KeyRow, secret: str, wanted: str | None) -> Granted:
        """Return a token for an API key, with its scopes or some of them. Raises TokenRefused."""
        with suppress(Fault):  # the time of the last use is only for people
            await self._access.touch_key(key.key_id)
        possible = key.scopes & frozenset(Scope)
        scopes = chosen_scopes(wanted, possible, default=possible)
        token = self._tokens.issue(
            subject=KEY_PREFIX + key.key_id,
            session=key.session_of(secret),
            client=key.key_id,
            scopes=scopes,
        )
        return Granted(access_token=token, scopes=scopes)

    async def of_password(
        self, email: str, password: str, wanted: str | None, *, second_factor: str | None = None, by: Actor
    ) -> Granted:
        """Open a session of an account. Raises TokenRefused, TooManyRequests, Busy."""
        scopes = chosen_scopes(wanted, _OF_ACCOUNTS, default=frozenset({WHOLE_ACCOUNT}))
        try:
            opened, me = await self._access.sign_in.with_password(
                email, password, second_factor=second_factor, by=by
            )
        except CredentialsRequired as refusal:
            raise TokenRefused(refusal.detail, oauth_error="invalid_grant") from None
        refresh_token = await self._access.refresh_tokens.begin(opened.id, scopes, opened.expires_at)
        return self._of_session(f"account:{me.account.id}", opened.id, scopes, refresh_token)

    async def of_refresh_token(self, token: str, wanted: str | None, *, by: Actor) -> Granted:
        """Return tokens for a session that lasts, with its scopes or some of them. Raises TokenRefused."""
        following = await self._access.refresh_tokens.replace(token, wanted, by=by)
        principal = await self._access.sessions.authenticate_id(following.session_id)
        if principal is None:
            raise TokenRefused(TokenRefused.REFRESH, oauth_error="invalid_grant")
        return self._of_session(principal.id, following.session_id, following.scopes, following.token)

    def _of_session(self, subject: str, id: UUID, scopes: frozenset[str], refresh_token: str) -> Granted:
        token = self._tokens.issue(subject=subject, session=str(id), client=_NO_CLIENT, scopes=scopes)
        return Granted(access_token=token, scopes=scopes, refresh_token=refresh_token)


def checked_key(key: KeyRow | None, secret: str) -> KeyRow:
    """Return the key if this is a secret of it. Raises ClientRefused, alike for an unknown key and a wrong secret."""
    if key is None or not key.has_secret(secret):
        raise ClientRefused(ClientRefused.WRONG, oauth_error="invalid_client")
    return key


async def account_of(sessions: Sessions, claims: Claims) -> Principal:
    """Return the account that a token was given for, narrowed to its scopes. Raises AccessTokenInvalid."""
    principal = await sessions.authenticate_id(UUID(claims.session))
    if principal is None or principal.id != claims.subject:
        raise AccessTokenInvalid(AccessTokenInvalid.ENDED)
    if WHOLE_ACCOUNT in claims.scopes:
        return replace(principal, by_token=True)
    allowed = principal.permissions & permissions.of_scopes(claims.scopes)
    return replace(principal, permissions=allowed, by_token=True, is_narrowed=True)
