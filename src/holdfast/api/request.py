"""Request: the argument of every route, an HTTP request with the parts of the application."""

from __future__ import annotations

from holdfast.access.access import Access
from holdfast.delivery.delivery import Delivery
from holdfast.http import request
from holdfast.inventory.inventory import Inventory

__all__ = ["Request"]


class Request(request.Request):
    """A request to Holdfast's own routes."""

    inventory: Inventory
    access: Access
    delivery: Delivery
