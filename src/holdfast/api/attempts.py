"""Attempts: counts the guesses of a secret before a route compares it, and logs how each ended.

The log names no person: it has the first letters of a hash of the address.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256

import structlog

from holdfast.api.request import Request
from holdfast.errors import HoldfastError, TooManyRequests

__all__ = ["account_mark", "count_attempt", "one_attempt"]

_MARK_LETTERS = 16

log = structlog.get_logger("holdfast.access")


async def count_attempt(request: Request, kind: str, *, account: str | None) -> None:
    """Count an attempt by account and by address. Raises TooManyRequests, and Unavailable without a count.

    `kind` names the secret: `sign-in`, `client`, `reset` or `setup`. `account` is the e-mail address as
    `holdfast.identity` folds it, whether or not such an account exists.
    """
    request.allowance = await request.attempts.take(kind, account=account, address=request.client_address)
    if request.allowance is not None and request.allowance.wait_seconds:
        _log(request, kind, account, TooManyRequests.code)
        raise TooManyRequests(
            TooManyRequests.ATTEMPTS, retry_after_seconds=request.allowance.retry_after_seconds
        )


@asynccontextmanager
async def one_attempt(request: Request, kind: str, *, account: str | None) -> AsyncIterator[None]:
    """Count an attempt before the block, which compares the secret. If it raises nothing, forget the failures."""
    await count_attempt(request, kind, account=account)
    try:
        yield
    except HoldfastError as refusal:
        _log(request, kind, account, refusal.code)
        raise
    _log(request, kind, account, "right")
    await request.attempts.succeed(kind, account=account, address=request.client_address)


def account_mark(account: str) -> str:
    """Return what the log has instead of an address, an id or a link's token."""
    return sha256(account.encode()).hexdigest()[:_MARK_LETTERS]


def _log(request: Request, kind: str, account: str | None, outcome: str) -> None:
    log.info(
        "attempt",
        kind=kind,
        outcome=outcome,
        account=None if account is None else account_mark(account),
        client=request.client_address,
        request_id=request.request_id,
    )
