"""Projections: a process's copies of events."""
