"""Area bodies: the areas and categories of a new event, and their changes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, TypeVar

from pydantic import Field, ValidationInfo, model_validator
from pydantic_core import PydanticCustomError

from holdfast.api.values import Name
from holdfast.errors import FieldError
from holdfast.http.values import In
from holdfast.inventory.rules.commands import AreaChange
from holdfast.inventory.rules.event import MAX_CAPACITY, AreaState

__all__ = ["Capacity", "ChangeAreaIn", "ChangeCategoryIn", "CreateAreaIn", "not_with_capacity"]

Capacity = Annotated[int, Field(ge=0, le=MAX_CAPACITY)]
PartId = Annotated[int, Field(ge=1, le=2_147_483_647)]

_Areas = TypeVar("_Areas", bound="Sequence[In] | None")


class CreateAreaIn(In):
    """A counted part without numbered seats."""

    name: Name
    capacity: Capacity
    category: Name | None = None


class ChangeAreaIn(In):
    """A change of one area: named by `id` or by `name`, or with `add` a new one."""

    id: PartId | None = Field(None, description="The area's id. With it, `name` is a new name.")
    name: Name | None = Field(
        None, description="Without an id: the area's present name. It never adds an area."
    )
    capacity: Capacity | None = None
    category: Name | None = Field(None, description="A category of the event; null: none.")
    closed: bool | None = Field(None, description="True: nothing more is sold there. What is taken stays.")
    add: bool = Field(False, description="Add a new area of this name and capacity.")
    remove: bool = Field(False, description="Remove the area. Nobody may have anything of it.")

    @model_validator(mode="after")
    def _one_act(self) -> ChangeAreaIn:
        for name in sorted(self.model_fields_set - {"category"}):
            if getattr(self, name) is None:
                raise PydanticCustomError("wrong_type", FieldError.NOT_CLEARED)
        if self.id is None and self.name is None:
            raise PydanticCustomError("missing", FieldError.AREA_CHANGE)
        if self.add and (self.id is not None or self.name is None or self.capacity is None or self.closed):
            raise PydanticCustomError("not_allowed", FieldError.AREA_NEW)
        if self.remove and self.model_fields_set - {"id", "name", "remove"}:
            raise PydanticCustomError("not_allowed", FieldError.AREA_REMOVED)
        return self

    def change(self) -> AreaChange:
        state = None
        if self.remove:
            state = AreaState.REMOVED
        elif self.closed is not None:
            state = AreaState.CLOSED if self.closed else AreaState.OPEN
        return AreaChange(
            id=self.id,
            name=self.name,
            capacity=self.capacity,
            category=self.category,
            clears_category="category" in self.model_fields_set and self.category is None,
            state=state,
            adds=self.add,
        )


class ChangeCategoryIn(In):
    """Another name for a category, by its `id`; or with `add` a category that this change brings in."""

    id: PartId | None = None
    name: Name
    add: bool = Field(False, description="Allow areas or seats of this change to be of a new category.")

    @model_validator(mode="after")
    def _one_act(self) -> ChangeCategoryIn:
        if (self.id is None) is not self.add:
            raise PydanticCustomError("not_allowed", FieldError.CATEGORY_CHANGE)
        return self


def not_with_capacity(value: _Areas, info: ValidationInfo) -> _Areas:
    """Check the areas of a body that has not `capacity` as well, which means one area."""
    if value is not None and info.data.get("capacity") is not None:
        raise PydanticCustomError("not_allowed", FieldError.CAPACITY_OR_AREAS)
    return value
