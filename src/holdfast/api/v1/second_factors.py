"""Second factors: an authenticator app for an account, and recovery codes."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

from holdfast.access.permissions import Permission
from holdfast.api.attempts import one_attempt
from holdfast.api.request import Request
from holdfast.api.speaking_routes import SpeakingRoutes
from holdfast.api.v1.people import Password, SecondFactor, browser_account
from holdfast.errors import (
    CredentialsRequired,
    Forbidden,
    SecondFactorRequired,
    SecondFactorState,
    TooManyRequests,
)
from holdfast.http.routes import Routes
from holdfast.http.values import In

__all__ = ["routes"]

routes: Routes = SpeakingRoutes(tag="accounts")

_ATTEMPTS = "second-factor"


class EnrolIn(In):
    """The account's password."""

    password: Password


class SecondFactorCodeIn(In):
    """What proves that the app is at hand."""

    second_factor: SecondFactor


class SecondFactorOut(BaseModel):
    """Whether an app is confirmed, and how many recovery codes are left."""

    enrolled: bool
    recovery_codes: int


class EnrolmentOut(BaseModel):
    """What an app needs, shown once. It counts when a code has confirmed it."""

    secret: str = Field(description="In base 32, to type into an app.")
    uri: str = Field(description="For a QR code.")


class RecoveryCodesOut(BaseModel):
    """Codes for the day the app is lost, shown once. Each works once."""

    recovery_codes: list[str]


class RemovedOut(BaseModel):
    status: Literal["removed"]


_CODES = {"recovery_codes": ["mzxw-6ytb-oi3d-mnbr-ga2t-inbt", "gezd-gnbv-gy3t-qojq-mfrg-gzdf"]}
_ERRORS = [CredentialsRequired, Forbidden, SecondFactorRequired, SecondFactorState, TooManyRequests]


@routes.get(
    "/v1/me/second-factor",
    policy=Permission.PUBLIC,
    response=SecondFactorOut,
    errors=[CredentialsRequired],
    answers={200: {"enrolled": True, "recovery_codes": 9}},
)
async def get_second_factor(request: Request) -> dict[str, Any]:
    """Return whether the account has a second factor."""
    left = await request.access.second_factors.left(browser_account(request))
    return {"enrolled": left is not None, "recovery_codes": left or 0}


@routes.post(
    "/v1/me/second-factor",
    policy=Permission.PUBLIC,
    response=EnrolmentOut,
    errors=_ERRORS,
    examples={"with the password": {"password": "analytical engine"}},
    answers={
        200: {
            "secret": "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP",
            "uri": "otpauth://totp/Holdfast:ada%40example.org?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Holdfast",
        }
    },
)
async def enrol_second_factor(request: Request, body: EnrolIn) -> dict[str, Any]:
    """Begin the enrolment of an authenticator app. A second call replaces an app that was not confirmed."""
    account = browser_account(request)
    async with one_attempt(request, "password", account=str(account)):
        email = await request.access.recovery.check(account, body.password)
    enrolment = await request.access.second_factors.enrol(account, email)
    return {"secret": enrolment.secret, "uri": enrolment.uri}


@routes.post(
    "/v1/me/second-factor/confirm",
    policy=Permission.PUBLIC,
    response=RecoveryCodesOut,
    errors=_ERRORS,
    examples={"the app's first code": {"second_factor": "181544"}},
    answers={200: _CODES},
)
async def confirm_second_factor(request: Request, body: SecondFactorCodeIn) -> dict[str, Any]:
    """Confirm the app with its first code. From now on each sign-in needs a code. Other sessions end."""
    account = browser_account(request)
    async with one_attempt(request, _ATTEMPTS, account=str(account)):
        codes = await request.access.second_factors.confirm(
            account, request.principal.session_id, body.second_factor
        )
    return {"recovery_codes": codes}


@routes.post(
    "/v1/me/second-factor/recovery-codes",
    policy=Permission.PUBLIC,
    response=RecoveryCodesOut,
    errors=_ERRORS,
    examples={"a code": {"second_factor": "181544"}},
    answers={200: _CODES},
)
async def renew_recovery_codes(request: Request, body: SecondFactorCodeIn) -> dict[str, Any]:
    """Replace the recovery codes. The former ones no longer work."""
    account = browser_account(request)
    async with one_attempt(request, _ATTEMPTS, account=str(account)):
        codes = await request.access.second_factors.renew_codes(account, body.second_factor)
    return {"recovery_codes": codes}


@routes.post(
    "/v1/me/second-factor/remove",
    policy=Permission.PUBLIC,
    response=RemovedOut,
    errors=_ERRORS,
    examples={"a code": {"second_factor": "181544"}},
    answers={200: {"status": "removed"}},
)
async def remove_second_factor(request: Request, body: SecondFactorCodeIn) -> dict[str, str]:
    """Remove the app and the recovery codes. An organisation may require one of its members."""
    account = browser_account(request)
    async with one_attempt(request, _ATTEMPTS, account=str(account)):
        await request.access.second_factors.remove(account, body.second_factor)
    return {"status": "removed"}
