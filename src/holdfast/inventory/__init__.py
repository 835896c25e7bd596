"""Inventory: who has which admission. The sealed, fast core; it imports no other context."""
