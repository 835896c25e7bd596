"""Buyers: the buyer of a hold or booking, in requests and answers."""

from __future__ import annotations

import re
from typing import Annotated, Any, TypeAlias

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from holdfast.api.values import Name, Person
from holdfast.errors import FieldError
from holdfast.http.values import In
from holdfast.inventory.rules.booking import Booking
from holdfast.inventory.rules.hold import Hold

__all__ = ["BUYER_EXAMPLE", "NO_BUYER", "Buyer", "BuyerOut", "Reference", "buyer_json"]

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


Reference = Annotated[
    Person,
    Field(
        description="Your own name for the buyer: an account's id, not what a visitor types. "
        "`max_per_buyer` counts by it, in any spelling."
    ),
]


class BuyerDetailsIn(In):
    """The buyer. Each member is optional."""

    reference: Reference | None = None
    name: Name | None = None
    email: Annotated[Name, AfterValidator(_email)] | None = None


Buyer: TypeAlias = Annotated[
    BuyerDetailsIn, BeforeValidator(_with_reference, json_schema_input_type=BuyerDetailsIn | Reference)
]
"""An object, or its `reference` as a plain string."""

NO_BUYER = BuyerDetailsIn()


class BuyerOut(BaseModel):
    """The buyer. An unknown member is null."""

    reference: str | None = Field(description="Your own name for the buyer, as given with the hold.")
    name: str | None
    email: str | None


def buyer_json(of: Hold | Booking) -> dict[str, str | None]:
    return {"reference": of.buyer, "name": of.buyer_name, "email": of.buyer_email}


BUYER_EXAMPLE = {"reference": "customer-81", "name": "Ada Lovelace", "email": "ada@example.org"}
