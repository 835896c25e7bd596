"""Batching: one event's commands are decided together, in one transaction."""
