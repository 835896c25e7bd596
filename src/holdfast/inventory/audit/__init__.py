"""Audit: a second opinion on everything that was sold."""
