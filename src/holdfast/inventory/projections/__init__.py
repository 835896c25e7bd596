"""Projections: what a process remembers of events."""
