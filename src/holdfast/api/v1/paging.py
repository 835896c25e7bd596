"""Paging: `{"items": [...], "next": cursor|null}`, the form of every list."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar
from uuid import UUID

from pydantic import BaseModel, Field

from holdfast.api.request import Request

__all__ = ["Page", "opened", "page", "position_id", "position_number"]

Item = TypeVar("Item")
Out = TypeVar("Out")


class Page(BaseModel, Generic[Out]):
    """Some items of a list, newest first, and the cursor of the next page."""

    items: list[Out]
    next: str | None = Field(description="`cursor` of the next page; null on the last.")


def opened(request: Request, cursor: str | None, filters: Mapping[str, Any]) -> Any:
    """Return the position at which a list continues; None for its beginning. Raises InvalidInput."""
    if cursor is None:
        return None
    (position,) = request.cursors.open(cursor, _route(request), filters)
    return position


def position_id(request: Request, cursor: str | None, filters: Mapping[str, Any]) -> UUID | None:
    """Return the position in a list ordered by ids."""
    position = opened(request, cursor, filters)
    return None if position is None else UUID(position)


def position_number(request: Request, cursor: str | None, filters: Mapping[str, Any]) -> int | None:
    """Return the position in a list ordered by numbers."""
    position = opened(request, cursor, filters)
    return None if position is None else int(position)


def page(
    request: Request,
    found: Sequence[Item],
    *,
    limit: int,
    filters: Mapping[str, Any],
    position: Callable[[Item], Any],
    render: Callable[[Item], Any],
) -> dict[str, Any]:
    """Return a page. `found` has one item more than `limit` if the list continues."""
    shown = found[:limit]
    following = None
    if len(found) > limit:
        following = request.cursors.sign(_route(request), filters, [position(shown[-1])])
    return {"items": [render(item) for item in shown], "next": following}


def _route(request: Request) -> str:
    assert request.route_path is not None
    return request.route_path
