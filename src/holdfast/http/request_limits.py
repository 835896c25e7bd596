"""Request limits: the rate that a request counts against, and the caller whose request it is.

Guests count by address and accounts by their id. A key counts only if the settings limit keys. It may name its buyer's
address in `Buyer-Address`: then the rates of a guest bind that buyer, and not the shop.
"""

from __future__ import annotations

from functools import lru_cache
from ipaddress import ip_address
from typing import NamedTuple

from holdfast.access.principals import GUEST, Principal
from holdfast.errors import BadRequest, TooManyRequests
from holdfast.http.request import Request
from holdfast.http.routes import Endpoint
from holdfast.limits.classes import Rate
from holdfast.limits.rate_limits import RateLimits

__all__ = ["RequestLimits", "RequestRates", "buyer_address"]

BUYER_ADDRESS = b"buyer-address"


class RequestRates(NamedTuple):
    """The rates of a deployment. A rate of 0 requests limits nobody."""

    holds: Rate
    requests: Rate
    accounts: Rate
    keys: Rate


class RequestLimits:
    """Counts each request once, or twice if it is a key's and names its buyer."""

    def __init__(self, limits: RateLimits, rates: RequestRates) -> None:
        self._limits = limits
        self._rates = rates
        self.settles = limits.settles
        """Whether each request must first wait for `settle`."""

    async def settle(self, request: Request, endpoint: Endpoint, principal: Principal) -> None:
        """Wait until the caller's earlier requests are counted everywhere."""
        for rate, caller, _ in self._counted(request, endpoint, principal):
            if caller is not None and rate.quantity:
                await self._limits.settle(rate, caller)

    def count(self, request: Request, endpoint: Endpoint, principal: Principal) -> None:
        """Count a request, and set what its caller has left. Raises TooManyRequests above the rate."""
        if principal is GUEST:
            rates = self._rates
            rate = rates.holds if endpoint.places_hold else rates.requests
            self._take(request, rate, request.client_address, TooManyRequests.OF_GUESTS)
            return
        for rate, caller, refusal in self._counted(request, endpoint, principal):
            self._take(request, rate, caller, refusal)

    def _take(self, request: Request, rate: Rate, caller: str | None, refusal: str) -> None:
        if caller is None or not rate.quantity:
            return
        allowance = request.allowance = self._limits.take(rate, caller)
        if allowance.wait_seconds:
            raise TooManyRequests(refusal, retry_after_seconds=allowance.retry_after_seconds)

    def _counted(
        self, request: Request, endpoint: Endpoint, principal: Principal
    ) -> tuple[tuple[Rate, str | None, str], ...]:
        """Return the rates that a request counts against: of whom, and the words of a refusal."""
        rates = self._rates
        match principal.kind:
            case "guest":
                return ((self._of_buyer(endpoint), request.client_address, TooManyRequests.OF_GUESTS),)
            case "account":
                rate = rates.holds if endpoint.places_hold else rates.accounts
                return ((rate, principal.id, TooManyRequests.OF_ACCOUNTS),)
            case "key":
                of_buyer = self._of_buyer(endpoint), buyer_address(request), TooManyRequests.OF_BUYERS
                return ((rates.keys, principal.id, TooManyRequests.OF_KEYS), of_buyer)
        return ()

    def _of_buyer(self, endpoint: Endpoint) -> Rate:
        return self._rates.holds if endpoint.places_hold else self._rates.requests


def buyer_address(request: Request) -> str | None:
    """Return the address of the buyer for whom a key calls, if it names one. Raises BadRequest for another text."""
    given = request.headers.get(BUYER_ADDRESS)
    return None if given is None else _read_address(given)


@lru_cache(maxsize=1_024)
def _read_address(given: bytes) -> str:
    try:
        return str(ip_address(given.decode("ascii")))
    except ValueError:
        raise BadRequest(BadRequest.BUYER_ADDRESS_FORM) from None
