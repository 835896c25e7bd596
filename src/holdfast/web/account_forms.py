"""Account forms: what people type on the pages of their account, and what a page shows of a refusal."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from typing import Annotated, Any

from pydantic import AfterValidator, StringConstraints, ValidationError

from holdfast.access.passwords import MAX_PASSWORD_LENGTH
from holdfast.api.request import Request
from holdfast.api.v1.people import browser_account
from holdfast.errors import CredentialsRequired, HoldfastError, InvalidInput, SecondFactorRequired
from holdfast.http.page_forms import PageForm, refuse_foreign_form
from holdfast.http.problems import problem_members
from holdfast.languages import mark
from holdfast.web.languages import gettext
from holdfast.web.pages import redirect
from holdfast.web.sentences import Sentence, sentence_for

__all__ = ["NOTHING_TYPED", "AccountIn", "RefusedForm", "for_account", "refused"]

_Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=255)]
_Secret = Annotated[str, StringConstraints(max_length=MAX_PASSWORD_LENGTH)]
_Code = Annotated[str, StringConstraints(max_length=60), AfterValidator(lambda code: "".join(code.split()))]
"""An app shows its code in two groups, and people type the blank between them."""


class AccountIn(PageForm):
    """What a person types on a page of an account. A page uses the fields that it has."""

    name: _Line = ""
    language: _Line = ""
    email: _Line = ""
    password: _Secret = ""
    present_password: _Secret = ""
    second_factor: _Code = ""

    @property
    def present(self) -> str:
        """The present password; a blank, which is nobody's, if the field was left empty."""
        return self.present_password or " "


NOTHING_TYPED = AccountIn()


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedForm:
    """Why a form was refused: at its fields, or else above the form."""

    status: int = 200
    message: Sentence | None = None
    wrong: Mapping[str, str] = field(default_factory=dict)
    """What is wrong with each field."""


_WRONG = {
    "name": mark("Write a name."),
    "email": mark("Write an address like name@example.org."),
    "password": mark("Choose 12 characters of your own, or four different words."),
    "present_password": mark("This is not your present password."),
    "second_factor": mark("This code is wrong, or it was used. Type the one that your app shows now."),
}


def refused(request: Request, error: HoldfastError | ValidationError) -> RefusedForm:
    """Return what the page shows of a refusal. What was typed wrong is named at its field."""
    if isinstance(error, ValidationError):
        return _at(422, *(str(each["loc"][0]) for each in error.errors()))
    if isinstance(error, InvalidInput):
        return _at(error.status, *(each.pointer.strip("/") for each in error.errors))
    if isinstance(error, SecondFactorRequired):
        return _at(error.status, "second_factor")
    if isinstance(error, CredentialsRequired) and error.detail == CredentialsRequired.PRESENT_WRONG:
        return _at(error.status, "present_password")
    members = problem_members(error, request.request_id, pages="")
    return RefusedForm(status=error.status, message=sentence_for(members))


def _at(status: int, *names: str) -> RefusedForm:
    return RefusedForm(status=status, wrong={name: gettext(_WRONG[name]) for name in names if name in _WRONG})


_Function = Callable[..., Awaitable[Any]]


def for_account(function: _Function) -> _Function:
    """Let only a signed-in person in a browser reach a page. Anybody else signs in first."""

    @wraps(function)
    async def enter(request: Request, **arguments: Any) -> Any:
        if request.method == "POST":
            refuse_foreign_form(request)
        try:
            browser_account(request)
        except CredentialsRequired:
            return redirect(request, "account/sign-in")
        return await function(request, **arguments)

    return enter
