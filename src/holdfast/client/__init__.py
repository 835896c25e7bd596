"""The SDK: sell and organise with a Holdfast server, from a Python program.

    from holdfast.client import Client, Quantity

    with Client() as holdfast:
        event = holdfast.create_event("Concert", capacity=1000)
        hold = holdfast.place_hold(event, Quantity(4))
        booking = holdfast.confirm_hold(hold)

`AsyncClient` has the same methods, awaited. They raise the errors of `holdfast.client.errors` and return the objects
of `holdfast.client.models`.
"""

from holdfast.client import errors, models
from holdfast.client.blocking import Client
from holdfast.client.calls import UNCHANGED
from holdfast.client.errors import HoldfastError
from holdfast.client.models import Buyer
from holdfast.client.retrying import Retries
from holdfast.client.sales import BestAvailable, Named, Quantity
from holdfast.client.waiting import AsyncClient

__all__ = [
    "UNCHANGED",
    "AsyncClient",
    "BestAvailable",
    "Buyer",
    "Client",
    "HoldfastError",
    "Named",
    "Quantity",
    "Retries",
    "errors",
    "models",
]
