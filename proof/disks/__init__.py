"""Disks: power cuts, and disks that fail, are slow, or are full."""
