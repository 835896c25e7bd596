"""Bodies: what a command sends to a use case, checked by the API's own models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from holdfast.http.model_errors import invalid_input

__all__ = ["given", "validated"]

M = TypeVar("M", bound=BaseModel)


def validated(model: type[M], fields: Mapping[str, Any]) -> M:
    """Return the body of the API with these fields. Raises InvalidInput with every mistake."""
    try:
        return model.model_validate(fields)
    except ValidationError as failed:
        raise invalid_input(failed, fields, annotation=model) from None


def given(**fields: Any) -> dict[str, Any]:
    """Return the fields that have a value: a body leaves the others out."""
    return {name: value for name, value in fields.items() if value not in (None, [], {})}
