"""Request: what every route gets: an HTTP request, and the contexts that it is about."""

from __future__ import annotations

from holdfast.access.access import Access
from holdfast.http import request
from holdfast.inventory.inventory import Inventory

__all__ = ["Request"]


class Request(request.Request):
    """A request to Holdfast's own routes."""

    inventory: Inventory
    access: Access
