"""Mutants: planted bugs. Each is a small patch of the product, with the part of the proof that must catch it.

They test the proof itself. A patch applies to a copy of the source; nothing in the product knows of it.
"""
