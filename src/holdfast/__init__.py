"""Holdfast: a ticket booking engine; scarce admissions, many buyers at once, never one twice."""

__version__ = "0.2.0"
