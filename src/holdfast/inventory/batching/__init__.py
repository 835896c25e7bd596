"""Batching: one transaction decides all waiting commands of an event."""
