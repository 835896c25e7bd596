"""Limits: how often a caller may ask, guess and hold. Each class of them is a row of `classes.py`."""
