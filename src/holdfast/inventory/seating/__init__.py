"""Seating: rows, seats and which of them are best. Pure: the standard library only."""
