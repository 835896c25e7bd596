"""The inventory's face: the parts that other contexts may use."""

from __future__ import annotations

from holdfast.inventory.hold_tokens import HoldTokens
from holdfast.inventory.inventory import Inventory
from holdfast.postgres.connections import Connections


async def test_the_inventory_has_seven_public_parts():
    """An eighth would make it a drawer again: look for the part to which the new method belongs."""
    inventory = Inventory(Connections("postgresql://nowhere"), HoldTokens(b"k" * 32))
    parts = {name for name in vars(inventory) if not name.startswith("_")}
    assert parts == {
        "queries",
        "booking_search",
        "read_models",
        "streams",
        "operations",
        "hold_tokens",
        "venue_maps",
    }
