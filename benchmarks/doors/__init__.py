"""Doors in a browser: scans under cuts, kills and wrong clocks, and how fast a camera answers."""
