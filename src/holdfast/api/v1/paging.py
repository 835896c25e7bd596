"""Paging: `{"items": [...], "next": cursor|null}`, the form of every list."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar
from uuid import UUID

from pydantic import BaseModel, Field

from holdfast.api.exchange import Exchange

__all__ = ["Page", "opened", "page", "position_id", "position_number"]

Item = TypeVar("Item")
Told = TypeVar("Told")


class Page(BaseModel, Generic[Told]):
    """Some items of a list, newest first, and where it goes on."""

    items: list[Told]
    next: str | None = Field(description="`cursor` of the next page; null on the last.")


def opened(exchange: Exchange, cursor: str | None, filters: Mapping[str, Any]) -> Any:
    """The position at which a list goes on, or None for its beginning. Raises InvalidInput."""
    if cursor is None:
        return None
    (position,) = exchange.cursors.open(cursor, _route(exchange), filters)
    return position


def position_id(exchange: Exchange, cursor: str | None, filters: Mapping[str, Any]) -> UUID | None:
    """Of a list in the order of ids."""
    position = opened(exchange, cursor, filters)
    return None if position is None else UUID(position)


def position_number(exchange: Exchange, cursor: str | None, filters: Mapping[str, Any]) -> int | None:
    """Of a list in the order of numbers."""
    position = opened(exchange, cursor, filters)
    return None if position is None else int(position)


def page(
    exchange: Exchange,
    found: Sequence[Item],
    *,
    limit: int,
    filters: Mapping[str, Any],
    position: Callable[[Item], Any],
    tell: Callable[[Item], Any],
) -> dict[str, Any]:
    """`found` has one item more than `limit` where the list goes on."""
    shown = found[:limit]
    following = None
    if len(found) > limit:
        following = exchange.cursors.sign(_route(exchange), filters, [position(shown[-1])])
    return {"items": [tell(item) for item in shown], "next": following}


def _route(exchange: Exchange) -> str:
    assert exchange.endpoint is not None
    return exchange.endpoint.path
