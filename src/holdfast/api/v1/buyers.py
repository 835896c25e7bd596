"""Buyers: the buyer of a hold or booking, in requests and answers."""

from __future__ import annotations

import re
from typing import Annotated, Any, TypeAlias

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from holdfast.access.authorisation import authorise
from holdfast.access.permissions import Permission
from holdfast.access.principals import Principal
from holdfast.api.values import ChosenPerson, Name, Person
from holdfast.errors import FieldError, InvalidInput
from holdfast.http.values import In
from holdfast.inventory.rules.booking import Booking
from holdfast.inventory.rules.hold import Hold

__all__ = [
    "BUYER_EXAMPLE",
    "NO_BUYER",
    "Buyer",
    "BuyerOut",
    "Reference",
    "buyer_json",
    "reference_of",
    "refuse_search",
    "seen_by",
]

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
_MAX_EMAIL = 254


def _email(value: str) -> str:
    """Refuse what cannot be an address. Only sending a message shows whether it arrives."""
    if len(value) > _MAX_EMAIL or not _EMAIL.fullmatch(value):
        raise PydanticCustomError("wrong_format", FieldError.EMAIL)
    return value


def _with_reference(value: Any) -> Any:
    """Turn a plain string into an object with that reference."""
    return {"reference": value} if isinstance(value, str) else value


_ABOUT = Field(
    description="Your own name for the buyer: an account's id, not what a visitor types. "
    "`max_per_buyer` counts by it, in any spelling."
)
Reference = Annotated[Person, _ABOUT]
ChosenReference = Annotated[ChosenPerson, _ABOUT]


class BuyerDetailsIn(In):
    """The buyer. Each member is optional."""

    reference: ChosenReference | None = None
    name: Name | None = None
    email: Annotated[Name, AfterValidator(_email)] | None = None


Buyer: TypeAlias = Annotated[
    BuyerDetailsIn, BeforeValidator(_with_reference, json_schema_input_type=BuyerDetailsIn | Reference)
]
"""An object, or its `reference` as a plain string."""

NO_BUYER = BuyerDetailsIn()


def reference_of(principal: Principal, given: BuyerDetailsIn) -> str | None:
    """Return the reference of a hold's buyer. A signed-in buyer holds for its own account. Raises InvalidInput."""
    own = principal.buyer
    if own is None:
        return given.reference
    if given.reference is not None:
        raise InvalidInput.in_field("/buyer/reference", "not_allowed", FieldError.BUYER_IS_ACCOUNT)
    return own


class BuyerOut(BaseModel):
    """The buyer. An unknown member is null."""

    reference: str | None = Field(description="Your own name for the buyer, as given with the hold.")
    name: str | None
    email: str | None


def buyer_json(of: Hold | Booking) -> dict[str, str | None]:
    return {"reference": of.buyer, "name": of.buyer_name, "email": of.buyer_email}


def seen_by(principal: Principal, answer: dict[str, Any]) -> dict[str, Any]:
    """Return a hold or booking without what this member of staff may not know of its buyer."""
    granted = principal.permissions
    if Permission.CONTACTS_READ in granted:
        return answer
    name = answer["buyer"]["name"] if Permission.BUYERS_READ in granted else None
    return {**answer, "buyer": {"reference": None, "name": name, "email": None}, "metadata": {}}


def refuse_search(principal: Principal, *filters: object) -> None:
    """Refuse a filter by what the caller may not see: its answers would show it."""
    refusal = authorise(principal, Permission.CONTACTS_READ)
    if refusal is not None and any(one is not None for one in filters):
        raise refusal


BUYER_EXAMPLE = {"reference": "customer-81", "name": "Ada Lovelace", "email": "ada@example.org"}
