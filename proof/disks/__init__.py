"""Disks: power cuts, and failing, slow or full disks."""
