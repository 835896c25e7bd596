"""The SDK: sell and organise with a Holdfast server, from a Python program.

    from holdfast_client import Client, Quantity

    with Client() as holdfast:
        event = holdfast.create_event("Concert", capacity=1000)
        hold = holdfast.place_hold(event, Quantity(4))
        booking = holdfast.confirm_hold(hold)

`AsyncClient` has the same methods, awaited. They raise the errors of `holdfast_client.errors` and return the objects
of `holdfast_client.models`.
"""

from holdfast_client import errors, models
from holdfast_client.blocking import Client
from holdfast_client.calls import UNCHANGED
from holdfast_client.errors import HoldfastError
from holdfast_client.models import Buyer
from holdfast_client.retrying import Retries
from holdfast_client.sales import BestAvailable, Named, Quantity
from holdfast_client.waiting import AsyncClient

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
