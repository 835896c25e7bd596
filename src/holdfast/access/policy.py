"""Policy: who may call a route. Every route has one; there is no default."""

from __future__ import annotations

from enum import StrEnum

from holdfast.access.principals import Principal, Scope
from holdfast.errors import CredentialsRequired, Forbidden

__all__ = ["Policy", "authorise"]


class Policy(StrEnum):
    """What a principal needs."""

    PUBLIC = "public"  # anyone; where a hold is acted on, its token decides
    READ = "read"
    SELL = "sell"
    ORGANISE = "organise"


def authorise(policy: Policy, principal: Principal) -> None:
    """Raise CredentialsRequired for a guest, and Forbidden for a key that lacks the scope."""
    if policy is Policy.PUBLIC or Scope(policy.value) in principal.scopes:
        return
    if principal.kind == "guest":
        raise CredentialsRequired
    raise Forbidden(f"The API key lacks the scope {policy.value!r}.", scope=policy.value)
